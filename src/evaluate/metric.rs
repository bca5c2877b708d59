//! The metrics, and how each is made of sums.

use serde::{Deserialize, Serialize};

use super::coco::{CocoScore, Overlap};
use super::slice::{Counts, SliceResult};
use crate::report::ClassName;

/// A ratio of [`Counts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rate {
    /// True among found.
    Precision,
    /// Found among true.
    Recall,
    /// Their harmonic mean.
    F1,
}

/// One figure of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Of lesion pixels, of all slices together.
    LesionPixels(Rate),
    /// Mean of the slices' lesion Dice coefficients.
    LesionSliceDice,
    /// Of instances at mask overlap 0.5.
    Instances(ClassName, Rate),
    /// Dice of lung pixels, of all slices together.
    LungDice,
    /// Share of slices where a lesion was found exactly if there is one.
    LesionPresentAccuracy,
    /// Mean absolute difference of a slice's involvement, in points.
    InvolvementError,
    /// Mean difference of a slice's involvement, predicted minus true, in points.
    InvolvementBias,
    /// Share of slices with the true finding.
    SeverityBySlice,
    /// Share of patients with the true finding.
    SeverityByPatient,
    /// Average precision; of no class: the mean over the classes.
    Coco(Overlap, Option<ClassName>, CocoScore),
}

impl Metric {
    /// The metrics in the order of the report; those of lungs only where lungs are labelled.
    pub fn all(with_lungs: bool) -> Vec<Self> {
        const RATES: [Rate; 3] = [Rate::Precision, Rate::Recall, Rate::F1];
        let mut all: Vec<Self> = RATES.map(Self::LesionPixels).to_vec();
        all.push(Self::LesionSliceDice);
        all.extend(RATES.map(|rate| Self::Instances(ClassName::Lesion, rate)));
        all.push(Self::LesionPresentAccuracy);
        if with_lungs {
            all.push(Self::LungDice);
            all.extend(RATES.map(|rate| Self::Instances(ClassName::Lung, rate)));
            all.extend([Self::InvolvementError, Self::InvolvementBias]);
            all.extend([Self::SeverityBySlice, Self::SeverityByPatient]);
        }
        let classes: &[Option<ClassName>] = if with_lungs {
            &[Some(ClassName::Lesion), Some(ClassName::Lung), None]
        } else {
            &[Some(ClassName::Lesion)]
        };
        for overlap in [Overlap::Box, Overlap::Mask] {
            for &class in classes {
                all.extend(CocoScore::ALL.map(|score| Self::Coco(overlap, class, score)));
            }
        }
        all
    }

    /// Its name in JSON.
    pub fn key(&self) -> String {
        match self {
            Self::LesionPixels(rate) => format!("lesion_pixel_{}", rate_key(*rate)),
            Self::LesionSliceDice => "lesion_slice_dice".to_owned(),
            Self::Instances(class, rate) => format!("{class}_instance_{}", rate_key(*rate)),
            Self::LungDice => "lung_dice".to_owned(),
            Self::LesionPresentAccuracy => "lesion_present_accuracy".to_owned(),
            Self::InvolvementError => "involvement_error_points".to_owned(),
            Self::InvolvementBias => "involvement_bias_points".to_owned(),
            Self::SeverityBySlice => "severity_agreement_by_slice".to_owned(),
            Self::SeverityByPatient => "severity_agreement_by_patient".to_owned(),
            Self::Coco(overlap, class, score) => {
                let overlap = if *overlap == Overlap::Box { "box" } else { "mask" };
                let class = class.map_or("mean".to_owned(), |class| class.to_string());
                let score = match score {
                    CocoScore::Ap => "ap",
                    CocoScore::Ap50 => "ap50",
                    CocoScore::Ap75 => "ap75",
                    CocoScore::ApSmall => "ap_small",
                    CocoScore::ApMedium => "ap_medium",
                    CocoScore::ApLarge => "ap_large",
                };
                format!("{class}_{overlap}_{score}")
            }
        }
    }

    /// Its name for people.
    pub fn title(&self) -> String {
        match self {
            Self::LesionPixels(rate) => format!("lesion pixels, {}", rate_title(*rate)),
            Self::LesionSliceDice => "lesion Dice, mean of slices".to_owned(),
            Self::Instances(class, rate) => format!("{class} instances at IoU 0.5, {}", rate_title(*rate)),
            Self::LungDice => "lung Dice".to_owned(),
            Self::LesionPresentAccuracy => "lesion present or not, slices right".to_owned(),
            Self::InvolvementError => "involvement, mean absolute error in points".to_owned(),
            Self::InvolvementBias => "involvement, mean error in points".to_owned(),
            Self::SeverityBySlice => "severity, slices right".to_owned(),
            Self::SeverityByPatient => "severity, patients right".to_owned(),
            Self::Coco(overlap, class, score) => {
                let overlap = if *overlap == Overlap::Box { "box" } else { "mask" };
                let class = class.map_or("mean of classes".to_owned(), |class| class.to_string());
                let score = match score {
                    CocoScore::Ap => "AP",
                    CocoScore::Ap50 => "AP50",
                    CocoScore::Ap75 => "AP75",
                    CocoScore::ApSmall => "AP small",
                    CocoScore::ApMedium => "AP medium",
                    CocoScore::ApLarge => "AP large",
                };
                format!("{class} {overlap} {score}")
            }
        }
    }

    /// Digits after the point for people.
    pub fn digits(&self) -> usize {
        if matches!(self, Self::InvolvementError | Self::InvolvementBias) { 2 } else { 3 }
    }
}

fn rate_key(rate: Rate) -> &'static str {
    match rate {
        Rate::Precision => "precision",
        Rate::Recall => "recall",
        Rate::F1 => "f1",
    }
}

fn rate_title(rate: Rate) -> &'static str {
    match rate {
        Rate::Precision => "precision",
        Rate::Recall => "recall",
        Rate::F1 => "F1",
    }
}

/// [`Counts`] as sums.
#[derive(Debug, Clone, Copy, Default)]
struct CountSums([f64; 3]);

impl CountSums {
    fn add(&mut self, counts: &Counts, times: f64) {
        let parts = [counts.true_positives, counts.false_positives, counts.false_negatives];
        for (sum, part) in self.0.iter_mut().zip(parts) {
            *sum += times * part as f64;
        }
    }

    fn merge(&mut self, other: &Self, times: f64) {
        for (sum, part) in self.0.iter_mut().zip(other.0) {
            *sum += times * part;
        }
    }

    fn rate(&self, rate: Rate) -> Option<f64> {
        let [hits, wrong, missed] = self.0;
        match rate {
            Rate::Precision => ratio(hits, hits + wrong),
            Rate::Recall => ratio(hits, hits + missed),
            Rate::F1 => ratio(2.0 * hits, 2.0 * hits + wrong + missed),
        }
    }
}

/// Sums over slices, by patient or over patients.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    slices: f64,
    lesion_pixels: CountSums,
    lesion_dice: f64,
    lesion_instances: CountSums,
    present_right: f64,
    lung_pixels: CountSums,
    lung_instances: CountSums,
    absolute_error: f64,
    error: f64,
    severity_right: f64,
    patients: f64,
    patients_right: f64,
}

impl Sums {
    /// Adds a slice of a patient.
    pub fn add_slice(&mut self, slice: &SliceResult) {
        self.slices += 1.0;
        self.lesion_pixels.add(&slice.lesion_pixels, 1.0);
        self.lesion_dice += slice.lesion_pixels.dice();
        self.lesion_instances.add(&slice.lesion_instances, 1.0);
        let [truth, found] = slice.lesion_present();
        self.present_right += f64::from(truth == found);
        if let Some(lung) = &slice.lung {
            self.lung_pixels.add(&lung.pixels, 1.0);
            self.lung_instances.add(&lung.instances, 1.0);
            let error = lung.predicted.percent - lung.truth.percent;
            self.absolute_error += error.abs();
            self.error += error;
            self.severity_right += f64::from(lung.predicted.finding == lung.truth.finding);
        }
    }

    /// Says that these are all slices of one patient, and whether the patient's finding is right.
    pub fn close_patient(&mut self, right: bool) {
        self.patients = 1.0;
        self.patients_right = f64::from(right);
    }

    /// Adds a patient `times` times.
    pub fn merge(&mut self, patient: &Self, times: f64) {
        self.lesion_pixels.merge(&patient.lesion_pixels, times);
        self.lesion_instances.merge(&patient.lesion_instances, times);
        self.lung_pixels.merge(&patient.lung_pixels, times);
        self.lung_instances.merge(&patient.lung_instances, times);
        self.slices += times * patient.slices;
        self.lesion_dice += times * patient.lesion_dice;
        self.present_right += times * patient.present_right;
        self.absolute_error += times * patient.absolute_error;
        self.error += times * patient.error;
        self.severity_right += times * patient.severity_right;
        self.patients += times * patient.patients;
        self.patients_right += times * patient.patients_right;
    }

    /// A metric of these sums; none where nothing can be divided, and for average precision.
    pub fn value(&self, metric: &Metric) -> Option<f64> {
        match metric {
            Metric::LesionPixels(rate) => self.lesion_pixels.rate(*rate),
            Metric::LesionSliceDice => ratio(self.lesion_dice, self.slices),
            Metric::Instances(ClassName::Lesion, rate) => self.lesion_instances.rate(*rate),
            Metric::Instances(ClassName::Lung, rate) => self.lung_instances.rate(*rate),
            Metric::LungDice => self.lung_pixels.rate(Rate::F1),
            Metric::LesionPresentAccuracy => ratio(self.present_right, self.slices),
            Metric::InvolvementError => ratio(self.absolute_error, self.slices),
            Metric::InvolvementBias => ratio(self.error, self.slices),
            Metric::SeverityBySlice => ratio(self.severity_right, self.slices),
            Metric::SeverityByPatient => ratio(self.patients_right, self.patients),
            Metric::Coco(..) => None,
        }
    }
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    if whole == 0.0 { None } else { Some(part / whole) }
}
