//! What was found on slices, kept so that parts of an evaluation can be made one after the other or side by side and
//! then measured as one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::EvaluateError;
use super::write::{About, EvaluatedModel};
use crate::detect::BoxXyxy;
use crate::masks::{MaskError, Rle};
use crate::report::{ClassName, Instance, ModelInfo};
use crate::weights::Quantization;

/// The version of `predictions.json`.
const SCHEMA_VERSION: u32 = 2;

/// What one model found on its slices, and of which evaluation that is a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Predictions {
    /// Always 2.
    schema_version: u32,
    /// Which part it is, from 0.
    pub fold: usize,
    /// The number of parts.
    pub folds: usize,
    /// The model.
    pub model: ModelInfo,
    /// How its matrices are stored.
    pub quantization: Quantization,
    /// The device's name.
    pub device: String,
    /// What all parts share.
    pub task: Task,
    /// The slices of this part.
    pub slices: Vec<SlicePredictions>,
}

/// What is evaluated, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The data folder's name.
    pub data: String,
    /// `train`, `val` or `all`.
    pub split: String,
    /// Whether the slices' patients are known; else each slice counts as a patient.
    pub patients_known: bool,
    /// At most so many slices, spread evenly.
    pub limit: Option<usize>,
    /// How many slices there are without a limit.
    pub slices_available: usize,
    /// Instances above this score count.
    pub score_threshold: f32,
    /// Average precision ranks instances above this score.
    pub ap_score_threshold: f32,
    /// From here on a slice is alarming.
    pub alarming_from_percent: f64,
}

/// What was found on a slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlicePredictions {
    /// The slice's file name.
    pub name: String,
    /// What [`fingerprint`](super::fingerprint) says of the slice and its labels.
    pub pixels_sha256: String,
    /// The instances, in the report's order.
    pub found: Vec<PredictedInstance>,
}

/// An [`Instance`] with its mask as run lengths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictedInstance {
    /// What it is.
    pub class: ClassName,
    /// The class probability, 0 to 1.
    pub score: f32,
    /// The box in source pixels.
    #[serde(rename = "box")]
    pub bbox: BoxXyxy,
    /// The pixels.
    pub mask: Rle,
}

/// Parts put together.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// What was evaluated, by which models.
    pub about: About,
    /// The slices of all parts, by name.
    pub slices: BTreeMap<String, SlicePredictions>,
}

impl From<&Instance> for PredictedInstance {
    fn from(instance: &Instance) -> Self {
        Self {
            class: instance.class,
            score: instance.score,
            bbox: instance.bbox,
            mask: Rle::encode(&instance.mask),
        }
    }
}

impl SlicePredictions {
    /// The instances with their pixels.
    ///
    /// # Errors
    /// [`MaskError`] if run lengths are malformed.
    pub fn instances(&self) -> Result<Vec<Instance>, MaskError> {
        let decoded = |found: &PredictedInstance| {
            Ok(Instance {
                class: found.class,
                score: found.score,
                bbox: found.bbox,
                mask: found.mask.decode()?,
            })
        };
        self.found.iter().map(decoded).collect()
    }
}

impl Predictions {
    /// Part `fold` of `folds`, without slices yet.
    pub fn new(
        [fold, folds]: [usize; 2],
        model: ModelInfo,
        quantization: Quantization,
        device: String,
        task: Task,
    ) -> Self {
        let schema_version = SCHEMA_VERSION;
        Self { schema_version, fold, folds, model, quantization, device, task, slices: Vec::new() }
    }

    /// As JSON with a final line break.
    ///
    /// # Errors
    /// [`EvaluateError::Json`], which no predictions are known to cause.
    pub fn to_json(&self) -> Result<String, EvaluateError> {
        let text = serde_json::to_string(self).map_err(|error| EvaluateError::Json(error.to_string()))?;
        Ok(text + "\n")
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    /// [`EvaluateError::Folds`] if the text is of another form or version.
    pub fn from_json(text: &str) -> Result<Self, EvaluateError> {
        let read: Self =
            serde_json::from_str(text).map_err(|error| EvaluateError::Folds(error.to_string()))?;
        if read.schema_version != SCHEMA_VERSION {
            return Err(EvaluateError::Folds(format!(
                "it is of version {}, this program reads version {SCHEMA_VERSION}",
                read.schema_version
            )));
        }
        Ok(read)
    }
}

/// Puts the parts of one evaluation together.
///
/// # Errors
/// [`EvaluateError::Folds`] if a part is missing, there twice or of another evaluation, its model is of another kind, or
/// a slice is in two parts.
pub fn pool(mut parts: Vec<Predictions>) -> Result<Pooled, EvaluateError> {
    let wrong = |problem: String| Err(EvaluateError::Folds(problem));
    parts.sort_by_key(|part| part.fold);
    let Some(first) = parts.first() else { return wrong("there is no part".to_owned()) };
    let (task, folds, quantization) = (first.task.clone(), first.folds, first.quantization);
    let (backbone, input_size) = (first.model.backbone.clone(), first.model.input_size);
    for (index, part) in parts.iter().enumerate() {
        if part.folds != folds || part.task != task {
            return wrong(format!(
                "the parts of folds {} and {} are of two evaluations",
                parts[0].fold, part.fold
            ));
        }
        let model = &part.model;
        if (&model.backbone, model.input_size, part.quantization) != (&backbone, input_size, quantization) {
            return wrong(format!(
                "the models of folds {} and {} are of two kinds",
                parts[0].fold, part.fold
            ));
        }
        if part.fold != index {
            let (state, fold) =
                if part.fold < index { ("there twice", part.fold) } else { ("missing", index) };
            return wrong(format!("the part of fold {fold} is {state}"));
        }
    }
    if parts.len() < folds {
        return wrong(format!("the part of fold {} is missing", parts.len()));
    }
    let (mut devices, mut models, mut slices) = (Vec::<String>::new(), Vec::new(), BTreeMap::new());
    for part in parts {
        if !devices.contains(&part.device) {
            devices.push(part.device);
        }
        models.push(EvaluatedModel { model: part.model, slices: part.slices.len() });
        for slice in part.slices {
            if let Some(twice) = slices.insert(slice.name.clone(), slice) {
                return wrong(format!("{} is in two parts", twice.name));
            }
        }
    }
    let about = About { models, quantization, device: devices.join(", "), task };
    Ok(Pooled { about, slices })
}
