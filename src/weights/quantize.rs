//! The kinds of storage, and 8-bit storage of matrices.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{WeightData, WeightTensor};

/// How the matrices of a packed file are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantization {
    /// Symmetric 8 bit with a scale a channel; last layers f16, vectors f32.
    Int8,
    /// 4 bit in blocks of input channels; sensitive layers 8 bit or f16, vectors f32.
    Int4,
    /// Half precision; vectors f32.
    F16,
    /// Everything f32.
    F32,
}

impl Quantization {
    /// The name in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Int4 => "int4",
            Self::F16 => "f16",
            Self::F32 => "f32",
        }
    }
}

impl fmt::Display for Quantization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `tensor` in 8 bit, symmetric, one scale a channel of dim 0: the largest magnitude of a channel is 127.
///
/// The error of a value is at most half of its channel's scale. A tensor without values comes back unchanged.
pub fn quantize_per_channel(tensor: &WeightTensor) -> WeightTensor {
    let values = tensor.to_f32();
    let channels = tensor.shape.first().copied().unwrap_or(0);
    if channels == 0 || values.is_empty() {
        return tensor.clone();
    }
    let mut scales = Vec::with_capacity(channels);
    let mut quantized = Vec::with_capacity(values.len());
    for row in values.chunks_exact(values.len() / channels) {
        let largest = row.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
        // A channel of zeros (or of values too small for a scale) is stored as zeros with scale 1.
        let scale = if largest / 127.0 >= f32::MIN_POSITIVE { largest / 127.0 } else { 1.0 };
        scales.push(scale);
        quantized.extend(row.iter().map(|v| (v / scale).round_ties_even().clamp(-127.0, 127.0) as i8));
    }
    WeightTensor { shape: tensor.shape.clone(), data: WeightData::Int8 { values: quantized, scales } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_is_at_most_half_a_step() {
        // A small linear congruential generator: values of very different sizes by channel.
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        let values: Vec<f32> = (0..6 * 35).map(|i| next() * 10_f32.powi(i / 35 - 3)).collect();
        let tensor = WeightTensor::f32(vec![6, 7, 5], values.clone());
        let packed = quantize_per_channel(&tensor);
        let WeightData::Int8 { scales, values: bytes } = &packed.data else { panic!("not packed") };
        assert_eq!(scales.len(), 6);
        assert!(bytes.chunks(35).all(|row| row.iter().any(|v| v.unsigned_abs() == 127)));
        for (index, (got, want)) in packed.to_f32().iter().zip(&values).enumerate() {
            assert!((got - want).abs() <= scales[index / 35] * 0.5001, "{index}: {got} {want}");
        }
    }

    #[test]
    fn zeros_stay_zeros() {
        let tensor = WeightTensor::f32(vec![2, 2], vec![0.0, 0.0, 1.0, -1.0]);
        assert_eq!(quantize_per_channel(&tensor).to_f32().as_ref(), [0.0, 0.0, 1.0, -1.0]);
        let tiny = WeightTensor::f32(vec![1, 1], vec![1e-44]);
        assert_eq!(quantize_per_channel(&tiny).to_f32().as_ref(), [0.0]);
        let empty = WeightTensor::f32(vec![0, 3], vec![]);
        assert_eq!(quantize_per_channel(&empty), empty);
    }
}
