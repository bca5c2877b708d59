//! The reference slices, and what is drawn by hand.

use std::collections::BTreeMap;

use lunglens::evaluate::{About, Bootstrap, EvaluatedModel, Evaluation, Evaluator, Metric, SliceTruth, Task};
use lunglens::imaging::{CtSlice, FileFormat, ValueScale};
use lunglens::masks::{Mask, Rle};
use lunglens::report::{ClassName, Instance, ModelInfo};
use lunglens::severity::SeverityConfig;
use lunglens::weights::Quantization;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Reference {
    pub score_threshold: f32,
    pub resamples: usize,
    pub seed: u64,
    pub slices: Vec<ReferenceSlice>,
    pub metrics: BTreeMap<String, ReferenceMetric>,
}

#[derive(Deserialize)]
pub struct ReferenceSlice {
    pub patient: String,
    pub lesion: Rle,
    pub lung: Rle,
    pub found: Vec<ReferenceInstance>,
}

#[derive(Deserialize)]
pub struct ReferenceInstance {
    pub class: ClassName,
    pub score: f32,
    #[serde(rename = "box")]
    pub bbox: [f32; 4],
    pub mask: Rle,
}

#[derive(Deserialize)]
pub struct ReferenceMetric {
    pub value: Option<f64>,
    pub interval: Option<[f64; 2]>,
}

pub fn reference() -> (Reference, Evaluation) {
    let reference: Reference =
        serde_json::from_str(include_str!("../fixtures/evaluate/evaluation.json")).unwrap();
    let mut evaluator = Evaluator::new(reference.score_threshold, SeverityConfig::default());
    for (number, slice) in reference.slices.iter().enumerate() {
        let truth = SliceTruth {
            name: format!("{number}.png"),
            patient: slice.patient.clone(),
            lesion: slice.lesion.decode().unwrap(),
            lung: Some(slice.lung.decode().unwrap()),
        };
        let found: Vec<Instance> = slice
            .found
            .iter()
            .map(|i| Instance {
                class: i.class,
                score: i.score,
                bbox: i.bbox,
                mask: i.mask.decode().unwrap(),
            })
            .collect();
        evaluator.add(&grey(&truth.lesion), truth, &found).unwrap();
    }
    let bootstrap = Bootstrap { resamples: reference.resamples, seed: reference.seed };
    let evaluation = evaluator.finish(&bootstrap).unwrap();
    (reference, evaluation)
}

pub fn task() -> Task {
    Task {
        data: "slices".into(),
        split: "val".into(),
        patients_known: true,
        limit: None,
        slices_available: 12,
        score_threshold: 0.5,
        ap_score_threshold: 0.05,
        alarming_from_percent: 25.0,
    }
}

pub fn model(id: &str) -> ModelInfo {
    ModelInfo { id: id.into(), backbone: "resnet50".into(), sha256: "0".repeat(64), input_size: 320 }
}

pub fn about() -> About {
    let models = vec![EvaluatedModel { model: model("r50"), slices: 12 }];
    About { models, quantization: Quantization::Int8, device: "CPU".into(), task: task() }
}

/// A mask drawn with `#` for inside.
pub fn drawn(lines: &[&str]) -> Mask {
    let bytes: Vec<u8> = lines.concat().bytes().map(|b| u8::from(b == b'#')).collect();
    Mask::from_bytes(lines.len(), lines[0].len(), &bytes).unwrap()
}

pub fn instance(class: ClassName, score: f32, mask: &Mask) -> Instance {
    let at = |side: fn(usize, usize) -> usize| {
        let inside = (0..mask.pixels.len()).filter(|&i| mask.pixels[i] != 0);
        inside.map(|i| side(i, mask.columns)).collect::<Vec<_>>()
    };
    let (rows, columns) = (at(|i, n| i / n), at(|i, n| i % n));
    let low = |v: &[usize]| v.iter().min().copied().unwrap_or(0) as f32;
    let high = |v: &[usize]| v.iter().max().map_or(0, |m| m + 1) as f32;
    let bbox = [low(&columns), low(&rows), high(&columns), high(&rows)];
    Instance { class, score, bbox, mask: mask.clone() }
}

pub fn truth(name: &str, patient: &str, lesion: &Mask, lung: Option<&Mask>) -> SliceTruth {
    SliceTruth { name: name.into(), patient: patient.into(), lesion: lesion.clone(), lung: lung.cloned() }
}

/// A picture of the mask's size: its values say nothing of what can be lung.
pub fn grey(mask: &Mask) -> CtSlice {
    CtSlice {
        rows: mask.rows,
        columns: mask.columns,
        values: vec![0.0; mask.pixels.len()],
        scale: ValueScale::Grey { max: 255.0 },
        pixel_spacing: None,
        patient_right_is_image_left: None,
        format: FileFormat::Png,
        picture: None,
    }
}

pub fn evaluate(slices: Vec<(SliceTruth, Vec<Instance>)>) -> Evaluation {
    let mut evaluator = Evaluator::new(0.5, SeverityConfig::default());
    for (truth, found) in slices {
        evaluator.add(&grey(&truth.lesion), truth, &found).unwrap();
    }
    evaluator.finish(&Bootstrap::default()).unwrap()
}

pub fn value(evaluation: &Evaluation, metric: Metric) -> Option<f64> {
    evaluation.get(metric).unwrap().value
}

pub const LUNG: [&str; 6] =
    ["####..####", "####..####", "####..####", "####..####", "####..####", "####..####"];
pub const LESION: [&str; 6] =
    ["##........", "##........", "##.....###", ".......###", ".......###", ".........."];
pub const FIRST: [&str; 6] =
    ["##........", "##........", "##........", "..........", "..........", ".........."];
pub const SECOND: [&str; 6] =
    ["..........", "..........", ".......###", ".......###", ".......###", ".........."];
pub const LEFT: [&str; 6] =
    ["####......", "####......", "####......", "####......", "####......", "####......"];
pub const RIGHT: [&str; 6] =
    ["......####", "......####", "......####", "......####", "......####", "......####"];
