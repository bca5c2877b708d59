//! What can be wrong with a mask.

use thiserror::Error;

/// A mask that cannot be made or read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MaskError {
    /// The number of values is not the product of the sides.
    #[error("{what}: {found} values for a {rows} x {columns} mask")]
    Length {
        /// What was being done.
        what: &'static str,
        /// Height.
        rows: usize,
        /// Width.
        columns: usize,
        /// The number of values found.
        found: usize,
    },
    /// Two masks, or a mask and its slice, differ in size.
    #[error("{what}: a mask of {found:?} pixels (rows, columns) where {expected:?} is needed")]
    Size {
        /// What was being done.
        what: &'static str,
        /// The rows and columns that are needed.
        expected: [usize; 2],
        /// The rows and columns found.
        found: [usize; 2],
    },
    /// A probability or a corner of the box is NaN or infinite.
    #[error("pasting a mask: {0} is not finite")]
    NotFinite(&'static str),
    /// The box that a map is to lie over is not finite or has no area.
    #[error("placing a map: its box has no area")]
    NoArea,
    /// The mask's declared size is beyond what a slice can have.
    #[error("reading run lengths: {0} x {1} pixels are too many")]
    TooLarge(usize, usize),
    /// The run lengths are not what COCO's format allows.
    #[error("reading run lengths: {0}")]
    BadRuns(&'static str),
}
