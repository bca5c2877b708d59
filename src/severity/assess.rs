//! From masks to the grade.

use std::borrow::Borrow;

use thiserror::Error;

use super::assessment::{Assessment, Finding, Involvement, SeverityConfig, percent};
use super::sides::{Sides, are_of_several_slices, split_sides};
use crate::imaging::PixelSpacing;
use crate::masks::{Mask, MaskError};

/// Masks or a setting that cannot be graded.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SeverityError {
    /// A mask does not lie on the slice.
    #[error("measuring lungs and lesions: {0}")]
    Mask(#[from] MaskError),
    /// The boundary is no percentage.
    #[error("grading: the boundary {0} is not a percentage from 0 to 100")]
    Boundary(f64),
}

/// Measures and grades a slice of `rows` x `columns` pixels.
///
/// Lung is the union of the lung masks, the holes of each filled; lesion is the union of the lesion masks inside it;
/// the involvement is `100 * lesion / lung` pixels. From `alarming_from_percent` (25 %, the boundary between CT-1
/// and CT-2 of the MosMed scale, arXiv 2005.06465) the slice is alarming, below it mild. MosMed grades a volume; for
/// one slice the grade is an indication. Left and right are the patient's; where `patient_right_is_image_left` is
/// not known, the usual radiological view is assumed (see [`split_sides`]). A picture of several slices has no sides.
///
/// # Errors
/// [`SeverityError`] if a mask is of another size or the boundary is no percentage.
pub fn assess(
    lesions: &[impl Borrow<Mask>],
    lungs: &[impl Borrow<Mask>],
    rows: usize,
    columns: usize,
    spacing: Option<PixelSpacing>,
    patient_right_is_image_left: Option<bool>,
    config: &SeverityConfig,
) -> Result<Assessment, SeverityError> {
    let boundary = config.alarming_from_percent;
    if !(0.0..=100.0).contains(&boundary) {
        return Err(SeverityError::Boundary(boundary));
    }
    let lesions = || lesions.iter().map(Borrow::<Mask>::borrow);
    let lungs = || lungs.iter().map(Borrow::<Mask>::borrow);
    for mask in lesions().chain(lungs()) {
        mask.check_size("measuring the slice", rows, columns)?;
    }
    let mut lung = Mask::empty(rows, columns);
    for mask in lungs() {
        // Each for itself: a ring of both lungs together would take the mediastinum in.
        lung.add_filled(mask)?;
    }
    let mut lesion = Mask::empty(rows, columns);
    for mask in lesions() {
        lesion.add(mask)?;
    }
    let lesion_pixels = lesion.area();
    lesion.keep(&lung)?;

    let whole = measure(&lung, &lesion, spacing);
    // A file that states the size of its pixels is of one slice.
    let several_slices = spacing.is_none() && are_of_several_slices(&lung);
    let sides = match several_slices {
        true => Sides { image_left: None, image_right: None },
        false => split_sides(&lung, spacing),
    };
    let side = |mask: &Option<Mask>| mask.as_ref().map(|m| measure(m, &lesion, spacing));
    let (image_left, image_right) = (side(&sides.image_left), side(&sides.image_right));
    let (left, right) = if patient_right_is_image_left.unwrap_or(true) {
        (image_right, image_left)
    } else {
        (image_left, image_right)
    };
    Ok(Assessment {
        finding: Finding::of(whole.lung_pixels as u64, whole.lesion_pixels as u64, boundary),
        lungs: whole,
        left,
        right,
        lesion_pixels_outside_lungs: lesion_pixels - whole.lesion_pixels,
        alarming_from_percent: boundary,
        side_assumed: patient_right_is_image_left.is_none(),
        several_slices,
    })
}

fn measure(lung: &Mask, lesion: &Mask, spacing: Option<PixelSpacing>) -> Involvement {
    let lung_pixels = lung.area();
    let lesion_pixels = lung.pixels.iter().zip(&lesion.pixels).filter(|&(&a, &b)| a & b != 0).count();
    let pixel_mm2 = spacing.map(|s| f64::from(s.row_mm) * f64::from(s.column_mm));
    let mm2 = |pixels: usize| pixel_mm2.map(|mm2| (pixels as f64 * mm2) as f32);
    Involvement {
        lung_pixels,
        lesion_pixels,
        percent: percent(lung_pixels as u64, lesion_pixels as u64) as f32,
        lung_mm2: mm2(lung_pixels),
        lesion_mm2: mm2(lesion_pixels),
    }
}
