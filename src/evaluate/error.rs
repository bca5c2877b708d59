//! What can be wrong with a slice that is to be evaluated.

use thiserror::Error;

use crate::masks::MaskError;
use crate::severity::SeverityError;

/// A slice that cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EvaluateError {
    /// A mask does not lie on the slice.
    #[error("{slice}: {source}")]
    Mask {
        /// The slice's name.
        slice: String,
        /// What is wrong.
        source: MaskError,
    },
    /// The slice cannot be graded.
    #[error("{slice}: {source}")]
    Severity {
        /// The slice's name.
        slice: String,
        /// What is wrong.
        source: SeverityError,
    },
    /// An instance's score or box is not a finite number.
    #[error("{slice}: the score or box of an instance is not finite")]
    NotFinite {
        /// The slice's name.
        slice: String,
    },
    /// Some slices have lung labels and others have none.
    #[error("{slice}: either every slice has lung labels or none has")]
    MixedLabels {
        /// The slice's name.
        slice: String,
    },
    /// There is nothing to evaluate.
    #[error("there is no slice to evaluate")]
    NoSlice,
    /// The parts of a cross-validation do not fit together or to the data.
    #[error("cross-validation: {0}")]
    Folds(String),
    /// A picture could not be made.
    #[error("drawing the contact sheet: {0}")]
    Picture(String),
    /// The result could not be written as JSON.
    #[error("writing the evaluation as JSON: {0}")]
    Json(String),
}
