//! The convolution for every CubeCL runtime (WebGPU, Vulkan, Metal, DX12), and the kernel of software adapters.
//!
//! In that each invocation keeps a tile of [`TILE_PIXELS`] output pixels by 8 output channels in registers and needs no
//! workgroup memory: software adapters (SwiftShader, lavapipe) run it best. Others run [`tiled`]'s.

use burn_std::Shape;
use burn_wgpu::CubeTensor;
use cubecl::ir::ElemType;
use cubecl::prelude::*;

use super::{ConvGeometry, Residual, tiled, winograd};
use crate::kernels::adapter::{ConvKernel, Precision, conv_kernel};
use crate::kernels::gpu::{Stored, Vec4, element, in_order, output_beside, relu_of};

/// Output pixels of one invocation.
const TILE_PIXELS: usize = 8;
/// Output vectors (of four channels) of one invocation.
const TILE_VECTORS: usize = 2;
/// Invocations of one workgroup.
const WORKGROUP: u32 = 64;

/// The sizes that change from layer to layer, as uniforms so that layers of one kind share a pipeline.
#[derive(CubeLaunch, CubeType, Clone)]
pub(super) struct ConvSizes {
    pub(super) rows: u32,
    pub(super) columns: u32,
    pub(super) input_vectors: u32,
    pub(super) output_rows: u32,
    pub(super) output_columns: u32,
    pub(super) output_vectors: u32,
    pub(super) output_pixels: u32,
    pub(super) residual_rows: u32,
    pub(super) residual_columns: u32,
}

/// Four signed bytes, the lowest first, as floats.
#[cube]
pub(super) fn unpack_bytes(packed: i32) -> Vec4 {
    let mut values = Vec4::new(0.0f32);
    values.insert(0usize, f32::cast_from((packed << 24i32) >> 24i32));
    values.insert(1usize, f32::cast_from((packed << 16i32) >> 24i32));
    values.insert(2usize, f32::cast_from((packed << 8i32) >> 24i32));
    values.insert(3usize, f32::cast_from(packed >> 24i32));
    values
}

/// What becomes of a sum: times the scale, plus bias and residual, at least 0.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn finish<E: Float>(
    sum: Vec4,
    pixel: u32,
    vector: u32,
    bias: &[Vec4],
    residual: &[Stored<E>],
    sizes: &ConvSizes,
    #[comptime] is_packed: bool,
    #[comptime] relu: bool,
    #[comptime] residual_kind: Residual,
) -> Vec4 {
    let mut value = sum;
    if comptime!(is_packed) {
        value *= bias[(vector + sizes.output_vectors) as usize];
    }
    value += bias[vector as usize];
    if comptime!(residual_kind == Residual::Same) {
        value += Vec4::cast_from(residual[(pixel * sizes.output_vectors + vector) as usize]);
    } else if comptime!(residual_kind == Residual::Upsampled) {
        let column = pixel % sizes.output_columns;
        let line = pixel / sizes.output_columns;
        let row = line % sizes.output_rows;
        let image = line / sizes.output_rows;
        let source_row = row * sizes.residual_rows / sizes.output_rows;
        let source_column = column * sizes.residual_columns / sizes.output_columns;
        let source = (image * sizes.residual_rows + source_row) * sizes.residual_columns + source_column;
        value += Vec4::cast_from(residual[(source * sizes.output_vectors + vector) as usize]);
    }
    if relu {
        value = relu_of(value);
    }
    value
}

/// `weight` is read where `is_packed` is false, `packed` where it is true; then `bias` is followed by the scales.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn conv2d_kernel<E: Float, O: Float>(
    input: &[Stored<E>],
    weight: &[Vec4],
    packed: &[i32],
    bias: &[Vec4],
    residual: &[Stored<E>],
    output: &mut [Stored<O>],
    sizes: ConvSizes,
    #[comptime] is_packed: bool,
    #[comptime] kernel_size: u32,
    #[comptime] stride: u32,
    #[comptime] padding: u32,
    #[comptime] relu: bool,
    #[comptime] residual_kind: Residual,
    #[define(E, O)] _elements: [ElemType; 2],
) {
    let first_vector = ABSOLUTE_POS_X * comptime!(TILE_VECTORS as u32);
    let first_pixel = ABSOLUTE_POS_Y * comptime!(TILE_PIXELS as u32);
    if first_vector >= sizes.output_vectors || first_pixel >= sizes.output_pixels {
        terminate!();
    }

    // Where each pixel's window starts: image offset, top row and left column (all may be in the padding).
    let mut image_base = Array::<u32>::new(TILE_PIXELS);
    let mut top = Array::<i32>::new(TILE_PIXELS);
    let mut left = Array::<i32>::new(TILE_PIXELS);
    #[unroll]
    for p in 0..TILE_PIXELS {
        let pixel = min(first_pixel + p as u32, sizes.output_pixels - 1);
        let column = pixel % sizes.output_columns;
        let line = pixel / sizes.output_columns;
        let row = line % sizes.output_rows;
        let image = line / sizes.output_rows;
        image_base[p] = image * sizes.rows * sizes.columns;
        top[p] = (row * stride) as i32 - comptime!(padding as i32);
        left[p] = (column * stride) as i32 - comptime!(padding as i32);
    }

    let mut acc = Array::<Vec4>::new(comptime!(TILE_PIXELS * TILE_VECTORS));
    #[unroll]
    for i in 0..comptime!(TILE_PIXELS * TILE_VECTORS) {
        acc[i] = Vec4::new(0.0f32);
    }

    let mut offset = Array::<u32>::new(TILE_PIXELS);
    let mut inside = Array::<f32>::new(TILE_PIXELS);
    for ky in 0..kernel_size {
        for kx in 0..kernel_size {
            #[unroll]
            for p in 0..TILE_PIXELS {
                let y = top[p] + ky as i32;
                let x = left[p] + kx as i32;
                if comptime!(padding > 0) {
                    let valid = y >= 0 && y < sizes.rows as i32 && x >= 0 && x < sizes.columns as i32;
                    let position = image_base[p] + (y * sizes.columns as i32 + x) as u32;
                    offset[p] = select(valid, position, 0u32) * sizes.input_vectors;
                    inside[p] = select(valid, 1.0f32, 0.0f32);
                } else {
                    offset[p] = (image_base[p] + (y * sizes.columns as i32 + x) as u32) * sizes.input_vectors;
                }
            }
            let mut weight_at =
                (ky * kernel_size + kx) * sizes.input_vectors * 4 * sizes.output_vectors + first_vector;
            for c in 0..sizes.input_vectors {
                let mut w = Array::<Vec4>::new(comptime!(4 * TILE_VECTORS));
                #[unroll]
                for i in 0..4usize {
                    #[unroll]
                    for v in 0..TILE_VECTORS {
                        if comptime!(is_packed) {
                            w[i * TILE_VECTORS + v] = unpack_bytes(packed[weight_at as usize + v]);
                        } else {
                            w[i * TILE_VECTORS + v] = weight[weight_at as usize + v];
                        }
                    }
                    weight_at += sizes.output_vectors;
                }
                #[unroll]
                for p in 0..TILE_PIXELS {
                    let mut x = Vec4::cast_from(input[(offset[p] + c) as usize]);
                    if comptime!(padding > 0) {
                        x *= Vec4::new(inside[p]);
                    }
                    #[unroll]
                    for i in 0..4usize {
                        let xi = Vec4::new(x.extract(i));
                        #[unroll]
                        for v in 0..TILE_VECTORS {
                            acc[p * TILE_VECTORS + v] += xi * w[i * TILE_VECTORS + v];
                        }
                    }
                }
            }
        }
    }

    #[unroll]
    for p in 0..TILE_PIXELS {
        let pixel = first_pixel + p as u32;
        if pixel < sizes.output_pixels {
            #[unroll]
            for v in 0..TILE_VECTORS {
                let vector = first_vector + v as u32;
                let value = finish::<E>(
                    acc[p * TILE_VECTORS + v],
                    pixel,
                    vector,
                    bias,
                    residual,
                    &sizes,
                    is_packed,
                    relu,
                    residual_kind,
                );
                output[(pixel * sizes.output_vectors + vector) as usize] = Stored::<O>::cast_from(value);
            }
        }
    }
}

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
    let [output_rows, output_columns] = geometry.output_size(rows, columns);
    let shape = Shape::new([images, output_rows, output_columns, output_channels]);
    let output = output_beside(&input, shape, precision.dtype());
    let elements = [element(input.dtype), element(output.dtype)];

    let residual = residual.map(in_order);
    let (residual_kind, residual_rows, residual_columns) = match &residual {
        None => (Residual::None, 1, 1),
        Some(tensor) => {
            let [_, r, c, _] = tensor.meta.shape().dims();
            let kind =
                if [r, c] == [output_rows, output_columns] { Residual::Same } else { Residual::Upsampled };
            (kind, r, c)
        }
    };

    let output_vectors = output_channels / 4;
    let output_pixels = images * output_rows * output_columns;
    let client = input.client.clone();
    let residual_arg = residual.unwrap_or_else(|| bias.clone());
    let sizes = ConvSizesLaunch::new(
        rows as u32,
        columns as u32,
        (input_channels / 4) as u32,
        output_rows as u32,
        output_columns as u32,
        output_vectors as u32,
        output_pixels as u32,
        residual_rows as u32,
        residual_columns as u32,
    );
    if conv_kernel() == ConvKernel::Tiled {
        let tile = tiled::Tile::for_product(1, output_pixels, output_vectors);
        let [x, y] = tile.groups(output_pixels, output_vectors).map(|groups| groups as u32);
        // SAFETY: the kernel guards the ends of the tiles, of the depth and of the image.
        #[allow(unsafe_code)]
        unsafe {
            tiled::product_kernel::launch_unchecked(
                &client,
                CubeCount::Static(x, y, 1),
                CubeDim::new_1d(tile.invocations() as u32),
                input.into_buffer_arg(),
                weight.clone().into_buffer_arg(),
                weight.into_buffer_arg(),
                bias.into_buffer_arg(),
                residual_arg.into_buffer_arg(),
                output.clone().into_buffer_arg(),
                sizes,
                tile,
                true,
                is_packed,
                geometry.kernel_size as u32,
                geometry.stride as u32,
                geometry.padding as u32,
                geometry.relu,
                residual_kind,
                elements,
            );
        }
        return output;
    }

    let groups_x = output_vectors.div_ceil(TILE_VECTORS) as u32;
    let groups_y = output_pixels.div_ceil(TILE_PIXELS) as u32;
    let width = groups_x.next_power_of_two().min(8);
    let height = WORKGROUP / width;
    // SAFETY: every index is below the sizes checked by the caller; the last tiles are guarded in the kernel.
    #[allow(unsafe_code)]
    unsafe {
        conv2d_kernel::launch_unchecked(
            &client,
            CubeCount::Static(groups_x.div_ceil(width), groups_y.div_ceil(height), 1),
            CubeDim::new_2d(width, height),
            input.into_buffer_arg(),
            weight.clone().into_buffer_arg(),
            weight.into_buffer_arg(),
            bias.into_buffer_arg(),
            residual_arg.into_buffer_arg(),
            output.clone().into_buffer_arg(),
            sizes,
            is_packed,
            geometry.kernel_size as u32,
            geometry.stride as u32,
            geometry.padding as u32,
            geometry.relu,
            residual_kind,
            elements,
        );
    }
    output
}
