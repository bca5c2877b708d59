//! Winograd's F(4x4, 3x3) on the CPU, Lavin and Gray 2016 (arXiv 1509.09308): a quarter of the multiplications of a 3x3
//! convolution with stride 1. The weights are transformed once, when the model is loaded.
//!
//! The rows of the paper's `G` are multiplied by 4, -6, -6, 24, 24 and 1 here, and the columns of its `A^T` divided by
//! them: so the transformed weights of 8 bit are whole numbers, at most 49 times as large, and fit in 16 bit.
//!
//! Strips of 4 output rows are taken a block at a time, so that what is between the steps stays in the cache.

use super::count::{Groups, count_groups};
use super::finish::Finish;
use super::product::{Factor, Layout, Panels, Rows, are_counted, multiply};
use super::stored::{Kept, Weight};
use crate::simd::{self, Job, Lanes, Level};
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
pub(super) const GROUP: usize = 8;
/// Floats after each tile and task, so that equal places of neighbours do not share a set of the cache.
const STAGGER: usize = 16;

/// The weights of a 3x3 convolution, transformed: one matrix `[c_in, c_out]` for each product.
#[derive(Debug, Clone)]
pub(super) struct WinogradWeights {
    layout: Layout,
    products: Vec<Panels>,
}

impl WinogradWeights {
    /// Transforms `weight` `[3, 3, inputs, outputs]`; `outputs` is a multiple of [`GROUP`].
    pub(super) fn new<T: Weight>(level: Level, weight: &[T], inputs: usize, outputs: usize) -> Self {
        let paired = are_counted::<T>(inputs);
        let layout = Layout { level, depth: inputs, outputs, paired };
        let mut products: Vec<Vec<T::Sum>> = (0..PRODUCTS).map(|_| layout.zeros()).collect();
        for input in 0..inputs {
            for first in (0..outputs).step_by(GROUP) {
                let tap = |tap: usize| -> [T::Sum; GROUP] {
                    let row = &weight[(tap * inputs + input) * outputs + first..][..GROUP];
                    std::array::from_fn(|i| row[i].into())
                };
                let columns = std::array::from_fn(|j| weight_line([tap(j), tap(3 + j), tap(6 + j)]));
                for i in 0..PATCH {
                    let [left, middle, right]: [[_; PATCH]; 3] = columns;
                    for (j, values) in weight_line([left[i], middle[i], right[i]]).into_iter().enumerate() {
                        layout.write(&mut products[i * PATCH + j], input, first, &values);
                    }
                }
            }
        }
        Self {
            layout,
            products: products.into_iter().map(|values| Panels::laid_out(layout, values)).collect(),
        }
    }

    /// Convolves `input` `[images, rows, columns, inputs]` into `output` `[images, rows, columns, outputs]`.
    pub(super) fn convolve(&self, input: &[f32], shape: [usize; 4], finish: &Finish<'_>, output: &mut [f32]) {
        let Layout { level, depth: inputs, paired, .. } = self.layout;
        if !paired {
            let transform = |tile: Tile<'_>, patch: &mut [f32], _: &mut [f32]| {
                simd::run(level, TransformInput { tile, patch });
            };
            return self.convolve_by(transform, input, shape, finish, output);
        }
        let limits: Vec<f32> = self.products.iter().map(Panels::limit).collect();
        let transform = |tile: Tile<'_>, steps: &mut [i16], sizes: &mut [f32]| {
            threads::with_scratch(steps.len(), |patch| {
                simd::run(level, TransformInput { tile, patch });
                let groups = Groups { values: patch, group: inputs, scales: &[], limits: &limits };
                count_groups(level, groups, steps, sizes);
            });
        };
        self.convolve_by(transform, input, shape, finish, output);
    }

    /// [`Self::convolve`] by products of `T`; `transform` writes a tile's 36 rows of channels, and the sizes of their steps
    /// where they are counted.
    fn convolve_by<T: Factor>(
        &self,
        transform: impl Fn(Tile<'_>, &mut [T], &mut [f32]) + Sync,
        input: &[f32],
        [images, rows, columns, _]: [usize; 4],
        finish: &Finish<'_>,
        output: &mut [f32],
    ) {
        let Layout { level, depth: inputs, outputs, .. } = self.layout;
        let (tile_rows, tile_columns) = (rows.div_ceil(TILE), columns.div_ceil(TILE));
        // The strips of the output, the last of each image may be lower.
        let mut strips: Vec<&mut [f32]> = Vec::with_capacity(images * tile_rows);
        for image in output.chunks_exact_mut(rows * columns * outputs) {
            strips.extend(image.chunks_mut(TILE * columns * outputs));
        }
        let block_strips =
            (TASK_TILES * threads::count()).max(BLOCK_TILES).div_ceil(tile_columns).min(strips.len());
        let block_tiles = block_strips * tile_columns;
        let tile_len = PRODUCTS * inputs + STAGGER;
        let task_tiles = TASK_TILES.min(block_tiles);
        let task_len = task_tiles * outputs + STAGGER;
        let tasks = block_tiles.div_ceil(task_tiles);
        let mut sizes = vec![1.0; block_tiles * PRODUCTS];
        let mut convolve = |transformed: &mut [T], products: &mut [f32]| {
            for (block, strips) in strips.chunks_mut(block_strips).enumerate() {
                let first_strip = block * block_strips;
                let tiles = strips.len() * tile_columns;
                let mut patches: Vec<_> =
                    transformed.chunks_mut(tile_len).zip(sizes.chunks_mut(PRODUCTS)).take(tiles).collect();
                threads::for_each_chunk(&mut patches, 1, |tile, patch| {
                    let strip = first_strip + tile / tile_columns;
                    let image_len = rows * columns * inputs;
                    let tile = Tile {
                        image: &input[strip / tile_rows * image_len..][..image_len],
                        size: [rows, columns],
                        channels: inputs,
                        place: [strip % tile_rows, tile % tile_columns],
                    };
                    let (patch, sizes) = &mut patch[0];
                    transform(tile, &mut patch[..PRODUCTS * inputs], sizes);
                });
                let transformed = &*transformed;
                threads::for_each_chunk(products, task_len, |task, target| {
                    let (product, first) = (task / tasks, task % tasks * task_tiles);
                    let count = task_tiles.min(tiles.saturating_sub(first));
                    if count == 0 {
                        return;
                    }
                    let (mut starts, mut row_sizes) = ([0; TASK_TILES], [1.0; TASK_TILES]);
                    for (i, (start, size)) in starts.iter_mut().zip(&mut row_sizes).enumerate().take(count) {
                        *start = (first + i) * tile_len;
                        *size = sizes[(first + i) * PRODUCTS + product];
                    }
                    let rows = Rows {
                        values: transformed,
                        starts: &starts[..count],
                        sizes: &row_sizes[..count],
                        segments: &[product * inputs],
                        segment_len: inputs,
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
                    simd::run(level, job);
                });
            }
        };
        threads::with_scratch(block_tiles * tile_len, |transformed| {
            threads::with_scratch(PRODUCTS * tasks * task_len, |products| convolve(transformed, products));
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

/// Where a tile's 6x6 inputs are.
struct Tile<'a> {
    /// `[rows, columns, channels]`.
    image: &'a [f32],
    size: [usize; 2],
    channels: usize,
    /// The tile's row and column.
    place: [usize; 2],
}

impl Tile<'_> {
    /// The transformed column `j` of channels from `channel` on; `offsets` are where the 6x6 inputs lie, if they do.
    #[inline(always)]
    fn column<V: Lanes>(&self, offsets: &[usize; PRODUCTS], channel: usize, j: usize) -> [V; PATCH] {
        input_line([
            self.input(offsets[j], channel),
            self.input(offsets[6 + j], channel),
            self.input(offsets[12 + j], channel),
            self.input(offsets[18 + j], channel),
            self.input(offsets[24 + j], channel),
            self.input(offsets[30 + j], channel),
        ])
    }

    #[inline(always)]
    fn input<V: Lanes>(&self, offset: usize, channel: usize) -> V {
        if offset == usize::MAX {
            V::splat(0.0)
        } else {
            V::load_some(&self.image[offset..][channel..self.channels])
        }
    }
}

/// One tile's 6x6 inputs to its 36 rows of channels.
struct TransformInput<'a, 'b> {
    tile: Tile<'a>,
    /// `[36, channels]`.
    patch: &'b mut [f32],
}

impl Job for TransformInput<'_, '_> {
    #[inline(always)]
    fn run<V: Lanes, const ROWS: usize>(self) {
        let Tile { size: [rows, columns], channels, place, .. } = self.tile;
        let mut offsets = [usize::MAX; PRODUCTS];
        for (i, offset) in offsets.iter_mut().enumerate() {
            let y = (place[0] * TILE + i / PATCH).wrapping_sub(1);
            let x = (place[1] * TILE + i % PATCH).wrapping_sub(1);
            if y < rows && x < columns {
                *offset = (y * columns + x) * channels;
            }
        }
        for channel in (0..channels).step_by(V::COUNT) {
            let [a, b, c, d, e, f] = [
                self.tile.column::<V>(&offsets, channel, 0),
                self.tile.column(&offsets, channel, 1),
                self.tile.column(&offsets, channel, 2),
                self.tile.column(&offsets, channel, 3),
                self.tile.column(&offsets, channel, 4),
                self.tile.column(&offsets, channel, 5),
            ];
            for i in 0..PATCH {
                let row = [a[i], b[i], c[i], d[i], e[i], f[i]];
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

impl TransformOutput<'_> {
    /// The transformed column `j` of the products of the tile at `start`, of channels from `channel` on.
    #[inline(always)]
    fn column<V: Lanes>(&self, start: usize, channel: usize, j: usize) -> [V; TILE] {
        output_line([
            self.product(start, channel, j),
            self.product(start, channel, 6 + j),
            self.product(start, channel, 12 + j),
            self.product(start, channel, 18 + j),
            self.product(start, channel, 24 + j),
            self.product(start, channel, 30 + j),
        ])
    }

    #[inline(always)]
    fn product<V: Lanes>(&self, start: usize, channel: usize, i: usize) -> V {
        V::load_some(&self.products[i * self.product_len + start..][channel..self.outputs])
    }
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
                let [a, b, c, d, e, f] = [
                    self.column::<V>(start, channel, 0),
                    self.column(start, channel, 1),
                    self.column(start, channel, 2),
                    self.column(start, channel, 3),
                    self.column(start, channel, 4),
                    self.column(start, channel, 5),
                ];
                for y in 0..rows {
                    let row = [a[y], b[y], c[y], d[y], e[y], f[y]];
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
