//! Average precision as COCO defines it (pycocotools' `COCOeval`): detections are matched to truths slice by slice,
//! then all detections are ranked by score.

use serde::{Deserialize, Serialize};

/// Detections of a class in a slice that count, best first.
const MAX_DETECTIONS: usize = 100;
/// Recalls at which the precision is read: 0 to 1 in steps of 0.01.
pub const RECALLS: usize = 101;
/// Number of overlaps: 0.50 to 0.95 in steps of 0.05.
const OVERLAPS: usize = 10;

/// What two instances are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// Their boxes; a truth's box is its mask's.
    Box,
    /// Their masks.
    Mask,
}

/// The six numbers that COCO gives at 100 detections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CocoScore {
    /// Mean over the overlaps 0.50 to 0.95.
    Ap,
    /// At overlap 0.50.
    Ap50,
    /// At overlap 0.75.
    Ap75,
    /// As [`Self::Ap`], truths of up to 32 x 32 pixels.
    ApSmall,
    /// As [`Self::Ap`], truths of 32 x 32 to 96 x 96 pixels.
    ApMedium,
    /// As [`Self::Ap`], truths from 96 x 96 pixels on.
    ApLarge,
}

impl CocoScore {
    /// All, in COCO's order.
    pub const ALL: [Self; 6] =
        [Self::Ap, Self::Ap50, Self::Ap75, Self::ApSmall, Self::ApMedium, Self::ApLarge];

    /// The index of the area range and those of the overlaps.
    fn parts(self) -> (usize, std::ops::Range<usize>) {
        match self {
            Self::Ap => (0, 0..OVERLAPS),
            Self::Ap50 => (0, 0..1),
            Self::Ap75 => (0, 5..6),
            Self::ApSmall => (1, 0..OVERLAPS),
            Self::ApMedium => (2, 0..OVERLAPS),
            Self::ApLarge => (3, 0..OVERLAPS),
        }
    }
}

/// Least and greatest area, both included: all, small, medium, large.
const AREA_RANGES: [[f64; 2]; 4] = [[0.0, 1e10], [0.0, 1024.0], [1024.0, 9216.0], [9216.0, 1e10]];

/// One detection to be matched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Its score.
    pub score: f64,
    /// The area of its box or mask.
    pub area: f64,
}

/// A detection after matching: a bit an overlap, the lowest for 0.50.
#[derive(Debug, Clone, Copy)]
struct Ranked {
    score: f64,
    patient: usize,
    matched: u16,
    ignored: u16,
}

/// The detections of one class in one area range.
#[derive(Debug, Clone, Default)]
struct Ranking {
    ranked: Vec<Ranked>,
    /// Truths in the range, by patient.
    truths: Vec<u64>,
}

/// Matched detections of one class over all slices.
#[derive(Debug, Clone, Default)]
pub(super) struct PrecisionTable {
    ranges: [Ranking; 4],
}

impl PrecisionTable {
    /// Matches the detections of a slice. `ious` has a row a detection and a column a truth.
    pub fn add(&mut self, patient: usize, truth_areas: &[f64], found: &[Candidate], ious: &[Vec<f64>]) {
        let mut order: Vec<usize> = (0..found.len()).collect();
        order.sort_by(|&a, &b| found[b].score.total_cmp(&found[a].score));
        order.truncate(MAX_DETECTIONS);
        for (ranking, range) in self.ranges.iter_mut().zip(AREA_RANGES) {
            let outside = |area: f64| area < range[0] || area > range[1];
            let ignored: Vec<bool> = truth_areas.iter().map(|&area| outside(area)).collect();
            // Counted truths first: an ignored one is taken only where no other is left.
            let mut truths: Vec<usize> = (0..ignored.len()).collect();
            truths.sort_by_key(|&truth| ignored[truth]);
            let mut ranked: Vec<Ranked> = order
                .iter()
                .map(|&at| Ranked { score: found[at].score, patient, matched: 0, ignored: 0 })
                .collect();
            for (bit, threshold) in iou_thresholds().into_iter().enumerate() {
                let mut taken = vec![false; truths.len()];
                for (&at, entry) in order.iter().zip(&mut ranked) {
                    match best_truth(&ious[at], &truths, &ignored, &taken, threshold) {
                        Some(truth) => {
                            taken[truth] = true;
                            entry.matched |= 1 << bit;
                            entry.ignored |= u16::from(ignored[truth]) << bit;
                        }
                        None => entry.ignored |= u16::from(outside(found[at].area)) << bit,
                    }
                }
            }
            ranking.ranked.append(&mut ranked);
            if ranking.truths.len() <= patient {
                ranking.truths.resize(patient + 1, 0);
            }
            ranking.truths[patient] += ignored.iter().filter(|&&ignored| !ignored).count() as u64;
        }
    }

    /// Ranks by score once all slices are in. Equals stay as they came.
    pub fn finish(&mut self) {
        for ranking in &mut self.ranges {
            ranking.ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        }
    }

    /// The score where each patient counts `weights[patient]` times; none without truths.
    pub fn score(&self, score: CocoScore, weights: &[u32]) -> Option<f64> {
        let (range, overlaps) = score.parts();
        let count = (overlaps.len() * RECALLS) as f64;
        let mut sum = 0.0;
        for overlap in overlaps {
            sum += self.ranges[range].precisions(overlap, weights)?.iter().sum::<f64>();
        }
        Some(sum / count)
    }

    /// The precision at each recall for instances of every size; none without truths. `overlap` counts from 0 for
    /// 0.50 to 9 for 0.95.
    pub fn curve(&self, overlap: usize, weights: &[u32]) -> Option<[f64; RECALLS]> {
        self.ranges[0].precisions(overlap, weights)
    }
}

impl Ranking {
    /// The interpolated precision at each recall. A patient who counts twice gives the same as two equal patients.
    fn precisions(&self, overlap: usize, weights: &[u32]) -> Option<[f64; RECALLS]> {
        let weight = |patient: usize| f64::from(weights.get(patient).copied().unwrap_or(0));
        let truths: f64 =
            self.truths.iter().enumerate().map(|(patient, &n)| weight(patient) * n as f64).sum();
        if truths == 0.0 {
            return None;
        }
        let (mut hits, mut misses) = (0.0, 0.0);
        let mut points: Vec<[f64; 2]> = Vec::with_capacity(self.ranked.len());
        for entry in &self.ranked {
            let times = weight(entry.patient);
            if times == 0.0 || entry.ignored >> overlap & 1 != 0 {
                continue;
            }
            if entry.matched >> overlap & 1 != 0 {
                hits += times;
            } else {
                misses += times;
            }
            points.push([hits / truths, hits / (hits + misses + f64::EPSILON)]);
        }
        for i in (1..points.len()).rev() {
            points[i - 1][1] = points[i - 1][1].max(points[i][1]);
        }
        let mut at = 0;
        Some(std::array::from_fn(|i| {
            let recall = if i + 1 == RECALLS { 1.0 } else { i as f64 * 0.01 };
            while points.get(at).is_some_and(|point| point[0] < recall) {
                at += 1;
            }
            points.get(at).map_or(0.0, |point| point[1])
        }))
    }
}

/// The free truth that overlaps most, of equals the last; an ignored one only if no counted one does.
fn best_truth(
    ious: &[f64],
    truths: &[usize],
    ignored: &[bool],
    taken: &[bool],
    threshold: f64,
) -> Option<usize> {
    let mut least = threshold.min(1.0 - 1e-10);
    let mut best: Option<usize> = None;
    for &truth in truths.iter().filter(|&&truth| !taken[truth]) {
        if ignored[truth] && best.is_some_and(|best| !ignored[best]) {
            break;
        }
        if ious[truth] >= least {
            least = ious[truth];
            best = Some(truth);
        }
    }
    best
}

/// `numpy.linspace(0.5, 0.95, 10)` to the bit: overlaps of exactly 0.6 happen with small masks.
fn iou_thresholds() -> [f64; OVERLAPS] {
    let step = (0.95 - 0.5) / (OVERLAPS - 1) as f64;
    std::array::from_fn(|i| if i + 1 == OVERLAPS { 0.95 } else { i as f64 * step + 0.5 })
}
