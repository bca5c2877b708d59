//! A binary mask on the pixels of a slice.

use std::ops::Range;

use super::MaskError;

/// A binary mask, row-major, one byte a pixel: 0 outside, 1 inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Height in pixels.
    pub rows: usize,
    /// Width in pixels.
    pub columns: usize,
    /// `rows * columns` bytes, each 0 or 1.
    pub pixels: Vec<u8>,
}

impl Mask {
    /// An empty mask.
    pub fn empty(rows: usize, columns: usize) -> Self {
        Self { rows, columns, pixels: vec![0; rows * columns] }
    }

    /// A mask from row-major bytes: 0 is outside, every other value inside.
    ///
    /// # Errors
    /// [`MaskError::Length`] if there are not `rows * columns` bytes.
    pub fn from_bytes(rows: usize, columns: usize, bytes: &[u8]) -> Result<Self, MaskError> {
        if rows.checked_mul(columns) != Some(bytes.len()) {
            return Err(MaskError::Length { what: "making a mask", rows, columns, found: bytes.len() });
        }
        Ok(Self { rows, columns, pixels: bytes.iter().map(|&b| u8::from(b != 0)).collect() })
    }

    /// Number of pixels inside.
    pub fn area(&self) -> usize {
        // So few pixels that their sum is a byte: the processor adds many bytes at once.
        self.pixels.chunks(128).map(|part| usize::from(part.iter().sum::<u8>())).sum()
    }

    /// The rows and the columns that hold all pixels inside, as narrow as can be; none if there are no such pixels.
    pub fn bounds(&self) -> Option<[Range<usize>; 2]> {
        let row = |row: usize| &self.pixels[row * self.columns..][..self.columns];
        let any = |pixels: &[u8]| pixels.iter().fold(0, |any, &pixel| any | pixel) != 0;
        let top = (0..self.rows).find(|&r| any(row(r)))?;
        let bottom = (top..self.rows).rfind(|&r| any(row(r)))? + 1;
        let (mut left, mut right) = (self.columns, 0);
        for r in top..bottom {
            let row = row(r);
            // Only what would widen the columns is looked at.
            left = row[..left].iter().position(|&pixel| pixel != 0).unwrap_or(left);
            right = row[right..].iter().rposition(|&pixel| pixel != 0).map_or(right, |at| right + at + 1);
        }
        Some([top..bottom, left..right])
    }

    /// Whether the pixel is inside; false beyond the borders.
    pub fn contains(&self, row: usize, column: usize) -> bool {
        row < self.rows && column < self.columns && self.pixels[row * self.columns + column] != 0
    }

    /// Adds the pixels of `other`.
    ///
    /// # Errors
    /// [`MaskError::Size`] if the sizes differ.
    pub fn add(&mut self, other: &Self) -> Result<(), MaskError> {
        other.check_size("joining masks", self.rows, self.columns)?;
        let Some([rows, columns]) = other.bounds() else { return Ok(()) };
        for row in rows {
            let place = row * self.columns + columns.start..row * self.columns + columns.end;
            for (a, &b) in self.pixels[place.clone()].iter_mut().zip(&other.pixels[place]) {
                *a |= b;
            }
        }
        Ok(())
    }

    /// Keeps the pixels that `other` has too.
    ///
    /// # Errors
    /// [`MaskError::Size`] if the sizes differ.
    pub fn keep(&mut self, other: &Self) -> Result<(), MaskError> {
        other.check_size("intersecting masks", self.rows, self.columns)?;
        for (a, &b) in self.pixels.iter_mut().zip(&other.pixels) {
            *a &= b;
        }
        Ok(())
    }

    /// Checks that the mask lies on `rows` x `columns` pixels.
    pub(crate) fn check_size(
        &self,
        what: &'static str,
        rows: usize,
        columns: usize,
    ) -> Result<(), MaskError> {
        if [self.rows, self.columns] != [rows, columns] {
            return Err(MaskError::Size {
                what,
                expected: [rows, columns],
                found: [self.rows, self.columns],
            });
        }
        if rows.checked_mul(columns) != Some(self.pixels.len()) {
            return Err(MaskError::Length { what, rows, columns, found: self.pixels.len() });
        }
        Ok(())
    }
}
