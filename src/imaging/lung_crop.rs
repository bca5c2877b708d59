//! The part of a slice that the lungs lie in, so that the network sees them larger.

use serde::{Deserialize, Serialize};

use crate::detect::BoxXyxy;

/// A part whose longer side has at least this share of the slice's is not cut out: too little would be won.
const LARGEST: f32 = 0.92;
/// A part is not smaller than this share of the slice's longer side: views were not larger in training.
const SMALLEST: f32 = 0.5;

/// How the lungs are looked for before the slice is segmented. Part of the model manifest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LungCrop {
    /// Side of the network's square input while it looks for the lungs, in pixels, a multiple of 32.
    pub search_size: usize,
    /// What is kept around the lungs on each side, as a share of the slice's longer side.
    pub margin: f32,
}

impl LungCrop {
    /// A search at half of `input_size`, which the network takes in steps of 32, and the margin that was measured with it (docs/comparison.md).
    pub fn new(input_size: usize) -> Self {
        Self { search_size: (input_size / 2).next_multiple_of(32), margin: 0.05 }
    }

    /// The part of a `view` of a slice, `[x0, y0, x1, y1]` in source pixels, that holds its `lungs` and `lesions`.
    ///
    /// None, so that the whole view is segmented, unless both lungs were found, and where the part would be hardly smaller than it.
    pub fn region(&self, lungs: &[BoxXyxy], lesions: &[BoxXyxy], view: BoxXyxy) -> Option<BoxXyxy> {
        if lungs.len() < 2 {
            return None;
        }
        let longest = (view[2] - view[0]).max(view[3] - view[1]);
        let all: Vec<BoxXyxy> = lungs.iter().chain(lesions).copied().collect();
        let around = around(&all)?;
        let margin = self.margin * longest;
        let [mut x0, mut y0, mut x1, mut y1] =
            [around[0] - margin, around[1] - margin, around[2] + margin, around[3] + margin];
        // Whichever side is the longer grows to the least length.
        let missing = (SMALLEST * longest - (x1 - x0).max(y1 - y0)).max(0.0) / 2.0;
        (x0, y0, x1, y1) = (x0 - missing, y0 - missing, x1 + missing, y1 + missing);
        let region = [x0.max(view[0]), y0.max(view[1]), x1.min(view[2]), y1.min(view[3])];
        let longer = (region[2] - region[0]).max(region[3] - region[1]);
        (longer < LARGEST * longest).then_some(region)
    }
}

/// The box around boxes; none around none.
pub(super) fn around(boxes: &[BoxXyxy]) -> Option<BoxXyxy> {
    boxes
        .iter()
        .copied()
        .reduce(|all, one| [all[0].min(one[0]), all[1].min(one[1]), all[2].max(one[2]), all[3].max(one[3])])
}

#[cfg(test)]
mod tests {
    use super::*;

    const CROP: LungCrop = LungCrop { search_size: 160, margin: 0.05 };
    const SLICE: BoxXyxy = [0.0, 0.0, 256.0, 256.0];
    const RIGHT: BoxXyxy = [60.0, 80.0, 120.0, 180.0];
    const LEFT: BoxXyxy = [140.0, 90.0, 200.0, 190.0];

    #[test]
    fn it_holds_both_lungs_the_lesions_and_a_margin() {
        let region = CROP.region(&[RIGHT, LEFT], &[], SLICE).unwrap();
        for (found, expected) in region.into_iter().zip([47.2, 67.2, 212.8, 202.8]) {
            assert!((found - expected).abs() < 1e-3, "{region:?}");
        }
        let beyond = CROP.region(&[RIGHT, LEFT], &[[50.0, 185.0, 70.0, 210.0]], SLICE).unwrap();
        assert!((beyond[0] - 37.2).abs() < 1e-3 && (beyond[3] - 222.8).abs() < 1e-3, "{beyond:?}");
    }

    #[test]
    fn the_search_is_a_size_that_the_network_takes() {
        let sizes = [32, 64, 320, 352, 512].map(|input_size| LungCrop::new(input_size).search_size);
        assert_eq!(sizes, [32, 32, 160, 192, 256]);
    }

    #[test]
    fn it_stays_inside_the_slice() {
        let region = CROP.region(&[[2.0, 80.0, 60.0, 180.0], LEFT], &[], SLICE).unwrap();
        assert_eq!(region[0], 0.0);
    }

    #[test]
    fn without_both_lungs_the_slice_stays_whole() {
        assert_eq!(CROP.region(&[], &[RIGHT], SLICE), None);
        assert_eq!(CROP.region(&[LEFT], &[RIGHT, LEFT], SLICE), None);
    }

    #[test]
    fn lungs_that_fill_the_slice_leave_it_whole() {
        assert_eq!(CROP.region(&[[10.0, 40.0, 120.0, 200.0], [130.0, 40.0, 245.0, 200.0]], &[], SLICE), None);
    }

    #[test]
    fn small_lungs_are_not_magnified_more_than_twice() {
        let apices = [[100.0, 100.0, 120.0, 120.0], [140.0, 100.0, 160.0, 120.0]];
        let region = CROP.region(&apices, &[], SLICE).unwrap();
        assert!((region[2] - region[0] - 128.0).abs() < 1e-3, "{region:?}");
        assert!(region[0] <= 100.0 && region[2] >= 160.0 && region[1] <= 100.0 && region[3] >= 120.0);
    }
}
