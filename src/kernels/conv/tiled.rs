//! The matrix product of GPUs with workgroup memory: a convolution as the product of its windows and its weights
//! (implicit GEMM), and the 36 products of Winograd's way.
//!
//! A workgroup computes a tile of output pixels by output channels. Step by step along the depth (taps and input
//! channels) its invocations bring a piece of both factors to workgroup memory, where all of them read it, while the next
//! piece is on its way; each keeps several pixels by several channels in registers. Nothing beyond WebGPU's default
//! limits is needed. Software adapters gain nothing from workgroup memory and run [`super::registers`]' kernel instead.

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use super::product::{ConvLayer, finish, unpack_bytes, window};
use crate::kernels::gpu::{Stored, Vec4};

/// How a workgroup divides its tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Tile {
    /// Invocations along the output pixels.
    down: usize,
    /// Invocations along the output channels.
    across: usize,
    /// Pixels of an invocation.
    pixels: usize,
    /// Vectors of four output channels of an invocation.
    vectors: usize,
    /// Vectors of four inputs of a step; a power of two.
    depth: usize,
}

impl Tile {
    /// The one for so many output pixels and vectors, `batch` times.
    pub(super) fn for_product(batch: usize, pixels: usize, vectors: usize) -> Self {
        let [x, y] = LARGE.groups(pixels, vectors);
        if x * y * batch >= ENOUGH_GROUPS { LARGE } else { SMALL }
    }

    const fn rows(self) -> usize {
        self.down * self.pixels
    }

    const fn columns(self) -> usize {
        self.across * self.vectors
    }

    /// Invocations of a workgroup.
    pub(super) const fn invocations(self) -> usize {
        self.down * self.across
    }

    /// Workgroups along the output's vectors and along its pixels.
    pub(super) fn groups(self, pixels: usize, vectors: usize) -> [usize; 2] {
        [vectors.div_ceil(self.columns()), pixels.div_ceil(self.rows())]
    }
}

/// 64 pixels by 64 channels: the least traffic for each multiplication.
const LARGE: Tile = Tile { down: 8, across: 8, pixels: 8, vectors: 2, depth: 4 };
/// 32 pixels by 32 channels, so that small layers still occupy the whole GPU.
const SMALL: Tile = Tile { down: 8, across: 8, pixels: 4, vectors: 1, depth: 8 };
/// A GPU's multiprocessors are kept busy by about so many workgroups.
const ENOUGH_GROUPS: usize = 256;

/// `weight` is read where `is_packed` is false, `packed` where it is true; then `bias` is followed by the scales. `is_pointwise` says that windows are single pixels. Workgroups along z compute products of their own, as Winograd's way has them.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn product_kernel<E: Float, O: Float>(
    input: &[Stored<E>],
    weight: &[Vec4],
    packed: &[i32],
    bias: &[Vec4],
    residual: &[Stored<E>],
    output: &mut [Stored<O>],
    layer: ConvLayer,
    #[comptime] tile: Tile,
    #[comptime] is_packed: bool,
    #[comptime] is_pointwise: bool,
    #[define(E, O)] _elements: [ElemType; 2],
) {
    let Tile { down, across, pixels, vectors, depth } = comptime!(tile);
    let invocations = comptime!(down * across);
    let tile_rows = comptime!(down * pixels);
    let tile_columns = comptime!(across * vectors);
    // One vector of padding a row, so that rows do not share banks.
    let pitch = comptime!(depth + 1);
    let input_loads = comptime!((tile_rows * depth).div_ceil(invocations));
    let weight_loads = comptime!((4 * depth * tile_columns).div_ceil(invocations));

    let mut inputs = Shared::<[Vec4]>::new_slice(comptime!(tile_rows * pitch));
    let mut weights = Shared::<[Vec4]>::new_slice(comptime!(4 * depth * tile_columns));

    let unit = UNIT_POS as usize;
    let first_pixel = CUBE_POS_Y * comptime!(tile_rows as u32);
    let first_vector = CUBE_POS_X * comptime!(tile_columns as u32);
    let taps = layer.kernel_size * layer.kernel_size;
    let total = layer.input_vectors * taps;
    let steps = total.div_ceil(comptime!(depth as u32));
    let batch = CUBE_POS_Z;
    let input_batch = batch * layer.output_pixels * layer.input_vectors;
    let weight_batch = batch * total * 4 * layer.output_vectors;

    // What this invocation brings: always the same column of the step, and fixed rows.
    let column = unit % depth;
    let mut base = Array::<u32>::new(input_loads);
    let mut top = Array::<i32>::new(input_loads);
    let mut left = Array::<i32>::new(input_loads);
    #[unroll]
    for i in 0..input_loads {
        let row = (unit + i * invocations) / depth;
        let pixel = min(first_pixel + row as u32, layer.output_pixels - 1);
        if comptime!(is_pointwise) {
            let mut position = pixel;
            if layer.stride > 1 {
                let (image, y, x) = window(pixel, &layer);
                position = image + y as u32 * layer.columns + x as u32;
            }
            base[i] = input_batch + position * layer.input_vectors;
        } else {
            let (image, y, x) = window(pixel, &layer);
            base[i] = image;
            top[i] = y;
            left[i] = x;
        }
    }

    let mut acc = Array::<Vec4>::new(comptime!(pixels * vectors));
    #[unroll]
    for i in 0..comptime!(pixels * vectors) {
        acc[i] = Vec4::new(0.0f32);
    }
    let across_at = unit % across;
    let down_at = unit / across;

    let mut next_inputs = Array::<Vec4>::new(input_loads);
    let mut next_weights = Array::<Vec4>::new(weight_loads);
    // One round more than steps: each brings the next piece while it works on the one before.
    for round in 0..steps + 1 {
        if round > 0 {
            sync_cube();
            #[unroll]
            for i in 0..input_loads {
                let at = unit + i * invocations;
                if comptime!((i + 1) * invocations <= tile_rows * depth) || at < comptime!(tile_rows * depth)
                {
                    inputs[at / depth * pitch + column] = next_inputs[i];
                }
            }
            #[unroll]
            for i in 0..weight_loads {
                let at = unit + i * invocations;
                if comptime!((i + 1) * invocations <= 4 * depth * tile_columns)
                    || at < comptime!(4 * depth * tile_columns)
                {
                    weights[at] = next_weights[i];
                }
            }
            sync_cube();
        }
        if round < steps {
            let at = round * comptime!(depth as u32) + column as u32;
            let in_depth = at < total;
            let tap = at / layer.input_vectors;
            let channel = at % layer.input_vectors;
            #[unroll]
            for i in 0..input_loads {
                if comptime!(is_pointwise) {
                    let value = Vec4::cast_from(input[(base[i] + select(in_depth, at, 0u32)) as usize]);
                    next_inputs[i] = value * Vec4::new(select(in_depth, 1.0f32, 0.0f32));
                } else {
                    let y = top[i] + (tap / layer.kernel_size) as i32;
                    let x = left[i] + (tap % layer.kernel_size) as i32;
                    let inside =
                        in_depth && y >= 0 && y < layer.rows as i32 && x >= 0 && x < layer.columns as i32;
                    let position = (base[i] as i32 + y * layer.columns as i32 + x) as u32;
                    let place = select(inside, position * layer.input_vectors + channel, 0u32);
                    let value = Vec4::cast_from(input[place as usize]);
                    next_inputs[i] = value * Vec4::new(select(inside, 1.0f32, 0.0f32));
                }
            }
            #[unroll]
            for i in 0..weight_loads {
                let load = unit + i * invocations;
                let row = round * comptime!(4 * depth as u32) + (load / tile_columns) as u32;
                let vector = first_vector + (load % tile_columns) as u32;
                let inside = row < total * 4 && vector < layer.output_vectors;
                let place = weight_batch + select(inside, row * layer.output_vectors + vector, 0u32);
                if comptime!(is_packed) {
                    next_weights[i] = unpack_bytes(select(inside, packed[place as usize], 0i32));
                } else {
                    next_weights[i] = weight[place as usize] * Vec4::new(select(inside, 1.0f32, 0.0f32));
                }
            }
        }
        if round > 0 {
            for d in 0..depth {
                let mut w = Array::<Vec4>::new(comptime!(4 * vectors));
                #[unroll]
                for i in 0..4usize {
                    #[unroll]
                    for v in 0..vectors {
                        w[i * vectors + v] = weights[(d * 4 + i) * tile_columns + v * across + across_at];
                    }
                }
                #[unroll]
                for p in 0..pixels {
                    let x = inputs[(p * down + down_at) * pitch + d];
                    #[unroll]
                    for i in 0..4usize {
                        let xi = Vec4::new(x.extract(i));
                        #[unroll]
                        for v in 0..vectors {
                            acc[p * vectors + v] += xi * w[i * vectors + v];
                        }
                    }
                }
            }
        }
    }

    #[unroll]
    for p in 0..pixels {
        let pixel = first_pixel + (p * down + down_at) as u32;
        #[unroll]
        for v in 0..vectors {
            let vector = first_vector + (v * across + across_at) as u32;
            if pixel < layer.output_pixels && vector < layer.output_vectors {
                let sum = acc[p * vectors + v];
                let value = finish::<E>(sum, pixel, vector, bias, residual, &layer, is_packed);
                let place = (batch * layer.output_pixels + pixel) * layer.output_vectors + vector;
                output[place as usize] = Stored::<O>::cast_from(value);
            }
        }
    }
}
