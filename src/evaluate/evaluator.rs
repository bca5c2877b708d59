//! Slices in, an evaluation out.

use super::EvaluateError;
use super::bootstrap::{Bootstrap, interval_95};
use super::coco::{Candidate, Overlap, PrecisionTable, RECALLS};
use super::metric::{Metric, Sums};
use super::overlap::{Region, box_area, box_iou, wide};
use super::slice::{Counts, Extent, SliceResult, measure_lungs, of_class, reported, union};
use super::truth::{lesion_instances, lung_instances};
use crate::imaging::CtSlice;
use crate::masks::{Mask, MaskError};
use crate::report::{ClassName, Instance};
use crate::severity::SeverityConfig;

const CLASSES: [ClassName; 2] = [ClassName::Lesion, ClassName::Lung];
/// The overlaps 0.50 and 0.75 of the precision-recall curves, by their place in COCO's list.
const CURVE_OVERLAPS: [(usize, f64); 2] = [(0, 0.5), (5, 0.75)];

/// The labels of a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceTruth {
    /// Its name, such as its file's.
    pub name: String,
    /// Whose it is; the slices of a patient stay together when intervals are made.
    pub patient: String,
    /// All lesions.
    pub lesion: Mask,
    /// Both lungs, lesions in them included, where they are labelled.
    pub lung: Option<Mask>,
}

/// A value and the interval that 95 % of the resamples fall into.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Of all slices; none where it is not defined, as precision without detections.
    pub value: Option<f64>,
    /// 2.5th and 97.5th percentile; none with fewer than two patients.
    pub interval: Option<[f64; 2]>,
}

/// A patient's slices together.
#[derive(Debug, Clone, PartialEq)]
pub struct PatientResult {
    /// Who.
    pub patient: String,
    /// Number of slices.
    pub slices: usize,
    /// Dice of the lesion pixels of all slices together.
    pub lesion_dice: f64,
    /// True and predicted involvement of all slices together, where lungs are labelled.
    pub extents: Option<[Extent; 2]>,
}

/// Interpolated precision by recall, masks compared.
#[derive(Debug, Clone, PartialEq)]
pub struct PrCurve {
    /// Of which instances.
    pub class: ClassName,
    /// The least overlap of a match.
    pub iou: f64,
    /// The precision at recalls 0, 0.01 to 1.
    pub precisions: [f64; RECALLS],
}

/// The result of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Whether lungs are labelled; without them there is no involvement and no severity.
    pub with_lungs: bool,
    /// The metrics in [`Metric::all`]'s order.
    pub metrics: Vec<(Metric, Estimate)>,
    /// The slices as they came.
    pub slices: Vec<SliceResult>,
    /// The patients by their first slice.
    pub patients: Vec<PatientResult>,
    /// Precision-recall curves of the classes that are labelled.
    pub curves: Vec<PrCurve>,
}

impl Evaluation {
    /// A metric's estimate.
    pub fn get(&self, metric: Metric) -> Option<Estimate> {
        self.metrics.iter().find(|(each, _)| *each == metric).map(|(_, estimate)| *estimate)
    }
}

/// Collects slices.
#[derive(Debug, Clone)]
pub struct Evaluator {
    score_threshold: f32,
    severity: SeverityConfig,
    slices: Vec<SliceResult>,
    patients: Vec<String>,
    /// By overlap (box, mask), then by class (lesion, lung).
    tables: [[PrecisionTable; 2]; 2],
}

impl Evaluator {
    /// An evaluator that counts instances with a score above `score_threshold`, but for average precision, which
    /// ranks all it is given.
    pub fn new(score_threshold: f32, severity: SeverityConfig) -> Self {
        Self {
            score_threshold,
            severity,
            slices: Vec::new(),
            patients: Vec::new(),
            tables: Default::default(),
        }
    }

    /// Compares the instances found on `slice` with its labels, as a report has them. Average precision ranks them as they are,
    /// and wants those of low scores too.
    ///
    /// # Errors
    /// [`EvaluateError`] if a mask is not of the slice's size, a score or box is not finite, or only some slices have
    /// lung labels.
    pub fn add(
        &mut self,
        slice: &CtSlice,
        truth: SliceTruth,
        found: &[Instance],
    ) -> Result<(), EvaluateError> {
        let name = || truth.name.clone();
        let bad_mask = |source: MaskError| EvaluateError::Mask { slice: name(), source };
        let (rows, columns) = (truth.lesion.rows, truth.lesion.columns);
        for mask in found.iter().map(|i| &i.mask).chain(&truth.lung).chain([&truth.lesion]) {
            mask.check_size("evaluating the slice", rows, columns).map_err(bad_mask)?;
        }
        let finite = |i: &Instance| i.score.is_finite() && i.bbox.iter().all(|side| side.is_finite());
        if !found.iter().all(finite) {
            return Err(EvaluateError::NotFinite { slice: name() });
        }
        if self.slices.first().is_some_and(|first| first.lung.is_some() != truth.lung.is_some()) {
            return Err(EvaluateError::MixedLabels { slice: name() });
        }

        let patient = self.patient(&truth.patient);
        // Stable: of equal scores the first comes first, as in pycocotools.
        let mut ranked: Vec<&Instance> = found.iter().collect();
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        let kept = ranked.iter().copied().cloned().collect();
        let kept = reported(kept, self.score_threshold, slice).map_err(bad_mask)?;
        let kept: Vec<&Instance> = kept.iter().collect();

        let lesions = lesion_instances(&truth.lesion);
        self.rank(0, patient, &ranked, &lesions);
        let lesion_counts = count(&kept, ClassName::Lesion, &lesions);
        let found_lesion = union(rows, columns, of_class(&kept, ClassName::Lesion)).map_err(bad_mask)?;
        let lung = match &truth.lung {
            None => None,
            Some(lung) => {
                let lungs = lung_instances(lung);
                self.rank(1, patient, &ranked, &lungs);
                let counts = count(&kept, ClassName::Lung, &lungs);
                let measured = measure_lungs(&truth.lesion, lung, &kept, counts, &self.severity);
                Some(measured.map_err(|source| EvaluateError::Severity { slice: name(), source })?)
            }
        };
        self.slices.push(SliceResult {
            lesion_pixels: Counts::of_pixels(&found_lesion, &truth.lesion),
            lesion_instances: lesion_counts,
            lung,
            name: truth.name,
            patient: truth.patient,
        });
        Ok(())
    }

    /// Metrics with intervals over patients.
    ///
    /// # Errors
    /// [`EvaluateError::NoSlice`] if no slice was added.
    pub fn finish(mut self, bootstrap: &Bootstrap) -> Result<Evaluation, EvaluateError> {
        let first = self.slices.first().ok_or(EvaluateError::NoSlice)?;
        let with_lungs = first.lung.is_some();
        self.tables.iter_mut().flatten().for_each(PrecisionTable::finish);
        let (patients, sums) = self.by_patient();
        let metrics = Metric::all(with_lungs);

        let once = vec![1; sums.len()];
        let values = self.values(&metrics, &sums, &once);
        let mut drawn: Vec<Vec<f64>> = vec![Vec::new(); metrics.len()];
        if sums.len() > 1 {
            for weights in bootstrap.weights(sums.len()) {
                for (all, value) in drawn.iter_mut().zip(self.values(&metrics, &sums, &weights)) {
                    all.extend(value);
                }
            }
        }
        let estimates = values
            .into_iter()
            .zip(&mut drawn)
            .map(|(value, drawn)| Estimate { value, interval: value.and(interval_95(drawn)) });
        let mut curves = Vec::new();
        for (table, class) in self.tables[1].iter().zip(CLASSES) {
            for (overlap, iou) in CURVE_OVERLAPS {
                let precisions = table.curve(overlap, &once);
                curves.extend(precisions.map(|precisions| PrCurve { class, iou, precisions }));
            }
        }
        Ok(Evaluation {
            with_lungs,
            metrics: metrics.iter().copied().zip(estimates).collect(),
            slices: self.slices,
            patients,
            curves,
        })
    }

    /// The patient's place.
    fn patient(&mut self, patient: &str) -> usize {
        self.patients.iter().position(|known| known == patient).unwrap_or_else(|| {
            self.patients.push(patient.to_owned());
            self.patients.len() - 1
        })
    }

    /// Puts a class of a slice into its tables of average precision: every detection as it is.
    fn rank(&mut self, class: usize, patient: usize, ranked: &[&Instance], truths: &[Mask]) {
        let found: Vec<&Instance> = ranked.iter().copied().filter(|i| i.class == CLASSES[class]).collect();
        let masks: Vec<Region> = found.iter().map(|i| Region::new(&i.mask)).collect();
        let boxes: Vec<[f64; 4]> = found.iter().map(|i| wide(i.bbox)).collect();
        let truths: Vec<Region> = truths.iter().map(Region::new).collect();
        let truth_boxes: Vec<[f64; 4]> = truths.iter().map(Region::bbox).collect();
        // COCO sizes a truth by its mask, also where boxes are compared.
        let areas: Vec<f64> = truths.iter().map(|truth| truth.area as f64).collect();

        for overlap in [Overlap::Box, Overlap::Mask] {
            let area = |at: usize| match overlap {
                Overlap::Box => box_area(&boxes[at]),
                Overlap::Mask => masks[at].area as f64,
            };
            let iou = |at: usize, truth: usize| match overlap {
                Overlap::Box => box_iou(&boxes[at], &truth_boxes[truth]),
                Overlap::Mask => masks[at].iou(&truths[truth]),
            };
            let candidates: Vec<Candidate> = (0..found.len())
                .map(|at| Candidate { score: f64::from(found[at].score), area: area(at) })
                .collect();
            let ious: Vec<Vec<f64>> =
                (0..found.len()).map(|at| (0..truths.len()).map(|truth| iou(at, truth)).collect()).collect();
            self.tables[overlap as usize][class].add(patient, &areas, &candidates, &ious);
        }
    }

    fn by_patient(&self) -> (Vec<PatientResult>, Vec<Sums>) {
        let mut results = Vec::with_capacity(self.patients.len());
        let mut all_sums = Vec::with_capacity(self.patients.len());
        for patient in &self.patients {
            let slices: Vec<&SliceResult> =
                self.slices.iter().filter(|slice| slice.patient == *patient).collect();
            let mut sums = Sums::default();
            let mut lesion = Counts::default();
            let mut pixels = [[0; 2]; 2];
            for slice in &slices {
                sums.add_slice(slice);
                lesion.true_positives += slice.lesion_pixels.true_positives;
                lesion.false_positives += slice.lesion_pixels.false_positives;
                lesion.false_negatives += slice.lesion_pixels.false_negatives;
                for (sum, extent) in
                    pixels.iter_mut().zip(slice.lung.iter().flat_map(|l| [l.truth, l.predicted]))
                {
                    *sum = [sum[0] + extent.lung_pixels, sum[1] + extent.lesion_pixels];
                }
            }
            let extents = pixels.map(|[lung, lesion]| Extent::new(lung, lesion, &self.severity));
            sums.close_patient(extents[0].finding == extents[1].finding);
            all_sums.push(sums);
            results.push(PatientResult {
                patient: patient.clone(),
                slices: slices.len(),
                lesion_dice: lesion.dice(),
                extents: slices.iter().all(|slice| slice.lung.is_some()).then_some(extents),
            });
        }
        (results, all_sums)
    }

    fn values(&self, metrics: &[Metric], patients: &[Sums], weights: &[u32]) -> Vec<Option<f64>> {
        let mut sums = Sums::default();
        for (patient, &times) in patients.iter().zip(weights) {
            sums.merge(patient, f64::from(times));
        }
        let mut values: Vec<Option<f64>> = Vec::with_capacity(metrics.len());
        for metric in metrics {
            values.push(match *metric {
                Metric::Coco(overlap, class, score) => {
                    let place = |of| {
                        let metric = Metric::Coco(overlap, Some(of), score);
                        metrics.iter().position(|each| *each == metric).and_then(|at| values.get(at))
                    };
                    match class {
                        Some(of) => self.tables[overlap as usize][of as usize].score(score, weights),
                        None => mean(CLASSES.iter().filter_map(|&of| *place(of)?)),
                    }
                }
                ref other => sums.value(other),
            });
        }
        values
    }
}

/// Counts the instances of a class, best first, against the true ones.
fn count(found: &[&Instance], class: ClassName, truths: &[Mask]) -> Counts {
    let found: Vec<Region> = of_class(found, class).map(Region::new).collect();
    let truths: Vec<Region> = truths.iter().map(Region::new).collect();
    Counts::of_instances(&found, &truths)
}

/// COCO's mean over classes: of those that have truths.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    if values.is_empty() { None } else { Some(values.iter().sum::<f64>() / values.len() as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{FileFormat, ValueScale};

    /// A slice of 4 x 10 pixels as dense as fat.
    fn fat(scale: ValueScale) -> CtSlice {
        CtSlice {
            rows: 4,
            columns: 10,
            values: vec![-100.0; 40],
            scale,
            pixel_spacing: None,
            patient_right_is_image_left: None,
            format: FileFormat::Dicom,
            picture: None,
        }
    }

    #[test]
    fn what_a_report_leaves_out_is_left_out_and_ranked_all_the_same() {
        let instance = |class, score, inside: std::ops::Range<usize>| {
            let mut mask = Mask::empty(4, 10);
            mask.pixels[inside].fill(1);
            Instance { class, score, bbox: [0.0, 0.0, 10.0, 4.0], mask }
        };
        let found = [instance(ClassName::Lung, 0.9, 0..30), instance(ClassName::Lesion, 0.8, 0..10)];
        let truth = || SliceTruth {
            name: "1.dcm".to_owned(),
            patient: "1".to_owned(),
            lesion: found[1].mask.clone(),
            lung: Some(found[0].mask.clone()),
        };
        let measured = |add: &dyn Fn(&mut Evaluator)| {
            let mut evaluator = Evaluator::new(0.5, SeverityConfig::default());
            add(&mut evaluator);
            evaluator.finish(&Bootstrap::default()).unwrap()
        };
        let of_slice = |scale| {
            let slice = fat(scale);
            measured(&|evaluator| evaluator.add(&slice, truth(), &found).unwrap())
        };
        let (hounsfield, grey) =
            (of_slice(ValueScale::Hounsfield), of_slice(ValueScale::Grey { max: 255.0 }));
        assert_eq!(hounsfield.slices[0].lesion_present(), [true, false]);
        assert_eq!(hounsfield.slices[0].lung.unwrap().predicted.lung_pixels, 0);
        assert_eq!(hounsfield.curves, grey.curves);
        assert_eq!(grey.slices[0].lung.unwrap().predicted.percent, 100.0 / 3.0);

        let small = CtSlice { rows: 3, ..fat(ValueScale::Hounsfield) };
        let mut evaluator = Evaluator::new(0.5, SeverityConfig::default());
        let error = evaluator.add(&small, truth(), &found).unwrap_err();
        assert!(error.to_string().starts_with("1.dcm"), "{error}");
    }
}
