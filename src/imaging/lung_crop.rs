//! The part of a slice that the lungs lie in, so that the network sees them larger.

use serde::{Deserialize, Serialize};

use crate::detect::BoxXyxy;

/// A part whose longer side has at least this share of the slice's is not cut out: too little would be won.
const LARGEST: f32 = 0.92;
/// A part is not smaller than this share of the slice's longer side: views were not larger in training.
const SMALLEST: f32 = 0.5;
/// The lungs' longer side as a share of a slice's: as they are on most slices of the middle of the chest.
const LUNGS_OF_SLICE: f32 = 0.65;
/// The same where but one lung is seen, so that the other's place is in view.
const LUNG_OF_SLICE: f32 = 0.38;

/// A lung in a slice is at least this share of the other, and what is found beside a slice in a photo is at least this share of its lungs, and they of it, if it is
/// to be a lung of another slice: as where lungs are counted ([`crate::severity::are_of_several_slices`]). Thumbnails are smaller, and what is taken for
/// lung in a list or a toolbar is larger.
const LEAST_SHARE: f32 = 0.2;
/// Two lungs of one slice share at most this much of the narrower one's columns, and at least this much of the lower one's rows.
const SHARED: f32 = 0.5;

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

    /// Where `lungs` found in a picture with more on it than a slice, the surest first, are a small part of it: about the slice,
    /// `[x0, y0, x1, y1]` in source pixels, in which they are to be looked for once more.
    ///
    /// Of more than two the surest and the surest of its slice count, where no other can be a lung of another slice.
    pub fn slice_around(lungs: &[BoxXyxy], rows: usize, columns: usize) -> Option<BoxXyxy> {
        match lungs {
            // Of two that are too far from each other for one slice, the second is none.
            [surest, _] => {
                view_around(lungs, rows, columns).or_else(|| view_around(&[*surest], rows, columns))
            }
            [surest, _, _, ..] => {
                let alone = || {
                    let other = lungs[1..].iter().find(|other| are_of_one_slice(surest, other))?;
                    let pair = [*surest, *other];
                    let (both, largest) = (around(&pair)?, area(surest).max(area(other)));
                    let foreign = |one: &BoxXyxy| is_alike(area(one), largest) && !holds_middle(&both, one);
                    if lungs.iter().any(foreign) { None } else { view_around(&pair, rows, columns) }
                };
                alone().or_else(|| view_around(lungs, rows, columns))
            }
            _ => view_around(lungs, rows, columns),
        }
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

fn area([x0, y0, x1, y1]: &BoxXyxy) -> f32 {
    (x1 - x0) * (y1 - y0)
}

/// Whether neither of two areas is too small beside the other.
fn is_alike(one: f32, other: f32) -> bool {
    one >= LEAST_SHARE * other && other >= LEAST_SHARE * one
}

/// Whether two lungs lie beside each other as in a slice: of a size that both can have, at one height, and no farther apart than the wider is wide.
fn are_of_one_slice(one: &BoxXyxy, other: &BoxXyxy) -> bool {
    // How much two ranges share; below 0, the gap between them.
    let shared = |from: usize| one[from + 2].min(other[from + 2]) - one[from].max(other[from]);
    let sides = |from: usize| [one[from + 2] - one[from], other[from + 2] - other[from]];
    let ([width, other_width], [height, other_height]) = (sides(0), sides(1));
    is_alike(area(one), area(other))
        && shared(0) <= SHARED * width.min(other_width)
        && -shared(0) <= width.max(other_width)
        && shared(1) >= SHARED * height.min(other_height)
}

/// Whether the middle of `one` lies in `all`.
fn holds_middle(all: &BoxXyxy, one: &BoxXyxy) -> bool {
    let [across, down] = [(one[0] + one[2]) / 2.0, (one[1] + one[3]) / 2.0];
    (all[0]..=all[2]).contains(&across) && (all[1]..=all[3]).contains(&down)
}

/// The place of a slice with these lungs, where it is clearly smaller than the picture.
fn view_around(lungs: &[BoxXyxy], rows: usize, columns: usize) -> Option<BoxXyxy> {
    let [x0, y0, x1, y1] = around(lungs)?;
    let (width, height) = (columns as f32, rows as f32);
    let share = if lungs.len() < 2 { LUNG_OF_SLICE } else { LUNGS_OF_SLICE };
    let side = (x1 - x0).max(y1 - y0) / share;
    let (across, down) = ((x0 + x1) / 2.0, (y0 + y1) / 2.0);
    let half = side / 2.0;
    let view = [
        (across - half).max(0.0),
        (down - half).max(0.0),
        (across + half).min(width),
        (down + half).min(height),
    ];
    (side < LARGEST * width.max(height)).then_some(view)
}

/// The box around boxes; none around none.
fn around(boxes: &[BoxXyxy]) -> Option<BoxXyxy> {
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

    #[test]
    fn a_small_slice_is_found_around_its_lungs() {
        let lungs = [[300.0, 200.0, 340.0, 290.0], [370.0, 210.0, 430.0, 300.0]];
        let view = LungCrop::slice_around(&lungs, 600, 800).unwrap();
        // The lungs are 130 wide, so the slice is taken to be 200.
        for (found, expected) in view.into_iter().zip([265.0, 150.0, 465.0, 350.0]) {
            assert!((found - expected).abs() < 1e-3, "{view:?}");
        }
        let region = CROP.region(&lungs, &[], view).unwrap();
        assert!(region[0] >= view[0] && region[3] <= view[3] && region[2] - region[0] < 200.0, "{region:?}");
        // Around one lung is looked farther: the other may be on either side. Lungs that fill the picture are seen well enough.
        let wider = LungCrop::slice_around(&lungs[..1], 600, 800).unwrap();
        assert!(wider[0] < 205.0 && wider[2] > 435.0, "{wider:?}");
        // What is found far away is no lung of this slice; three may be of several slices, which are looked at together.
        let far = [740.0, 500.0, 790.0, 590.0];
        assert_eq!(LungCrop::slice_around(&[lungs[0], far], 600, 800), Some(wider));
        assert_eq!(LungCrop::slice_around(&[lungs[0], lungs[1], far], 600, 800), None);
        assert_eq!(LungCrop::slice_around(&[[100.0, 50.0, 700.0, 550.0]], 600, 800), None);
        assert_eq!(LungCrop::slice_around(&[], 600, 800), None);
    }

    /// The slice of a screenshot of a viewer, 1600 x 900 pixels: its lungs as the network found them.
    const OF_SLICE: [BoxXyxy; 2] = [[1046.0, 350.0, 1259.0, 659.0], [808.0, 353.0, 1038.0, 648.0]];

    #[test]
    fn a_slice_is_told_from_what_a_screen_shows_beside_it() {
        let alone = LungCrop::slice_around(&OF_SLICE, 900, 1600);
        assert!(alone.is_some_and(|view| view[0] > 600.0 && view[2] < 1450.0), "{alone:?}");
        let [one, other] = OF_SLICE;
        // The list and the slice together, a thumbnail, both lungs in one box.
        let [list, thumbnail, both] =
            [[291.0, 80.0, 996.0, 825.0], [40.0, 60.0, 90.0, 140.0], [800.0, 345.0, 1265.0, 665.0]];
        for beside in [list, thumbnail, both] {
            assert_eq!(LungCrop::slice_around(&[one, other, beside], 900, 1600), alone, "{beside:?}");
            assert_eq!(LungCrop::slice_around(&[one, beside, other], 900, 1600), alone, "{beside:?}");
        }
        assert_eq!(LungCrop::slice_around(&[one, list, other, thumbnail, both], 900, 1600), alone);
        // Where what is no lung is the surest, all is looked at, as before.
        assert_eq!(LungCrop::slice_around(&[list, one, other, thumbnail], 900, 1600), None);
    }

    #[test]
    fn other_slices_are_never_left_out() {
        let [one, other] = OF_SLICE;
        // A lung of the next slice as large, half as high and wide, both its lungs in one box; in any order.
        for next in [[250.0, 350.0, 460.0, 660.0], [300.0, 400.0, 410.0, 550.0], [100.0, 350.0, 550.0, 660.0]]
        {
            for lungs in [[one, other, next], [one, next, other], [next, one, other]] {
                assert_eq!(LungCrop::slice_around(&lungs, 900, 1600), None, "{lungs:?}");
            }
        }
        // The inner lungs of two slices side by side are the surest: the others are not between them.
        let inner = [[560.0, 300.0, 760.0, 600.0], [860.0, 310.0, 1060.0, 590.0]];
        let outer = [[330.0, 310.0, 530.0, 600.0], [1090.0, 300.0, 1290.0, 600.0]];
        assert_eq!(LungCrop::slice_around(&[inner[0], inner[1], outer[0], outer[1]], 900, 1600), None);
        // One lung of each of three slices on a film, 600 pixels apart and above each other.
        let apart = [0.0, 600.0, 1200.0].map(|x| [x + 100.0, 300.0, x + 250.0, 550.0]);
        assert_eq!(LungCrop::slice_around(&apart, 900, 1600), None);
        let above = [0.0, 300.0, 600.0].map(|y| [700.0, y + 10.0, 850.0, y + 290.0]);
        let view = LungCrop::slice_around(&above, 900, 1600).unwrap();
        assert!(view[1] <= above[0][1] && view[3] >= above[2][3], "{view:?}");
    }
}
