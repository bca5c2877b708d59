//! Lungs, their sides and their zones by height, and the grades.

use serde::{Deserialize, Serialize};

use super::builder::SliceRecord;
use super::composition::{Composition, HuSums};
use super::grade::{MosMed, QUARTERS, mosmed, zone_score};
use crate::severity::{Finding, percent};

/// Which lung, the patient's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The left lung.
    Left,
    /// The right lung.
    Right,
}

/// A third of a lung's height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Height {
    /// Nearest to the head.
    Upper,
    /// Between.
    Middle,
    /// Nearest to the feet.
    Lower,
}

/// How much of some lung tissue is lesion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VolumeInvolvement {
    /// Voxels of lung, lesions inside it among them.
    pub lung_voxels: u64,
    /// Voxels of lesion inside the lung.
    pub lesion_voxels: u64,
    /// The lung's volume in ml; none where the size of voxels is not known.
    pub lung_ml: Option<f64>,
    /// The lesions' volume inside the lung in ml; none likewise.
    pub lesion_ml: Option<f64>,
    /// `100 * lesion_voxels / lung_voxels`; none without lung.
    pub percent: Option<f64>,
}

impl VolumeInvolvement {
    /// `percent` unrounded, from the voxels: a report's is rounded, its grades are not. None without lung.
    pub fn exact_percent(&self) -> Option<f64> {
        (self.lung_voxels > 0).then(|| percent(self.lung_voxels, self.lesion_voxels))
    }
}

/// One of the six zones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// Which lung.
    pub side: Side,
    /// Which third of its height.
    pub height: Height,
    /// Its involvement.
    #[serde(flatten)]
    pub involvement: VolumeInvolvement,
    /// Its part of the CT severity score, 0 to 4; none without lung.
    pub score: Option<u8>,
}

/// The measurements and grades of a patient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The grade by the involvement of both lungs.
    pub finding: Finding,
    /// The involvement in percent from which the patient is alarming.
    pub alarming_from_percent: f64,
    /// The MosMed category by the involvement of both lungs; none without lung.
    pub mosmed: Option<MosMed>,
    /// Whether left and right rest on the usual radiological view, because the files do not state them.
    pub side_assumed: bool,
    /// The CT severity score, 0 to 24: the sum of the zones' scores; none unless each zone has lung.
    pub ct_severity_score: Option<u8>,
    /// Both lungs.
    pub lungs: VolumeInvolvement,
    /// The patient's left lung.
    pub left: VolumeInvolvement,
    /// The patient's right lung.
    pub right: VolumeInvolvement,
    /// Left upper, middle, lower, then right; empty where it is not known which end of the slices is the head.
    pub zones: Vec<Zone>,
    /// Number of lesions (see [`super::LesionLinker`]).
    pub lesion_count: usize,
    /// Mean of all lesion voxels in HU; none without lesions, or of grey levels.
    pub mean_hu: Option<f64>,
    /// What the lesions consist of; none without lesions, or of grey levels.
    pub composition: Option<Composition>,
    /// Lesion voxels outside the lungs, which everything else leaves out.
    pub lesion_voxels_outside_lungs: u64,
    /// Voxels that were taken for lung on their slice and are no part of the lungs in three dimensions; left out too.
    #[serde(default)]
    pub lung_voxels_set_aside: u64,
}

impl Assessment {
    /// The involvements in percent at which a grade begins, of the patient or of a zone.
    pub fn limits(&self) -> [f64; 4] {
        let [one, two, three] = QUARTERS;
        [self.alarming_from_percent, one, two, three]
    }
}

/// Measures and grades the slices, the lowest first, of voxels of `voxel_ml`, where known.
///
/// A zone is a third of its lung's own height, from its lowest to its highest slice; a slice belongs to the third where
/// its middle lies.
pub(super) fn assess(
    slices: &[SliceRecord],
    voxel_ml: Option<f64>,
    alarming_from_percent: f64,
    lesion_count: usize,
    hu: &HuSums,
) -> Assessment {
    let of = |side: Side| -> Vec<[u64; 2]> { slices.iter().map(|slice| slice.side(side)).collect() };
    let total = |counts: &[[u64; 2]]| {
        let [lung, lesion] = counts.iter().fold([0, 0], |[a, b], [lung, lesion]| [a + lung, b + lesion]);
        measure(lung, lesion, voxel_ml)
    };
    let (left_counts, right_counts) = (of(Side::Left), of(Side::Right));
    let (left, right) = (total(&left_counts), total(&right_counts));
    let lungs =
        measure(left.lung_voxels + right.lung_voxels, left.lesion_voxels + right.lesion_voxels, voxel_ml);
    let mut zones = Vec::with_capacity(6);
    for (side, counts) in [(Side::Left, &left_counts), (Side::Right, &right_counts)] {
        for (height, members) in
            [Height::Lower, Height::Middle, Height::Upper].into_iter().zip(thirds(counts)).rev()
        {
            let involvement = total(members);
            let score = (involvement.lung_voxels > 0)
                .then(|| zone_score(involvement.lesion_voxels, involvement.lung_voxels));
            zones.push(Zone { side, height, involvement, score });
        }
    }
    Assessment {
        finding: Finding::of(lungs.lung_voxels, lungs.lesion_voxels, alarming_from_percent),
        alarming_from_percent,
        mosmed: (lungs.lung_voxels > 0).then(|| mosmed(lungs.lesion_voxels, lungs.lung_voxels)),
        side_assumed: false,
        ct_severity_score: zones.iter().map(|zone| zone.score).sum(),
        lungs,
        left,
        right,
        zones,
        lesion_count,
        mean_hu: hu.mean(),
        composition: hu.composition(),
        lesion_voxels_outside_lungs: slices.iter().map(|slice| slice.lesion_outside).sum(),
        lung_voxels_set_aside: slices.iter().map(|slice| slice.lung_set_aside).sum(),
    }
}

/// Lower, middle and upper third of a lung, from its lowest to its highest slice.
fn thirds(counts: &[[u64; 2]]) -> [&[[u64; 2]]; 3] {
    let first = counts.iter().position(|[lung, _]| *lung > 0).unwrap_or(0);
    let end = counts.iter().rposition(|[lung, _]| *lung > 0).map_or(first, |last| last + 1);
    let lung = &counts[first..end];
    // The middle of slice k lies at (2 k + 1) / (2 n) of the height, so these are the first of the second and third.
    let count = lung.len();
    let start = |third: usize| (0..count).find(|k| 3 * (2 * k + 1) >= 2 * third * count).unwrap_or(count);
    let (second, third) = (start(1), start(2));
    [&lung[..second], &lung[second..third], &lung[third..]]
}

fn measure(lung_voxels: u64, lesion_voxels: u64, voxel_ml: Option<f64>) -> VolumeInvolvement {
    VolumeInvolvement {
        lung_voxels,
        lesion_voxels,
        lung_ml: voxel_ml.map(|ml| lung_voxels as f64 * ml),
        lesion_ml: voxel_ml.map(|ml| lesion_voxels as f64 * ml),
        percent: (lung_voxels > 0).then(|| percent(lung_voxels, lesion_voxels)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_go_by_the_middle_of_each_slice() {
        let sizes = |count: usize| {
            let mut counts = vec![[0, 0]; 2];
            counts.extend(vec![[1, 0]; count]);
            counts.push([0, 0]);
            thirds(&counts).map(<[_]>::len)
        };
        assert_eq!(sizes(0), [0, 0, 0]);
        assert_eq!(sizes(1), [0, 1, 0]);
        assert_eq!(sizes(3), [1, 1, 1]);
        assert_eq!(sizes(4), [1, 2, 1]);
        assert_eq!(sizes(5), [2, 1, 2]);
        assert_eq!(sizes(9), [3, 3, 3]);
    }
}
