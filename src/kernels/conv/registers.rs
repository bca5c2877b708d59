//! The product of software adapters (SwiftShader, lavapipe), for convolutions and for the 36 products of Winograd's way: each
//! invocation keeps a tile of output pixels by 8 output channels in registers, without workgroup memory.
//!
//! Such an adapter checks every number that every invocation reads, which takes longer than to compute with it. So where
//! subgroups are four or eight invocations wide, these have the same pixels and other channels, and the first four read a quarter of
//! the inputs each and pass them on.

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use super::product::{ConvLayer, finish, unpack_bytes, window};
use crate::kernels::adapter::{SUBGROUP_MOST, SUBGROUP_READERS};
use crate::kernels::gpu::{Stored, Vec4};

/// Output vectors (of four channels) of one invocation.
const VECTORS: usize = 2;
/// Invocations of one workgroup.
pub(super) const WORKGROUP: u32 = 64;

/// The part of the output that an invocation computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Tile {
    /// Output pixels of an invocation.
    pixels: usize,
    /// Neighbouring invocations that share what they read: 1, or a subgroup's.
    readers: usize,
    /// Invocations of a workgroup along the output channels, at least and at most; powers of two.
    across: [u32; 2],
}

impl Tile {
    /// The one for so many output vectors; `has_subgroups` says whether invocations may read for each other.
    pub(super) fn for_product(has_subgroups: bool, vectors: usize) -> Self {
        // With fewer, most of those that share would have no channels of their own.
        if has_subgroups && vectors >= SUBGROUP_READERS * VECTORS {
            Self { pixels: 16, readers: SUBGROUP_READERS, across: [SUBGROUP_MOST, 32] }
        } else {
            Self { pixels: 8, readers: 1, across: [1, 8] }
        }
    }

    /// Invocations of a workgroup along the output channels, and workgroups along them and along the pixels.
    pub(super) fn groups(self, pixels: usize, vectors: usize) -> [u32; 3] {
        let [across, down] = [vectors.div_ceil(VECTORS) as u32, pixels.div_ceil(self.pixels) as u32];
        let width = across.next_power_of_two().clamp(self.across[0], self.across[1]);
        [width, across.div_ceil(width), down.div_ceil(WORKGROUP / width)]
    }
}

/// `weight` is read where `is_packed` is false, `packed` where it is true; then `bias` is followed by the scales. `is_pointwise`
/// says that windows are single pixels. Workgroups are `width` invocations wide; along z they compute products of their own, as
/// Winograd's way has them.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, clippy::collapsible_if)]
pub(super) fn product_kernel<E: Float, O: Float>(
    input: &[Stored<E>],
    weight: &[Vec4],
    packed: &[i32],
    bias: &[Vec4],
    residual: &[Stored<E>],
    output: &mut [Stored<O>],
    layer: ConvLayer,
    width: u32,
    #[comptime] tile: Tile,
    #[comptime] is_packed: bool,
    #[comptime] is_pointwise: bool,
    #[define(E, O)] _elements: [ElemType; 2],
) {
    let Tile { pixels, readers, .. } = comptime!(tile);
    let reads = comptime!(pixels / readers);
    let across = (CUBE_POS_X * width + UNIT_POS % width) * comptime!(VECTORS as u32);
    let first_pixel = (CUBE_POS_Y * (WORKGROUP / width) + UNIT_POS / width) * comptime!(pixels as u32);
    let batch = CUBE_POS_Z;
    if comptime!(readers == 1) {
        if across >= layer.output_vectors || first_pixel >= layer.output_pixels {
            terminate!();
        }
    }
    // Those that share must all stay: beyond the end they compute the last channels or pixels again.
    let first_vector = min(across, layer.output_vectors - comptime!(VECTORS as u32));

    let mut image_base = Array::<u32>::new(reads);
    let mut top = Array::<i32>::new(reads);
    let mut left = Array::<i32>::new(reads);
    #[unroll]
    for r in 0..reads {
        let pixel = first_pixel + comptime!((r * readers) as u32) + UNIT_POS % comptime!(readers as u32);
        let (image, y, x) = window(min(pixel, layer.output_pixels - 1), &layer);
        image_base[r] = batch * layer.output_pixels + image;
        top[r] = y;
        left[r] = x;
    }

    let mut acc = Array::<Vec4>::new(comptime!(pixels * VECTORS));
    #[unroll]
    for i in 0..comptime!(pixels * VECTORS) {
        acc[i] = Vec4::new(0.0f32);
    }

    let mut offset = Array::<u32>::new(reads);
    let mut inside = Array::<f32>::new(reads);
    let taps = layer.kernel_size * layer.kernel_size;
    let mut weight_at = batch * taps * layer.input_vectors * 4 * layer.output_vectors + first_vector;
    for ky in 0..layer.kernel_size {
        for kx in 0..layer.kernel_size {
            #[unroll]
            for r in 0..reads {
                let y = top[r] + ky as i32;
                let x = left[r] + kx as i32;
                let position = image_base[r] + (y * layer.columns as i32 + x) as u32;
                if comptime!(is_pointwise) {
                    offset[r] = position * layer.input_vectors;
                } else {
                    let valid = y >= 0 && y < layer.rows as i32 && x >= 0 && x < layer.columns as i32;
                    offset[r] = select(valid, position, 0u32) * layer.input_vectors;
                    inside[r] = select(valid, 1.0f32, 0.0f32);
                }
            }
            for c in 0..layer.input_vectors {
                let mut w = Array::<Vec4>::new(comptime!(4 * VECTORS));
                #[unroll]
                for i in 0..4usize {
                    #[unroll]
                    for v in 0..VECTORS {
                        if comptime!(is_packed) {
                            w[i * VECTORS + v] = unpack_bytes(packed[weight_at as usize + v]);
                        } else {
                            w[i * VECTORS + v] = weight[weight_at as usize + v];
                        }
                    }
                    weight_at += layer.output_vectors;
                }
                #[unroll]
                for r in 0..reads {
                    let mut read = Vec4::cast_from(input[(offset[r] + c) as usize]);
                    if comptime!(!is_pointwise) {
                        read *= Vec4::new(inside[r]);
                    }
                    #[unroll]
                    for reader in 0..readers {
                        let mut x = read;
                        if comptime!(readers > 1) {
                            x = plane_broadcast(read, comptime!(reader as u32));
                        }
                        let p = comptime!(r * readers + reader);
                        #[unroll]
                        for i in 0..4usize {
                            let xi = Vec4::new(x.extract(i));
                            #[unroll]
                            for v in 0..VECTORS {
                                // The weight first: SwiftShader writes its first factor back, and waits for it where it is used again at once.
                                acc[p * VECTORS + v] += w[i * VECTORS + v] * xi;
                            }
                        }
                    }
                }
            }
        }
    }

    // A copy, since sums that a loop may index are kept in memory all along; and a loop, since what ends a sum is long.
    let mut sums = Array::<Vec4>::new(comptime!(pixels * VECTORS));
    #[unroll]
    for i in 0..comptime!(pixels * VECTORS) {
        sums[i] = acc[i];
    }
    for i in 0..comptime!((pixels * VECTORS) as u32) {
        let pixel = first_pixel + i / comptime!(VECTORS as u32);
        if pixel < layer.output_pixels && across < layer.output_vectors {
            let vector = first_vector + i % comptime!(VECTORS as u32);
            let value = finish::<E>(sums[i as usize], pixel, vector, bias, residual, &layer, is_packed);
            let place = (batch * layer.output_pixels + pixel) * layer.output_vectors + vector;
            output[place as usize] = Stored::<O>::cast_from(value);
        }
    }
}
