//! An evaluation as JSON and as Markdown.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::EvaluateError;
use super::bootstrap::Bootstrap;
use super::coco::CocoScore;
use super::evaluator::{Estimate, Evaluation};
use super::metric::{Metric, Rate};
use super::predictions::Task;
use super::slice::Extent;
use crate::report::{ClassName, ModelInfo};
use crate::severity::Finding;
use crate::weights::Quantization;
use crate::words::{counted, graded_percent};

/// The version of `evaluation.json`.
const SCHEMA_VERSION: u32 = 2;

/// What was evaluated, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The model; of a cross-validation one a fold.
    pub models: Vec<EvaluatedModel>,
    /// How the models' matrices are stored.
    pub quantization: Quantization,
    /// The device's name.
    pub device: String,
    /// The data and the thresholds.
    #[serde(flatten)]
    pub task: Task,
}

/// A model and how much it was measured on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluatedModel {
    /// The model.
    #[serde(flatten)]
    pub model: ModelInfo,
    /// How many slices it segmented.
    pub slices: usize,
}

impl About {
    /// The model's id, or what was cross-validated.
    pub fn title(&self) -> String {
        match &self.models[..] {
            [one] => one.model.id.clone(),
            folds => {
                let backbone = folds.first().map_or("", |fold| &fold.model.backbone);
                format!("{backbone} ({}), cross-validated over {} folds,", self.quantization, folds.len())
            }
        }
    }
}

/// The evaluation as indented JSON with a final line break; floats have six digits after the point.
///
/// # Errors
/// [`EvaluateError::Json`], which no evaluation is known to cause.
pub fn to_json(
    about: &About,
    evaluation: &Evaluation,
    bootstrap: &Bootstrap,
) -> Result<String, EvaluateError> {
    let failed = |error: serde_json::Error| EvaluateError::Json(error.to_string());
    let mut metrics = Map::new();
    for (metric, estimate) in &evaluation.metrics {
        let value = json!({
            "value": estimate.value.map(rounded),
            "interval_95": estimate.interval.map(|ends| ends.map(rounded)),
        });
        metrics.insert(metric.key(), value);
    }
    let patients: Vec<Value> = evaluation
        .patients
        .iter()
        .map(|patient| {
            json!({
                "patient": patient.patient,
                "slices": patient.slices,
                "lesion_dice": rounded(patient.lesion_dice),
                "truth": patient.extents.map(|extents| extent(&extents[0])),
                "predicted": patient.extents.map(|extents| extent(&extents[1])),
            })
        })
        .collect();
    let slices: Vec<Value> = evaluation
        .slices
        .iter()
        .map(|slice| {
            json!({
                "name": slice.name,
                "patient": slice.patient,
                "lesion_dice": rounded(slice.lesion_pixels.dice()),
                "lesion_pixels": slice.lesion_pixels,
                "lesion_instances": slice.lesion_instances,
                "lung": slice.lung.map(|lung| json!({
                    "pixels": lung.pixels,
                    "instances": lung.instances,
                    "truth": extent(&lung.truth),
                    "predicted": extent(&lung.predicted),
                })),
            })
        })
        .collect();
    let curves: Vec<Value> = evaluation
        .curves
        .iter()
        .map(|curve| {
            let precisions: Vec<f64> = curve.precisions.iter().map(|&p| rounded(p)).collect();
            json!({ "class": curve.class, "mask_iou": curve.iou, "precisions": precisions })
        })
        .collect();
    let about = serde_json::to_value(about).map_err(failed)?;
    let whole = json!({
        "schema_version": SCHEMA_VERSION,
        "about": about,
        "bootstrap": { "over": "patients", "resamples": bootstrap.resamples, "seed": bootstrap.seed },
        "metrics": metrics,
        "severity": confusion(evaluation),
        "patients": patients,
        "slices": slices,
        "precision_recall": curves,
    });
    Ok(serde_json::to_string_pretty(&whole).map_err(failed)? + "\n")
}

/// The evaluation as a page of Markdown tables. `sheet` has the names of the contact sheet's slices, row by row.
pub fn to_markdown(
    about: &About,
    evaluation: &Evaluation,
    bootstrap: &Bootstrap,
    sheet: &[Vec<usize>],
) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = write_markdown(&mut text, about, evaluation, bootstrap, sheet);
    text
}

fn write_markdown(
    text: &mut String,
    about: &About,
    evaluation: &Evaluation,
    bootstrap: &Bootstrap,
    sheet: &[Vec<usize>],
) -> std::fmt::Result {
    let (slices, patients) = (evaluation.slices.len(), evaluation.patients.len());
    let task = &about.task;
    writeln!(text, "# {} on {}, {}\n", about.title(), task.data, task.split)?;
    let counted_slices = match task.slices_available {
        available if slices < available => format!("{slices} of {}", counted(available, "slice")),
        _ => counted(slices, "slice"),
    };
    let whose = if task.patients_known {
        counted(patients, "patient")
    } else {
        "patients not known, so each slice counts as one".to_owned()
    };
    writeln!(text, "{counted_slices}, {whose}. Score above {}, {}.", task.score_threshold, about.device)?;
    if about.models.len() > 1 {
        writeln!(text, "Each slice was segmented by the model that was not trained on its patient.")?;
    }
    writeln!(
        text,
        "95 % intervals: percentile bootstrap over patients, {} resamples.{}",
        bootstrap.resamples,
        if task.patients_known && patients < 10 { " So few patients give rough intervals." } else { "" }
    )?;
    if evaluation.slices.iter().all(|slice| slice.lesion_present()[0]) {
        writeln!(text, "Every slice has a lesion, so nothing is said about false alarms on healthy lungs.")?;
    }
    writeln!(text, "\n| metric | value | 95 % interval |\n|---|---|---|")?;
    for (metric, estimate) in evaluation.metrics.iter().filter(|(metric, _)| !is_coco(metric)) {
        let [value, interval] = cells(metric, estimate);
        writeln!(text, "| {} | {value} | {interval} |", metric.title())?;
    }
    writeln!(text, "\nAverage precision as COCO defines it, 0 to 1:\n")?;
    writeln!(text, "| | AP | AP50 | AP75 | small | medium | large |\n|---|---|---|---|---|---|---|")?;
    for (metric, _) in &evaluation.metrics {
        let &Metric::Coco(overlap, class, CocoScore::Ap) = metric else { continue };
        write!(text, "| {} |", metric.title())?;
        for score in CocoScore::ALL {
            let metric = Metric::Coco(overlap, class, score);
            let value = evaluation.get(metric).map_or_else(String::new, |estimate| {
                let [value, interval] = cells(&metric, &estimate);
                if interval.is_empty() { value } else { format!("{value} ({interval})") }
            });
            write!(text, " {value} |")?;
        }
        writeln!(text)?;
    }
    if evaluation.with_lungs {
        write_involvement(text, evaluation, &[task.alarming_from_percent])?;
    }
    writeln!(text, "\n![Precision and recall](pr_curve.svg)\n")?;
    if evaluation.with_lungs {
        writeln!(text, "![Predicted against true involvement](involvement.svg)\n")?;
    }
    writeln!(text, "![Contact sheet](contact_sheet.png)\n")?;
    writeln!(text, "Found: lesions orange, lungs blue. Labelled: lesions green, lungs grey.\n")?;
    writeln!(text, "| row | slices from left to right, with their lesion Dice |\n|---|---|")?;
    for (title, row) in ["best", "median", "worst"].iter().zip(sheet) {
        let names: Vec<String> = row
            .iter()
            .filter_map(|&at| evaluation.slices.get(at))
            .map(|slice| format!("{} {:.2}", slice.name, slice.lesion_pixels.dice()))
            .collect();
        writeln!(text, "| {title} | {} |", names.join(", "))?;
    }
    Ok(())
}

fn write_involvement(text: &mut String, evaluation: &Evaluation, limits: &[f64]) -> std::fmt::Result {
    writeln!(text, "\n| patient | slices | lesion Dice | true involvement | predicted |")?;
    writeln!(text, "|---|---|---|---|---|")?;
    for patient in &evaluation.patients {
        let Some([truth, predicted]) = &patient.extents else { continue };
        writeln!(
            text,
            "| {} | {} | {:.3} | {}, {} | {}, {} |",
            patient.patient,
            patient.slices,
            patient.lesion_dice,
            graded_percent(truth.percent, limits),
            truth.finding,
            graded_percent(predicted.percent, limits),
            predicted.finding
        )?;
    }
    writeln!(text, "\n| true finding of a slice | predicted | slices |\n|---|---|---|")?;
    for (truth, predicted, count) in findings(evaluation) {
        writeln!(text, "| {truth} | {predicted} | {count} |")?;
    }
    Ok(())
}

fn is_coco(metric: &Metric) -> bool {
    matches!(metric, Metric::Coco(..))
}

/// Value and interval as text.
fn cells(metric: &Metric, estimate: &Estimate) -> [String; 2] {
    let digits = metric.digits();
    let value = estimate.value.map_or("not defined".to_owned(), |value| format!("{value:.digits$}"));
    let interval = estimate
        .interval
        .map_or_else(String::new, |[low, high]| format!("{low:.digits$} to {high:.digits$}"));
    [value, interval]
}

/// A few lines for the terminal.
pub fn headline(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    let chosen = [
        Metric::LesionPixels(Rate::F1),
        Metric::LesionSliceDice,
        Metric::Instances(ClassName::Lesion, Rate::F1),
        Metric::Coco(super::Overlap::Box, Some(ClassName::Lesion), CocoScore::Ap),
        Metric::Coco(super::Overlap::Mask, Some(ClassName::Lesion), CocoScore::Ap),
        Metric::LesionPresentAccuracy,
        Metric::LungDice,
        Metric::InvolvementError,
        Metric::SeverityBySlice,
        Metric::SeverityByPatient,
    ];
    let width = chosen.iter().map(|metric| metric.title().chars().count()).max().unwrap_or(0);
    for metric in chosen {
        let Some(estimate) = evaluation.get(metric) else { continue };
        let [value, interval] = cells(&metric, &estimate);
        let interval = if interval.is_empty() { interval } else { format!("  ({interval})") };
        let _ = writeln!(text, "{:width$}  {value}{interval}", metric.title());
    }
    text
}

/// How many slices of each true finding got which finding, in a fixed order.
fn findings(evaluation: &Evaluation) -> Vec<(Finding, Finding, usize)> {
    const ALL: [Finding; 4] =
        [Finding::NoLungFound, Finding::NoLesionFound, Finding::Mild, Finding::Alarming];
    let mut counts = Vec::new();
    for truth in ALL {
        for predicted in ALL {
            let count = evaluation
                .slices
                .iter()
                .filter_map(|slice| slice.lung)
                .filter(|lung| lung.truth.finding == truth && lung.predicted.finding == predicted)
                .count();
            if count > 0 {
                counts.push((truth, predicted, count));
            }
        }
    }
    counts
}

fn confusion(evaluation: &Evaluation) -> Value {
    if !evaluation.with_lungs {
        return Value::Null;
    }
    let one =
        |(truth, predicted, slices)| json!({ "truth": truth, "predicted": predicted, "slices": slices });
    Value::Array(findings(evaluation).into_iter().map(one).collect())
}

fn extent(extent: &Extent) -> Value {
    json!({
        "lung_pixels": extent.lung_pixels,
        "lesion_pixels": extent.lesion_pixels,
        "percent": rounded(extent.percent),
        "finding": extent.finding,
    })
}

pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
