//! The matrix product: rows of pixels by a matrix of weights that was laid out in panels beforehand.

use super::finish::Finish;
use super::simd::{self, Job, Lanes, Level, TILE_VECTORS};
use super::stored::{Kept, Stored};
use crate::threads;

/// Rows of the weights that are multiplied before the next panel, so that a panel's part stays in the cache.
const DEPTH: usize = 1024;

/// A matrix `[depth, outputs]` cut into panels of a tile's columns, `[panels, depth, columns]`, zeros in the last.
#[derive(Debug, Clone)]
pub(super) struct Panels {
    level: Level,
    depth: usize,
    outputs: usize,
    values: Stored,
}

impl Panels {
    /// Lays out a row-major `[depth, outputs]`.
    pub(super) fn new<T: Kept>(level: Level, matrix: &[T], depth: usize, outputs: usize) -> Self {
        let columns = level.tile_columns();
        let mut values = Self::zeros(level, depth, outputs);
        for (panel, target) in values.chunks_exact_mut(depth * columns).enumerate() {
            let first = panel * columns;
            let count = columns.min(outputs - first);
            for (k, row) in target.chunks_exact_mut(columns).enumerate() {
                row[..count].copy_from_slice(&matrix[k * outputs + first..][..count]);
            }
        }
        Self::laid_out(level, depth, outputs, values)
    }

    /// The values of a `[depth, outputs]` of zeros.
    pub(super) fn zeros<T: Kept>(level: Level, depth: usize, outputs: usize) -> Vec<T> {
        let columns = level.tile_columns();
        vec![T::default(); outputs.div_ceil(columns) * depth * columns]
    }

    /// Where row `k` and `column` lie among the values; the row's next ones follow to the end of its panel.
    pub(super) fn place(level: Level, depth: usize, k: usize, column: usize) -> usize {
        let columns = level.tile_columns();
        (column / columns * depth + k) * columns + column % columns
    }

    /// Takes values that were written to their places in [`Self::zeros`].
    pub(super) fn laid_out<T: Kept>(level: Level, depth: usize, outputs: usize, values: Vec<T>) -> Self {
        Self { level, depth, outputs, values: T::keep(values) }
    }

    /// Columns of the matrix.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }
}

/// Where the left rows lie: each is cut into segments of one length that are read from the same places relative to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    /// What holds them.
    pub values: &'a [f32],
    /// Where each begins.
    pub starts: &'a [usize],
    /// Where each segment begins, from the row's beginning.
    pub segments: &'a [usize],
    /// Floats of a segment.
    pub segment_len: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    fn segment(&self, row: usize, segment: usize) -> &'a [f32] {
        &self.values[self.starts[row] + self.segments[segment]..][..self.segment_len]
    }
}

/// `output = rows * panels`, finished where a [`Finish`] is given; `output` is `[rows, outputs]`.
pub(super) fn multiply(
    rows: Rows<'_>,
    panels: &Panels,
    finish: Option<&Finish<'_>>,
    first_row: usize,
    output: &mut [f32],
) {
    assert_eq!(rows.segments.len() * rows.segment_len, panels.depth, "depth of a matrix product");
    assert_eq!(rows.starts.len() * panels.outputs, output.len(), "output of a matrix product");
    let at_once = (DEPTH / rows.segment_len).clamp(1, rows.segments.len());
    let room = panels.values.room(at_once * rows.segment_len * panels.level.tile_columns());
    // Taken here: what a job calls by way of a closure would not have its level's instructions.
    threads::with_scratch(room, |room| {
        simd::run(panels.level, Product { rows, panels, finish, first_row, at_once, room, output });
    });
}

struct Product<'a, 'b> {
    rows: Rows<'a>,
    panels: &'a Panels,
    finish: Option<&'a Finish<'a>>,
    first_row: usize,
    /// Segments that are multiplied before the next panel.
    at_once: usize,
    /// For the floats of as many segments of a panel.
    room: &'b mut [f32],
    output: &'b mut [f32],
}

impl Job for Product<'_, '_> {
    #[inline(always)]
    fn run<V: Lanes, const ROWS: usize>(self) {
        let Self { rows, panels, finish, first_row, at_once, room, output } = self;
        let columns = TILE_VECTORS * V::COUNT;
        let segments = rows.segments.len();
        let panel_len = panels.depth * columns;
        let segment_values = rows.segment_len * columns;
        for first_segment in (0..segments).step_by(at_once) {
            let end_segment = segments.min(first_segment + at_once);
            for panel_index in 0..panels.values.len() / panel_len {
                let first_column = panel_index * columns;
                let start = panel_index * panel_len;
                let part = start + first_segment * segment_values..start + end_segment * segment_values;
                let part = panels.values.floats(part, room);
                for first in (0..rows.starts.len()).step_by(ROWS) {
                    let count = ROWS.min(rows.starts.len() - first);
                    let target = &mut output[first * panels.outputs..][..count * panels.outputs];
                    let mut sums = [[V::splat(0.0); TILE_VECTORS]; ROWS];
                    if first_segment > 0 {
                        for (sum, row) in sums.iter_mut().zip(target.chunks_exact(panels.outputs)) {
                            let row = &row[first_column..];
                            *sum = [V::load_some(row), V::load_some(&row[V::COUNT.min(row.len())..])];
                        }
                    }
                    for segment in first_segment..end_segment {
                        // The last tile repeats its last row rather than have fewer.
                        let mut tile: [&[f32]; ROWS] = [&[]; ROWS];
                        for (row, values) in tile.iter_mut().enumerate() {
                            *values = rows.segment(first + row.min(count - 1), segment);
                        }
                        let part = &part[(segment - first_segment) * segment_values..][..segment_values];
                        simd::multiply::<V, ROWS>(tile, part, &mut sums);
                    }
                    let finish = finish.filter(|_| end_segment == segments);
                    for (row, (sum, line)) in
                        sums.iter().zip(target.chunks_exact_mut(panels.outputs)).enumerate()
                    {
                        let mut sum = *sum;
                        if let Some(finish) = finish {
                            let residual = finish.residual_row(first_row + first + row);
                            for (vector, value) in sum.iter_mut().enumerate() {
                                let column = first_column + vector * V::COUNT;
                                if column < panels.outputs {
                                    *value = finish.apply(*value, residual, column);
                                }
                            }
                        }
                        let line = &mut line[first_column..];
                        let split = V::COUNT.min(line.len());
                        let (left, right) = line.split_at_mut(split);
                        sum[0].store_some(left);
                        sum[1].store_some(right);
                    }
                }
            }
        }
    }
}
