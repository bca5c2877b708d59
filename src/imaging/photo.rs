//! Where the slice is on a photo or a screenshot: a part of the picture, with other things beside it and sometimes other slices.

use super::lung_crop::around;
use crate::detect::{BoxXyxy, Detection};

/// A place that has at least this share of the picture's longer side is not cut out: too little would be won.
const LARGEST: f32 = 0.92;
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

/// Two slices in a picture make one side at least so many times the other, also where they are cropped a little.
const WIDE: f32 = 1.6;
/// Lungs whose longer side is under this share of the picture's are easily missed, and their neighbours are: those of a slice of a third of it
/// (docs/evaluation.md).
const FAR: f32 = 0.18;
/// A quarter of a picture to search has this share of its sides, so that a small slice lies whole in one.
const QUARTER: f32 = 0.6;
/// What ends this close to a border of a part, as a share of the part's longer side, may go on beyond it.
const BORDER: f32 = 0.01;
/// Lungs of at least this score on both sides make a slice where only parts show them: fur and flowers have single ones.
const SURE: f32 = 0.7;
/// Of two lungs that share more than this much of the smaller one, the surer stays.
const SAME: f32 = 0.5;

/// A picture with more on it than a slice, by its size in pixels. All boxes are `[x0, y0, x1, y1]` in its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Photo {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
}

impl Photo {
    /// Where `lungs`, the surest first, are a small part of the picture: about their slice, in which they are to be looked for once
    /// more.
    ///
    /// Of more than two the surest and the surest of its slice count, where no other can be a lung of another slice.
    pub fn slice_around(self, lungs: &[BoxXyxy]) -> Option<BoxXyxy> {
        match lungs {
            // Of two that are too far from each other for one slice, the second is none.
            [surest, _] => self.view_around(lungs).or_else(|| self.view_around(&[*surest])),
            [surest, _, _, ..] => {
                let alone = || {
                    let other = lungs[1..].iter().find(|other| are_of_one_slice(surest, other))?;
                    let pair = [*surest, *other];
                    let (both, largest) = (around(&pair)?, area(surest).max(area(other)));
                    let foreign = |one: &BoxXyxy| is_alike(area(one), largest) && !holds_middle(&both, one);
                    if lungs.iter().any(foreign) { None } else { self.view_around(&pair) }
                };
                alone().or_else(|| self.view_around(lungs))
            }
            _ => self.view_around(lungs),
        }
    }

    /// Whether it is so much wider than high, or higher than wide, that two slices may lie in it.
    pub fn is_wide(self) -> bool {
        self.longer_side() >= WIDE * self.rows.min(self.columns) as f32
    }

    /// Whether no lung was found, or only small ones: there may be others that are seen only from near, in the picture's
    /// [`Self::quarters`].
    pub fn is_from_afar(self, lungs: &[BoxXyxy]) -> bool {
        lungs.iter().all(|one| longer_side(one) < FAR * self.longer_side())
    }

    /// The places of the slices whose `lungs` were found, from left to right and row by row, where there is more than one. A single lung
    /// beside the lungs of a slice, alike in size, is another slice's.
    pub fn several(self, lungs: &[Detection]) -> Vec<BoxXyxy> {
        let (pairs, single) = in_pairs(lungs);
        let mut all: Vec<(BoxXyxy, f32)> =
            pairs.iter().filter_map(|pair| Some((around(pair)?, LUNGS_OF_SLICE))).collect();
        if let [(both, _)] = all[..] {
            let foreign = single.into_iter().filter(|one| !holds_middle(&both, one));
            all.extend(foreign.map(|one| (one, LUNG_OF_SLICE)));
        }
        if all.len() < 2 {
            return Vec::new();
        }
        let place = |(both, share): &(BoxXyxy, f32)| {
            let mut place = self.square_around(both, *share);
            for (other, _) in &all {
                for from in [0, 1] {
                    // Between two slices beside or above each other lies the border.
                    if other[from] >= both[from + 2] {
                        place[from + 2] = place[from + 2].min((both[from + 2] + other[from]) / 2.0);
                    } else if other[from + 2] <= both[from] {
                        place[from] = place[from].max((other[from + 2] + both[from]) / 2.0);
                    }
                }
            }
            place
        };
        in_rows(all.iter().map(place).collect())
    }

    /// Four parts of the picture, one about each corner, which overlap.
    pub fn quarters(self) -> [BoxXyxy; 4] {
        let (width, height) = (self.columns as f32, self.rows as f32);
        let spans =
            |length: f32| [(0.0, (QUARTER * length).round()), (((1.0 - QUARTER) * length).round(), length)];
        let ([left, right], [upper, lower]) = (spans(width), spans(height));
        [(left, upper), (right, upper), (left, lower), (right, lower)]
            .map(|((x0, x1), (y0, y1))| [x0, y0, x1, y1])
    }

    /// Whether what was found in `part` ends at a border of it within the picture: it may be a piece only.
    pub fn is_cut(self, bbox: &BoxXyxy, part: &BoxXyxy) -> bool {
        let near = BORDER * longer_side(part);
        let whole = [0.0, 0.0, self.columns as f32, self.rows as f32];
        (0..4).any(|side| part[side] != whole[side] && (bbox[side] - part[side]).abs() <= near)
    }

    fn longer_side(self) -> f32 {
        self.rows.max(self.columns) as f32
    }

    /// The place of a slice with these lungs, where it is clearly smaller than the picture.
    fn view_around(self, lungs: &[BoxXyxy]) -> Option<BoxXyxy> {
        let both = around(lungs)?;
        let share = if lungs.len() < 2 { LUNG_OF_SLICE } else { LUNGS_OF_SLICE };
        (longer_side(&both) / share < LARGEST * self.longer_side()).then(|| self.square_around(&both, share))
    }

    /// The square about a box that has `share` of its side, as far as it lies in the picture.
    fn square_around(self, bbox: &BoxXyxy, share: f32) -> BoxXyxy {
        let half = longer_side(bbox) / share / 2.0;
        let [x0, y0, x1, y1] = bbox;
        let (across, down) = ((x0 + x1) / 2.0, (y0 + y1) / 2.0);
        [
            (across - half).max(0.0),
            (down - half).max(0.0),
            (across + half).min(self.columns as f32),
            (down + half).min(self.rows as f32),
        ]
    }
}

/// Which of `lungs`, found in one view of a picture or in several, are both lungs of a slice. Slices that are much smaller than the largest, as
/// thumbnails are, are left out.
pub fn pairs_of_lungs(lungs: &[Detection]) -> Vec<[BoxXyxy; 2]> {
    in_pairs(lungs).0
}

/// The same, and the sure lungs without another one that are alike in size.
fn in_pairs(lungs: &[Detection]) -> (Vec<[BoxXyxy; 2]>, Vec<BoxXyxy>) {
    let mut sure: Vec<&Detection> = lungs.iter().filter(|lung| lung.score >= SURE).collect();
    sure.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut apart: Vec<BoxXyxy> = Vec::new();
    for lung in sure {
        let is_other = |one: &BoxXyxy| shared_area(one, &lung.bbox) <= SAME * area(one).min(area(&lung.bbox));
        if apart.iter().all(is_other) {
            apart.push(lung.bbox);
        }
    }
    // The nearest are a slice's first: the next slice's lung may be as sure, and is near too where slices stand close.
    let mut couples = Vec::new();
    for (index, one) in apart.iter().enumerate() {
        let others = apart.iter().skip(index + 1).filter(|other| are_of_one_slice(one, other));
        couples.extend(others.map(|other| [*one, *other]));
    }
    let gap = |[one, other]: &[BoxXyxy; 2]| (-shared(one, other, 0)).max(0.0);
    couples.sort_by(|a, b| gap(a).total_cmp(&gap(b)));
    let mut pairs: Vec<[BoxXyxy; 2]> = Vec::new();
    for couple in couples {
        let is_taken = |one: &BoxXyxy| pairs.iter().flatten().any(|taken| taken == one);
        if !couple.iter().any(is_taken) {
            pairs.push(couple);
        }
    }
    let larger = |pair: &[BoxXyxy; 2]| area(&pair[0]).max(area(&pair[1]));
    let largest = pairs.iter().map(larger).fold(0.0, f32::max);
    apart.retain(|one| is_alike(area(one), largest) && !pairs.iter().flatten().any(|taken| taken == one));
    pairs.retain(|pair| is_alike(larger(pair), largest));
    (pairs, apart)
}

/// From left to right and row by row; a row ends where the next is below the middle of its first.
fn in_rows(mut places: Vec<BoxXyxy>) -> Vec<BoxXyxy> {
    let middle = |place: &BoxXyxy| (place[1] + place[3]) / 2.0;
    places.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
    let mut first = 0;
    for at in 0..=places.len() {
        if at == places.len() || middle(&places[at]) > places[first][3] {
            places[first..at].sort_by(|a, b| a[0].total_cmp(&b[0]));
            first = at;
        }
    }
    places
}

fn longer_side([x0, y0, x1, y1]: &BoxXyxy) -> f32 {
    (x1 - x0).max(y1 - y0)
}

fn area([x0, y0, x1, y1]: &BoxXyxy) -> f32 {
    (x1 - x0) * (y1 - y0)
}

/// How much two boxes share of their columns (from 0) or rows (from 1); below 0, the gap between them.
fn shared(one: &BoxXyxy, other: &BoxXyxy, from: usize) -> f32 {
    one[from + 2].min(other[from + 2]) - one[from].max(other[from])
}

fn shared_area(one: &BoxXyxy, other: &BoxXyxy) -> f32 {
    shared(one, other, 0).max(0.0) * shared(one, other, 1).max(0.0)
}

/// Whether neither of two areas is too small beside the other.
fn is_alike(one: f32, other: f32) -> bool {
    one >= LEAST_SHARE * other && other >= LEAST_SHARE * one
}

/// Whether two lungs lie beside each other as in a slice: of a size that both can have, at one height, and no farther apart than the wider is wide.
fn are_of_one_slice(one: &BoxXyxy, other: &BoxXyxy) -> bool {
    let sides = |from: usize| [one[from + 2] - one[from], other[from + 2] - other[from]];
    let ([width, other_width], [height, other_height]) = (sides(0), sides(1));
    let [across, down] = [0, 1].map(|from| shared(one, other, from));
    is_alike(area(one), area(other))
        && across <= SHARED * width.min(other_width)
        && -across <= width.max(other_width)
        && down >= SHARED * height.min(other_height)
}

/// Whether the middle of `one` lies in `all`.
fn holds_middle(all: &BoxXyxy, one: &BoxXyxy) -> bool {
    let [across, down] = [(one[0] + one[2]) / 2.0, (one[1] + one[3]) / 2.0];
    (all[0]..=all[2]).contains(&across) && (all[1]..=all[3]).contains(&down)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::LungCrop;

    const NEAR: Photo = Photo { rows: 600, columns: 800 };
    const SCREEN: Photo = Photo { rows: 900, columns: 1600 };

    fn slice_around(lungs: &[BoxXyxy], photo: Photo) -> Option<BoxXyxy> {
        photo.slice_around(lungs)
    }

    #[test]
    fn a_small_slice_is_found_around_its_lungs() {
        let lungs = [[300.0, 200.0, 340.0, 290.0], [370.0, 210.0, 430.0, 300.0]];
        let view = slice_around(&lungs, NEAR).unwrap();
        // The lungs are 130 wide, so the slice is taken to be 200.
        for (found, expected) in view.into_iter().zip([265.0, 150.0, 465.0, 350.0]) {
            assert!((found - expected).abs() < 1e-3, "{view:?}");
        }
        let region = LungCrop::new(320).region(&lungs, &[], view).unwrap();
        assert!(region[0] >= view[0] && region[3] <= view[3] && region[2] - region[0] < 200.0, "{region:?}");
        // Around one lung is looked farther: the other may be on either side. Lungs that fill the picture are seen well enough.
        let wider = slice_around(&lungs[..1], NEAR).unwrap();
        assert!(wider[0] < 205.0 && wider[2] > 435.0, "{wider:?}");
        // What is found far away is no lung of this slice; three may be of several slices, which are looked at together.
        let far = [740.0, 500.0, 790.0, 590.0];
        assert_eq!(slice_around(&[lungs[0], far], NEAR), Some(wider));
        assert_eq!(slice_around(&[lungs[0], lungs[1], far], NEAR), None);
        assert_eq!(slice_around(&[[100.0, 50.0, 700.0, 550.0]], NEAR), None);
        assert_eq!(slice_around(&[], NEAR), None);
    }

    /// The slice of a screenshot of a viewer, 1600 x 900 pixels: its lungs as the network found them.
    const OF_SLICE: [BoxXyxy; 2] = [[1046.0, 350.0, 1259.0, 659.0], [808.0, 353.0, 1038.0, 648.0]];

    #[test]
    fn a_slice_is_told_from_what_a_screen_shows_beside_it() {
        let alone = slice_around(&OF_SLICE, SCREEN);
        assert!(alone.is_some_and(|view| view[0] > 600.0 && view[2] < 1450.0), "{alone:?}");
        let [one, other] = OF_SLICE;
        // The list and the slice together, a thumbnail, both lungs in one box.
        let [list, thumbnail, both] =
            [[291.0, 80.0, 996.0, 825.0], [40.0, 60.0, 90.0, 140.0], [800.0, 345.0, 1265.0, 665.0]];
        for beside in [list, thumbnail, both] {
            assert_eq!(slice_around(&[one, other, beside], SCREEN), alone, "{beside:?}");
            assert_eq!(slice_around(&[one, beside, other], SCREEN), alone, "{beside:?}");
        }
        assert_eq!(slice_around(&[one, list, other, thumbnail, both], SCREEN), alone);
        // Where what is no lung is the surest, all is looked at, as before.
        assert_eq!(slice_around(&[list, one, other, thumbnail], SCREEN), None);
    }

    #[test]
    fn other_slices_are_never_left_out() {
        let [one, other] = OF_SLICE;
        // A lung of the next slice as large, half as high and wide, both its lungs in one box; in any order.
        for next in [[250.0, 350.0, 460.0, 660.0], [300.0, 400.0, 410.0, 550.0], [100.0, 350.0, 550.0, 660.0]]
        {
            for lungs in [[one, other, next], [one, next, other], [next, one, other]] {
                assert_eq!(slice_around(&lungs, SCREEN), None, "{lungs:?}");
            }
        }
        // The inner lungs of two slices side by side are the surest: the others are not between them.
        let inner = [[560.0, 300.0, 760.0, 600.0], [860.0, 310.0, 1060.0, 590.0]];
        let outer = [[330.0, 310.0, 530.0, 600.0], [1090.0, 300.0, 1290.0, 600.0]];
        assert_eq!(slice_around(&[inner[0], inner[1], outer[0], outer[1]], SCREEN), None);
        // One lung of each of three slices on a film, 600 pixels apart and above each other.
        let apart = [0.0, 600.0, 1200.0].map(|x| [x + 100.0, 300.0, x + 250.0, 550.0]);
        assert_eq!(slice_around(&apart, SCREEN), None);
        let above = [0.0, 300.0, 600.0].map(|y| [700.0, y + 10.0, 850.0, y + 290.0]);
        let view = slice_around(&above, SCREEN).unwrap();
        assert!(view[1] <= above[0][1] && view[3] >= above[2][3], "{view:?}");
    }

    fn lung(score: f32, bbox: BoxXyxy) -> Detection {
        Detection { bbox, score, label: 2 }
    }

    #[test]
    fn two_slices_side_by_side_make_a_wide_picture() {
        let is_wide = |rows, columns| Photo { rows, columns }.is_wide();
        assert!(is_wide(256, 432) && is_wide(600, 300));
        assert!(!is_wide(256, 256) && !is_wide(300, 450));
    }

    #[test]
    fn small_lungs_send_the_search_nearer() {
        let [height, width] = [280.0, 140.0];
        let tall = [100.0, 100.0, 100.0 + width, 100.0 + height];
        assert!(SCREEN.is_from_afar(&[]));
        assert!(SCREEN.is_from_afar(&[tall]), "280 of 1600");
        assert!(!SCREEN.is_from_afar(&[tall, [100.0, 100.0, 400.0, 150.0]]), "300 of 1600");
    }

    #[test]
    fn the_quarters_cover_the_picture_and_what_ends_at_their_borders_is_cut() {
        let quarters = SCREEN.quarters();
        assert_eq!(quarters[0], [0.0, 0.0, 960.0, 540.0]);
        assert_eq!(quarters[3], [640.0, 360.0, 1600.0, 900.0]);
        // A slice of a fifth of both sides lies whole in one, wherever it is.
        for (x, y) in [(0.0, 0.0), (640.0, 360.0), (700.0, 100.0), (1280.0, 720.0), (50.0, 380.0)] {
            let holds = |part: &&BoxXyxy| {
                part[0] <= x && x + 320.0 <= part[2] && part[1] <= y && y + 180.0 <= part[3]
            };
            assert!(quarters.iter().any(|part| holds(&part)), "{x}, {y}");
        }
        let [part, ..] = quarters;
        assert!(
            SCREEN.is_cut(&[900.0, 100.0, 952.0, 200.0], &part),
            "at the right border, which lies within"
        );
        assert!(SCREEN.is_cut(&[300.0, 480.0, 400.0, 540.0], &part), "at the lower one");
        assert!(!SCREEN.is_cut(&[0.0, 0.0, 100.0, 200.0], &part), "at the picture's own");
        assert!(!SCREEN.is_cut(&[800.0, 300.0, 900.0, 500.0], &part));
    }

    #[test]
    fn slices_are_told_by_both_lungs() {
        let [one, other] = OF_SLICE;
        let moved = |bbox: BoxXyxy, x: f32| [bbox[0] + x, bbox[1], bbox[2] + x, bbox[3]];
        // Seen twice, in overlapping parts; less sure, alone; what lies across both.
        let seen = [
            lung(0.98, one),
            lung(0.97, moved(one, 9.0)),
            lung(0.8, other),
            lung(0.75, [800.0, 345.0, 1265.0, 665.0]),
            lung(0.9, [100.0, 20.0, 300.0, 320.0]),
        ];
        assert_eq!(pairs_of_lungs(&seen), [[one, other]]);
        let unsure = [lung(0.98, one), lung(0.69, other)];
        assert!(pairs_of_lungs(&unsure).is_empty());
        // A slice beside it; the same as a thumbnail, which is none.
        let beside = OF_SLICE.map(|bbox| lung(0.9, moved(bbox, -700.0)));
        assert_eq!(pairs_of_lungs(&[&seen[..], &beside].concat()).len(), 2);
        let thumbnail = OF_SLICE.map(|bbox| lung(0.99, bbox.map(|side| side / 4.0)));
        assert_eq!(pairs_of_lungs(&[&seen[..], &thumbnail].concat()), [[one, other]]);
        assert!(pairs_of_lungs(&[]).is_empty());
    }

    #[test]
    fn lungs_of_close_slices_are_paired_with_their_own_other() {
        // Three slices cut close to the body, side by side: as the network found them, and with each pair as the surest.
        let boxes = [
            [9.0, 25.0, 93.0, 152.0],
            [108.0, 35.0, 185.0, 148.0],
            [208.0, 32.0, 284.0, 149.0],
            [299.0, 26.0, 382.0, 151.0],
            [402.0, 25.0, 485.0, 151.0],
            [501.0, 32.0, 575.0, 149.0],
        ];
        let found = [0.9997, 0.9995, 0.9996, 0.998, 0.9989, 0.9991];
        for scores in [found, [0.9, 0.99, 0.98, 0.9, 0.9, 0.9], [0.9, 0.9, 0.9, 0.99, 0.98, 0.9]] {
            let lungs: Vec<Detection> =
                boxes.into_iter().zip(scores).map(|(bbox, score)| lung(score, bbox)).collect();
            let mut pairs = pairs_of_lungs(&lungs);
            pairs.iter_mut().for_each(|pair| pair.sort_by(|a, b| a[0].total_cmp(&b[0])));
            pairs.sort_by(|a, b| a[0][0].total_cmp(&b[0][0]));
            assert_eq!(pairs, boxes.as_chunks().0, "{scores:?}");
            // One that was missed takes none of another slice's.
            assert_eq!(pairs_of_lungs(&lungs[1..]).len(), 2, "{scores:?}");
        }
    }

    #[test]
    fn the_places_of_several_slices_come_row_by_row_and_apart() {
        // Two rows, the upper one a little askew, lungs of 300 pixels 40 apart from those of the next slice.
        let lefts = [(440.0, 60.0), (100.0, 90.0), (100.0, 460.0), (440.0, 450.0)];
        let lungs: Vec<Detection> = lefts
            .iter()
            .flat_map(|&(x, y)| [[x, y, x + 140.0, y + 200.0], [x + 160.0, y, x + 300.0, y + 200.0]])
            .map(|bbox| lung(0.9, bbox))
            .collect();
        let places = SCREEN.several(&lungs);
        assert_eq!(places.len(), 4);
        for (place, (x, y)) in places.iter().zip([lefts[1], lefts[0], lefts[2], lefts[3]]) {
            assert!(
                place[0] <= x && place[1] <= y && place[2] >= x + 300.0 && place[3] >= y + 200.0,
                "{place:?}"
            );
        }
        assert_eq!((places[0][2], places[1][0]), (420.0, 420.0));
        assert_eq!(places[2][1], (290.0 + 460.0) / 2.0);
        assert!(SCREEN.several(&lungs[..2]).is_empty());
        // Of the slice beside it one lung was found.
        let with_one = SCREEN.several(&lungs[..3]);
        assert_eq!(with_one.len(), 2);
        assert!(with_one[0][2] <= with_one[1][0], "{with_one:?}");
        assert_eq!(in_rows(Vec::new()), Vec::<BoxXyxy>::new());
    }
}
