//! Lesions linked from slice to slice.

use std::collections::BTreeMap;

use super::composition::HuSums;
use crate::masks::{Mask, connected_components};

/// One lesion in three dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesion {
    /// Number of voxels.
    pub voxels: u64,
    /// Voxels of it in the patient's left lung.
    pub left_voxels: u64,
    /// The first and the last slice that it is on, in the order of adding, from 0.
    pub slices: (usize, usize),
    /// The slice where its area is largest; of equal ones the first.
    pub largest_slice: usize,
    /// Mean, over each two neighbouring slices, of the intersection over union of its areas; none on one slice only.
    pub mean_link_iou: Option<f64>,
    /// Its Hounsfield units.
    pub(super) hu: HuSums,
}

impl Lesion {
    /// The mean of its voxels in HU; none where the slices hold grey levels.
    pub fn mean_hu(&self) -> Option<f64> {
        self.hu.mean()
    }
}

/// One 2-D component.
#[derive(Debug, Clone, Default)]
struct Section {
    slice: usize,
    left: u64,
    /// Pixels that are lesion on the slice before too.
    shared: u64,
    hu: HuSums,
}

/// Links lesions while the slices stream through: what touches, by a side, an edge or a corner, is one lesion.
///
/// The result is the 26-connected components of the volume, as `scipy.ndimage.label` with a 3 x 3 x 3 structure of
/// ones. Compared with linking instances by a least IoU, any overlap links; so a lesion that narrows or moves from slice to
/// slice stays one, two that meet on any slice are one, and the result does not depend on a threshold.
/// [`Lesion::mean_link_iou`] says how well the areas on neighbouring slices agree.
#[derive(Debug, Default)]
pub struct LesionLinker {
    sections: Vec<Section>,
    /// For each section another of its lesion with a lower number, or itself.
    parents: Vec<usize>,
    /// For each pixel of the last slice 0 or its section, counted from 1.
    last: Vec<usize>,
    slices: usize,
}

impl LesionLinker {
    /// Adds the next slice: its lesion pixels, the patient's left lung, and the values in HU, all of one size; no values
    /// where they are grey levels.
    pub fn add(&mut self, lesion: &Mask, left: &Mask, values: Option<&[f32]>) {
        let labels = connected_components(lesion);
        let before = self.sections.len();
        self.sections.resize(before + labels.count, Section { slice: self.slices, ..Section::default() });
        self.parents.extend(before..before + labels.count);
        let mut current = vec![0; labels.labels.len()];
        for (pixel, &label) in labels.labels.iter().enumerate().filter(|&(_, &label)| label != 0) {
            let section = before + label as usize - 1;
            current[pixel] = section + 1;
            let sums = &mut self.sections[section];
            sums.hu.add(values.and_then(|values| values.get(pixel).copied()));
            sums.left += u64::from(left.pixels.get(pixel).is_some_and(|&p| p != 0));
            sums.shared += u64::from(self.last.get(pixel).is_some_and(|&other| other != 0));
            self.link(section, pixel, lesion.rows, lesion.columns);
        }
        self.last = current;
        self.slices += 1;
    }

    /// Joins a section with those of the last slice that touch it at `pixel`.
    fn link(&mut self, section: usize, pixel: usize, rows: usize, columns: usize) {
        if self.last.len() != rows * columns {
            return;
        }
        let (row, column) = (pixel / columns, pixel % columns);
        for y in row.saturating_sub(1)..=(row + 1).min(rows - 1) {
            for x in column.saturating_sub(1)..=(column + 1).min(columns - 1) {
                if let Some(other) = self.last[y * columns + x].checked_sub(1) {
                    let (a, b) = (self.root(section), self.root(other));
                    self.parents[a.max(b)] = a.min(b);
                }
            }
        }
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    /// The lesions, the largest first; of equal ones the one that appeared first.
    pub fn finish(mut self) -> Vec<Lesion> {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for section in 0..self.sections.len() {
            let root = self.root(section);
            members.entry(root).or_default().push(section);
        }
        let sections = self.sections;
        let mut lesions: Vec<Lesion> = members.values().map(|members| join(&sections, members)).collect();
        lesions.sort_by_key(|lesion| std::cmp::Reverse(lesion.voxels));
        lesions
    }
}

/// A lesion of its sections, which are in the order of slices.
fn join(sections: &[Section], members: &[usize]) -> Lesion {
    let mut hu = HuSums::default();
    let mut left_voxels = 0;
    // Area and shared pixels by slice.
    let mut areas: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    for section in members.iter().map(|&at| &sections[at]) {
        hu.join(&section.hu);
        left_voxels += section.left;
        let (area, shared) = areas.entry(section.slice).or_default();
        *area += section.hu.voxels();
        *shared += section.shared;
    }
    let slices: Vec<(usize, u64, u64)> = areas.into_iter().map(|(slice, (a, s))| (slice, a, s)).collect();
    let ious: Vec<f64> =
        slices.windows(2).map(|pair| pair[1].2 as f64 / (pair[0].1 + pair[1].1 - pair[1].2) as f64).collect();
    let ends = |at: Option<&(usize, u64, u64)>| at.map_or(0, |(slice, ..)| *slice);
    let largest = slices.iter().rev().max_by_key(|(_, area, _)| *area);
    Lesion {
        voxels: hu.voxels(),
        left_voxels,
        slices: (ends(slices.first()), ends(slices.last())),
        largest_slice: ends(largest),
        mean_link_iou: (!ious.is_empty()).then(|| ious.iter().sum::<f64>() / ious.len() as f64),
        hu,
    }
}
