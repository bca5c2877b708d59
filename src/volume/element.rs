//! The number types of voxels.

/// How a voxel is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// Signed 8 bit.
    I8,
    /// Unsigned 8 bit.
    U8,
    /// Signed 16 bit.
    I16,
    /// Unsigned 16 bit.
    U16,
    /// Signed 32 bit.
    I32,
    /// Unsigned 32 bit.
    U32,
    /// Signed 64 bit.
    I64,
    /// Unsigned 64 bit.
    U64,
    /// 32 bit floating point.
    F32,
    /// 64 bit floating point.
    F64,
}

impl Element {
    /// Bytes of a voxel.
    pub fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }
}

/// How stored voxels become values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coding {
    /// The number type.
    pub element: Element,
    /// Whether the highest byte comes first.
    pub big_endian: bool,
    /// value = slope * stored + intercept
    pub slope: f64,
    /// The value of a stored 0.
    pub intercept: f64,
}

impl Coding {
    /// The values of stored voxels, computed in 64 bit.
    pub fn values<'a>(&'a self, stored: &'a [u8]) -> Box<dyn Iterator<Item = f64> + 'a> {
        let scale = move |v: f64| {
            // Without a scale an integer stays what it is.
            if self.slope == 1.0 && self.intercept == 0.0 { v } else { v * self.slope + self.intercept }
        };
        macro_rules! numbers {
            ($number:ty) => {{
                let (items, _) = stored.as_chunks::<{ size_of::<$number>() }>();
                let big = self.big_endian;
                Box::new(items.iter().map(move |&bytes| {
                    let number =
                        if big { <$number>::from_be_bytes(bytes) } else { <$number>::from_le_bytes(bytes) };
                    scale(number as f64)
                }))
            }};
        }
        match self.element {
            Element::I8 => numbers!(i8),
            Element::U8 => numbers!(u8),
            Element::I16 => numbers!(i16),
            Element::U16 => numbers!(u16),
            Element::I32 => numbers!(i32),
            Element::U32 => numbers!(u32),
            Element::I64 => numbers!(i64),
            Element::U64 => numbers!(u64),
            Element::F32 => numbers!(f32),
            Element::F64 => numbers!(f64),
        }
    }
}
