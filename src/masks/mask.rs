//! A binary mask on the pixels of a slice.

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
        self.pixels.iter().map(|&p| usize::from(p)).sum()
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
        self.combine(other, "joining masks", |a, b| a | b)
    }

    /// Keeps the pixels that `other` has too.
    ///
    /// # Errors
    /// [`MaskError::Size`] if the sizes differ.
    pub fn keep(&mut self, other: &Self) -> Result<(), MaskError> {
        self.combine(other, "intersecting masks", |a, b| a & b)
    }

    fn combine(&mut self, other: &Self, what: &'static str, op: fn(u8, u8) -> u8) -> Result<(), MaskError> {
        other.check_size(what, self.rows, self.columns)?;
        for (a, &b) in self.pixels.iter_mut().zip(&other.pixels) {
            *a = op(*a, b);
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
