//! From the slices as they were found to those of the lungs in three dimensions.

use super::StudyError;
use super::builder::{FoundSlice, SliceRecord};
use super::lesions::LesionLinker;
use super::sections::Sections;
use super::sides::{Known, SidePlan, Way};
use crate::imaging::PixelSpacing;
use crate::masks::{Mask, Rle, connected_components};

/// What all slices have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub rows: usize,
    pub columns: usize,
    pub spacing: Option<PixelSpacing>,
    /// Whether the patient's right is on the image's left.
    pub right_first: bool,
}

/// Leaves out of each slice what is no lung in three dimensions, with the lesions on it, and tells left and right. The
/// masks of one slice and its neighbour at a time are unpacked. `linker` hears which of its lesions stay.
pub(super) fn settle(
    found: &[FoundSlice],
    sections: &Sections,
    frame: Frame,
    linker: &mut LesionLinker,
) -> Result<Vec<SliceRecord>, StudyError> {
    let plan = SidePlan::new(sections, frame.columns, frame.spacing);
    let mut records: Vec<Option<SliceRecord>> = vec![None; found.len()];
    for &(slice, way) in &plan.order {
        let next = match way {
            Way::Next(next) => known(records[next].as_ref(), frame.right_first)?,
            Way::Column(_) | Way::Middle => None,
        };
        let lung = found[slice].lung.decode()?;
        let labels = connected_components(&lung);
        let (parts, kept) = sections.of(slice);
        let image_left = plan.image_left(&labels, parts, kept, way, next.as_ref());
        let is_kept = |&label: &u32| u8::from(label != 0 && kept[label as usize - 1]);
        let lung = Mask { pixels: labels.labels.iter().map(is_kept).collect(), ..lung };
        let left = if frame.right_first { without(&lung, &image_left) } else { image_left };
        records[slice] = Some(record(slice, &found[slice], &lung, &left, linker)?);
    }
    let empty = Mask::empty(frame.rows, frame.columns);
    let rest = |(slice, one): (usize, Option<SliceRecord>)| match one {
        Some(one) => Ok(one),
        None => record(slice, &found[slice], &empty, &empty, linker),
    };
    records.into_iter().enumerate().map(rest).collect()
}

fn record(
    slice: usize,
    found: &FoundSlice,
    lung: &Mask,
    left: &Mask,
    linker: &mut LesionLinker,
) -> Result<SliceRecord, StudyError> {
    let mut lesion = found.lesion.decode()?;
    let all_lesion = lesion.area();
    // A lesion of a slice lies in one component of lung, so it stays or goes as a whole.
    linker.place(slice, &lesion, lung, left);
    lesion.keep(lung)?;
    Ok(SliceRecord {
        index: found.index,
        height_mm: found.height_mm,
        instance_number: found.instance_number,
        lung: Rle::encode(lung),
        left_lung: Rle::encode(left),
        lesion: Rle::encode(&lesion),
        lesion_outside: found.lesion_outside + (all_lesion - lesion.area()) as u64,
        lung_set_aside: (found.lung.area()? - lung.area()) as u64,
        left: counts(left, &lesion),
        right: counts(&without(lung, left), &lesion),
    })
}

/// The lungs of a slice that was settled, by their sides of the image.
fn known(record: Option<&SliceRecord>, right_first: bool) -> Result<Option<Known>, StudyError> {
    let Some(record) = record else { return Ok(None) };
    let (lung, left) = (record.lung.decode()?, record.left_lung.decode()?);
    let image_left = if right_first { without(&lung, &left) } else { left };
    Ok(Some(Known { lung, image_left }))
}

fn without(mask: &Mask, other: &Mask) -> Mask {
    let pixels = mask.pixels.iter().zip(&other.pixels).map(|(&a, &b)| a & (1 - b)).collect();
    Mask { rows: mask.rows, columns: mask.columns, pixels }
}

/// Pixels of a lung and of the lesion inside it.
fn counts(lung: &Mask, lesion: &Mask) -> [u64; 2] {
    let both = lung.pixels.iter().zip(&lesion.pixels).filter(|&(&a, &b)| a != 0 && b != 0).count();
    [lung.area() as u64, both as u64]
}
