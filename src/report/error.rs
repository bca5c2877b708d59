//! What can go wrong with a report.

use thiserror::Error;

use crate::masks::MaskError;

/// A report that cannot be made, read or drawn.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReportError {
    /// An instance's mask is unfit.
    #[error("the mask of instance {id}: {source}")]
    Mask {
        /// The instance's number in the report.
        id: usize,
        /// What is wrong with it.
        source: MaskError,
    },
    /// The text is not a report.
    #[error("reading a report: {0}")]
    Json(String),
    /// The report is of another version of the schema.
    #[error("reading a report: schema version {0:?} is not known, only 1.x is")]
    Version(String),
    /// The report is of another slice.
    #[error("drawing a report of {expected:?} pixels (rows, columns) on a slice of {found:?}")]
    OtherSlice {
        /// The rows and columns in the report.
        expected: [usize; 2],
        /// The rows and columns of the slice.
        found: [usize; 2],
    },
    /// The picture could not be written.
    #[error("writing the overlay as PNG: {0}")]
    Png(String),
}
