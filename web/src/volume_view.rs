//! What the viewer shows: the one copy of the slices that the page keeps, and what was found on them.
//!
//! A picture or a single DICOM file is a volume of one slice. Slices arrive in any order, lowest (nearest to the feet)
//! at index 0, and so do their findings; after the last ones, [`VolumeView::link_lesions`] numbers the lesions.

use std::cell::{Ref, RefCell};
use std::rc::Rc;

use lunglens::imaging::PictureReading;
use lunglens::masks::Mask;
use serde::{Deserialize, Serialize};

use crate::viewer::lesions;
use crate::viewer::runs::Runs;

/// What the values of a volume mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Values {
    /// Hounsfield units, as they are.
    Hounsfield,
    /// Grey levels of a picture: the level is the stored value plus `offset`.
    Grey {
        /// 0 for 8-bit pictures, 32,768 for 16-bit ones.
        offset: i32,
        /// The level that is shown black.
        lowest: i32,
        /// The level that is shown white.
        highest: i32,
    },
}

/// Size and place of a volume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Height of a slice in pixels.
    pub rows: usize,
    /// Width of a slice in pixels.
    pub columns: usize,
    /// Number of slices.
    pub len: usize,
    /// Distance in mm between rows and between columns, if known.
    pub pixel_spacing_mm: Option<[f64; 2]>,
    /// Distance in mm between slices, if known and there are several.
    pub slice_spacing_mm: Option<f64>,
    /// Unit vectors in patient coordinates (LPS: left, posterior, head) in which the column, the row and the slice index
    /// grow, if known. The first two are DICOM's ImageOrientationPatient (0020,0037).
    pub axes: Option<[[f64; 3]; 3]>,
    /// What the values mean.
    pub values: Values,
    /// How its first slice was read, where that is a picture.
    pub picture: Option<PictureReading>,
}

impl Frame {
    /// Whether the sizes are ones that can be shown: no side is 0 or beyond 65,535.
    fn is_sound(&self) -> bool {
        let side = 1..=usize::from(u16::MAX);
        side.contains(&self.rows) && side.contains(&self.columns) && side.contains(&self.len)
    }
}

/// What a region of a slice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A lung, or both.
    Lung,
    /// A lesion, or all of a slice.
    Lesion,
}

/// Something found on a slice.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// What it is.
    pub kind: Kind,
    /// Its place in the list beside the slice, from 0; none while it has no number.
    pub number: Option<usize>,
    /// Its pixels.
    pub runs: Runs,
}

/// Where a lesion is best seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestView {
    /// The slice where its area is largest.
    pub slice: usize,
    /// The middle of it there, as row and column.
    pub middle: [f64; 2],
}

/// The slices of a study and what was found on them.
#[derive(Debug)]
pub struct VolumeView {
    frame: Frame,
    slices: Vec<Option<Box<[i16]>>>,
    /// Slices that cannot be read.
    failed: Vec<bool>,
    regions: Vec<Option<Vec<Region>>>,
    /// Lesion as percent of the lungs by slice.
    involvement: Vec<Option<f32>>,
    slices_revision: u32,
    findings_revision: u32,
}

impl VolumeView {
    /// A volume without values; none if its sizes cannot be shown.
    pub fn new(frame: Frame) -> Option<Self> {
        if !frame.is_sound() {
            return None;
        }
        let len = frame.len;
        Some(Self {
            frame,
            slices: vec![None; len],
            failed: vec![false; len],
            regions: vec![None; len],
            involvement: vec![None; len],
            slices_revision: 0,
            findings_revision: 0,
        })
    }

    /// Size and place.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Grows with each change.
    pub fn revision(&self) -> u32 {
        self.slices_revision.wrapping_add(self.findings_revision)
    }

    /// Grows with each slice that arrives.
    pub fn slices_revision(&self) -> u32 {
        self.slices_revision
    }

    /// Grows when findings change.
    pub fn findings_revision(&self) -> u32 {
        self.findings_revision
    }

    /// Takes the values of a slice: `rows * columns` little-endian i16, as [`pack_slice`] writes them. Returns whether
    /// index and size fit.
    pub fn put_slice(&mut self, index: usize, bytes: &[u8]) -> bool {
        let Some(place) = self.slices.get_mut(index) else { return false };
        if self.frame.rows * self.frame.columns * 2 != bytes.len() {
            return false;
        }
        *place = Some(bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect());
        self.slices_revision += 1;
        true
    }

    /// A slice cannot be read, so it will not come.
    pub fn put_failure(&mut self, index: usize) {
        if let Some(failed) = self.failed.get_mut(index) {
            *failed = true;
            self.slices_revision += 1;
        }
    }

    /// Whether a slice cannot be read.
    pub fn has_failed(&self, index: usize) -> bool {
        self.failed.get(index).copied().unwrap_or_default()
    }

    /// Whether no slice is still to come.
    pub fn is_whole(&self) -> bool {
        self.slices.iter().zip(&self.failed).all(|(slice, &failed)| slice.is_some() || failed)
    }

    /// Takes what a study found on a slice: both lungs, and lesion inside them, each `rows` x `columns`. Returns whether
    /// they fit.
    pub fn put_masks(&mut self, index: usize, lung: &Mask, lesion: &Mask) -> bool {
        let regions = [(Kind::Lung, lung), (Kind::Lesion, lesion)];
        if index >= self.frame.len || !regions.iter().all(|(_, mask)| self.fits(mask)) {
            return false;
        }
        let of = |(kind, mask): (Kind, &Mask)| Region { kind, number: None, runs: Runs::from_mask(mask) };
        let [lung, lesion] = regions.map(of);
        let area = lung.runs.area();
        self.involvement[index] =
            Some(if area == 0 { 0.0 } else { 100.0 * lesion.runs.area() as f32 / area as f32 });
        self.regions[index] = Some([lung, lesion].into_iter().filter(|r| !r.runs.is_empty()).collect());
        self.findings_revision += 1;
        true
    }

    /// Takes the instances found on a single slice, in the order of the report, and lesion as percent of the lungs, if
    /// there are lungs. Returns whether they fit.
    pub fn put_instances(&mut self, index: usize, instances: &[(Kind, Mask)], percent: Option<f32>) -> bool {
        if index >= self.frame.len || !instances.iter().all(|(_, mask)| self.fits(mask)) {
            return false;
        }
        let region = |(number, (kind, mask)): (usize, &(Kind, Mask))| Region {
            kind: *kind,
            number: Some(number),
            runs: Runs::from_mask(mask),
        };
        self.regions[index] = Some(instances.iter().enumerate().map(region).collect());
        self.involvement[index] = percent;
        self.findings_revision += 1;
        true
    }

    fn fits(&self, mask: &Mask) -> bool {
        let Frame { rows, columns, .. } = self.frame;
        mask.rows == rows && mask.columns == columns && mask.pixels.len() == rows * columns
    }

    /// Numbers the lesions of all slices in 3-D, from 0 for the largest, in the order of the study's report.
    pub fn link_lesions(&mut self) {
        lesions::number(&mut self.regions);
        self.findings_revision += 1;
    }

    /// Forgets what was found, and keeps the slices.
    pub fn clear_findings(&mut self) {
        self.regions.fill(None);
        self.involvement.fill(None);
        self.findings_revision += 1;
    }

    /// The values of a slice, row-major, if they are here.
    pub fn slice(&self, index: usize) -> Option<&[i16]> {
        self.slices.get(index)?.as_deref()
    }

    /// What was found on a slice; empty also where nothing was measured yet.
    pub fn regions(&self, index: usize) -> &[Region] {
        self.regions.get(index).and_then(|regions| regions.as_deref()).unwrap_or_default()
    }

    /// Whether the findings of a slice are here.
    pub fn is_measured(&self, index: usize) -> bool {
        self.regions.get(index).is_some_and(Option::is_some)
    }

    /// Lesion as percent of the lungs by slice; none where it was not measured, or no lung found on a single slice.
    pub fn involvement(&self) -> &[Option<f32>] {
        &self.involvement
    }

    /// How many slices are here, and how many of them have findings.
    pub fn counts(&self) -> (usize, usize) {
        let here = self.slices.iter().filter(|slice| slice.is_some()).count();
        (here, self.regions.iter().filter(|regions| regions.is_some()).count())
    }

    /// The slice with the most lesion; without any the middle one.
    pub fn key_slice(&self) -> usize {
        let lesion = |index: &usize| -> usize {
            let regions = self.regions(*index).iter().filter(|region| region.kind == Kind::Lesion);
            regions.map(|region| region.runs.area()).sum()
        };
        // Of equal ones the lowest.
        let most = (0..self.frame.len).rev().max_by_key(lesion).filter(|index| lesion(index) > 0);
        most.unwrap_or(self.frame.len / 2)
    }

    /// Where the region with a number is best seen.
    pub fn best_view(&self, number: usize) -> Option<BestView> {
        let mut best: Option<(usize, usize, &Runs)> = None;
        for index in 0..self.frame.len {
            for region in self.regions(index).iter().filter(|region| region.number == Some(number)) {
                let area = region.runs.area();
                if best.is_none_or(|(most, ..)| area > most) {
                    best = Some((area, index, &region.runs));
                }
            }
        }
        let (area, slice, runs) = best?;
        let mut sum = [0.0; 2];
        for run in runs.all() {
            let (length, start) = (f64::from(run.end - run.start), f64::from(run.start));
            sum[0] += length * (f64::from(run.row) + 0.5);
            sum[1] += length * (start + length / 2.0);
        }
        Some(BestView { slice, middle: sum.map(|s| s / area as f64) })
    }

    /// The number of the region at a pixel; of several a lesion, and of those the smallest.
    pub fn number_at(&self, slice: usize, row: usize, column: usize) -> Option<usize> {
        let inside = self.regions(slice).iter().filter(|region| region.runs.contains(row, column));
        let numbered = inside.filter(|region| region.number.is_some());
        numbered.min_by_key(|region| (region.kind == Kind::Lung, region.runs.area()))?.number
    }

    /// The value of a voxel on its scale (HU or grey level), if it is here.
    pub fn value(&self, slice: usize, row: usize, column: usize) -> Option<i32> {
        if row >= self.frame.rows || column >= self.frame.columns {
            return None;
        }
        let stored = i32::from(*self.slice(slice)?.get(row * self.frame.columns + column)?);
        Some(match self.frame.values {
            Values::Hounsfield => stored,
            Values::Grey { offset, .. } => stored + offset,
        })
    }
}

/// The bytes of a slice for [`VolumeView::put_slice`]: values rounded to whole HU or grey levels, beyond the range of an
/// i16 cut off, and no number as the lowest.
pub fn pack_slice(values: &[f32], scale: Values) -> Vec<u8> {
    let offset = match scale {
        Values::Hounsfield => 0.0,
        Values::Grey { offset, .. } => offset as f32,
    };
    let stored = |&value: &f32| if value.is_nan() { i16::MIN } else { (value - offset).round() as i16 };
    values.iter().flat_map(|value| stored(value).to_le_bytes()).collect()
}

/// A volume that page and viewer share. Equal if it is the same one: its revision says whether it changed.
#[derive(Debug, Clone)]
pub struct SharedVolume(Rc<RefCell<VolumeView>>);

impl SharedVolume {
    /// Shares a volume.
    pub fn new(volume: VolumeView) -> Self {
        Self(Rc::new(RefCell::new(volume)))
    }

    /// To look at it.
    pub fn borrow(&self) -> Ref<'_, VolumeView> {
        self.0.borrow()
    }

    /// Changes it.
    pub fn change<T>(&self, how: impl FnOnce(&mut VolumeView) -> T) -> T {
        how(&mut self.0.borrow_mut())
    }

    /// Its present revision.
    pub fn revision(&self) -> u32 {
        self.0.borrow().revision()
    }
}

impl PartialEq for SharedVolume {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(test)]
#[path = "volume_view_tests.rs"]
mod tests;
