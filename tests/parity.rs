//! The network against torchvision, stage by stage, on narrow models of both depths (`tests/parity/README.md`), and at
//! full size where `LUNGLENS_FULL_CHECKPOINT` and `LUNGLENS_FULL_STAGES` name the files.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use burn::tensor::{Device, Tensor};
use lunglens::detect::BoxXyxy;
use lunglens::imaging::{Letterbox, NetworkInput};
use lunglens::kernels::Precision;
use lunglens::manifest::{Backbone, MaskRcnnConfig};
use lunglens::model::{MaskRcnn, Silent, WeightStorage};
use lunglens::weights::{Quantization, Weights, load_torchvision, read_packed, write_packed};
use pollster::block_on;
use support::{devices, fixture, precisions, relative_error, tensor, tensors, to_nchw};

/// The bound on the relative error of a stage.
fn bound(precision: Precision) -> f32 {
    match precision {
        Precision::F32 => 1e-4,
        Precision::F16 => 1e-2,
    }
}

/// The stages of a reference run and how far the network is from them.
struct Comparison<'a> {
    stages: &'a Weights,
    who: String,
    bound: f32,
    errors: Vec<(String, f32)>,
}

impl Comparison<'_> {
    fn values(&mut self, name: &str, found: &[f32]) {
        let expected = tensor(self.stages, name).0;
        assert_eq!(found.len(), expected.len(), "{}: {name}", self.who);
        self.errors.push((name.to_owned(), relative_error(found, &expected)));
    }

    fn map(&mut self, name: &str, found: Tensor<4>) {
        let shape = found.dims();
        let values: Vec<f32> = found.into_data().iter::<f32>().collect();
        self.values(name, &to_nchw(&values, shape));
    }

    fn finish(self) {
        let worst = self.errors.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        eprintln!("{}: worst relative error {:.1e} ({})", self.who, worst.1, worst.0);
        for (name, error) in &self.errors {
            assert!(*error <= self.bound, "{}: {name} is off by {error:.1e}", self.who);
        }
    }
}

fn boxes(values: &[f32]) -> Vec<BoxXyxy> {
    values.as_chunks::<4>().0.to_vec()
}

/// How the engine keeps weights on a device of this name, but in f32 on a GPU too.
fn storage_on(name: &str) -> WeightStorage {
    if name == "cpu" { WeightStorage::Prepared } else { WeightStorage::Dense }
}

fn compare(
    checkpoint: &Path,
    stages: &Path,
    config: &MaskRcnnConfig,
    (name, device): (&str, &Device),
    precision: Precision,
    network: &str,
) {
    let (storage, who) = (storage_on(name), format!("{network} on {name}, {precision:?}"));
    let weights = load_torchvision(&std::fs::read(checkpoint).unwrap(), config).unwrap();
    let stages = tensors(stages);
    let model = MaskRcnn::load(config, weights, device, storage, precision).unwrap();
    let mut all = Comparison { stages: &stages, who, bound: bound(precision), errors: Vec::new() };

    let size = config.input_size;
    let input = NetworkInput {
        size,
        values: tensor(&stages, "input").0[..size * size].to_vec(),
        letterbox: Letterbox::fit(size, size, size),
    };
    let body = block_on(model.body(model.upload(&input), &mut Silent)).unwrap();
    for (name, stage) in ["c2", "c3", "c4", "c5"].iter().zip(&body) {
        all.map(name, stage.clone());
    }
    let pyramid = model.pyramid(body);
    let a = config.anchors_per_position();
    for (level, (features, output)) in pyramid.iter().zip(model.rpn().forward(&pyramid)).enumerate() {
        let name = level + 2;
        all.map(&format!("p{name}"), features.clone());
        all.map(&format!("rpn_logits_p{name}"), output.clone().narrow(3, 0, a));
        all.map(&format!("rpn_deltas_p{name}"), output.narrow(3, a, 4 * a));
    }

    // Rounding to 16 bit changes the order of what is nearly equal: from here on only the stages are compared then.
    let is_ordered = precision == Precision::F32;
    if is_ordered {
        let proposals = block_on(model.proposals(&pyramid, size, [size, size], &mut Silent)).unwrap();
        all.values("proposals", proposals.as_flattened());
    }

    // From here on the reference's own boxes, so that each stage is compared alone.
    let heads = model.roi_heads();
    let proposals = boxes(&tensor(&stages, "proposals").0);
    let features = heads.box_features(&pyramid, &proposals, device);
    all.map("box_features", features.clone());
    let representation = heads.box_head(features);
    let values: Vec<f32> = representation.clone().into_data().iter::<f32>().collect();
    all.values("box_head", &values);
    let predictions = heads.predict_boxes(representation);
    let [_, channels] = predictions.dims();
    let predictions: Vec<f32> = predictions.into_data().try_to_vec().unwrap();
    let classes = config.num_classes();
    let column = |from: usize, to: usize| -> Vec<f32> {
        predictions.chunks_exact(channels).flat_map(|row| row[from..to].to_vec()).collect()
    };
    all.values("class_logits", &column(0, classes));
    all.values("box_regression", &column(classes, 5 * classes));

    if is_ordered {
        let threshold = config.roi_heads.score_threshold;
        let found = block_on(model.detect(&input, threshold, &mut Silent)).unwrap().instances;
        let labels: Vec<f32> = found.iter().map(|d| d.detection.label as f32).collect();
        assert_eq!(labels, tensor(&stages, "detection_labels").0, "{}: labels", all.who);
        all.values("detection_scores", &found.iter().map(|d| d.detection.score).collect::<Vec<_>>());
        all.values("detection_boxes", &found.iter().flat_map(|d| d.detection.bbox).collect::<Vec<_>>());
        all.values("mask_probabilities", &found.iter().flat_map(|d| d.mask.clone()).collect::<Vec<_>>());
    }
    let detected = boxes(&tensor(&stages, "detection_boxes").0);
    all.map("mask_features", heads.mask_features(&pyramid, &detected, device));
    all.finish();
}

#[test]
fn narrow_models_of_both_depths_equal_torchvision() {
    for (backbone, short) in [(Backbone::Resnet50, "r50"), (Backbone::Resnet101, "r101")] {
        for (name, device) in devices() {
            for precision in precisions(name, &device) {
                compare(
                    &fixture(&format!("parity/weights_{short}.safetensors")),
                    &fixture(&format!("parity/stages_{short}.safetensors")),
                    &MaskRcnnConfig::narrow(backbone),
                    (name, &device),
                    precision,
                    short,
                );
            }
        }
    }
}

#[test]
fn full_size_model_equals_torchvision_where_given() {
    let (Some(checkpoint), Some(stages)) =
        (std::env::var_os("LUNGLENS_FULL_CHECKPOINT"), std::env::var_os("LUNGLENS_FULL_STAGES"))
    else {
        eprintln!("not compared: set LUNGLENS_FULL_CHECKPOINT and LUNGLENS_FULL_STAGES");
        return;
    };
    for (name, device) in devices() {
        compare(
            Path::new(&checkpoint),
            Path::new(&stages),
            &MaskRcnnConfig::new(Backbone::Resnet50),
            (name, &device),
            Precision::F32,
            "full-size r50",
        );
    }
}

#[test]
fn packed_weights_find_what_dense_ones_find() {
    let config = MaskRcnnConfig::narrow(Backbone::Resnet50);
    let bytes = std::fs::read(fixture("parity/weights_r50.safetensors")).unwrap();
    let quantized = write_packed(&load_torchvision(&bytes, &config).unwrap(), Quantization::Int8).unwrap();
    let stages = tensors(&fixture("parity/stages_r50.safetensors"));
    let size = config.input_size;
    let input = NetworkInput {
        size,
        values: tensor(&stages, "input").0[..size * size].to_vec(),
        letterbox: Letterbox::fit(size, size, size),
    };
    let run = |device: &Device, storage: WeightStorage| {
        let model =
            MaskRcnn::load(&config, read_packed(&quantized).unwrap(), device, storage, Precision::F32)
                .unwrap();
        block_on(model.detect(&input, 0.05, &mut Silent)).unwrap().instances
    };
    let expected = run(&Device::flex(), WeightStorage::Dense);
    assert!(!expected.is_empty());
    let packed = devices().into_iter().map(|(name, device)| (name, device, WeightStorage::Packed));
    for (name, device, storage) in packed.chain([("cpu, prepared", Device::flex(), WeightStorage::Prepared)])
    {
        let found = run(&device, storage);
        assert_eq!(found.len(), expected.len(), "{name}");
        for (a, b) in found.iter().zip(&expected) {
            assert_eq!(a.detection.label, b.detection.label, "{name}");
            let errors = [
                (a.detection.score - b.detection.score).abs(),
                relative_error(&a.detection.bbox, &b.detection.bbox),
                relative_error(&a.mask, &b.mask),
            ];
            // The CPU rounds pixels to 16 bit beside packed weights.
            let most = if name.starts_with("cpu") { [5e-4, 2e-4, 3e-3] } else { [1e-4, 1e-4, 1e-3] };
            assert!(errors.iter().zip(most).all(|(error, most)| *error < most), "{name}: {errors:?}");
        }
    }
}

#[test]
fn the_semantic_head_equals_pytorch() {
    let narrow = MaskRcnnConfig::narrow(Backbone::Resnet50);
    let config = MaskRcnnConfig { semantic_channels: Some(8), ..narrow.clone() };
    let bytes = std::fs::read(fixture("parity/weights_r50.safetensors")).unwrap();
    let stages = tensors(&fixture("parity/stages_r50.safetensors"));
    let reference = tensors(&fixture("parity/semantic.safetensors"));
    let expected = tensor(&reference, "logits").0;
    let size = config.input_size;
    let input = NetworkInput {
        size,
        values: tensor(&stages, "input").0[..size * size].to_vec(),
        letterbox: Letterbox::fit(size, size, size),
    };
    for (name, device) in devices() {
        let mut weights = load_torchvision(&bytes, &narrow).unwrap();
        for (name, tensor) in reference.iter().filter(|(name, _)| name.starts_with("semantic_head.")) {
            weights.insert(name.clone(), tensor.clone());
        }
        let model = MaskRcnn::load(&config, weights, &device, storage_on(name), Precision::F32).unwrap();
        let body = block_on(model.body(model.upload(&input), &mut Silent)).unwrap();
        let [p2, ..] = model.pyramid(body);
        let [_, rows, columns, _] = p2.dims();
        let logits = model.semantic().unwrap().forward(p2);
        let [cells, _, channels] = logits.dims();
        assert_eq!(cells, rows * columns);
        let values: Vec<f32> = logits.into_data().iter::<f32>().collect();
        let plane = |class: usize| -> Vec<f32> { values.chunks_exact(channels).map(|c| c[class]).collect() };
        let error = relative_error(&[plane(0), plane(1)].concat(), &expected);
        assert!(error <= bound(Precision::F32), "{name}: off by {error:.1e}");

        // A whole run tells the same as probabilities.
        let found = block_on(model.detect(&input, 0.05, &mut Silent)).unwrap();
        let maps = found.maps.unwrap();
        assert_eq!((maps.rows, maps.columns, maps.stride), (rows, columns, 4));
        let wanted: Vec<f32> = expected.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect();
        let error = relative_error(&[maps.lesion, maps.lung].concat(), &wanted);
        assert!(error <= bound(Precision::F32), "{name}: probabilities off by {error:.1e}");
    }
}

/// A picture a million times too bright, whose activations 16 bit cannot hold and 32 bit can.
#[test]
fn activations_too_large_for_16_bit_end_as_an_error() {
    let config = MaskRcnnConfig::narrow(Backbone::Resnet50);
    let bytes = std::fs::read(fixture("parity/weights_r50.safetensors")).unwrap();
    let stages = tensors(&fixture("parity/stages_r50.safetensors"));
    let size = config.input_size;
    let input = NetworkInput {
        size,
        values: tensor(&stages, "input").0[..size * size].iter().map(|value| value * 1e6).collect(),
        letterbox: Letterbox::fit(size, size, size),
    };
    for (name, device) in devices() {
        for precision in precisions(name, &device) {
            let weights = load_torchvision(&bytes, &config).unwrap();
            let model = MaskRcnn::load(&config, weights, &device, storage_on(name), precision).unwrap();
            let ended = block_on(model.detect(&input, 0.05, &mut Silent)).map(|found| found.instances.len());
            match precision {
                Precision::F32 => assert!(ended.is_ok(), "{name}: {ended:?}"),
                Precision::F16 => assert!(
                    ended.as_ref().is_err_and(|error| error.to_string().contains("finite")),
                    "{name}: {ended:?}"
                ),
            }
        }
    }
}

#[test]
fn a_wrong_tensor_is_named() {
    let config = MaskRcnnConfig::narrow(Backbone::Resnet50);
    let bytes = std::fs::read(fixture("parity/weights_r50.safetensors")).unwrap();
    let mut weights = load_torchvision(&bytes, &config).unwrap();
    weights.remove("backbone.fpn.layer_blocks.2.0.bias");
    let error =
        MaskRcnn::load(&config, weights, &Device::flex(), WeightStorage::Dense, Precision::F32).unwrap_err();
    assert!(error.to_string().contains("backbone.fpn.layer_blocks.2.0.bias"), "{error}");
}
