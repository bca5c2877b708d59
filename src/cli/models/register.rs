//! Puts a model file into the `manifest.json` beside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use clap::Args;
use lunglens::imaging::{LungCrop, Preprocessing};
use lunglens::manifest::{Backbone, MaskRcnnConfig, ModelEntry, ModelManifest, SCHEMA_VERSION};
use lunglens::weights::Quantization;
use serde_json::{Map, Value};

use super::find::{MANIFEST, manifest_beside, read_manifest};
use crate::cli::outputs::{folder_of, is_same_file, write_whole};
use crate::cli::pack::PackSummary;

/// The figures of an evaluation that the manifest shows.
const SHOWN: [&str; 10] = [
    "lesion_pixel_f1",
    "lesion_slice_dice",
    "lesion_instance_f1",
    "lesion_box_ap",
    "lesion_mask_ap",
    "lesion_present_accuracy",
    "lung_dice",
    "involvement_error_points",
    "severity_agreement_by_slice",
    "severity_agreement_by_patient",
];

/// The arguments that describe a model in the manifest.
#[derive(Debug, Args)]
pub struct Register {
    /// List the file in the manifest.json beside it; a model of the same id is replaced
    #[arg(long)]
    manifest: bool,

    /// The model's id [default: a packed model's own, else r50 or r101]
    #[arg(long, value_name = "ID", requires = "manifest")]
    id: Option<String>,

    /// The model's name for people [default: a packed model's own, else by the backbone]
    #[arg(long, value_name = "TEXT", requires = "manifest")]
    title: Option<String>,

    /// The weights' licence, by its SPDX identifier [default: a packed model's own, else CC-BY-NC-SA-4.0]
    #[arg(long, value_name = "SPDX", requires = "manifest")]
    licence: Option<String>,

    /// What it was trained on, in a sentence [default: a packed model's own, else "not stated"]
    #[arg(long, value_name = "TEXT", requires = "manifest")]
    trained_on: Option<String>,

    /// Put the main figures of an evaluation.json into the manifest; several times for several data
    #[arg(long, value_name = "NAME=FILE", requires = "manifest")]
    accuracy: Vec<String>,
}

/// A manifest that lists a new model: checked, and not yet written.
#[derive(Debug)]
pub struct Listing {
    path: PathBuf,
    text: String,
}

impl Listing {
    /// Writes it.
    pub fn write(&self) -> anyhow::Result<()> {
        write_whole(&self.path, self.text.as_bytes())
            .with_context(|| format!("writing {}", self.path.display()))
    }
}

/// What the manifest says of a checkpoint's model unless told otherwise. It has no file yet.
pub fn usual_entry(config: MaskRcnnConfig) -> ModelEntry {
    let (id, title) = match config.backbone {
        Backbone::Resnet50 => ("r50", "Mask R-CNN ResNet50-FPN"),
        Backbone::Resnet101 => ("r101", "Mask R-CNN ResNet101-FPN"),
    };
    ModelEntry {
        id: id.to_owned(),
        title: title.to_owned(),
        file: String::new(),
        bytes: 0,
        sha256: String::new(),
        backbone: config.backbone,
        quantization: Quantization::F32,
        classes: ["background", "lesion", "lung"].map(str::to_owned).to_vec(),
        preprocessing: Preprocessing {
            input_size: config.input_size,
            lung_crop: Some(LungCrop::new(config.input_size)),
            ..Preprocessing::default()
        },
        config,
        licence: "CC-BY-NC-SA-4.0".to_owned(),
        data: "not stated".to_owned(),
        accuracy: Value::Null,
    }
}

impl Register {
    /// The files that are read.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        self.accuracy.iter().filter_map(|argument| argument.split_once('=')).map(|(_, path)| Path::new(path))
    }

    /// The figures of the evaluations that are to be shown, read before any work is done.
    pub fn accuracy(&self) -> anyhow::Result<Value> {
        let mut all = Map::new();
        for argument in &self.accuracy {
            let Some((name, path)) = argument.split_once('=') else {
                bail!("--accuracy {argument}: give a name and a file, as validation=evaluation.json");
            };
            let path = PathBuf::from(path);
            let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            let evaluation = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
            let figures =
                figures(&evaluation).ok_or_else(|| anyhow!("{} is no evaluation", path.display()))?;
            all.insert(name.to_owned(), figures);
        }
        Ok(Value::Object(all))
    }

    /// The manifest that lists the model file `path`, if that was asked for: in the place of the one with its id, or at the end.
    /// `entry` says what it was made of; what was given as an option is changed, and figures are only those that were given,
    /// since those of other weights are not its own. Nothing is written, so that what is wrong is told before the file is.
    pub fn list(
        &self,
        path: &Path,
        packed: &PackSummary,
        entry: ModelEntry,
        quantization: Quantization,
        accuracy: Value,
    ) -> anyhow::Result<Option<Listing>> {
        let folder = folder_of(path);
        let is_at_path = |known: &ModelEntry| is_same_file(&folder.join(&known.file), path);
        if !self.manifest {
            // A file of this name that is no manifest of ours does not matter here.
            let models = read_manifest(folder).map(|manifest| manifest.models).unwrap_or_default();
            let other = models.iter().find(|known| is_at_path(known) && known.sha256 != packed.sha256);
            ensure!(
                other.is_none(),
                "{} is listed in the {MANIFEST} beside it: give --manifest too, or another file with --out",
                path.display()
            );
            return Ok(None);
        }
        let mut manifest = match folder.join(MANIFEST).is_file() {
            true => read_manifest(folder)?,
            false => ModelManifest { schema_version: SCHEMA_VERSION, models: Vec::new() },
        };
        ensure!(
            entry.config.num_classes() == 3,
            "a model in the manifest has the classes background, lesion and lung"
        );
        let entry = ModelEntry {
            id: self.id.clone().unwrap_or(entry.id),
            title: self.title.clone().unwrap_or(entry.title),
            file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            bytes: packed.bytes,
            sha256: packed.sha256.clone(),
            quantization,
            licence: self.licence.clone().unwrap_or(entry.licence),
            data: self.trained_on.clone().unwrap_or(entry.data),
            accuracy,
            ..entry
        };
        entry.validate()?;
        if let Some(other) = manifest.models.iter().find(|known| known.id != entry.id && is_at_path(known)) {
            bail!(
                "{} is the file of the model '{}': give another file with --out, or --id {}",
                path.display(),
                other.id,
                other.id
            );
        }
        match manifest.models.iter_mut().find(|known| known.id == entry.id) {
            Some(known) => *known = entry,
            None => manifest.models.push(entry),
        }
        Ok(Some(Listing { path: manifest_beside(path), text: manifest.to_json()? }))
    }
}

/// The main figures of an `evaluation.json`; none if it is something else.
fn figures(evaluation: &Value) -> Option<Value> {
    let mut figures = Map::new();
    if let Some(alarms) = evaluation.get("false_alarms") {
        return Some(alarms.clone());
    }
    for key in SHOWN {
        let Some(metric) = evaluation.get("metrics")?.get(key) else { continue };
        let Some(value) = metric.get("value")?.as_f64() else { continue };
        let digits = if key.ends_with("points") { 2 } else { 3 };
        let end = |at: usize| metric.get("interval_95")?.get(at)?.as_f64();
        let text = match (end(0), end(1)) {
            (Some(low), Some(high)) => format!("{value:.digits$} ({low:.digits$} to {high:.digits$})"),
            _ => format!("{value:.digits$}"),
        };
        figures.insert(key.to_owned(), text.into());
    }
    figures.insert("slices".to_owned(), evaluation.get("slices")?.as_array()?.len().into());
    if evaluation.get("about")?.get("patients_known")?.as_bool()? {
        figures.insert("patients".to_owned(), evaluation.get("patients")?.as_array()?.len().into());
    }
    Some(Value::Object(figures))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn figures_are_those_of_the_evaluation() {
        let evaluation = json!({
            "about": { "patients_known": true },
            "metrics": {
                "lesion_pixel_f1": { "value": 0.61749, "interval_95": [0.4744, 0.7578] },
                "involvement_error_points": { "value": 3.617, "interval_95": null },
                "lesion_box_ap75": { "value": 0.1, "interval_95": null },
                "lung_dice": { "value": null, "interval_95": null },
            },
            "patients": [{}, {}],
            "slices": [{}, {}, {}],
        });
        let expected = json!({
            "lesion_pixel_f1": "0.617 (0.474 to 0.758)", "involvement_error_points": "3.62", "slices": 3, "patients": 2,
        });
        assert_eq!(figures(&evaluation), Some(expected));
        assert_eq!(figures(&json!({ "models": [] })), None);
        let alarms = json!({ "slices": 30, "slices_alarming": 0.0 });
        assert_eq!(figures(&json!({ "false_alarms": alarms })), Some(alarms));
    }
}
