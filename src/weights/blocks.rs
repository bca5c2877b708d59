//! 4-bit storage of matrices, in blocks of input channels.

use half::f16;

use super::{WeightData, WeightTensor};

/// Input channels that share a scale.
pub const BLOCK: usize = 32;
/// The largest magnitude that a block holds: 8 steps of the largest scale, a number of f16.
pub(super) const LARGEST: f32 = 8.0 * 65_504.0;
/// Bytes of a block's values, two a byte.
pub(super) const BLOCK_BYTES: usize = BLOCK / 2;
/// Scales that are tried, as shares of the one that reaches the largest magnitude: a smaller one clips what is rare.
const CLIPS: [f32; 13] = [1.0, 0.96, 0.92, 0.88, 0.84, 0.8, 0.76, 0.72, 0.68, 0.64, 0.6, 0.55, 0.5];

/// A matrix in 4 bit. It is seen as `[outputs, inputs, taps]`: a convolution's taps are the places of its kernel, those
/// of the box head's first layer the places of RoIAlign's output. A block is [`BLOCK`] neighbouring inputs of one output
/// and tap; blocks follow each other by output, then tap, then input. A last block that is not full ends in zeros.
#[derive(Debug, Clone, PartialEq)]
pub struct Int4Blocks {
    /// Inner size of the view.
    pub taps: usize,
    /// The value of one step of each block: numbers that f16 can hold.
    pub scales: Vec<f32>,
    /// -8 to 7 in two's complement, the earlier of two in the low half; [`BLOCK`] / 2 bytes a block.
    pub nibbles: Vec<u8>,
}

impl Int4Blocks {
    /// Number of blocks of `outputs` x `inputs` x `taps` values; none if it is too large.
    pub fn block_count(outputs: usize, inputs: usize, taps: usize) -> Option<usize> {
        outputs.checked_mul(taps)?.checked_mul(inputs.div_ceil(BLOCK))
    }

    /// The value at `place` (from 0) of `block`, unscaled.
    pub fn value(&self, block: usize, place: usize) -> i8 {
        let byte = self.nibbles[block * BLOCK_BYTES + place / 2];
        let nibble = if place.is_multiple_of(2) { byte << 4 } else { byte };
        nibble.cast_signed() >> 4
    }

    /// The values in the order of a tensor `[outputs, inputs, taps]`.
    pub fn to_f32(&self, outputs: usize, inputs: usize) -> Vec<f32> {
        let blocks = inputs.div_ceil(BLOCK);
        let mut values = vec![0.0; outputs * inputs * self.taps];
        for output in 0..outputs {
            for tap in 0..self.taps {
                for input in 0..inputs {
                    let block = (output * self.taps + tap) * blocks + input / BLOCK;
                    let value = f32::from(self.value(block, input % BLOCK)) * self.scales[block];
                    values[(output * inputs + input) * self.taps + tap] = value;
                }
            }
        }
        values
    }
}

/// `tensor` in 4 bit. `importance` weighs the squared error of each value of a row of dim 0, as the mean square of the
/// input that it is multiplied with; each block takes the scale, of several that clip more or less, with the least error,
/// fitted to the rounded values by least squares.
///
/// A tensor without values or whose rows do not divide into `taps` comes back unchanged.
pub fn quantize_blocks(tensor: &WeightTensor, taps: usize, importance: Option<&[f32]>) -> WeightTensor {
    let values = tensor.to_f32();
    let outputs = tensor.shape.first().copied().unwrap_or(0);
    let row = values.len().checked_div(outputs).unwrap_or(0);
    if row == 0 || taps == 0 || row % taps != 0 || importance.is_some_and(|known| known.len() != row) {
        return tensor.clone();
    }
    let inputs = row / taps;
    let blocks = outputs * taps * inputs.div_ceil(BLOCK);
    let mut scales = Vec::with_capacity(blocks);
    let mut nibbles = Vec::with_capacity(blocks * BLOCK_BYTES);
    for row in values.chunks_exact(row) {
        for tap in 0..taps {
            for first in (0..inputs).step_by(BLOCK) {
                let count = BLOCK.min(inputs - first);
                let (mut block, mut weights) = ([0.0; BLOCK], [0.0; BLOCK]);
                for place in 0..count {
                    let at = (first + place) * taps + tap;
                    block[place] = row[at];
                    weights[place] = importance.map_or(1.0, |known| known[at]);
                }
                let (scale, rounded) = best_scale(&block, &weights);
                scales.push(scale);
                nibbles.extend(
                    rounded
                        .as_chunks::<2>()
                        .0
                        .iter()
                        .map(|&[low, high]| (low.cast_unsigned() & 15) | (high.cast_unsigned() << 4)),
                );
            }
        }
    }
    let data = WeightData::Int4(Int4Blocks { taps, scales, nibbles });
    WeightTensor { shape: tensor.shape.clone(), data }
}

/// The scale, and the values divided by it and rounded, with the least weighted squared error of those tried.
fn best_scale(block: &[f32; BLOCK], weights: &[f32; BLOCK]) -> (f32, [i8; BLOCK]) {
    let extreme = block.iter().fold(0.0_f32, |most, &v| if v.abs() > most.abs() { v } else { most });
    let mut best = (f32::INFINITY, 0.0, [0; BLOCK]);
    // The extreme value is -8 steps, of which there is one more than of positive ones; or 7 steps.
    for steps in [-8.0, 7.0] {
        for clip in CLIPS {
            let start = extreme * clip / steps;
            let Some(rounded) = rounded(block, start) else { continue };
            let (mut product, mut square) = (0.0, 0.0);
            for ((&value, &weight), &step) in block.iter().zip(weights).zip(&rounded) {
                product += weight * value * f32::from(step);
                square += weight * f32::from(step) * f32::from(step);
            }
            let fitted = if square > 0.0 { product / square } else { start };
            let scale = f16::from_f32(fitted).to_f32();
            let Some(rounded) = self::rounded(block, scale) else { continue };
            let mut error = 0.0;
            for ((&value, &weight), &step) in block.iter().zip(weights).zip(&rounded) {
                let difference = value - f32::from(step) * scale;
                error += weight * difference * difference;
            }
            if error < best.0 {
                best = (error, scale, rounded);
            }
        }
    }
    (best.1, best.2)
}

/// The values in steps of `scale`; none if that is no scale.
fn rounded(block: &[f32; BLOCK], scale: f32) -> Option<[i8; BLOCK]> {
    let inverse = 1.0 / scale;
    if !scale.is_finite() || !inverse.is_finite() {
        return None;
    }
    Some(block.map(|value| (value * inverse).round_ties_even().clamp(-8.0, 7.0) as i8))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normal by the central limit theorem, of a small linear congruential generator.
    fn normal(count: usize) -> Vec<f32> {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..count).map(|_| (0..12).map(|_| next()).sum()).collect()
    }

    fn squared_error(a: &[f32], b: &[f32], weights: impl Fn(usize) -> f32) -> f32 {
        a.iter().zip(b).enumerate().map(|(i, (a, b))| weights(i) * (a - b) * (a - b)).sum()
    }

    #[test]
    fn clipping_beats_reaching_the_largest_value() {
        let values = normal(64 * 96);
        let tensor = WeightTensor::f32(vec![64, 96], values.clone());
        let packed = quantize_blocks(&tensor, 1, None);
        let error = squared_error(&packed.to_f32(), &values, |_| 1.0);
        let plain: f32 = values
            .chunks(BLOCK)
            .map(|block| {
                let scale = block.iter().fold(0.0_f32, |most, v| most.max(v.abs())) / 7.0;
                let rounded: Vec<f32> = block.iter().map(|v| (v / scale).round() * scale).collect();
                squared_error(&rounded, block, |_| 1.0)
            })
            .sum();
        assert!(error < 0.8 * plain, "{error} of {plain}");
        // 4 bit of a normal distribution: about 1 % of the variance.
        assert!(error < 0.012 * squared_error(&values, &[0.0; 64 * 96], |_| 1.0), "{error}");
    }

    #[test]
    fn what_matters_more_is_kept_better() {
        let values = normal(16 * 64);
        let tensor = WeightTensor::f32(vec![16, 64], values.clone());
        let importance: Vec<f32> = (0..64).map(|i| if i % 8 == 0 { 100.0 } else { 1.0 }).collect();
        let weight = |i: usize| importance[i % 64];
        let blind = squared_error(&quantize_blocks(&tensor, 1, None).to_f32(), &values, weight);
        let seeing = squared_error(&quantize_blocks(&tensor, 1, Some(&importance)).to_f32(), &values, weight);
        assert!(seeing < 0.8 * blind, "{seeing} of {blind}");
    }

    #[test]
    fn odd_sizes_and_zeros_come_back_in_their_order() {
        // 3 outputs, 40 inputs, 9 taps: a full block and one of 8 each.
        let values: Vec<f32> = (0..3 * 40 * 9).map(|i| ((i * 7 % 16) as f32 - 8.0) * 0.25).collect();
        let tensor = WeightTensor::f32(vec![3, 40, 3, 3], values);
        let packed = quantize_blocks(&tensor, 9, None);
        let WeightData::Int4(blocks) = &packed.data else { panic!("not packed") };
        assert_eq!((blocks.scales.len(), blocks.nibbles.len()), (3 * 9 * 2, 3 * 9 * 2 * 16));
        assert_eq!(packed.element_count(), 3 * 40 * 9);
        for (got, want) in packed.to_f32().iter().zip(tensor.to_f32().iter()) {
            assert!((got - want).abs() <= 0.15, "{got} {want}");
        }
        let zeros = WeightTensor::f32(vec![2, 32], vec![0.0; 64]);
        assert_eq!(quantize_blocks(&zeros, 1, None).to_f32(), zeros.to_f32());
        assert_eq!(quantize_blocks(&zeros, 5, None), zeros);
    }
}
