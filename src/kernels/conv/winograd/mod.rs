//! Winograd's F(4x4, 3x3) for the GPU, Lavin and Gray 2016 (arXiv 1509.09308): a quarter of the multiplications of a 3x3
//! convolution with stride 1.
//!
//! Tiles of 4x4 outputs are transformed, multiplied as 36 matrix products over the channels, and transformed back: of
//! large layers a band of tiles after the other, since what lies between takes 9 times the memory of a picture.

mod transforms;

use burn_std::{DType, Shape};
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

use super::ConvGeometry;
use super::product::{self, Product};
use crate::kernels::adapter::Precision;
use crate::kernels::gpu::{WORKGROUP, count_for, element, in_order, output_beside};
use transforms::{TileSizesLaunch, transform_input_kernel, transform_output_kernel, transform_weight_kernel};

/// Outputs of a tile on a side.
const TILE: usize = 4;
/// Inputs of a tile on a side.
const PATCH: usize = 6;
/// Products of a tile.
pub(super) const PRODUCTS: usize = PATCH * PATCH;
/// Below this many tiles, transforming the weights costs more than it saves.
const LEAST_TILES: usize = 16;

/// Whether the convolution is one that this way is faster for.
pub(super) fn is_faster([images, rows, columns, _]: [usize; 4], geometry: ConvGeometry) -> bool {
    let is_same = ConvGeometry { relu: false, ..geometry } == ConvGeometry::SAME_3X3;
    is_same && tiles(images, rows, columns) >= LEAST_TILES
}

/// Tiles of all images.
fn tiles(images: usize, rows: usize, columns: usize) -> usize {
    images * rows.div_ceil(TILE) * columns.div_ceil(TILE)
}

/// Floats of a buffer between the transforms, 20 MiB: as much as the largest feature maps at 512 take, so that no buffer
/// makes the memory's pages larger than these do.
const MOST_FLOATS: usize = 5 << 20;
/// Bands and groups are multiples of this, which the tiles of the products are too.
const PART_MULTIPLE: usize = 64;

/// How many of `count` parts of `floats` each are done at once.
fn part_len(count: usize, floats: usize) -> usize {
    let most = (MOST_FLOATS / floats / PART_MULTIPLE).max(1) * PART_MULTIPLE;
    count.div_ceil(count.div_ceil(most)).next_multiple_of(PART_MULTIPLE).min(count)
}

/// Tiles of a band and output channels of a group that are done at once, of `[n, rows, columns, c_in]`.
pub(super) fn parts([images, rows, columns, inputs]: [usize; 4], outputs: usize) -> [usize; 2] {
    let channels = part_len(outputs, PRODUCTS * inputs);
    [part_len(tiles(images, rows, columns), PRODUCTS * inputs.max(channels)), channels]
}

/// Runs a 3x3 convolution for which [`is_faster`] holds; arguments as in [`super::gpu::conv2d`].
pub(super) fn conv2d(
    input: CubeTensor,
    weight: CubeTensor,
    bias: CubeTensor,
    output_channels: usize,
    relu: bool,
    is_packed: bool,
    precision: Precision,
) -> CubeTensor {
    let (input, weight, bias) = (in_order(input), in_order(weight), in_order(bias));
    let [images, rows, columns, input_channels] = input.meta.shape().dims();
    let (tile_rows, tile_columns) = (rows.div_ceil(TILE), columns.div_ceil(TILE));
    let all_tiles = tiles(images, rows, columns);
    let (input_vectors, output_vectors) = (input_channels / 4, output_channels / 4);
    let [band_tiles, group_channels] = parts([images, rows, columns, input_channels], output_channels);
    let client = input.client.clone();
    let shape = Shape::new([images, rows, columns, output_channels]);
    let output = output_beside(&input, shape, precision.dtype());
    for first_channel in (0..output_channels).step_by(group_channels) {
        let channels = group_channels.min(output_channels - first_channel);
        let (first_vector, vectors) = (first_channel / 4, channels / 4);
        let weights = between(&input, [PRODUCTS, input_channels, channels]);
        let weight_len = input_channels * vectors;
        // SAFETY: it stays below the lengths given beside its buffers.
        #[allow(unsafe_code)]
        unsafe {
            transform_weight_kernel::launch_unchecked(
                &client,
                count_for(weight_len),
                CubeDim::new_1d(WORKGROUP),
                weight.clone().into_buffer_arg(),
                weight.clone().into_buffer_arg(),
                bias.clone().into_buffer_arg(),
                weights.clone().into_buffer_arg(),
                output_vectors as u32,
                first_vector as u32,
                vectors as u32,
                (input_channels * output_vectors) as u32,
                weight_len as u32,
                is_packed,
            );
        }
        for first_tile in (0..all_tiles).step_by(band_tiles) {
            let tiles = band_tiles.min(all_tiles - first_tile);
            let sizes = |all: usize, first: usize, part: usize| {
                TileSizesLaunch::new(
                    rows as u32,
                    columns as u32,
                    all as u32,
                    tile_rows as u32,
                    tile_columns as u32,
                    first_tile as u32,
                    tiles as u32,
                    first as u32,
                    part as u32,
                    (tiles * part) as u32,
                )
            };
            let transformed = between(&input, [PRODUCTS, tiles, input_channels]);
            // SAFETY: both stay below the lengths given beside their buffers; patches are clamped to the image.
            #[allow(unsafe_code)]
            unsafe {
                transform_input_kernel::launch_unchecked(
                    &client,
                    count_for(tiles * input_vectors),
                    CubeDim::new_1d(WORKGROUP),
                    input.clone().into_buffer_arg(),
                    transformed.clone().into_buffer_arg(),
                    sizes(input_vectors, 0, input_vectors),
                    element(input.dtype),
                );
                let products = multiply(transformed, &weights);
                transform_output_kernel::launch_unchecked(
                    &client,
                    count_for(tiles * vectors),
                    CubeDim::new_1d(WORKGROUP),
                    products.into_buffer_arg(),
                    bias.clone().into_buffer_arg(),
                    output.clone().into_buffer_arg(),
                    sizes(output_vectors, first_vector, vectors),
                    relu.into(),
                    element(output.dtype),
                );
            }
        }
    }
    output
}

/// A buffer between the transforms, in 32 bit: transformed values are up to a hundred times as large as a picture's.
fn between(tensor: &CubeTensor, shape: [usize; 3]) -> CubeTensor {
    output_beside(tensor, Shape::new(shape), DType::F32)
}

/// `[36, tiles, c_in]` by `[36, c_in, c_out]`.
fn multiply(transformed: CubeTensor, weights: &CubeTensor) -> CubeTensor {
    let [_, tiles, input_channels] = transformed.meta.shape().dims();
    let [_, _, output_channels] = weights.meta.shape().dims();
    let products = between(&transformed, [PRODUCTS, tiles, output_channels]);
    product::launch(Product {
        input: transformed,
        weight: weights.clone(),
        bias: None,
        residual: None,
        output: products.clone(),
        batches: PRODUCTS,
        images: 1,
        input_size: [1, tiles],
        output_size: [1, tiles],
        channels: [input_channels, output_channels],
        geometry: ConvGeometry::POINTWISE,
        is_packed: false,
    });
    products
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_all_within_the_bound() {
        for (count, floats) in
            [(1600, 36 * 256), (1024, 36 * 256), (256, 36 * 512), (100, 36 * 64), (24, 36 * 8)]
        {
            let part = part_len(count, floats);
            assert!(part == count || part.is_multiple_of(PART_MULTIPLE), "{count}: {part}");
            assert!(part * floats <= MOST_FLOATS, "{count}: {part}");
        }
        assert_eq!(part_len(24, 36 * 8), 24);
        // A single row of parts that is too large by itself is still done.
        assert_eq!(part_len(128, MOST_FLOATS), 64);
    }
}
