//! What the tests of the network share.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use burn::tensor::{Device, FloatDType};
use lunglens::kernels::Precision;
use lunglens::weights::{Weights, read_safetensors};

/// A file under `tests/fixtures`.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

/// The tensors of a safetensors file.
pub fn tensors(path: &Path) -> Weights {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    read_safetensors(&bytes).unwrap()
}

/// The values and shape of one tensor.
pub fn tensor(all: &Weights, name: &str) -> (Vec<f32>, Vec<usize>) {
    let tensor = all.get(name).unwrap_or_else(|| panic!("no tensor {name}"));
    (tensor.to_f32().into_owned(), tensor.shape.clone())
}

/// The CPU and, where there is an adapter, the GPU. `LUNGLENS_REQUIRE_GPU=1` makes a missing adapter a failure.
pub fn devices() -> Vec<(&'static str, Device)> {
    let mut devices = vec![("cpu", Device::flex())];
    match pollster::block_on(lunglens::engine::open_device(lunglens::engine::DeviceChoice::Gpu)) {
        Ok((device, _)) => devices.push(("gpu", device)),
        Err(error) => {
            assert!(std::env::var_os("LUNGLENS_REQUIRE_GPU").is_none(), "a GPU is required: {error}");
            eprintln!("without a GPU: {error}");
        }
    }
    devices
}

/// How a device of [`devices`] can keep activations.
pub fn precisions(name: &str, device: &Device) -> Vec<Precision> {
    let has_half = name == "gpu" && device.supports_dtype(FloatDType::F16);
    [Precision::F32].into_iter().chain(has_half.then_some(Precision::F16)).collect()
}

/// The largest difference over the largest magnitude of the reference.
pub fn relative_error(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len(), "lengths");
    let scale = expected.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    let worst = found.iter().zip(expected).fold(0.0f32, |m, (a, b)| {
        let difference = (a - b).abs();
        if difference.is_nan() { f32::INFINITY } else { m.max(difference) }
    });
    if scale == 0.0 { worst } else { worst / scale }
}

/// `[n, rows, columns, c]` values as `[n, c, rows, columns]`.
pub fn to_nchw(values: &[f32], [n, rows, columns, channels]: [usize; 4]) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len());
    for image in 0..n {
        for channel in 0..channels {
            for pixel in 0..rows * columns {
                out.push(values[(image * rows * columns + pixel) * channels + channel]);
            }
        }
    }
    out
}

/// Random numbers for shapes and values (xorshift), the same in every run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A whole number from `low` to `high`.
    pub fn range(&mut self, low: usize, high: usize) -> usize {
        low + (self.next() >> 33) as usize % (high - low + 1)
    }

    /// Values between -1 and 1.
    pub fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0).collect()
    }
}
