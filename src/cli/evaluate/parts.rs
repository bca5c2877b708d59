//! The parts of an evaluation: which model segments which slices, and doing it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use lunglens::engine::{CancelToken, DeviceChoice, EngineError, SegmentOptions};
use lunglens::evaluate::{
    Folds, PredictedInstance, Predictions, SliceNames, SlicePredictions, SliceTruth, Task, fingerprint,
};
use lunglens::imaging::CtSlice;
use lunglens::report::{InputInfo, ModelInfo};
use lunglens::severity::SeverityConfig;

use super::args::EvaluateArgs;
use super::data::Item;
use crate::cli::exit::CannotRun;
use crate::cli::in_flight::in_order;
use crate::cli::models::find_model;
use crate::cli::progress::Progress;
use crate::cli::runner::{self, start_engine};

/// A model and its slices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which one it is, from 0.
    pub fold: usize,
    /// The model as it was asked for.
    model: String,
    models_dir: Option<PathBuf>,
    /// The places of its slices among all.
    pub places: Vec<usize>,
}

impl Part {
    /// The one part of an evaluation with one model.
    pub fn of_all(options: &EvaluateArgs, slices: usize) -> Self {
        let models_dir = options.models_dir.models_dir.clone();
        Self { fold: 0, model: options.model.clone(), models_dir, places: (0..slices).collect() }
    }
}

/// The parts that a folds file says. Its paths are relative to the file; an id without a folder of its own is one of
/// `--models-dir`.
pub fn read_folds(path: &Path, options: &EvaluateArgs, items: &[Item]) -> anyhow::Result<Vec<Part>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let folds = Folds::from_json(&text).with_context(|| path.display().to_string())?;
    let names: Vec<SliceNames> = items
        .iter()
        .map(|item| SliceNames { file: &item.name, case: &item.case, patient: &item.patient })
        .collect();
    let fold_of = folds.assign(&names).with_context(|| path.display().to_string())?;
    let beside = path.parent().unwrap_or(Path::new("."));
    let part = |(fold, entry): (usize, lunglens::evaluate::Fold)| {
        let file = beside.join(&entry.model);
        let model = if file.is_file() { file.to_string_lossy().into_owned() } else { entry.model };
        let models_dir = entry.models_dir.map(|folder| beside.join(folder));
        Part {
            fold,
            model,
            models_dir: models_dir.or_else(|| options.models_dir.models_dir.clone()),
            places: (0..items.len()).filter(|&place| fold_of[place] == fold).collect(),
        }
    };
    Ok(folds.folds.into_iter().enumerate().map(part).collect())
}

/// Segments the slices of a part, as many at a time as is said beside the device; none if it was cancelled. `progress` counts
/// from the number beside it.
pub fn segment(
    part: &Part,
    folds: usize,
    items: &[Item],
    task: &Task,
    (device, at_once): (DeviceChoice, Option<usize>),
    cancel: &CancelToken,
    (progress, done): (&Progress, usize),
) -> anyhow::Result<Option<Predictions>> {
    let model = find_model(&part.model, part.models_dir.as_deref())
        .with_context(|| CannotRun("cannot find the model".to_owned()))?;
    let engine = start_engine(&model, device)?;
    let info = ModelInfo {
        id: model.entry.id.clone(),
        backbone: model.entry.backbone.name().to_owned(),
        sha256: model.entry.sha256.clone(),
        input_size: model.entry.config.input_size,
    };
    let options = SegmentOptions {
        score_threshold: task.ap_score_threshold,
        severity: SeverityConfig { alarming_from_percent: task.alarming_from_percent },
        join_lesions: false,
        ..SegmentOptions::default()
    };
    let device = engine.device().name.clone();
    let mut predictions =
        Predictions::new([part.fold, folds], info, model.entry.quantization, device, task.clone());
    let name_of = |number: usize| items[part.places[number]].name.as_str();
    let segmented = in_order(
        part.places.len(),
        at_once.unwrap_or_else(|| runner::at_once(&engine)),
        // The labels are read too, so that a bad one is told now and not after all slices.
        |number| items[part.places[number]].read().with_context(|| name_of(number).to_owned()),
        |number, (slice, truth): (CtSlice, SliceTruth)| {
            let pixels_sha256 = fingerprint(&slice, &truth);
            let input =
                InputInfo { name: name_of(number).to_owned(), sha256: pixels_sha256.clone(), series: None };
            let mut show = |stage| progress.stage(done + number, name_of(number), stage);
            let work = engine.segment(&slice, input, &options, cancel, &mut show);
            let found = pollster::block_on(work)?.instances.iter().map(PredictedInstance::from).collect();
            Ok::<_, EngineError>(SlicePredictions { name: name_of(number).to_owned(), pixels_sha256, found })
        },
        |number, made| {
            predictions.slices.push(made.with_context(|| name_of(number).to_owned())?);
            progress.done(done + number);
            Ok(())
        },
    );
    match segmented {
        Err(error) if matches!(error.downcast_ref(), Some(EngineError::Cancelled)) => Ok(None),
        Err(error) => Err(error),
        Ok(()) => Ok(Some(predictions)),
    }
}
