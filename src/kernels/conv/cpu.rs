//! The convolution on the CPU: windows gathered a block of pixels at a time, then one matrix product a block.

use burn::tensor::TensorData;
use burn_flex::FlexTensor;

use super::ConvGeometry;
use crate::kernels::cpu::{gemm, shape4, tensor4, values};

/// Floats of gathered windows held at a time (4 MB): bounds memory and stays in the cache.
const BLOCK_FLOATS: usize = 1 << 20;

/// Runs the convolution on the CPU; shapes were checked by the caller.
pub(super) fn conv2d(
    input: FlexTensor,
    weight: FlexTensor,
    bias: FlexTensor,
    residual: Option<FlexTensor>,
    geometry: ConvGeometry,
) -> FlexTensor {
    let (input, weight, bias) = (input.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
    let input_shape = shape4(&input);
    let [images, rows, columns, input_channels] = input_shape;
    let output_channels = shape4(&weight)[3];
    let [output_rows, output_columns] = geometry.output_size(rows, columns);
    let pixels = images * output_rows * output_columns;

    let mut output = start_values(
        values(&bias),
        residual.map(|r| r.to_contiguous()),
        [images, output_rows, output_columns, output_channels],
    );

    let depth = geometry.kernel_size * geometry.kernel_size * input_channels;
    let is_plain = geometry.kernel_size == 1 && geometry.stride == 1 && geometry.padding == 0;
    if is_plain {
        gemm(values(&input), values(&weight), &mut output, pixels, depth, output_channels);
    } else {
        let block = (BLOCK_FLOATS / depth).clamp(1, pixels.max(1));
        let mut windows = vec![0.0; block * depth];
        for first in (0..pixels).step_by(block) {
            let count = block.min(pixels - first);
            gather_windows(
                values(&input),
                input_shape,
                [output_rows, output_columns],
                geometry,
                first,
                &mut windows[..count * depth],
            );
            let target = &mut output[first * output_channels..(first + count) * output_channels];
            gemm(&windows[..count * depth], values(&weight), target, count, depth, output_channels);
        }
    }
    if geometry.relu {
        for value in &mut output {
            *value = value.max(0.0);
        }
    }
    tensor4(output, [images, output_rows, output_columns, output_channels])
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

/// The bias for every pixel, plus the residual (enlarged by nearest neighbour where it is smaller).
fn start_values(bias: &[f32], residual: Option<FlexTensor>, output_shape: [usize; 4]) -> Vec<f32> {
    let [images, rows, columns, channels] = output_shape;
    let mut start = Vec::with_capacity(images * rows * columns * channels);
    let Some(residual) = residual else {
        for _ in 0..images * rows * columns {
            start.extend_from_slice(bias);
        }
        return start;
    };
    let [_, residual_rows, residual_columns, _] = shape4(&residual);
    let residual = values(&residual);
    for image in 0..images {
        for row in 0..rows {
            let source_row = image * residual_rows + row * residual_rows / rows;
            for column in 0..columns {
                let source = source_row * residual_columns + column * residual_columns / columns;
                let added = &residual[source * channels..(source + 1) * channels];
                start.extend(bias.iter().zip(added).map(|(b, r)| b + r));
            }
        }
    }
    start
}

/// Copies the window of each output pixel from `first` on into one row of `windows` (im2col).
fn gather_windows(
    input: &[f32],
    [_, rows, columns, channels]: [usize; 4],
    [output_rows, output_columns]: [usize; 2],
    geometry: ConvGeometry,
    first: usize,
    windows: &mut [f32],
) {
    let k = geometry.kernel_size;
    for (i, window) in windows.chunks_exact_mut(k * k * channels).enumerate() {
        let pixel = first + i;
        let column = pixel % output_columns * geometry.stride;
        let row = pixel / output_columns % output_rows * geometry.stride;
        let image = pixel / output_columns / output_rows;
        for (tap, target) in window.chunks_exact_mut(channels).enumerate() {
            let y = (row + tap / k).wrapping_sub(geometry.padding);
            let x = (column + tap % k).wrapping_sub(geometry.padding);
            if y < rows && x < columns {
                let at = ((image * rows + y) * columns + x) * channels;
                target.copy_from_slice(&input[at..at + channels]);
            } else {
                target.fill(0.0);
            }
        }
    }
}
