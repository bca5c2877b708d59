//! The matrix product: rows of pixels by a matrix of weights that was laid out in panels beforehand.

use std::ops::Range;

use super::finish::Finish;
use super::stored::{Kept, Stored};
use crate::simd::{self, COUNTS, Job, Lanes, Level, TILE_VECTORS};
use crate::threads::{self, Scratch};

/// Rows of the weights that are multiplied before the next panel, so that a panel's part stays in the cache.
const DEPTH: usize = 1024;

/// Whether the products of a convolution with such weights and so many input channels are of whole numbers.
pub(super) fn are_counted<T: Kept>(inputs: usize) -> bool {
    T::WHOLE && COUNTS && inputs.is_multiple_of(2)
}

/// How a matrix `[depth, outputs]` is cut into panels of a tile's columns, `[panels, depth, columns]`, zeros in the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub level: Level,
    pub depth: usize,
    pub outputs: usize,
    /// Whether two rows of a panel, of which there is an even count, lie together, column by column: then they are whole
    /// numbers and multiplied as such.
    pub paired: bool,
}

impl Layout {
    /// The values of a matrix of zeros.
    pub(super) fn zeros<T: Kept>(&self) -> Vec<T> {
        let columns = self.level.tile_columns();
        vec![T::default(); self.outputs.div_ceil(columns) * self.depth * columns]
    }

    /// Writes values of row `k` from `column` on, all of one panel.
    pub(super) fn write<T: Kept>(&self, values: &mut [T], k: usize, column: usize, row: &[T]) {
        let columns = self.level.tile_columns();
        let panel = &mut values[column / columns * self.depth * columns..][..self.depth * columns];
        if self.paired {
            let pairs = &mut panel[(k / 2 * columns + column % columns) * 2..][..2 * row.len()];
            for (pair, &value) in pairs.chunks_exact_mut(2).zip(row) {
                pair[k % 2] = value;
            }
        } else {
            panel[k * columns + column % columns..][..row.len()].copy_from_slice(row);
        }
    }
}

/// A matrix laid out.
#[derive(Debug, Clone)]
pub(super) struct Panels {
    layout: Layout,
    values: Stored,
    /// The largest whole number that pixels can have so that no sum of products leaves 32 bit.
    limit: f32,
}

impl Panels {
    /// Lays out a row-major `[depth, outputs]`.
    pub(super) fn new<T: Kept>(layout: Layout, matrix: &[T]) -> Self {
        let mut values = layout.zeros();
        let (depth, columns) = (layout.depth, layout.level.tile_columns());
        // The rows that lie together in a panel.
        let together = if layout.paired { 2 } else { 1 };
        for (k, rows) in matrix.chunks_exact(together * layout.outputs).enumerate() {
            let (even, odd) = rows.split_at(layout.outputs);
            for (panel, part) in even.chunks(columns).enumerate() {
                let place = (panel * depth + k * together) * columns;
                let target = &mut values[place..][..together * part.len()];
                if !layout.paired {
                    target.copy_from_slice(part);
                    continue;
                }
                let pairs = part.iter().zip(&odd[panel * columns..]);
                for (pair, (even, odd)) in target.chunks_exact_mut(2).zip(pairs) {
                    pair[0] = *even;
                    pair[1] = *odd;
                }
            }
        }
        Self::laid_out(layout, values)
    }

    /// Takes values that were written into [`Layout::zeros`].
    pub(super) fn laid_out<T: Kept>(layout: Layout, values: Vec<T>) -> Self {
        let values = T::keep(values);
        let limit = if layout.paired { limit(&layout, &values) } else { f32::INFINITY };
        Self { layout, values, limit }
    }

    /// How it is laid out.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The largest whole number that pixels can have, where they are counted.
    pub(super) fn limit(&self) -> f32 {
        self.limit
    }
}

/// See [`Panels::limit`]: by the column with the largest weights, whatever the pixels are.
fn limit(layout: &Layout, values: &Stored) -> f32 {
    let columns = layout.level.tile_columns();
    let panel_len = layout.depth * columns;
    let mut room = vec![0; panel_len];
    let mut largest = 1;
    for start in (0..values.len()).step_by(panel_len) {
        // Of 8 bit, or at most 49 times as large: of no depth that fits in memory do the sums leave 32 bit.
        let mut sums = vec![0u32; 2 * columns];
        for pairs in values.steps(start..start + panel_len, &mut room).chunks_exact(2 * columns) {
            for (sum, &value) in sums.iter_mut().zip(pairs) {
                *sum += u32::from(value.unsigned_abs());
            }
        }
        largest =
            sums.chunks_exact(2).map(|pair| i64::from(pair[0]) + i64::from(pair[1])).fold(largest, i64::max);
    }
    (i64::from(i32::MAX) / largest).min(i64::from(i16::MAX)) as f32
}

/// What rows are made of.
pub(super) trait Factor: Scratch {
    /// A vector of sums of products.
    type Sums<V: Lanes>: Copy;
    /// Zeros.
    fn no_sums<V: Lanes>() -> Self::Sums<V>;
    /// Adds a tile's products.
    fn multiply<V: Lanes, const ROWS: usize>(
        rows: [&[Self]; ROWS],
        panel: &[Self],
        sums: &mut [[Self::Sums<V>; TILE_VECTORS]; ROWS],
    );
    /// The sums as floats, of a row whose steps have `size`.
    fn floats<V: Lanes>(sums: Self::Sums<V>, size: f32) -> V;
    /// Room that [`Self::weights`] takes for `count` weights.
    fn room(stored: &Stored, count: usize) -> usize;
    /// The weights of `range`, written to `room` where they are not kept so.
    fn weights<'a>(stored: &'a Stored, range: Range<usize>, room: &'a mut [Self]) -> &'a [Self];
}

impl Factor for f32 {
    type Sums<V: Lanes> = V;

    #[inline(always)]
    fn no_sums<V: Lanes>() -> V {
        V::splat(0.0)
    }

    #[inline(always)]
    fn multiply<V: Lanes, const ROWS: usize>(
        rows: [&[f32]; ROWS],
        panel: &[f32],
        sums: &mut [[V; TILE_VECTORS]; ROWS],
    ) {
        simd::multiply_floats(rows, panel, sums);
    }

    #[inline(always)]
    fn floats<V: Lanes>(sums: V, _: f32) -> V {
        sums
    }

    fn room(stored: &Stored, count: usize) -> usize {
        if matches!(stored, Stored::F32(_)) { 0 } else { count }
    }

    #[inline(always)]
    fn weights<'a>(stored: &'a Stored, range: Range<usize>, room: &'a mut [f32]) -> &'a [f32] {
        stored.floats(range, room)
    }
}

impl Factor for i16 {
    type Sums<V: Lanes> = V::Sums;

    #[inline(always)]
    fn no_sums<V: Lanes>() -> V::Sums {
        V::no_sums()
    }

    #[inline(always)]
    fn multiply<V: Lanes, const ROWS: usize>(
        rows: [&[i16]; ROWS],
        panel: &[i16],
        sums: &mut [[V::Sums; TILE_VECTORS]; ROWS],
    ) {
        simd::multiply_pairs::<V, ROWS>(rows, panel, sums);
    }

    #[inline(always)]
    fn floats<V: Lanes>(sums: V::Sums, size: f32) -> V {
        V::from_sums(sums).mul(V::splat(size))
    }

    fn room(stored: &Stored, count: usize) -> usize {
        if matches!(stored, Stored::I16(_)) { 0 } else { count }
    }

    #[inline(always)]
    fn weights<'a>(stored: &'a Stored, range: Range<usize>, room: &'a mut [i16]) -> &'a [i16] {
        stored.steps(range, room)
    }
}

/// Where the left rows lie: each is cut into segments of one length that are read from the same places relative to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a, T> {
    /// What holds them.
    pub values: &'a [T],
    /// Where each begins.
    pub starts: &'a [usize],
    /// The size of each one's steps, where they are counted.
    pub sizes: &'a [f32],
    /// Where each segment begins, from the row's beginning.
    pub segments: &'a [usize],
    /// Values of a segment.
    pub segment_len: usize,
}

impl<'a, T> Rows<'a, T> {
    #[inline(always)]
    fn segment(&self, row: usize, segment: usize) -> &'a [T] {
        &self.values[self.starts[row] + self.segments[segment]..][..self.segment_len]
    }
}

/// `output = rows * panels`, finished where a [`Finish`] is given; `output` is `[rows, outputs]`.
pub(super) fn multiply<T: Factor>(
    rows: Rows<'_, T>,
    panels: &Panels,
    finish: Option<&Finish<'_>>,
    first_row: usize,
    output: &mut [f32],
) {
    let Layout { level, depth, outputs, .. } = panels.layout;
    assert_eq!(rows.segments.len() * rows.segment_len, depth, "depth of a matrix product");
    assert_eq!(rows.starts.len() * outputs, output.len(), "output of a matrix product");
    let at_once = (DEPTH / rows.segment_len).clamp(1, rows.segments.len());
    let room = T::room(&panels.values, at_once * rows.segment_len * level.tile_columns());
    // Taken here: what a job calls by way of a closure would not have its level's instructions.
    threads::with_scratch(room, |room| {
        simd::run(level, Product { rows, panels, finish, first_row, at_once, room, output });
    });
}

struct Product<'a, 'b, T> {
    rows: Rows<'a, T>,
    panels: &'a Panels,
    finish: Option<&'a Finish<'a>>,
    first_row: usize,
    /// Segments that are multiplied before the next panel.
    at_once: usize,
    /// For as many segments of a panel.
    room: &'b mut [T],
    output: &'b mut [f32],
}

impl<T: Factor> Job for Product<'_, '_, T> {
    #[inline(always)]
    fn run<V: Lanes, const ROWS: usize>(self) {
        let Self { rows, panels, finish, first_row, at_once, room, output } = self;
        let Layout { depth, outputs, .. } = panels.layout;
        let columns = TILE_VECTORS * V::COUNT;
        let segments = rows.segments.len();
        let panel_len = depth * columns;
        let segment_values = rows.segment_len * columns;
        for first_segment in (0..segments).step_by(at_once) {
            let end_segment = segments.min(first_segment + at_once);
            for panel_index in 0..panels.values.len() / panel_len {
                let first_column = panel_index * columns;
                let start = panel_index * panel_len;
                let part = start + first_segment * segment_values..start + end_segment * segment_values;
                let part = T::weights(&panels.values, part, room);
                for first in (0..rows.starts.len()).step_by(ROWS) {
                    let count = ROWS.min(rows.starts.len() - first);
                    let mut sums = [[T::no_sums::<V>(); TILE_VECTORS]; ROWS];
                    for segment in first_segment..end_segment {
                        // The last tile repeats its last row rather than have fewer.
                        let mut tile: [&[T]; ROWS] = [&[]; ROWS];
                        for (row, values) in tile.iter_mut().enumerate() {
                            *values = rows.segment(first + row.min(count - 1), segment);
                        }
                        let part = &part[(segment - first_segment) * segment_values..][..segment_values];
                        T::multiply::<V, ROWS>(tile, part, &mut sums);
                    }
                    let finish = finish.filter(|_| end_segment == segments);
                    let target = &mut output[first * outputs..][..count * outputs];
                    for (row, (sum, line)) in sums.iter().zip(target.chunks_exact_mut(outputs)).enumerate() {
                        let size = rows.sizes.get(first + row).copied().unwrap_or(1.0);
                        let residual = finish.and_then(|finish| finish.residual_row(first_row + first + row));
                        let vectors =
                            line[first_column..].chunks_mut(V::COUNT).take(TILE_VECTORS).enumerate();
                        for (vector, target) in vectors {
                            let mut value = T::floats::<V>(sum[vector], size);
                            if first_segment > 0 {
                                value = value.add(V::load_some(target));
                            }
                            if let Some(finish) = finish {
                                value = finish.apply(value, residual, first_column + vector * V::COUNT);
                            }
                            value.store_some(target);
                        }
                    }
                }
            }
        }
    }
}
