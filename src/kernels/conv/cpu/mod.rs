//! The convolution on the CPU: matrix products and Winograd's way over weights that are laid out beforehand.

mod finish;
mod layer;
mod product;
mod simd;
#[cfg(test)]
mod tests;
mod winograd;

use burn::tensor::TensorData;
use burn_flex::FlexTensor;

pub use layer::PreparedWeight;

use crate::kernels::cpu::{filled4, shape4, tensor4, values};

/// Runs the convolution on the CPU; shapes were checked by the caller.
pub(super) fn conv2d(
    input: FlexTensor,
    weight: &PreparedWeight,
    bias: FlexTensor,
    residual: Option<FlexTensor>,
) -> FlexTensor {
    let (input, bias) = (input.to_contiguous(), bias.to_contiguous());
    let residual = residual.map(|residual| residual.to_contiguous());
    let residual = residual.as_ref().map(|residual| {
        let [_, rows, columns, _] = shape4(residual);
        (values(residual), [rows, columns])
    });
    let shape = shape4(&input);
    filled4(weight.output_shape(shape), |output| {
        weight.forward(values(&input), shape, values(&bias), residual, output);
    })
}

/// Lays out dense weights `[k, k, c_in, c_out]`.
pub(super) fn prepare(weight: &FlexTensor, geometry: super::ConvGeometry) -> PreparedWeight {
    let weight = weight.to_contiguous();
    PreparedWeight::new(values(&weight), shape4(&weight), geometry)
}

/// Packed bytes and `[biases, scales]` as a dense weight and its biases.
pub(super) fn unpack(bytes: FlexTensor, bias: FlexTensor) -> (FlexTensor, FlexTensor) {
    let [k, _, inputs, words] = shape4(&bytes);
    let outputs = 4 * words;
    let bias = bias.to_contiguous();
    let (biases, scales) = values(&bias).split_at(outputs);
    let packed = bytes.into_data();
    let mut dense = Vec::with_capacity(k * k * inputs * outputs);
    for (index, word) in packed.iter::<i32>().enumerate() {
        let first = 4 * (index % words);
        let unpacked = word.to_le_bytes().into_iter().zip(&scales[first..first + 4]);
        dense.extend(unpacked.map(|(byte, scale)| f32::from(byte as i8) * scale));
    }
    let biases = FlexTensor::from_data(TensorData::new(biases.to_vec(), [outputs]));
    (tensor4(dense, [k, k, inputs, outputs]), biases)
}
