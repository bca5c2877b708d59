//! The masks of a slice, decoded for writing.

use super::ExportError;
use crate::masks::{Mask, MaskError};
use crate::study::SliceRecord;

/// Lesion inside the lungs and each lung, its lesions included.
pub struct SliceMasks {
    /// Lesion inside the lungs.
    pub lesion: Mask,
    /// The patient's left lung.
    pub left: Mask,
    /// The patient's right lung.
    pub right: Mask,
}

/// The masks of a slice of `rows` x `columns` pixels.
pub fn decode(record: &SliceRecord, rows: usize, columns: usize) -> Result<SliceMasks, ExportError> {
    let of = |source: MaskError| ExportError::Mask { slice: record.index, source };
    let one = |rle: &crate::masks::Rle| -> Result<Mask, MaskError> {
        let mask = rle.decode()?;
        mask.check_size("writing the masks", rows, columns)?;
        Ok(mask)
    };
    let lesion = one(&record.lesion).map_err(of)?;
    let left = one(&record.left_lung).map_err(of)?;
    let mut right = one(&record.lung).map_err(of)?;
    for (right, &left) in right.pixels.iter_mut().zip(&left.pixels) {
        *right &= 1 - left.min(1);
    }
    Ok(SliceMasks { lesion, left, right })
}
