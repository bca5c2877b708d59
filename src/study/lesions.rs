//! Lesions linked from slice to slice.

use std::collections::BTreeMap;

use super::composition::HuSums;
use crate::masks::{Mask, Union, connected_components};

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
    /// Pixels in the patient's left lung; none if it is not in the lungs.
    left: Option<u64>,
    hu: HuSums,
}

/// Two sections on neighbouring slices that touch.
#[derive(Debug, Clone, Copy)]
struct Link {
    lower: usize,
    upper: usize,
    /// Pixels that both have.
    shared: u64,
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
    /// Where those of each slice begin in `sections`.
    starts: Vec<usize>,
    links: Vec<Link>,
    /// For each pixel of the last slice 0 or its section, counted from 1.
    last: Vec<usize>,
}

impl LesionLinker {
    /// Adds the next slice: its lesion pixels and the values in HU, of one size with the others; no values where they are
    /// grey levels.
    pub fn add(&mut self, lesion: &Mask, values: Option<&[f32]>) {
        let labels = connected_components(lesion);
        let before = self.sections.len();
        let new = Section { slice: self.starts.len(), left: Some(0), hu: HuSums::default() };
        self.starts.push(before);
        self.sections.resize(before + labels.count(), new);
        let mut current = vec![0; labels.labels.len()];
        let mut links: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for (pixel, &label) in labels.labels.iter().enumerate().filter(|&(_, &label)| label != 0) {
            let section = before + label as usize - 1;
            current[pixel] = section + 1;
            self.sections[section].hu.add(values.and_then(|values| values.get(pixel).copied()));
            self.touch(section, pixel, lesion.rows, lesion.columns, &mut links);
        }
        self.links.extend(links.into_iter().map(|((lower, upper), shared)| Link { lower, upper, shared }));
        self.last = current;
    }

    /// Notes the sections of the last slice that touch one at `pixel`.
    fn touch(
        &self,
        section: usize,
        pixel: usize,
        rows: usize,
        columns: usize,
        links: &mut BTreeMap<(usize, usize), u64>,
    ) {
        if self.last.len() != rows * columns {
            return;
        }
        let (row, column) = (pixel / columns, pixel % columns);
        for y in row.saturating_sub(1)..=(row + 1).min(rows - 1) {
            for x in column.saturating_sub(1)..=(column + 1).min(columns - 1) {
                let other = y * columns + x;
                if let Some(lower) = self.last[other].checked_sub(1) {
                    *links.entry((lower, section)).or_default() += u64::from(other == pixel);
                }
            }
        }
    }

    /// Tells where the lesions of a slice lie, once the lungs are known: those outside are left out. `lesion` is the mask
    /// that was added; `left` is the patient's left lung. A section lies in the lungs where its first pixel does.
    pub(super) fn place(&mut self, slice: usize, lesion: &Mask, lung: &Mask, left: &Mask) {
        let labels = connected_components(lesion);
        let Some(&start) = self.starts.get(slice) else { return };
        let mut first = 0;
        for (pixel, &label) in labels.labels.iter().enumerate().filter(|&(_, &label)| label != 0) {
            let Some(section) = self.sections.get_mut(start + label as usize - 1) else { return };
            if label > first {
                first = label;
                section.left = (lung.pixels[pixel] != 0).then_some(0);
            }
            if let Some(pixels) = &mut section.left {
                *pixels += u64::from(left.pixels[pixel] != 0);
            }
        }
    }

    /// The lesions, the largest first; of equal ones the one that appeared first.
    pub fn finish(self) -> Vec<Lesion> {
        let stays = |at: usize| self.sections[at].left.is_some();
        let links: Vec<Link> =
            self.links.iter().copied().filter(|link| stays(link.lower) && stays(link.upper)).collect();
        let mut sets = Union::default();
        sets.extend_to(self.sections.len());
        for link in &links {
            sets.join(link.lower, link.upper);
        }
        let mut members: BTreeMap<usize, Vec<(usize, u64)>> = BTreeMap::new();
        let mut shared = vec![0; self.sections.len()];
        for link in &links {
            shared[link.upper] += link.shared;
        }
        for (section, shared) in shared.into_iter().enumerate().filter(|&(at, _)| stays(at)) {
            members.entry(sets.root(section)).or_default().push((section, shared));
        }
        let mut lesions: Vec<Lesion> =
            members.values().map(|members| join(&self.sections, members)).collect();
        lesions.sort_by_key(|lesion| std::cmp::Reverse(lesion.voxels));
        lesions
    }
}

/// A lesion of its sections, in the order of slices, each with the pixels that are lesion on the slice before too.
fn join(sections: &[Section], members: &[(usize, u64)]) -> Lesion {
    let mut hu = HuSums::default();
    let mut left_voxels = 0;
    // Area and shared pixels by slice.
    let mut areas: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    for &(at, of_both) in members {
        let section = &sections[at];
        hu.join(&section.hu);
        left_voxels += section.left.unwrap_or_default();
        let (area, shared) = areas.entry(section.slice).or_default();
        *area += section.hu.voxels();
        *shared += of_both;
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
