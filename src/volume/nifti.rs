//! The headers of NIfTI-1 (<https://nifti.nimh.nih.gov/nifti-1>) and NIfTI-2 (<https://nifti.nimh.nih.gov/nifti-2>).
//!
//! What they mean is taken as nibabel takes it.

use super::element::{Coding, Element};
use super::header::{Described, Packing};
use super::{VolumeError, VolumeFormat};

/// The longer of the two headers.
pub(super) const HEADER_BYTES: usize = 540;

const SIZE_1: i32 = 348;
const SIZE_2: i32 = 540;
const UNFIT: &str = "Please export one CT volume of plain numbers as .nii or .nii.gz";

/// A version and a byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    format: VolumeFormat,
    big_endian: bool,
    single: bool,
}

/// Recognises a header by its size and magic word.
pub(super) fn recognise(head: &[u8]) -> Option<Version> {
    let size: [u8; 4] = *head.first_chunk()?;
    for big_endian in [false, true] {
        let size = if big_endian { i32::from_be_bytes(size) } else { i32::from_le_bytes(size) };
        let version = |format, single| Some(Version { format, big_endian, single });
        match (size, head.get(344..348), head.get(4..8)) {
            (SIZE_1, Some(b"n+1\0"), _) => return version(VolumeFormat::Nifti1, true),
            (SIZE_1, Some(b"ni1\0"), _) => return version(VolumeFormat::Nifti1, false),
            (SIZE_2, _, Some(b"n+2\0")) => return version(VolumeFormat::Nifti2, true),
            (SIZE_2, _, Some(b"ni2\0")) => return version(VolumeFormat::Nifti2, false),
            _ => {}
        }
    }
    None
}

/// The fields that are read.
struct Fields {
    dim: [i64; 8],
    datatype: i16,
    pixdim: [f64; 8],
    vox_offset: f64,
    scl_slope: f64,
    scl_inter: f64,
    xyzt_units: i64,
    qform_code: i64,
    sform_code: i64,
    quatern: [f64; 3],
    /// Of its numbers, relative to 1.
    precision: f64,
    qoffset: [f64; 3],
    srow: [[f64; 4]; 3],
}

/// Reads a header that was recognised.
pub(super) fn read(head: &[u8], version: Version, gzipped: bool) -> Result<Described, VolumeError> {
    let format = version.format;
    let bad = |field, problem: String| VolumeError::BadField { format, field, problem };
    let unread = |what: String| VolumeError::Unread { format, what, instead: UNFIT };
    if !version.single {
        return Err(unread("keeps its voxels in another file (.hdr and .img)".to_owned()));
    }
    let bytes = Bytes { head, big_endian: version.big_endian };
    let fields = match format {
        VolumeFormat::Nifti1 => fields_1(&bytes),
        _ => fields_2(&bytes),
    };
    let Some(fields) = fields else {
        let needed = if format == VolumeFormat::Nifti1 { SIZE_1 } else { SIZE_2 };
        return Err(VolumeError::CutShort { format, needed: needed as u128, at_most: head.len() as u64 });
    };

    let axes = match usize::try_from(fields.dim[0]) {
        Ok(axes @ 1..=7) => axes,
        _ => return Err(bad("dim[0]", format!("is {}: volumes have 1 to 7 axes", fields.dim[0]))),
    };
    let mut shape = [1_u64; 3];
    for (at, &length) in fields.dim[1..=axes].iter().enumerate() {
        let length = match u64::try_from(length) {
            Ok(length @ 1..) => length,
            _ => return Err(bad("dim", format!("states {length} voxels along axis {}", at + 1))),
        };
        match shape.get_mut(at) {
            Some(place) => *place = length,
            None if length > 1 => {
                return Err(unread(format!("holds {length} volumes (axis {} of {axes})", at + 1)));
            }
            None => {}
        }
    }
    if !matches!(fields.xyzt_units & 7, 0 | 2) {
        return Err(unread("has another unit of length than millimetres".to_owned()));
    }
    let offset = fields.vox_offset;
    let least = if format == VolumeFormat::Nifti1 { 352.0 } else { 544.0 };
    // Some writers leave it 0.
    let offset = if offset == 0.0 { least } else { offset };
    if !(offset >= least && offset <= 1e15 && offset.fract() == 0.0) {
        return Err(bad("vox_offset", format!("is {offset}")));
    }
    let coding = Coding {
        element: element(fields.datatype).map_err(unread)?,
        big_endian: version.big_endian,
        slope: 1.0,
        intercept: 0.0,
    };
    let (affine_ras, orientation_stated) = affine(&fields, shape).map_err(|(field, why)| bad(field, why))?;
    Ok(Described {
        format,
        shape,
        coding: scaled(coding, &fields).map_err(|why| bad("scl_inter", why))?,
        packing: if gzipped { Packing::GzipFile(offset as u64) } else { Packing::Plain(offset as u64) },
        affine_ras,
        orientation_stated,
    })
}

/// A slope that is 0 or no number means that the voxels are the values.
fn scaled(coding: Coding, fields: &Fields) -> Result<Coding, String> {
    let (slope, intercept) = (fields.scl_slope, fields.scl_inter);
    if slope == 0.0 || !slope.is_finite() {
        return Ok(coding);
    }
    if !intercept.is_finite() {
        return Err(format!("is {intercept} beside a scl_slope of {slope}"));
    }
    Ok(Coding { slope, intercept, ..coding })
}

fn element(datatype: i16) -> Result<Element, String> {
    Ok(match datatype {
        2 => Element::U8,
        4 => Element::I16,
        8 => Element::I32,
        16 => Element::F32,
        64 => Element::F64,
        256 => Element::I8,
        512 => Element::U16,
        768 => Element::U32,
        1024 => Element::I64,
        1280 => Element::U64,
        1 => return Err("stores single bits (datatype 1)".to_owned()),
        32 | 1792 | 2048 => return Err(format!("stores complex numbers (datatype {datatype})")),
        128 | 2304 => return Err(format!("stores colours (datatype {datatype})")),
        1536 => return Err("stores 128 bit numbers (datatype 1536)".to_owned()),
        other => return Err(format!("stores voxels of the unknown datatype {other}")),
    })
}

type Affine = [[f64; 4]; 3];

/// From voxels to mm: sform where its code is set, else qform, else by the voxel's size around the centre, as nibabel
/// has it; and whether the file states it.
fn affine(fields: &Fields, shape: [u64; 3]) -> Result<(Affine, bool), (&'static str, String)> {
    if fields.sform_code != 0 {
        return Ok((fields.srow, true));
    }
    let size = [1, 2, 3].map(|axis| fields.pixdim[axis]);
    if fields.qform_code != 0 {
        if let Some(mm) = size.iter().find(|&&mm| mm < 0.0) {
            return Err(("pixdim", format!("has {mm} mm beside a qform")));
        }
        let handed = if fields.pixdim[0] == -1.0 { -1.0 } else { 1.0 };
        let Some(turn) = rotation(fields.quatern, fields.precision) else {
            return Err(("quatern", format!("{:?} is no rotation", fields.quatern)));
        };
        let scale = [size[0], size[1], size[2] * handed];
        let row = |i: usize| {
            [turn[i][0] * scale[0], turn[i][1] * scale[1], turn[i][2] * scale[2], fields.qoffset[i]]
        };
        return Ok((std::array::from_fn(row), true));
    }
    let zooms = [-size[0], size[1], size[2]];
    let row = |i: usize| {
        let mut row = [0.0; 4];
        row[i] = zooms[i];
        row[3] = -(shape[i] as f64 - 1.0) / 2.0 * zooms[i];
        row
    };
    Ok((std::array::from_fn(row), false))
}

/// The rotation of a unit quaternion whose real part is left out; none where there is no such. What is left of 1 counts
/// as 0 within three times the numbers' `precision`.
fn rotation([x, y, z]: [f64; 3], precision: f64) -> Option<[[f64; 3]; 3]> {
    let rest = 1.0 - (x * x + y * y + z * z);
    let w = match rest {
        rest if rest.abs() < 3.0 * precision => 0.0,
        rest if rest >= 0.0 => rest.sqrt(),
        _ => return None,
    };
    let norm = w * w + x * x + y * y + z * z;
    let s = 2.0 / norm;
    let (sx, sy, sz) = (x * s, y * s, z * s);
    Some([
        [1.0 - (y * sy + z * sz), x * sy - w * sz, x * sz + w * sy],
        [x * sy + w * sz, 1.0 - (x * sx + z * sz), y * sz - w * sx],
        [x * sz - w * sy, y * sz + w * sx, 1.0 - (x * sx + y * sy)],
    ])
}

fn fields_1(bytes: &Bytes<'_>) -> Option<Fields> {
    Some(Fields {
        dim: bytes.each(40, 2, Bytes::i16)?.map(i64::from),
        datatype: bytes.i16(70)?,
        pixdim: bytes.each(76, 4, Bytes::f32)?,
        vox_offset: bytes.f32(108)?,
        scl_slope: bytes.f32(112)?,
        scl_inter: bytes.f32(116)?,
        xyzt_units: i64::from(*bytes.head.get(123)?),
        qform_code: i64::from(bytes.i16(252)?),
        sform_code: i64::from(bytes.i16(254)?),
        quatern: bytes.each(256, 4, Bytes::f32)?,
        precision: f64::from(f32::EPSILON),
        qoffset: bytes.each(268, 4, Bytes::f32)?,
        srow: [
            bytes.each(280, 4, Bytes::f32)?,
            bytes.each(296, 4, Bytes::f32)?,
            bytes.each(312, 4, Bytes::f32)?,
        ],
    })
}

fn fields_2(bytes: &Bytes<'_>) -> Option<Fields> {
    Some(Fields {
        dim: bytes.each(16, 8, Bytes::i64)?,
        datatype: bytes.i16(12)?,
        pixdim: bytes.each(104, 8, Bytes::f64)?,
        vox_offset: bytes.i64(168)? as f64,
        scl_slope: bytes.f64(176)?,
        scl_inter: bytes.f64(184)?,
        xyzt_units: i64::from(bytes.i32(500)?),
        qform_code: i64::from(bytes.i32(344)?),
        sform_code: i64::from(bytes.i32(348)?),
        quatern: bytes.each(352, 8, Bytes::f64)?,
        precision: f64::EPSILON,
        qoffset: bytes.each(376, 8, Bytes::f64)?,
        srow: [
            bytes.each(400, 8, Bytes::f64)?,
            bytes.each(432, 8, Bytes::f64)?,
            bytes.each(464, 8, Bytes::f64)?,
        ],
    })
}

/// Numbers at places of a header.
struct Bytes<'a> {
    head: &'a [u8],
    big_endian: bool,
}

impl Bytes<'_> {
    /// The bytes of a number, the lowest first.
    fn at<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        let mut bytes: [u8; N] = *self.head.get(at..)?.first_chunk()?;
        if self.big_endian {
            bytes.reverse();
        }
        Some(bytes)
    }

    fn i16(&self, at: usize) -> Option<i16> {
        self.at(at).map(i16::from_le_bytes)
    }

    fn i32(&self, at: usize) -> Option<i32> {
        self.at(at).map(i32::from_le_bytes)
    }

    fn i64(&self, at: usize) -> Option<i64> {
        self.at(at).map(i64::from_le_bytes)
    }

    fn f32(&self, at: usize) -> Option<f64> {
        self.at(at).map(|bytes| f64::from(f32::from_le_bytes(bytes)))
    }

    fn f64(&self, at: usize) -> Option<f64> {
        self.at(at).map(f64::from_le_bytes)
    }

    /// `N` numbers in a row.
    fn each<T, const N: usize>(
        &self,
        at: usize,
        step: usize,
        read: impl Fn(&Self, usize) -> Option<T>,
    ) -> Option<[T; N]> {
        let all: Option<Vec<T>> = (0..N).map(|i| read(self, at + i * step)).collect();
        all?.try_into().ok()
    }
}
