//! Lungs on photos that are pictures of something else.

use super::instance::{ClassName, Instance};
use crate::imaging::CtSlice;

/// A photo shows a slice if one of its lungs has at least this score: on photos of patients that a model had not seen the surest had 0.7
/// and more, on all but one of 48 pictures of other things less (docs/evaluation.md).
const SURE: f32 = 0.7;

/// Leaves out all that was found on a photo or a screenshot without a sure lung: it is taken for a picture of something else. Not where a
/// user has chosen the part to be read.
pub fn keep_sure_photo(instances: Vec<Instance>, slice: &CtSlice) -> Vec<Instance> {
    let chosen = slice.picture.is_some_and(|picture| picture.part.is_some());
    let is_sure = |one: &Instance| one.class == ClassName::Lung && one.score >= SURE;
    if chosen || !slice.has_surroundings() || instances.iter().any(is_sure) { instances } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{FileFormat, PictureReading, ValueScale};
    use crate::masks::Mask;

    fn kept(lung: f32, coloured: bool, part: Option<[u32; 4]>) -> usize {
        let picture =
            Some(PictureReading { coloured, exif_orientation: 1, part, turned_degrees: 0, reduced_by: 1 });
        let slice = CtSlice {
            rows: 2,
            columns: 2,
            values: vec![0.0; 4],
            scale: ValueScale::Grey { max: 255.0 },
            pixel_spacing: None,
            patient_right_is_image_left: None,
            format: FileFormat::Jpeg,
            picture,
        };
        let one = |class, score| Instance { class, score, bbox: [0.0; 4], mask: Mask::empty(2, 2) };
        keep_sure_photo(vec![one(ClassName::Lesion, 0.9), one(ClassName::Lung, lung)], &slice).len()
    }

    #[test]
    fn a_photo_without_a_sure_lung_shows_none() {
        assert_eq!(kept(0.69, true, None), 0);
        assert_eq!(kept(0.7, true, None), 2);
    }

    #[test]
    fn a_slice_and_a_chosen_part_keep_what_was_found() {
        assert_eq!(kept(0.35, false, None), 2);
        assert_eq!(kept(0.35, true, Some([0, 0, 40, 40])), 2);
    }
}
