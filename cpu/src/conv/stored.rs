//! How weights lie in memory: as floats, or as whole numbers that are widened a block at a time, right before their
//! product. A model of 8 bit takes a quarter of the memory so, and its large layers wait less for it.

use std::ops::{Add, Range, Sub};

/// Values of weights, in the order of a layout.
#[derive(Debug, Clone)]
pub(super) enum Stored {
    F32(Vec<f32>),
    I8(Vec<i8>),
    I16(Vec<i16>),
}

impl Stored {
    /// Number of values.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::I8(values) => values.len(),
            Self::I16(values) => values.len(),
        }
    }

    /// The values of `range` as floats, written to `room` where they are not floats already.
    #[inline(always)]
    pub(super) fn floats<'a>(&'a self, range: Range<usize>, room: &'a mut [f32]) -> &'a [f32] {
        match self {
            Self::F32(values) => &values[range],
            Self::I8(values) => widen(&values[range], room),
            Self::I16(values) => widen(&values[range], room),
        }
    }

    /// The values of `range` as whole numbers of 16 bit, written to `room` where they have 8.
    ///
    /// # Panics
    /// Where they are floats.
    #[inline(always)]
    pub(super) fn steps<'a>(&'a self, range: Range<usize>, room: &'a mut [i16]) -> &'a [i16] {
        match self {
            Self::F32(_) => unreachable!("floats are not laid out to be counted"),
            Self::I8(values) => widen(&values[range], room),
            Self::I16(values) => &values[range],
        }
    }
}

#[inline(always)]
fn widen<'a, T: Copy + Into<U>, U>(values: &[T], room: &'a mut [U]) -> &'a [U] {
    let room = &mut room[..values.len()];
    for (target, value) in room.iter_mut().zip(values) {
        *target = (*value).into();
    }
    room
}

/// A type that values are kept in.
pub(super) trait Kept: Copy + Default + Add<Output = Self> + Sub<Output = Self> {
    /// Whether they are whole numbers.
    const WHOLE: bool;
    /// Keeps them.
    fn keep(values: Vec<Self>) -> Stored;
}

/// A type that weights come in.
pub(super) trait Weight: Kept {
    /// Holds small sums of weights without rounding, where weights are whole numbers.
    type Sum: Kept + From<Self>;
}

impl Kept for f32 {
    const WHOLE: bool = false;

    fn keep(values: Vec<Self>) -> Stored {
        Stored::F32(values)
    }
}

impl Kept for i8 {
    const WHOLE: bool = true;

    fn keep(values: Vec<Self>) -> Stored {
        Stored::I8(values)
    }
}

impl Kept for i16 {
    const WHOLE: bool = true;

    fn keep(values: Vec<Self>) -> Stored {
        Stored::I16(values)
    }
}

impl Weight for f32 {
    type Sum = f32;
}

impl Weight for i8 {
    type Sum = i16;
}
