//! The convolution for every CubeCL runtime (WebGPU, Vulkan, Metal, DX12).

use burn_std::Shape;
use burn_wgpu::CubeTensor;

use super::product::{self, Product};
use super::{ConvGeometry, winograd};
use crate::kernels::adapter::Precision;
use crate::kernels::gpu::{in_order, output_beside};

/// Runs the convolution on the GPU; shapes were checked by the caller. With `is_packed` the weight holds four signed
/// bytes a number, and `bias` the biases and then the scales. The residual is kept as the input is, the output as
/// `precision` says.
pub(super) fn conv2d(
    input: CubeTensor,
    weight: CubeTensor,
    bias: CubeTensor,
    residual: Option<CubeTensor>,
    geometry: ConvGeometry,
    is_packed: bool,
    precision: Precision,
) -> CubeTensor {
    let (input, weight, bias) = (in_order(input), in_order(weight), in_order(bias));
    let [images, rows, columns, input_channels] = input.meta.shape().dims();
    let [_, _, _, weight_columns] = weight.meta.shape().dims();
    let output_channels = if is_packed { 4 * weight_columns } else { weight_columns };
    if residual.is_none() && winograd::is_faster([images, rows, columns, input_channels], geometry) {
        return winograd::conv2d(input, weight, bias, output_channels, geometry.relu, is_packed, precision);
    }
    let output_size = geometry.output_size(rows, columns);
    let [output_rows, output_columns] = output_size;
    let shape = Shape::new([images, output_rows, output_columns, output_channels]);
    let output = output_beside(&input, shape, precision.dtype());
    product::launch(Product {
        input,
        weight,
        bias: Some(bias),
        residual: residual.map(in_order),
        output: output.clone(),
        batches: 1,
        images,
        input_size: [rows, columns],
        output_size,
        channels: [input_channels, output_channels],
        geometry,
        is_packed,
    });
    output
}
