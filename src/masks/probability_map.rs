//! A coarse map of probabilities over a part of the slice, read at the slice's own pixels.

use std::ops::Range;

use super::MaskError;
use crate::detect::BoxXyxy;

/// Probabilities of `rows` x `columns` cells that lie over `place`, a box in source pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbabilityMap {
    values: Vec<f32>,
    rows: usize,
    columns: usize,
    place: BoxXyxy,
}

impl ProbabilityMap {
    /// A map of `values`, row by row.
    ///
    /// # Errors
    /// [`MaskError`] if their number is not `rows * columns` or none, a number is not finite, or `place` has no area.
    pub fn new(values: Vec<f32>, rows: usize, columns: usize, place: BoxXyxy) -> Result<Self, MaskError> {
        if values.is_empty() || rows.checked_mul(columns) != Some(values.len()) {
            return Err(MaskError::Length { what: "placing a map", rows, columns, found: values.len() });
        }
        if values.iter().any(|p| !p.is_finite()) {
            return Err(MaskError::NotFinite("a probability"));
        }
        let [x0, y0, x1, y1] = place;
        if !(place.iter().all(|v| v.is_finite()) && x1 > x0 && y1 > y0) {
            return Err(MaskError::NoArea);
        }
        Ok(Self { values, rows, columns, place })
    }

    /// Where the pixels `columns` of every row lie, for [`Self::line`].
    pub(super) fn across(&self, columns: Range<usize>) -> Vec<Between> {
        let [left, _, right, _] = self.place;
        columns.map(|column| between(column, left, right, self.columns)).collect()
    }

    /// The probabilities of the pixels of `row` that lie `across`, between the four cells whose centres are nearest (PyTorch's
    /// `interpolate`, bilinear, `align_corners=False`); outside the map those of its border.
    pub(super) fn line(&self, row: usize, across: &[Between]) -> impl Iterator<Item = f32> {
        let [_, top, _, bottom] = self.place;
        let (upper, lower, v) = between(row, top, bottom, self.rows);
        let cells = |row: usize| &self.values[row * self.columns..][..self.columns];
        let (upper, lower) = (cells(upper), cells(lower));
        let blended: Vec<f32> = upper.iter().zip(lower).map(|(a, b)| (1.0 - v) * a + v * b).collect();
        across.iter().map(move |&(one, next, u)| (1.0 - u) * blended[one] + u * blended[next])
    }
}

/// Two cells, and the weight of the second.
type Between = (usize, usize, f32);

/// The two cells that a pixel's centre lies between, of `cells` from `low` to `high`.
fn between(pixel: usize, low: f32, high: f32, cells: usize) -> Between {
    let position = (pixel as f32 + 0.5 - low) * (cells as f32 / (high - low)) - 0.5;
    let position = position.clamp(0.0, (cells - 1) as f32);
    let cell = position as usize;
    (cell, (cell + 1).min(cells - 1), position - cell as f32)
}
