//! What a volume's file says about it, whatever its format.

use std::fmt;
use std::rc::Rc;

use super::element::Coding;
use super::{SourceGrid, VolumeError, nifti, nrrd, orient};
use crate::container::{ContainerError, MAX_RATIO, inflate_start, is_gzip};
use crate::imaging::{Geometry, MAX_SIDE};
use crate::source::ByteSource;

/// Bytes that hold any header: NRRD's may have many lines.
const HEAD: usize = 256 << 10;
/// The most pixels of a slice: 2048 x 2048.
const MAX_SLICE_PIXELS: usize = 1 << 22;
/// The most slices.
const MAX_SLICES: usize = MAX_SIDE;

/// The format of a volume's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumeFormat {
    /// NIfTI-1, `.nii` or `.nii.gz`.
    Nifti1,
    /// NIfTI-2, `.nii` or `.nii.gz`.
    Nifti2,
    /// NRRD, `.nrrd`.
    Nrrd,
}

impl fmt::Display for VolumeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nifti1 => "NIfTI-1",
            Self::Nifti2 => "NIfTI-2",
            Self::Nrrd => "NRRD",
        })
    }
}

/// How the voxels lie in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// As they are, from this byte on.
    Plain(u64),
    /// The whole file is gzipped; in what it holds they begin at this byte.
    GzipFile(u64),
    /// A gzip stream begins at the first number; in what it holds they begin at the second.
    GzipFrom(u64, u64),
}

/// A format's header before it is checked.
pub(super) struct Described {
    pub format: VolumeFormat,
    pub shape: [u64; 3],
    pub coding: Coding,
    pub packing: Packing,
    pub affine_ras: [[f64; 4]; 3],
    pub orientation_stated: bool,
}

/// A volume that can be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeHeader {
    /// The format of the file.
    pub format: VolumeFormat,
    /// Where the axial slices lie in the patient, the lowest first.
    pub geometry: Geometry,
    /// Where their pixels lie in the file.
    pub grid: SourceGrid,
    /// Whether the file says how it lies in the patient. Without it NIfTI's oldest convention is taken, in which the first
    /// axis runs to the patient's left, the second to the front and the third to the head.
    pub orientation_stated: bool,
    pub(super) coding: Coding,
    pub(super) packing: Packing,
}

impl VolumeHeader {
    /// Bytes of all voxels.
    pub(super) fn data_bytes(&self) -> u64 {
        self.grid.shape.iter().map(|&n| n as u64).product::<u64>() * self.coding.element.bytes() as u64
    }
}

/// Reads the header of a volume, checked against the length of the file; `None` for files that are no volume. Of a gzip
/// file only the beginning is inflated.
///
/// # Errors
/// [`VolumeError`] if it is a volume that cannot be read.
pub fn read_volume_header(source: &Rc<dyn ByteSource>) -> Result<Option<VolumeHeader>, VolumeError> {
    let start = source.read_up_to(0, 2)?;
    let gzipped = is_gzip(&start);
    let head = if gzipped {
        match inflate_start(source.clone(), nifti::HEADER_BYTES) {
            Ok(head) => head,
            Err(ContainerError::Source(error)) => return Err(error.into()),
            // No gzip file after all.
            Err(_) => return Ok(None),
        }
    } else {
        source.read_up_to(0, HEAD)?
    };
    let described = if let Some(version) = nifti::recognise(&head) {
        nifti::read(&head, version, gzipped)?
    } else if !gzipped && nrrd::recognise(&head) {
        nrrd::read(&head, source.len())?
    } else {
        return Ok(None);
    };
    check(described, source.len()).map(Some)
}

fn check(described: Described, len: u64) -> Result<VolumeHeader, VolumeError> {
    let Described { format, shape, coding, packing, affine_ras, orientation_stated } = described;
    let too_large = |limit| Err(VolumeError::TooLarge { format, shape, limit });
    if shape.contains(&0) {
        return Err(VolumeError::BadField { format, field: "size", problem: "has a 0".to_owned() });
    }
    if shape.iter().any(|&n| n > MAX_SLICES as u64) {
        return too_large("4096 along an axis");
    }
    let shape = shape.map(|n| n as usize);
    let needed = shape.iter().map(|&n| n as u128).product::<u128>() * coding.element.bytes() as u128;
    let (begin, at_most) = match packing {
        Packing::Plain(at) => (at, len),
        Packing::GzipFile(at) => (at, len.saturating_mul(MAX_RATIO)),
        Packing::GzipFrom(stream, at) => (at, len.saturating_sub(stream).saturating_mul(MAX_RATIO)),
    };
    let needed = needed + u128::from(begin);
    if needed > u128::from(at_most) {
        return Err(VolumeError::CutShort { format, needed, at_most });
    }
    let (grid, geometry) = orient::axial(format, shape, affine_ras)?;
    if geometry.rows * geometry.columns > MAX_SLICE_PIXELS {
        return Err(VolumeError::TooLarge {
            format,
            shape: shape.map(|n| n as u64),
            limit: "2048 x 2048 pixels a slice",
        });
    }
    Ok(VolumeHeader { format, geometry, grid, orientation_stated, coding, packing })
}
