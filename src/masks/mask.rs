//! A binary mask on the pixels of a slice.

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

    /// Number of pixels inside.
    pub fn area(&self) -> usize {
        self.pixels.iter().map(|&p| usize::from(p)).sum()
    }
}
