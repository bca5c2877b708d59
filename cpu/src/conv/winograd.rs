//! Winograd's F(4x4, 3x3) on the CPU, Lavin and Gray 2016 (arXiv 1509.09308): a quarter of the multiplications of a 3x3
//! convolution with stride 1. The weights are transformed once, when the model is loaded.
//!
//! The rows of the paper's `G` are multiplied by 4, -6, -6, 24, 24 and 1 here, and the columns of its `A^T` divided by
//! them: so the transformed weights of 8 bit are whole numbers, at most 49 times as large, and fit in 16 bit.
//!
//! Strips of 4 output rows are taken a block at a time, so that what is between the steps stays in the cache.

use super::finish::Finish;
use super::product::{Panels, Rows, multiply};
use super::simd::{self, Job, Lanes, Level};
use super::stored::{Kept, Weight};
use crate::threads;

/// Outputs of a tile on a side.
const TILE: usize = 4;
/// Inputs of a tile on a side.
const PATCH: usize = 6;
/// Products of a tile.
const PRODUCTS: usize = PATCH * PATCH;
/// Tiles of one task, a multiple of every level's rows.
const TASK_TILES: usize = 48;
/// Tiles of a block at least: each block reads all weights once.
const BLOCK_TILES: usize = 96;
/// Outputs whose weights are transformed together; a level's columns are a multiple of it.
const GROUP: usize = 8;
/// Floats after each tile and task, so that equal places of neighbours do not share a set of the cache.
const STAGGER: usize = 16;

/// The weights of a 3x3 convolution, transformed: one matrix `[c_in, c_out]` for each product.
#[derive(Debug, Clone)]
pub(super) struct WinogradWeights {
    level: Level,
    inputs: usize,
    products: Vec<Panels>,
}

impl WinogradWeights {
    /// Transforms `weight` `[3, 3, inputs, outputs]`; `outputs` is a multiple of [`GROUP`].
    pub(super) fn new<T: Weight>(level: Level, weight: &[T], inputs: usize, outputs: usize) -> Self {
        let mut products: Vec<Vec<T::Sum>> =
            (0..PRODUCTS).map(|_| Panels::zeros(level, inputs, outputs)).collect();
        for input in 0..inputs {
            for first in (0..outputs).step_by(GROUP) {
                let tap = |tap: usize| -> [T::Sum; GROUP] {
                    let row = &weight[(tap * inputs + input) * outputs + first..][..GROUP];
                    std::array::from_fn(|i| row[i].into())
                };
                let columns = std::array::from_fn(|j| weight_line([tap(j), tap(3 + j), tap(6 + j)]));
                let place = Panels::place(level, inputs, input, first);
                for i in 0..PATCH {
                    let [left, middle, right]: [[_; PATCH]; 3] = columns;
                    for (j, values) in weight_line([left[i], middle[i], right[i]]).into_iter().enumerate() {
                        products[i * PATCH + j][place..][..GROUP].copy_from_slice(&values);
                    }
                }
            }
        }
        let products =
            products.into_iter().map(|values| Panels::laid_out(level, inputs, outputs, values)).collect();
        Self { level, inputs, products }
    }

    /// Convolves `input` `[images, rows, columns, inputs]` into `output` `[images, rows, columns, outputs]`.
    pub(super) fn convolve(
        &self,
        input: &[f32],
        [images, rows, columns, _]: [usize; 4],
        finish: &Finish<'_>,
        output: &mut [f32],
    ) {
        let outputs = self.products[0].outputs();
        let (tile_rows, tile_columns) = (rows.div_ceil(TILE), columns.div_ceil(TILE));
        // The strips of the output, the last of each image may be lower.
        let mut strips: Vec<&mut [f32]> = Vec::with_capacity(images * tile_rows);
        for image in output.chunks_exact_mut(rows * columns * outputs) {
            strips.extend(image.chunks_mut(TILE * columns * outputs));
        }
        let block_strips =
            (TASK_TILES * threads::count()).max(BLOCK_TILES).div_ceil(tile_columns).min(strips.len());
        let block_tiles = block_strips * tile_columns;
        let tile_len = PRODUCTS * self.inputs + STAGGER;
        let task_tiles = TASK_TILES.min(block_tiles);
        let task_len = task_tiles * outputs + STAGGER;
        let tasks = block_tiles.div_ceil(task_tiles);
        let transformed_len = block_tiles * tile_len;
        threads::with_scratch(transformed_len + PRODUCTS * tasks * task_len, |scratch| {
            let (transformed, products) = scratch.split_at_mut(transformed_len);
            for (block, strips) in strips.chunks_mut(block_strips).enumerate() {
                let first_strip = block * block_strips;
                let tiles = strips.len() * tile_columns;
                let place = |tile: usize| {
                    let strip = first_strip + tile / tile_columns;
                    [strip / tile_rows, strip % tile_rows, tile % tile_columns]
                };
                threads::for_each_chunk(&mut transformed[..tiles * tile_len], tile_len, |tile, patch| {
                    let [image, tile_row, tile_column] = place(tile);
                    let input =
                        &input[image * rows * columns * self.inputs..][..rows * columns * self.inputs];
                    let job = TransformInput {
                        input,
                        size: [rows, columns],
                        channels: self.inputs,
                        tile: [tile_row, tile_column],
                        patch,
                    };
                    simd::run(self.level, job);
                });
                let transformed = &*transformed;
                threads::for_each_chunk(products, task_len, |task, target| {
                    let (product, first) = (task / tasks, task % tasks * task_tiles);
                    let count = task_tiles.min(tiles.saturating_sub(first));
                    if count == 0 {
                        return;
                    }
                    let mut starts = [0; TASK_TILES];
                    for (tile, start) in starts.iter_mut().enumerate() {
                        *start = (first + tile) * tile_len;
                    }
                    let rows = Rows {
                        values: transformed,
                        starts: &starts[..count],
                        segments: &[product * self.inputs],
                        segment_len: self.inputs,
                    };
                    multiply(rows, &self.products[product], None, 0, &mut target[..count * outputs]);
                });
                let products = &*products;
                threads::for_each_chunk(strips, 1, |index, strip| {
                    let strip_index = first_strip + index;
                    let (image, tile_row) = (strip_index / tile_rows, strip_index % tile_rows);
                    let job = TransformOutput {
                        products,
                        product_len: tasks * task_len,
                        first_tile: index * tile_columns,
                        task_tiles,
                        task_len,
                        first_pixel: (image * rows + tile_row * TILE) * columns,
                        columns,
                        outputs,
                        finish,
                        strip: strip[0],
                    };
                    simd::run(self.level, job);
                });
            }
        });
    }
}

/// `G g` of three values, the rows of `G` multiplied as said above.
fn weight_line<T: Kept>([g0, g1, g2]: [[T; GROUP]; 3]) -> [[T; GROUP]; PATCH] {
    let add = |a: [T; GROUP], b: [T; GROUP]| -> [T; GROUP] { std::array::from_fn(|i| a[i] + b[i]) };
    let sub = |a: [T; GROUP], b: [T; GROUP]| -> [T; GROUP] { std::array::from_fn(|i| a[i] - b[i]) };
    let even = add(g0, g2);
    let twice = add(g2, g2);
    let far = add(g0, add(twice, twice));
    let odd = add(g1, g1);
    [g0, add(even, g1), sub(even, g1), add(far, odd), sub(far, odd), g2]
}

/// One tile's 6x6 inputs to its 36 rows of channels.
struct TransformInput<'a> {
    /// The image, `[rows, columns, channels]`.
    input: &'a [f32],
    size: [usize; 2],
    channels: usize,
    tile: [usize; 2],
    /// `[36, channels]`.
    patch: &'a mut [f32],
}

impl Job for TransformInput<'_> {
    #[inline(always)]
    fn run<V: Lanes, const ROWS: usize>(self) {
        let ([rows, columns], channels) = (self.size, self.channels);
        let mut offsets = [usize::MAX; PRODUCTS];
        for (i, offset) in offsets.iter_mut().enumerate() {
            let y = (self.tile[0] * TILE + i / PATCH).wrapping_sub(1);
            let x = (self.tile[1] * TILE + i % PATCH).wrapping_sub(1);
            if y < rows && x < columns {
                *offset = (y * columns + x) * channels;
            }
        }
        for channel in (0..channels).step_by(V::COUNT) {
            let load = |i: usize| {
                if offsets[i] == usize::MAX {
                    V::splat(0.0)
                } else {
                    V::load_some(&self.input[offsets[i]..][channel..channels])
                }
            };
            let mut half = [[V::splat(0.0); PATCH]; PATCH];
            for j in 0..PATCH {
                let line = input_line([
                    load(j),
                    load(6 + j),
                    load(12 + j),
                    load(18 + j),
                    load(24 + j),
                    load(30 + j),
                ]);
                for (row, value) in half.iter_mut().zip(line) {
                    row[j] = value;
                }
            }
            for (i, row) in half.into_iter().enumerate() {
                for (j, value) in input_line(row).into_iter().enumerate() {
                    value.store_some(&mut self.patch[(i * PATCH + j) * channels..][channel..channels]);
                }
            }
        }
    }
}

/// `B^T d` of six values.
#[inline(always)]
fn input_line<V: Lanes>([d0, d1, d2, d3, d4, d5]: [V; PATCH]) -> [V; PATCH] {
    let (two, four, five) = (V::splat(2.0), V::splat(4.0), V::splat(-5.0));
    let minus_four = V::splat(-4.0);
    let even = d2.mul_add(minus_four, d4);
    let odd = d1.mul_add(minus_four, d3);
    let even_two = d4.sub(d2);
    let odd_two = d3.sub(d1).mul(two);
    [
        d0.mul_add(four, d2.mul_add(five, d4)),
        even.add(odd),
        even.sub(odd),
        even_two.add(odd_two),
        even_two.sub(odd_two),
        d1.mul_add(four, d3.mul_add(five, d5)),
    ]
}

/// A strip's products to its outputs.
struct TransformOutput<'a> {
    products: &'a [f32],
    product_len: usize,
    first_tile: usize,
    task_tiles: usize,
    task_len: usize,
    first_pixel: usize,
    columns: usize,
    outputs: usize,
    finish: &'a Finish<'a>,
    /// `[up to 4, columns, outputs]`.
    strip: &'a mut [f32],
}

impl Job for TransformOutput<'_> {
    #[inline(always)]
    fn run<V: Lanes, const ROWS: usize>(self) {
        let (columns, outputs) = (self.columns, self.outputs);
        let rows = self.strip.len() / (columns * outputs);
        for tile_column in 0..columns.div_ceil(TILE) {
            let tile = self.first_tile + tile_column;
            let start = tile / self.task_tiles * self.task_len + tile % self.task_tiles * outputs;
            let width = TILE.min(columns - tile_column * TILE);
            for channel in (0..outputs).step_by(V::COUNT) {
                let load =
                    |i: usize| V::load_some(&self.products[i * self.product_len + start..][channel..outputs]);
                let mut half = [[V::splat(0.0); PATCH]; TILE];
                for j in 0..PATCH {
                    let line = output_line([
                        load(j),
                        load(6 + j),
                        load(12 + j),
                        load(18 + j),
                        load(24 + j),
                        load(30 + j),
                    ]);
                    for (row, value) in half.iter_mut().zip(line) {
                        row[j] = value;
                    }
                }
                for (y, row) in half.into_iter().enumerate().take(rows) {
                    for (x, value) in output_line(row).into_iter().enumerate().take(width) {
                        let pixel = y * columns + tile_column * TILE + x;
                        let residual = self.finish.residual_row(self.first_pixel + pixel);
                        let value = self.finish.apply(value, residual, channel);
                        value.store_some(&mut self.strip[pixel * outputs..][channel..outputs]);
                    }
                }
            }
        }
    }
}

/// `A^T m` of six values, the columns of `A^T` divided as said above.
#[inline(always)]
fn output_line<V: Lanes>([m0, m1, m2, m3, m4, m5]: [V; PATCH]) -> [V; TILE] {
    let minus_sixth = V::splat(-1.0 / 6.0);
    let (plus12, minus12) = (m1.add(m2).mul(minus_sixth), m1.sub(m2).mul(minus_sixth));
    let (plus34, minus34) = (m3.add(m4), m3.sub(m4));
    [
        plus34.mul_add(V::splat(1.0 / 24.0), m0.mul_add(V::splat(0.25), plus12)),
        minus34.mul_add(V::splat(1.0 / 12.0), minus12),
        plus34.mul_add(V::splat(1.0 / 6.0), plus12),
        minus34.mul_add(V::splat(1.0 / 3.0), minus12).add(m5),
    ]
}
