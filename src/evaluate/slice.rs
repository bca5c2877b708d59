//! What is counted on one slice. Every metric is made of sums of these.

use serde::{Deserialize, Serialize};

use super::overlap::Region;
use crate::imaging::CtSlice;
use crate::masks::{Mask, MaskError};
use crate::report::{ClassName, Instance, join_lesions, keep_lung_tissue, keep_sure_photo};
use crate::severity::{Finding, SeverityConfig, SeverityError, assess, percent};

/// The overlap of masks from which an instance is found.
const INSTANCE_IOU: f64 = 0.5;

/// Hits and the two kinds of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Found and true.
    pub true_positives: u64,
    /// Found and not true.
    pub false_positives: u64,
    /// True and not found.
    pub false_negatives: u64,
}

impl Counts {
    /// The pixels of a found mask against those of the true one, of the same size.
    pub fn of_pixels(found: &Mask, truth: &Mask) -> Self {
        let mut counts = Self::default();
        for (&found, &truth) in found.pixels.iter().zip(&truth.pixels) {
            counts.true_positives += u64::from(found & truth);
            counts.false_positives += u64::from(found & !truth);
            counts.false_negatives += u64::from(!found & truth);
        }
        counts
    }

    /// Instances matched greedily: the best scored one first, each takes the free truth that it overlaps most, if the
    /// masks' intersection over union is at least 0.5. `found` is sorted, best first.
    pub(super) fn of_instances(found: &[Region], truths: &[Region]) -> Self {
        let mut taken = vec![false; truths.len()];
        for instance in found {
            let mut best: Option<(usize, f64)> = None;
            for (at, truth) in truths.iter().enumerate().filter(|&(at, _)| !taken[at]) {
                let iou = instance.iou(truth);
                if iou >= best.map_or(INSTANCE_IOU, |(_, iou)| iou) {
                    best = Some((at, iou));
                }
            }
            if let Some((at, _)) = best {
                taken[at] = true;
            }
        }
        let hits = taken.iter().filter(|&&taken| taken).count();
        Self {
            true_positives: hits as u64,
            false_positives: (found.len() - hits) as u64,
            false_negatives: (truths.len() - hits) as u64,
        }
    }

    /// The Dice coefficient, which is F1; 1 if there is nothing and nothing was found.
    pub fn dice(&self) -> f64 {
        let sum = 2 * self.true_positives + self.false_positives + self.false_negatives;
        if sum == 0 { 1.0 } else { 2.0 * self.true_positives as f64 / sum as f64 }
    }
}

/// Lung and lesion of a slice or of a patient's slices together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Extent {
    /// Pixels of lung.
    pub lung_pixels: u64,
    /// Pixels of lesion inside the lung.
    pub lesion_pixels: u64,
    /// `100 * lesion_pixels / lung_pixels`; 0 without lung.
    pub percent: f64,
    /// The grade.
    pub finding: Finding,
}

impl Extent {
    /// Measures and grades as [`assess`] does.
    pub fn new(lung_pixels: u64, lesion_pixels: u64, config: &SeverityConfig) -> Self {
        let percent = percent(lung_pixels, lesion_pixels);
        let finding = Finding::of(lung_pixels, lesion_pixels, config.alarming_from_percent);
        Self { lung_pixels, lesion_pixels, percent, finding }
    }
}

/// What is counted where lungs are labelled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LungResult {
    /// Pixels of both lungs together.
    pub pixels: Counts,
    /// Lungs.
    pub instances: Counts,
    /// By the labels.
    pub truth: Extent,
    /// As reported.
    pub predicted: Extent,
}

/// One slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliceResult {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub patient: String,
    /// Pixels of lesion, all lesions together.
    pub lesion_pixels: Counts,
    /// Lesions.
    pub lesion_instances: Counts,
    /// Where lungs are labelled.
    pub lung: Option<LungResult>,
}

impl SliceResult {
    /// Whether there is any pixel of lesion, and whether any was found.
    pub fn lesion_present(&self) -> [bool; 2] {
        let Counts { true_positives, false_positives, false_negatives } = self.lesion_pixels;
        [true_positives + false_negatives > 0, true_positives + false_positives > 0]
    }
}

/// The union of masks of one size.
pub fn union<'a>(
    rows: usize,
    columns: usize,
    masks: impl IntoIterator<Item = &'a Mask>,
) -> Result<Mask, MaskError> {
    let mut all = Mask::empty(rows, columns);
    for mask in masks {
        all.add(mask)?;
    }
    Ok(all)
}

/// What a report of `slice` has of the detections on it, with scores above `score_threshold`: as the engine joins them and leaves
/// out what cannot be lung.
///
/// # Errors
/// [`MaskError`] if a mask is not of the slice's size.
pub fn reported(
    found: Vec<Instance>,
    score_threshold: f32,
    slice: &CtSlice,
) -> Result<Vec<Instance>, MaskError> {
    for instance in &found {
        instance.mask.check_size("evaluating the slice", slice.rows, slice.columns)?;
    }
    let joined = join_lesions(found, score_threshold)?;
    Ok(keep_sure_photo(keep_lung_tissue(joined, slice), slice))
}

/// The lungs as the report measures them: the union of the masks, the holes of each filled.
pub fn found_lung(instances: &[&Instance], rows: usize, columns: usize) -> Result<Mask, MaskError> {
    let mut all = Mask::empty(rows, columns);
    for mask in of_class(instances, ClassName::Lung) {
        all.add_filled(mask)?;
    }
    Ok(all)
}

/// Counts the lungs of a slice; `instances` are those that a report has.
pub(super) fn measure_lungs(
    lesion: &Mask,
    lung: &Mask,
    instances: &[&Instance],
    counts: Counts,
    config: &SeverityConfig,
) -> Result<LungResult, SeverityError> {
    let masks = |class| -> Vec<Mask> { of_class(instances, class).cloned().collect() };
    let reported = assess(
        &masks(ClassName::Lesion),
        &masks(ClassName::Lung),
        lung.rows,
        lung.columns,
        None,
        None,
        config,
    )?
    .lungs;
    let lesion_in_lung = Counts::of_pixels(lesion, lung).true_positives;
    Ok(LungResult {
        pixels: Counts::of_pixels(&found_lung(instances, lung.rows, lung.columns)?, lung),
        instances: counts,
        truth: Extent::new(lung.area() as u64, lesion_in_lung, config),
        predicted: Extent::new(reported.lung_pixels as u64, reported.lesion_pixels as u64, config),
    })
}

/// The masks of a class.
pub(super) fn of_class<'a>(instances: &'a [&Instance], class: ClassName) -> impl Iterator<Item = &'a Mask> {
    instances.iter().filter(move |instance| instance.class == class).map(|instance| &instance.mask)
}
