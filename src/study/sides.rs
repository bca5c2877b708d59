//! Which lung is which, for the whole body.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::sections::Sections;
use crate::imaging::PixelSpacing;
use crate::masks::{Labels, Mask};
use crate::severity::Part;

/// Two lungs are there if slices with two lungs beside each other, or grown together, have this share of all lung.
const TWO_LUNGS_SHARE: f64 = 0.25;
/// A component goes to both lungs if the known slice next to it has this share of its pixels as the one lung and as the
/// other.
const BOTH_SHARE: f64 = 0.05;

const NEITHER: u8 = 0;
const LEFT: u8 = 1;
const RIGHT: u8 = 2;

/// How the sides of a slice are told; left and right are the image's here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Way {
    /// By this column: two lungs lie beside each other, or there is only one.
    Column(f64),
    /// By what lies straight above or below on this slice, which comes before it in the order.
    Next(usize),
    /// By the body's middle.
    Middle,
}

/// The order in which the slices are told apart. Those where two lungs lie beside each other come first; from them it goes
/// on slice by slice, upwards and downwards, so that a place stays in its lung from slice to slice, also where the lungs
/// touch or only one is there.
#[derive(Debug, PartialEq)]
pub(super) struct SidePlan {
    /// The slices with lung.
    pub order: Vec<(usize, Way)>,
    /// The column of the body's middle.
    middle: f64,
    spacing: Option<PixelSpacing>,
}

/// The lungs of a slice whose sides are known.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Both lungs.
    pub lung: Mask,
    /// The one on the left of the image.
    pub image_left: Mask,
}

impl Known {
    fn side(&self, pixel: usize) -> u8 {
        match (self.lung.pixels[pixel], self.image_left.pixels[pixel]) {
            (0, _) => NEITHER,
            (_, 0) => RIGHT,
            _ => LEFT,
        }
    }
}

/// Where a component of a slice goes.
#[derive(Debug, Clone, Copy)]
enum Goes {
    /// To one side, or to neither.
    Whole(u8),
    /// To both: from the pixels that have a side on the next slice.
    AsNext,
    /// To both: from the columns at its ends.
    ByQuarters { left_below: usize, right_from: usize },
}

/// Two lungs beside each other on a slice.
struct Pair {
    slice: usize,
    centroids: [f64; 2],
    smaller_area: usize,
}

impl Pair {
    fn of(slice: usize, sections: &Sections) -> Option<Self> {
        let mut lungs: Vec<&Part> = sections.lungs(slice).collect();
        // Stable: of equal ones the first.
        lungs.sort_by_key(|part| std::cmp::Reverse(part.area));
        let (largest, rest) = lungs.split_first()?;
        let other = rest.iter().find(|part| part.is_other_lung(largest))?;
        let centroids = [largest.centroid.min(other.centroid), largest.centroid.max(other.centroid)];
        Some(Self { slice, centroids, smaller_area: other.area })
    }

    fn middle(&self) -> f64 {
        (self.centroids[0] + self.centroids[1]) / 2.0
    }
}

impl SidePlan {
    /// Plans for slices of `columns` columns.
    pub fn new(sections: &Sections, columns: usize, spacing: Option<PixelSpacing>) -> Self {
        let lung_area = |slice: usize| sections.lungs(slice).map(|part| part.area).sum::<usize>();
        let filled: Vec<usize> = (0..sections.slices()).filter(|&slice| lung_area(slice) > 0).collect();
        let pairs: Vec<Pair> = filled.iter().filter_map(|&slice| Pair::of(slice, sections)).collect();
        let fused: Vec<&Part> = filled
            .iter()
            .flat_map(|&slice| sections.lungs(slice))
            .filter(|part| part.is_fused(spacing))
            .collect();
        let whole: usize = filled.iter().map(|&slice| lung_area(slice)).sum();
        let of_two = pairs.iter().map(|pair| lung_area(pair.slice)).sum::<usize>()
            + fused.iter().map(|part| part.area).sum::<usize>();
        let centre = (columns as f64 - 1.0) / 2.0;
        if (of_two as f64) < TWO_LUNGS_SHARE * whole as f64 {
            let sum: f64 = filled
                .iter()
                .flat_map(|&slice| sections.lungs(slice))
                .map(|part| part.centroid * part.area as f64)
                .sum();
            let side = if sum < centre * whole as f64 { f64::INFINITY } else { f64::NEG_INFINITY };
            let order = filled.into_iter().map(|slice| (slice, Way::Column(side))).collect();
            return Self { order, middle: centre, spacing };
        }
        let middle = weighted_median(pairs.iter().map(|pair| (pair.middle(), pair.smaller_area)))
            .or_else(|| {
                weighted_median(
                    fused.iter().map(|part| ((part.columns.0 + part.columns.1) as f64 / 2.0, part.area)),
                )
            })
            .unwrap_or(centre);
        let sure = |pair: &&Pair| pair.centroids[0] < middle && middle < pair.centroids[1];
        let known: Vec<(usize, Way)> =
            pairs.iter().filter(sure).map(|pair| (pair.slice, Way::Column(pair.middle()))).collect();
        Self { order: outwards(&filled, known), middle, spacing }
    }

    /// The pixels of the lung on the left of the image: those of the components `kept` of a slice. `next` is the slice of
    /// [`Way::Next`].
    ///
    /// A component that has both lungs above or below goes to both: each of its pixels to the one that is nearer on a way
    /// through the component (8-connected steps). One that has none goes by its place: to both, from its outer quarters,
    /// if it is clearly wider than high; else to the side of its centroid.
    pub fn image_left(
        &self,
        labels: &Labels,
        parts: &[Part],
        kept: &[bool],
        way: Way,
        next: Option<&Known>,
    ) -> Mask {
        let overlaps = match next {
            Some(next) => overlaps(labels, next),
            None => vec![[0, 0]; labels.count()],
        };
        let goes: Vec<Goes> = (0..labels.count())
            .map(
                |at| if kept[at] { self.decide(&parts[at], way, overlaps[at]) } else { Goes::Whole(NEITHER) },
            )
            .collect();
        let seed = |pixel: usize, label: u32| match goes[label as usize - 1] {
            Goes::Whole(side) => side,
            Goes::AsNext => next.map_or(NEITHER, |next| next.side(pixel)),
            Goes::ByQuarters { left_below, right_from } => match pixel % labels.columns {
                column if column < left_below => LEFT,
                column if column >= right_from => RIGHT,
                _ => NEITHER,
            },
        };
        let sides = grow(labels, seed);
        let pixels = sides.into_iter().map(|side| u8::from(side == LEFT)).collect();
        Mask { rows: labels.rows, columns: labels.columns, pixels }
    }

    /// Where a component goes that has `overlap` pixels of the left and the right lung on the next slice.
    fn decide(&self, part: &Part, way: Way, overlap: [usize; 2]) -> Goes {
        let whole = |left: bool| Goes::Whole(if left { LEFT } else { RIGHT });
        let [left, right] = overlap;
        let least = left.min(right);
        if let Way::Column(column) = way {
            whole(part.centroid < column)
        } else if least > 0 && least as f64 >= BOTH_SHARE * part.area as f64 {
            Goes::AsNext
        } else if left + right > 0 {
            whole(left >= right)
        } else if part.is_fused(self.spacing) {
            let (first, last) = part.columns;
            let quarter = (last + 1 - first) / 4;
            Goes::ByQuarters { left_below: first + quarter, right_from: last + 1 - quarter }
        } else {
            whole(part.centroid < self.middle)
        }
    }
}

/// From the known slices on: each other slice of `filled` after its neighbour towards the nearest known one, of two the
/// lower. Without a known one all go by the body's middle.
fn outwards(filled: &[usize], known: Vec<(usize, Way)>) -> Vec<(usize, Way)> {
    let places: Vec<usize> = (0..filled.len())
        .filter(|&at| known.binary_search_by_key(&filled[at], |&(slice, _)| slice).is_ok())
        .collect();
    if places.is_empty() {
        return filled.iter().map(|&slice| (slice, Way::Middle)).collect();
    }
    let mut rest: Vec<(usize, usize, usize)> = Vec::new();
    for (at, &slice) in filled.iter().enumerate() {
        let above = places.partition_point(|&place| place < at);
        let distance = |place: Option<&usize>| place.map_or(usize::MAX, |place| place.abs_diff(at));
        let up = distance(places.get(above));
        let down = distance(above.checked_sub(1).and_then(|below| places.get(below)));
        if up > 0 {
            rest.push((up.min(down), slice, if down <= up { filled[at - 1] } else { filled[at + 1] }));
        }
    }
    rest.sort_unstable();
    known.into_iter().chain(rest.into_iter().map(|(_, slice, next)| (slice, Way::Next(next)))).collect()
}

/// For each component its pixels that are the left and the right lung of the image on the next slice.
fn overlaps(labels: &Labels, next: &Known) -> Vec<[usize; 2]> {
    let mut counts = vec![[0, 0]; labels.count()];
    for (pixel, &label) in labels.labels.iter().enumerate().filter(|&(_, &label)| label != 0) {
        match next.side(pixel) {
            LEFT => counts[label as usize - 1][0] += 1,
            RIGHT => counts[label as usize - 1][1] += 1,
            _ => {}
        }
    }
    counts
}

/// Lets both sides grow from their seeds through their component, a step at a time; where they meet at once the seed that
/// comes first by row and column goes ahead. `seed` tells the side of a pixel of a component.
fn grow(labels: &Labels, seed: impl Fn(usize, u32) -> u8) -> Vec<u8> {
    let mut sides = vec![NEITHER; labels.labels.len()];
    // Most components are seeded as a whole: nothing grows there.
    let mut grows = vec![false; labels.count()];
    for (pixel, &label) in labels.labels.iter().enumerate().filter(|&(_, &label)| label != 0) {
        sides[pixel] = seed(pixel, label);
        grows[label as usize - 1] |= sides[pixel] == NEITHER;
    }
    let seeds = labels
        .labels
        .iter()
        .enumerate()
        .filter(|&(pixel, &label)| label != 0 && grows[label as usize - 1] && sides[pixel] != NEITHER);
    let mut queue: VecDeque<usize> = seeds.map(|(pixel, _)| pixel).collect();
    while let Some(pixel) = queue.pop_front() {
        let (row, column) = (pixel / labels.columns, pixel % labels.columns);
        for y in row.saturating_sub(1)..=(row + 1).min(labels.rows - 1) {
            for x in column.saturating_sub(1)..=(column + 1).min(labels.columns - 1) {
                let other = y * labels.columns + x;
                if labels.labels[other] == labels.labels[pixel] && sides[other] == NEITHER {
                    sides[other] = sides[pixel];
                    queue.push_back(other);
                }
            }
        }
    }
    sides
}

/// The value at the half of the weights, the lowest such; none without weights.
fn weighted_median(values: impl Iterator<Item = (f64, usize)>) -> Option<f64> {
    let mut sorted: Vec<(f64, usize)> = values.collect();
    sorted.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
    let half = sorted.iter().map(|&(_, weight)| weight).sum::<usize>().div_ceil(2);
    let mut sum = 0;
    sorted.into_iter().find_map(|(value, weight)| {
        sum += weight;
        (sum >= half).then_some(value)
    })
}
