//! Winograd's F(4x4, 3x3) for the GPU, Lavin and Gray 2016 (arXiv 1509.09308): a quarter of the multiplications of a 3x3
//! convolution with stride 1.
//!
//! Tiles of 4x4 outputs are transformed, multiplied as 36 matrix products over the channels, and transformed back.

use burn_std::Shape;
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

use super::gpu::{ConvSizesLaunch, unpack_bytes};
use super::tiled::{Tile, product_kernel as tiled_product_kernel};
use super::{ConvGeometry, Residual};
use crate::kernels::adapter::{ConvKernel, conv_kernel};
use crate::kernels::gpu::{Vec4, WORKGROUP, count_for, in_order, output_like};

/// Outputs of a tile on a side.
const TILE: usize = 4;
/// Inputs of a tile on a side.
const PATCH: usize = 6;
/// Products of a tile.
pub(super) const PRODUCTS: usize = PATCH * PATCH;
/// Below this many tiles, transforming the weights costs more than it saves.
const LEAST_TILES: usize = 16;
/// Tiles of one invocation of the product.
const PRODUCT_TILES: usize = 8;
/// Output vectors of one invocation of the product.
const PRODUCT_VECTORS: usize = 2;

/// Whether the convolution is one that this way is faster for.
pub(super) fn is_faster([images, rows, columns, _]: [usize; 4], geometry: ConvGeometry) -> bool {
    let is_same = ConvGeometry { relu: false, ..geometry } == ConvGeometry::SAME_3X3;
    is_same && tiles(images, rows, columns) >= LEAST_TILES
}

/// Tiles of all images.
pub(super) fn tiles(images: usize, rows: usize, columns: usize) -> usize {
    images * rows.div_ceil(TILE) * columns.div_ceil(TILE)
}

#[derive(CubeLaunch, CubeType, Clone)]
struct TileSizes {
    rows: u32,
    columns: u32,
    vectors: u32,
    tile_rows: u32,
    tile_columns: u32,
    tiles: u32,
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

/// One invocation a tile and vector of channels: `[n, rows, columns, c]` to `[36, tiles, c]`.
#[cube(launch_unchecked)]
fn transform_input_kernel(input: &[Vec4], transformed: &mut [Vec4], sizes: TileSizes) {
    let at = ABSOLUTE_POS_Y * CUBE_DIM_X * CUBE_COUNT_X + ABSOLUTE_POS_X;
    if at >= sizes.len {
        terminate!();
    }
    let vector = at % sizes.vectors;
    let tile = at / sizes.vectors;
    let tile_column = tile % sizes.tile_columns;
    let line = tile / sizes.tile_columns;
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
            d[i * 6 + j] = input[source as usize] * Vec4::new(select(valid, 1.0f32, 0.0f32));
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

/// One invocation an input channel and vector of output channels: `[3, 3, c_in, c_out]` to `[36, c_in, c_out]`.
#[cube(launch_unchecked)]
fn transform_weight_kernel(
    weight: &[Vec4],
    packed: &[i32],
    bias: &[Vec4],
    transformed: &mut [Vec4],
    vectors: u32,
    len: u32,
    #[comptime] is_packed: bool,
) {
    let at = ABSOLUTE_POS_Y * CUBE_DIM_X * CUBE_COUNT_X + ABSOLUTE_POS_X;
    if at >= len {
        terminate!();
    }
    let mut g = Array::<Vec4>::new(9usize);
    #[unroll]
    for tap in 0..9usize {
        let source = (tap as u32 * len + at) as usize;
        if comptime!(is_packed) {
            g[tap] = unpack_bytes(packed[source]) * bias[(vectors + at % vectors) as usize];
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

/// 36 products `[tiles, c_in]` by `[c_in, c_out]`; a tile of both in registers, as in the direct kernel.
#[cube(launch_unchecked)]
fn product_kernel(
    input: &[Vec4],
    weight: &[Vec4],
    output: &mut [Vec4],
    tiles: u32,
    input_vectors: u32,
    output_vectors: u32,
) {
    let first_vector = ABSOLUTE_POS_X * comptime!(PRODUCT_VECTORS as u32);
    let first_tile = ABSOLUTE_POS_Y * comptime!(PRODUCT_TILES as u32);
    let product = ABSOLUTE_POS_Z;
    if first_vector >= output_vectors || first_tile >= tiles {
        terminate!();
    }
    let mut offset = Array::<u32>::new(PRODUCT_TILES);
    #[unroll]
    for t in 0..PRODUCT_TILES {
        offset[t] = (product * tiles + min(first_tile + t as u32, tiles - 1)) * input_vectors;
    }
    let mut acc = Array::<Vec4>::new(comptime!(PRODUCT_TILES * PRODUCT_VECTORS));
    #[unroll]
    for i in 0..comptime!(PRODUCT_TILES * PRODUCT_VECTORS) {
        acc[i] = Vec4::new(0.0f32);
    }
    let mut weight_at = product * input_vectors * 4 * output_vectors + first_vector;
    for c in 0..input_vectors {
        let mut w = Array::<Vec4>::new(comptime!(4 * PRODUCT_VECTORS));
        #[unroll]
        for i in 0..4usize {
            #[unroll]
            for v in 0..PRODUCT_VECTORS {
                w[i * PRODUCT_VECTORS + v] = weight[weight_at as usize + v];
            }
            weight_at += output_vectors;
        }
        #[unroll]
        for t in 0..PRODUCT_TILES {
            let x = input[(offset[t] + c) as usize];
            #[unroll]
            for i in 0..4usize {
                let xi = Vec4::new(x.extract(i));
                #[unroll]
                for v in 0..PRODUCT_VECTORS {
                    acc[t * PRODUCT_VECTORS + v] += xi * w[i * PRODUCT_VECTORS + v];
                }
            }
        }
    }
    #[unroll]
    for t in 0..PRODUCT_TILES {
        let tile = first_tile + t as u32;
        if tile < tiles {
            #[unroll]
            for v in 0..PRODUCT_VECTORS {
                output[((product * tiles + tile) * output_vectors + first_vector) as usize + v] =
                    acc[t * PRODUCT_VECTORS + v];
            }
        }
    }
}

/// One invocation a tile and vector of channels: `[36, tiles, c]` to `[n, rows, columns, c]` with bias and ReLU.
#[cube(launch_unchecked)]
fn transform_output_kernel(
    products: &[Vec4],
    bias: &[Vec4],
    output: &mut [Vec4],
    sizes: TileSizes,
    #[comptime] relu: bool,
) {
    let at = ABSOLUTE_POS_Y * CUBE_DIM_X * CUBE_COUNT_X + ABSOLUTE_POS_X;
    if at >= sizes.len {
        terminate!();
    }
    let vector = at % sizes.vectors;
    let tile = at / sizes.vectors;
    let tile_column = tile % sizes.tile_columns;
    let line = tile / sizes.tile_columns;
    let tile_row = line % sizes.tile_rows;
    let image = line / sizes.tile_rows;
    let mut m = Array::<Vec4>::new(36usize);
    #[unroll]
    for i in 0..36usize {
        m[i] = products[((i as u32 * sizes.tiles + tile) * sizes.vectors + vector) as usize];
    }
    #[unroll]
    for j in 0..6usize {
        transform_output_line(&mut m, j, 6usize);
    }
    #[unroll]
    for i in 0..4usize {
        transform_output_line(&mut m, i * 6, 1usize);
    }
    let b = bias[vector as usize];
    #[unroll]
    for i in 0..4usize {
        #[unroll]
        for j in 0..4usize {
            let y = tile_row * 4 + i as u32;
            let x = tile_column * 4 + j as u32;
            if y < sizes.rows && x < sizes.columns {
                let mut value = m[i * 6 + j] + b;
                if relu {
                    value = max(value, Vec4::new(0.0f32));
                }
                output[(((image * sizes.rows + y) * sizes.columns + x) * sizes.vectors + vector) as usize] =
                    value;
            }
        }
    }
}

/// Runs a 3x3 convolution for which [`is_faster`] holds; arguments as in [`super::gpu::conv2d`].
pub(super) fn conv2d(
    input: CubeTensor,
    weight: CubeTensor,
    bias: CubeTensor,
    output_channels: usize,
    relu: bool,
    is_packed: bool,
) -> CubeTensor {
    let (input, weight, bias) = (in_order(input), in_order(weight), in_order(bias));
    let [images, rows, columns, input_channels] = input.meta.shape().dims();
    let (tile_rows, tile_columns) = (rows.div_ceil(TILE), columns.div_ceil(TILE));
    let tiles = images * tile_rows * tile_columns;
    let (input_vectors, output_vectors) = (input_channels / 4, output_channels / 4);
    let client = input.client.clone();
    let transformed = output_like(&input, Shape::new([PRODUCTS, tiles, input_channels]));
    let weights = output_like(&input, Shape::new([PRODUCTS, input_channels, output_channels]));
    let products = output_like(&input, Shape::new([PRODUCTS, tiles, output_channels]));
    let output = output_like(&input, Shape::new([images, rows, columns, output_channels]));
    let sizes = |vectors: usize| {
        TileSizesLaunch::new(
            rows as u32,
            columns as u32,
            vectors as u32,
            tile_rows as u32,
            tile_columns as u32,
            tiles as u32,
            (tiles * vectors) as u32,
        )
    };
    let weight_len = input_channels * output_vectors;
    let groups_x = output_vectors.div_ceil(PRODUCT_VECTORS) as u32;
    let width = groups_x.next_power_of_two().min(8);
    let height = WORKGROUP / width;
    let groups_y = (tiles.div_ceil(PRODUCT_TILES) as u32).div_ceil(height);
    // SAFETY: every kernel stays below the lengths given beside its buffers; patches are clamped to the image.
    #[allow(unsafe_code)]
    unsafe {
        transform_input_kernel::launch_unchecked(
            &client,
            count_for(tiles * input_vectors),
            CubeDim::new_1d(WORKGROUP),
            input.into_buffer_arg(),
            transformed.clone().into_buffer_arg(),
            sizes(input_vectors),
        );
        transform_weight_kernel::launch_unchecked(
            &client,
            count_for(weight_len),
            CubeDim::new_1d(WORKGROUP),
            weight.clone().into_buffer_arg(),
            weight.into_buffer_arg(),
            bias.clone().into_buffer_arg(),
            weights.clone().into_buffer_arg(),
            output_vectors as u32,
            weight_len as u32,
            is_packed,
        );
        match conv_kernel() {
            ConvKernel::Registers => product_kernel::launch_unchecked(
                &client,
                CubeCount::Static(groups_x.div_ceil(width), groups_y, PRODUCTS as u32),
                CubeDim::new_2d(width, height),
                transformed.into_buffer_arg(),
                weights.into_buffer_arg(),
                products.clone().into_buffer_arg(),
                tiles as u32,
                input_vectors as u32,
                output_vectors as u32,
            ),
            ConvKernel::Tiled => {
                let tile = Tile::for_product(PRODUCTS, tiles, output_vectors);
                let [x, y] = tile.groups(tiles, output_vectors).map(|groups| groups as u32);
                let [tiles, inputs, outputs] = [tiles, input_vectors, output_vectors].map(|n| n as u32);
                tiled_product_kernel::launch_unchecked(
                    &client,
                    CubeCount::Static(x, y, PRODUCTS as u32),
                    CubeDim::new_1d(tile.invocations() as u32),
                    transformed.into_buffer_arg(),
                    weights.clone().into_buffer_arg(),
                    weights.clone().into_buffer_arg(),
                    bias.clone().into_buffer_arg(),
                    bias.clone().into_buffer_arg(),
                    products.clone().into_buffer_arg(),
                    ConvSizesLaunch::new(1, tiles, inputs, 1, tiles, outputs, tiles, 1, 1),
                    tile,
                    false,
                    false,
                    1,
                    1,
                    0,
                    false,
                    Residual::None,
                );
            }
        }
        transform_output_kernel::launch_unchecked(
            &client,
            count_for(tiles * output_vectors),
            CubeDim::new_1d(WORKGROUP),
            products.into_buffer_arg(),
            bias.into_buffer_arg(),
            output.clone().into_buffer_arg(),
            sizes(output_vectors),
            relu,
        );
    }
    output
}
