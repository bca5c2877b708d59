//! The convolution on the CPU, on Burn's tensors.

use burn::tensor::TensorData;
use burn_flex::FlexTensor;

use lunglens_cpu::{ConvGeometry, PreparedWeight};

use crate::kernels::cpu::{filled4, shape4, values, words};

/// Runs the convolution on the CPU; shapes were checked by the caller.
pub(super) fn conv2d(
    input: FlexTensor,
    weight: &PreparedWeight,
    bias: FlexTensor,
    residual: Option<FlexTensor>,
) -> FlexTensor {
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
pub(super) fn prepare(weight: &FlexTensor, geometry: ConvGeometry) -> PreparedWeight {
    PreparedWeight::new(values(weight), shape4(weight), geometry)
}

/// Lays out packed bytes `[k, k, c_in, c_out / 4]` with `[biases, scales]`; gives the biases beside them.
pub(super) fn prepare_packed(
    bytes: &FlexTensor,
    bias: &FlexTensor,
    geometry: ConvGeometry,
) -> (PreparedWeight, FlexTensor) {
    let [k, _, inputs, columns] = shape4(bytes);
    let outputs = 4 * columns;
    let (biases, scales) = values(bias).split_at(outputs);
    let steps: Vec<i8> =
        words(bytes).iter().flat_map(|word| word.to_le_bytes().map(u8::cast_signed)).collect();
    let weight = PreparedWeight::quantized(&steps, scales.to_vec(), [k, k, inputs, outputs], geometry);
    (weight, FlexTensor::from_data(TensorData::new(biases.to_vec(), [outputs])))
}
