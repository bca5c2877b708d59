//! Weights made by torch: folding, and the narrow checkpoints of the parity fixtures.

use std::path::PathBuf;

use lunglens::manifest::{Backbone, MaskRcnnConfig};
use lunglens::weights::{
    Quantization, WeightData, WeightTensor, Weights, WeightsError, check, fold_batch_norm, load_torchvision,
    quantize_blocks, read_packed, read_safetensors, write_packed, write_safetensors,
};

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A 3x3 convolution with stride 2 and padding 1, in f64.
fn convolve(input: &WeightTensor, weight: &WeightTensor, bias: &WeightTensor) -> Vec<f64> {
    let [_, inputs, rows, columns] = input.shape[..] else { panic!("{:?}", input.shape) };
    let (x, w, b) = (input.to_f32(), weight.to_f32(), bias.to_f32());
    let (out_rows, out_columns) = (rows.div_ceil(2), columns.div_ceil(2));
    let mut out = Vec::new();
    for (channel, &bias) in b.iter().enumerate() {
        for (row, column) in (0..out_rows).flat_map(|r| (0..out_columns).map(move |c| (r, c))) {
            let mut sum = f64::from(bias);
            for i in 0..inputs {
                for (dy, dx) in (0..3).flat_map(|dy| (0..3).map(move |dx| (dy, dx))) {
                    let (y, x_) = (2 * row + dy, 2 * column + dx);
                    if (1..=rows).contains(&y) && (1..=columns).contains(&x_) {
                        let pixel = x[(i * rows + y - 1) * columns + x_ - 1];
                        let tap = w[((channel * inputs + i) * 3 + dy) * 3 + dx];
                        sum += f64::from(pixel) * f64::from(tap);
                    }
                }
            }
            out.push(sum);
        }
    }
    out
}

#[test]
fn folded_convolution_gives_what_torch_gives() {
    let mut weights = read_safetensors(&fixture("fold.safetensors")).unwrap();
    let input = weights.take("input").unwrap();
    let output = weights.take("output").unwrap();
    let folded = fold_batch_norm(weights).unwrap();
    assert_eq!(folded.len(), 2);
    let weight = folded.get("backbone.body.conv1.weight").unwrap();
    let bias = folded.get("backbone.body.conv1.bias").unwrap();
    let got = convolve(&input, weight, bias);
    let want = output.to_f32();
    assert_eq!(got.len(), want.len());
    // By channel, because the one with a variance near epsilon is hundreds of times larger than the others.
    let pixels = got.len() / weight.shape[0];
    for (got, want) in got.chunks(pixels).zip(want.chunks(pixels)) {
        let largest = want.iter().fold(0.0_f64, |m, &v| m.max(f64::from(v).abs()));
        let error = got.iter().zip(want).fold(0.0_f64, |m, (g, &w)| m.max((g - f64::from(w)).abs()));
        assert!(error <= 1e-5 * largest, "{error} of {largest}");
    }
}

#[test]
fn narrow_checkpoints_load_and_survive_packing() {
    for (name, backbone) in
        [("weights_r50.safetensors", Backbone::Resnet50), ("weights_r101.safetensors", Backbone::Resnet101)]
    {
        let config = MaskRcnnConfig::narrow(backbone);
        let weights = load_torchvision(&fixture(name), &config).unwrap();
        let exact = read_packed(&write_packed(&weights, Quantization::F32).unwrap()).unwrap();
        assert_eq!(exact, weights);
        let packed = write_packed(&weights, Quantization::Int8).unwrap();
        assert!(packed.len() * 10 < fixture(name).len() * 7, "{}", packed.len());
        for (name, tensor) in &read_packed(&packed).unwrap() {
            let original = weights.get(name).unwrap().to_f32();
            let unpacked = tensor.to_f32();
            let (channels, row) = (tensor.shape[0], unpacked.len() / tensor.shape[0]);
            for channel in 0..channels {
                let range = channel * row..(channel + 1) * row;
                let largest = original[range.clone()].iter().fold(0.0_f32, |m, v| m.max(v.abs()));
                for i in range {
                    assert!((unpacked[i] - original[i]).abs() <= largest / 253.9, "{name} {i}");
                }
            }
        }
    }
}

#[test]
fn another_depth_is_a_mismatch_that_names_the_tensors() {
    let error =
        load_torchvision(&fixture("weights_r50.safetensors"), &MaskRcnnConfig::narrow(Backbone::Resnet101))
            .unwrap_err();
    let WeightsError::Mismatch { missing, extra, misshaped } = &error else { panic!("{error}") };
    // 17 more blocks in layer3, three convolutions each, weight and bias.
    assert_eq!(missing.len(), 17 * 3 * 2);
    assert!(extra.is_empty() && misshaped.is_empty());
    assert!(error.to_string().contains("backbone.body.layer3.22.conv3.weight"));
}

#[test]
fn names_of_older_torchvision_load_too() {
    let mut older = Weights::new();
    for (name, tensor) in read_safetensors(&fixture("weights_r50.safetensors")).unwrap() {
        let mut name = name.replace("rpn.head.conv.0.0.", "rpn.head.conv.");
        for index in 0..4 {
            name = name
                .replace(&format!("_blocks.{index}.0."), &format!("_blocks.{index}."))
                .replace(&format!("mask_head.{index}.0."), &format!("mask_head.mask_fcn{}.", index + 1));
        }
        older.insert(name, tensor);
    }
    assert!(older.get("backbone.fpn.inner_blocks.2.weight").is_some());
    assert!(older.get("roi_heads.mask_head.mask_fcn4.bias").is_some());
    let config = MaskRcnnConfig::narrow(Backbone::Resnet50);
    let from_older = load_torchvision(&write_safetensors(&older).unwrap(), &config).unwrap();
    assert_eq!(from_older, load_torchvision(&fixture("weights_r50.safetensors"), &config).unwrap());
}

fn int4_fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/weights").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn four_bit_tensors_unpack_as_numpy_packed_them() {
    let read = read_packed(&int4_fixture("int4.llw")).unwrap();
    let dense = int4_fixture("int4_dense.f32");
    let mut expected = dense.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
    assert_eq!(read.len(), 3);
    for (name, tensor) in &read {
        let WeightData::Int4(blocks) = &tensor.data else { panic!("{name} is not in blocks") };
        assert_eq!(
            blocks.taps,
            if name == "a.weight" {
                9
            } else if name == "b.weight" {
                3
            } else {
                1
            }
        );
        for (at, &value) in tensor.to_f32().iter().enumerate() {
            assert_eq!(Some(value), expected.next(), "{name} {at}");
        }
    }
    assert_eq!(expected.next(), None);
    assert_eq!(read_packed(&write_packed(&read, Quantization::Int4).unwrap()).unwrap(), read);
}

#[test]
fn the_scales_of_blocks_are_nearly_as_good_as_those_of_a_fine_search() {
    #[derive(serde::Deserialize)]
    struct Block {
        block: Vec<f32>,
        weights: Vec<f32>,
        least_error: f64,
    }
    let blocks: Vec<Block> = serde_json::from_slice(&int4_fixture("int4_search.json")).unwrap();
    let (mut found, mut least) = (0.0, 0.0);
    for one in &blocks {
        let tensor = WeightTensor::f32(vec![1, 32], one.block.clone());
        let packed = quantize_blocks(&tensor, 1, Some(&one.weights));
        let terms = packed
            .to_f32()
            .iter()
            .zip(&one.block)
            .zip(&one.weights)
            .fold(0.0, |sum, ((a, b), w)| sum + f64::from(*w) * f64::from(a - b).powi(2));
        assert!(terms < 1.3 * one.least_error, "{terms} of {}", one.least_error);
        found += terms;
        least += one.least_error;
    }
    assert!(blocks.len() == 48 && found < 1.04 * least, "{found} of {least}");
}

#[test]
fn a_narrow_network_in_four_bit_fits_its_configuration() {
    let config = MaskRcnnConfig::narrow(Backbone::Resnet50);
    let weights = load_torchvision(&fixture("weights_r50.safetensors"), &config).unwrap();
    let bytes = write_packed(&weights, Quantization::Int4).unwrap();
    assert!(bytes.len() < write_packed(&weights, Quantization::Int8).unwrap().len());
    let read = read_packed(&bytes).unwrap();
    check(&read, &config).unwrap();
    let WeightData::Int4(fc7) = &read.get("roi_heads.box_head.fc7.weight").unwrap().data else {
        panic!("fc7")
    };
    assert_eq!(fc7.taps, 1);
}
