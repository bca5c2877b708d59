//! The transforms of Winograd's way, each of a band of tiles or a group of output channels.

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::kernels::conv::product::unpack_bytes;
use crate::kernels::gpu::{Stored, Vec4, relu_of};

/// The pictures and the part of their tiles and channels that is transformed.
#[derive(CubeLaunch, CubeType, Clone)]
pub(super) struct TileSizes {
    rows: u32,
    columns: u32,
    /// Vectors of four channels of a pixel.
    vectors: u32,
    tile_rows: u32,
    tile_columns: u32,
    first_tile: u32,
    tiles: u32,
    first_vector: u32,
    group_vectors: u32,
    /// Invocations: tiles by vectors of the group.
    len: u32,
}

/// `B^T d` of six values, in place.
#[cube]
fn transform_input_line(d: &mut Array<Vec4>, #[comptime] first: usize, #[comptime] step: usize) {
    let d0 = d[first];
    let d1 = d[first + step];
    let d2 = d[first + 2 * step];
    let d3 = d[first + 3 * step];
    let d4 = d[first + 4 * step];
    let d5 = d[first + 5 * step];
    let two = Vec4::new(2.0f32);
    let four = Vec4::new(4.0f32);
    let five = Vec4::new(5.0f32);
    d[first] = four * d0 - five * d2 + d4;
    d[first + step] = d4 + d3 - four * (d2 + d1);
    d[first + 2 * step] = d4 - d3 - four * (d2 - d1);
    d[first + 3 * step] = d4 - d2 + two * (d3 - d1);
    d[first + 4 * step] = d4 - d2 - two * (d3 - d1);
    d[first + 5 * step] = four * d1 - five * d3 + d5;
}

/// `A^T m` of six values, in place: four remain.
#[cube]
fn transform_output_line(m: &mut Array<Vec4>, #[comptime] first: usize, #[comptime] step: usize) {
    let m0 = m[first];
    let plus12 = m[first + step] + m[first + 2 * step];
    let minus12 = m[first + step] - m[first + 2 * step];
    let plus34 = m[first + 3 * step] + m[first + 4 * step];
    let minus34 = m[first + 3 * step] - m[first + 4 * step];
    let m5 = m[first + 5 * step];
    m[first] = m0 + plus12 + plus34;
    m[first + step] = minus12 + Vec4::new(2.0f32) * minus34;
    m[first + 2 * step] = plus12 + Vec4::new(4.0f32) * plus34;
    m[first + 3 * step] = minus12 + Vec4::new(8.0f32) * minus34 + m5;
}

/// One invocation a tile of the band and vector of channels: `[n, rows, columns, c]` to `[36, tiles, c]`.
#[cube(launch_unchecked)]
pub(super) fn transform_input_kernel<E: Float>(
    input: &[Stored<E>],
    transformed: &mut [Vec4],
    sizes: TileSizes,
    #[define(E)] _element: ElemType,
) {
    let at = ABSOLUTE_POS_Y * CUBE_DIM_X * CUBE_COUNT_X + ABSOLUTE_POS_X;
    if at >= sizes.len {
        terminate!();
    }
    let vector = at % sizes.vectors;
    let tile = at / sizes.vectors;
    let whole_tile = sizes.first_tile + tile;
    let tile_column = whole_tile % sizes.tile_columns;
    let line = whole_tile / sizes.tile_columns;
    let tile_row = line % sizes.tile_rows;
    let image = line / sizes.tile_rows;
    let top = (tile_row * 4) as i32 - 1i32;
    let left = (tile_column * 4) as i32 - 1i32;
    let mut d = Array::<Vec4>::new(36usize);
    #[unroll]
    for i in 0..6usize {
        #[unroll]
        for j in 0..6usize {
            let y = top + i as i32;
            let x = left + j as i32;
            let valid = y >= 0 && y < sizes.rows as i32 && x >= 0 && x < sizes.columns as i32;
            let position = (image * sizes.rows) as i32 * sizes.columns as i32 + y * sizes.columns as i32 + x;
            let source = select(valid, position as u32, 0u32) * sizes.vectors + vector;
            d[i * 6 + j] = Vec4::cast_from(input[source as usize]) * Vec4::new(select(valid, 1.0f32, 0.0f32));
        }
    }
    #[unroll]
    for i in 0..6usize {
        transform_input_line(&mut d, i, 6usize);
    }
    #[unroll]
    for i in 0..6usize {
        transform_input_line(&mut d, i * 6, 1usize);
    }
    #[unroll]
    for i in 0..36usize {
        transformed[((i as u32 * sizes.tiles + tile) * sizes.vectors + vector) as usize] = d[i];
    }
}

/// One invocation an input channel and vector of the group's output channels: `[3, 3, c_in, c_out]` to
/// `[36, c_in, group]`. `len` counts the invocations, `tap_len` the vectors of one of the nine taps.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn transform_weight_kernel(
    weight: &[Vec4],
    packed: &[i32],
    bias: &[Vec4],
    transformed: &mut [Vec4],
    vectors: u32,
    first_vector: u32,
    group_vectors: u32,
    tap_len: u32,
    len: u32,
    #[comptime] is_packed: bool,
) {
    let at = ABSOLUTE_POS_Y * CUBE_DIM_X * CUBE_COUNT_X + ABSOLUTE_POS_X;
    if at >= len {
        terminate!();
    }
    let vector = first_vector + at % group_vectors;
    let from = at / group_vectors * vectors + vector;
    let mut g = Array::<Vec4>::new(9usize);
    #[unroll]
    for tap in 0..9usize {
        let source = (tap as u32 * tap_len + from) as usize;
        if comptime!(is_packed) {
            g[tap] = unpack_bytes(packed[source]) * bias[(vectors + vector) as usize];
        } else {
            g[tap] = weight[source];
        }
    }
    // G g: six rows of three.
    let sixth = Vec4::new(1.0f32 / 6.0f32);
    let mut h = Array::<Vec4>::new(18usize);
    #[unroll]
    for j in 0..3usize {
        let even = (g[j] + g[6 + j]) * sixth;
        let odd = g[3 + j] * sixth;
        let far = g[j] * Vec4::new(1.0f32 / 24.0f32) + g[6 + j] * sixth;
        let half_odd = g[3 + j] * Vec4::new(1.0f32 / 12.0f32);
        h[j] = g[j] * Vec4::new(0.25f32);
        h[3 + j] = Vec4::new(0.0f32) - even - odd;
        h[6 + j] = odd - even;
        h[9 + j] = far + half_odd;
        h[12 + j] = far - half_odd;
        h[15 + j] = g[6 + j];
    }
    // (G g) G^T: six rows of six.
    #[unroll]
    for i in 0..6usize {
        let a = h[3 * i];
        let b = h[3 * i + 1];
        let c = h[3 * i + 2];
        let even = (a + c) * sixth;
        let odd = b * sixth;
        let far = a * Vec4::new(1.0f32 / 24.0f32) + c * sixth;
        let half_odd = b * Vec4::new(1.0f32 / 12.0f32);
        let row = i as u32 * 6u32;
        transformed[(row * len + at) as usize] = a * Vec4::new(0.25f32);
        transformed[((row + 1) * len + at) as usize] = Vec4::new(0.0f32) - even - odd;
        transformed[((row + 2) * len + at) as usize] = odd - even;
        transformed[((row + 3) * len + at) as usize] = far + half_odd;
        transformed[((row + 4) * len + at) as usize] = far - half_odd;
        transformed[((row + 5) * len + at) as usize] = c;
    }
}

/// One invocation a tile of the band and vector of the group: `[36, tiles, group]` to `[n, rows, columns, c]` with bias
/// and, where `relu` is not 0, ReLU.
#[cube(launch_unchecked)]
pub(super) fn transform_output_kernel<O: Float>(
    products: &[Vec4],
    bias: &[Vec4],
    output: &mut [Stored<O>],
    sizes: TileSizes,
    relu: u32,
    #[define(O)] _element: ElemType,
) {
    let at = ABSOLUTE_POS_Y * CUBE_DIM_X * CUBE_COUNT_X + ABSOLUTE_POS_X;
    if at >= sizes.len {
        terminate!();
    }
    let group_vector = at % sizes.group_vectors;
    let tile = at / sizes.group_vectors;
    let whole_tile = sizes.first_tile + tile;
    let tile_column = whole_tile % sizes.tile_columns;
    let line = whole_tile / sizes.tile_columns;
    let tile_row = line % sizes.tile_rows;
    let image = line / sizes.tile_rows;
    let mut m = Array::<Vec4>::new(36usize);
    #[unroll]
    for i in 0..36usize {
        m[i] = products[((i as u32 * sizes.tiles + tile) * sizes.group_vectors + group_vector) as usize];
    }
    #[unroll]
    for j in 0..6usize {
        transform_output_line(&mut m, j, 6usize);
    }
    #[unroll]
    for i in 0..4usize {
        transform_output_line(&mut m, i * 6, 1usize);
    }
    let vector = sizes.first_vector + group_vector;
    let b = bias[vector as usize];
    #[unroll]
    for i in 0..4usize {
        #[unroll]
        for j in 0..4usize {
            let y = tile_row * 4 + i as u32;
            let x = tile_column * 4 + j as u32;
            if y < sizes.rows && x < sizes.columns {
                let mut value = m[i * 6 + j] + b;
                if relu != 0 {
                    value = relu_of(value);
                }
                let place = ((image * sizes.rows + y) * sizes.columns + x) * sizes.vectors + vector;
                output[place as usize] = Stored::<O>::cast_from(value);
            }
        }
    }
}
