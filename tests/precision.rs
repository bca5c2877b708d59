//! Activations in 16 bit against 32 bit, on the models and slices in the repository. Only a GPU (or a software adapter)
//! with WebGPU's `shader-f16` can tell.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use burn::tensor::Device;
use lunglens::imaging::{decode, preprocess};
use lunglens::kernels::Precision;
use lunglens::manifest::{ModelEntry, ModelManifest};
use lunglens::masks::{Mask, paste_mask};
use lunglens::model::{MaskRcnn, MaskedDetection, Silent, WeightStorage};
use lunglens::weights::read_packed;
use pollster::block_on;

/// Least overlap of a mask in 16 bit with its like in 32 bit.
const LEAST_IOU: f64 = 0.98;
/// From where an instance is shown.
const SCORE: f32 = 0.5;
/// Most difference of a score.
const SCORE_BOUND: f32 = 0.01;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(entry: &ModelEntry, slice: &str, device: &Device, precision: Precision) -> Vec<MaskedDetection> {
    let weights = read_packed(&std::fs::read(root().join("models").join(&entry.file)).unwrap()).unwrap();
    let model = MaskRcnn::load(&entry.config, weights, device, WeightStorage::Packed, precision).unwrap();
    let slice = decode(&std::fs::read(root().join("samples").join(slice)).unwrap()).unwrap();
    let input = preprocess(&slice, &entry.preprocessing).unwrap();
    block_on(model.detect(&input, SCORE, &mut Silent)).unwrap().instances
}

/// The masks on the network's pixels.
fn masks(entry: &ModelEntry, found: &[MaskedDetection]) -> Vec<Mask> {
    let (side, size) = (entry.config.mask_size(), entry.config.input_size);
    found.iter().map(|d| paste_mask(&d.mask, side, d.detection.bbox, size, size, 0.5).unwrap()).collect()
}

fn overlap(a: &Mask, b: &Mask) -> f64 {
    let mut both = a.clone();
    both.keep(b).unwrap();
    both.area() as f64 / (a.area() + b.area() - both.area()).max(1) as f64
}

#[test]
fn half_precision_finds_the_same() {
    let devices = support::devices();
    let has_half =
        |(name, device): &&(&str, Device)| support::precisions(name, device).contains(&Precision::F16);
    let Some((_, device)) = devices.iter().find(has_half) else {
        eprintln!("not compared: no adapter with 16 bit floats");
        return;
    };
    let manifest = std::fs::read_to_string(root().join("models/manifest.json")).unwrap();
    for entry in &ModelManifest::from_json(&manifest).unwrap().models {
        for slice in ["covid-slice.png", "chest-slice.dcm"] {
            let expected = run(entry, slice, device, Precision::F32);
            let found = run(entry, slice, device, Precision::F16);
            assert!(!expected.is_empty(), "{}: {slice}", entry.id);
            assert_eq!(found.len(), expected.len(), "{}: {slice}", entry.id);
            let (mut least, mut most) = (1.0f64, 0.0f32);
            let pasted = masks(entry, &found);
            for (want, mask) in expected.iter().zip(masks(entry, &expected)) {
                // Scores that are nearly equal may change places.
                let same =
                    found.iter().zip(&pasted).filter(|(d, _)| d.detection.label == want.detection.label);
                let (iou, score) = same
                    .map(|(d, pasted)| (overlap(pasted, &mask), d.detection.score))
                    .max_by(|a, b| a.0.total_cmp(&b.0))
                    .unwrap();
                least = least.min(iou);
                most = most.max((score - want.detection.score).abs());
            }
            eprintln!(
                "{}, {slice}: {} found, least IoU of a mask {least:.4}, scores within {most:.1e}",
                entry.id,
                found.len()
            );
            assert!(least >= LEAST_IOU, "{}, {slice}: IoU {least}", entry.id);
            assert!(most <= SCORE_BOUND, "{}, {slice}: score {most}", entry.id);
        }
    }
}
