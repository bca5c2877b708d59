//! The matrix product: rows of pixels by a matrix of weights that was laid out in panels beforehand.

use super::finish::Finish;
use super::simd::{self, Job, Lanes, Level, TILE_VECTORS};

/// Rows of the weights that are multiplied before the next panel, so that a panel's part stays in the cache.
const DEPTH: usize = 1024;

/// A matrix `[depth, outputs]` cut into panels of a tile's columns, `[panels, depth, columns]`, zeros in the last.
#[derive(Debug, Clone)]
pub(super) struct Panels {
    level: Level,
    depth: usize,
    outputs: usize,
    values: Vec<f32>,
}

impl Panels {
    /// Lays out a row-major `[depth, outputs]`.
    pub(super) fn new(level: Level, matrix: &[f32], depth: usize, outputs: usize) -> Self {
        let columns = level.tile_columns();
        let mut panels = Self::zeros(level, depth, outputs);
        for (panel, target) in panels.values.chunks_exact_mut(depth * columns).enumerate() {
            let first = panel * columns;
            let count = columns.min(outputs - first);
            for (k, row) in target.chunks_exact_mut(columns).enumerate() {
                row[..count].copy_from_slice(&matrix[k * outputs + first..][..count]);
            }
        }
        panels
    }

    /// A `[depth, outputs]` of zeros.
    pub(super) fn zeros(level: Level, depth: usize, outputs: usize) -> Self {
        let columns = level.tile_columns();
        Self { level, depth, outputs, values: vec![0.0; outputs.div_ceil(columns) * depth * columns] }
    }

    /// Row `k` from `column` on, to the end of its panel.
    #[inline(always)]
    pub(super) fn row_part(&mut self, k: usize, column: usize) -> &mut [f32] {
        let columns = self.level.tile_columns();
        let start = (column / columns * self.depth + k) * columns;
        &mut self.values[start + column % columns..start + columns]
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
    simd::run(panels.level, Product { rows, panels, finish, first_row, output });
}

struct Product<'a, 'b> {
    rows: Rows<'a>,
    panels: &'a Panels,
    finish: Option<&'a Finish<'a>>,
    first_row: usize,
    output: &'b mut [f32],
}

impl Job for Product<'_, '_> {
    #[inline(always)]
    fn run<V: Lanes, const ROWS: usize>(self) {
        let Self { rows, panels, finish, first_row, output } = self;
        let columns = TILE_VECTORS * V::COUNT;
        let segments = rows.segments.len();
        let at_once = (DEPTH / rows.segment_len).clamp(1, segments);
        for first_segment in (0..segments).step_by(at_once) {
            let end_segment = segments.min(first_segment + at_once);
            for (panel_index, panel) in panels.values.chunks_exact(panels.depth * columns).enumerate() {
                let first_column = panel_index * columns;
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
                        let part =
                            &panel[segment * rows.segment_len * columns..][..rows.segment_len * columns];
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
