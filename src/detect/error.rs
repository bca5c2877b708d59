//! What can be wrong with the tensors that the network hands over.

use thiserror::Error;

/// A network output that cannot be turned into boxes.
///
/// A value that is not finite is an error, never dropped: a device that computes NaN would otherwise read as a
/// slice without lesions.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DetectError {
    /// A value is NaN or infinite.
    #[error("{stage}: {tensor} holds a value that is not finite at index {index}")]
    NotFinite {
        /// What was being done.
        stage: &'static str,
        /// Which tensor.
        tensor: &'static str,
        /// The flat index of the first such value.
        index: usize,
    },
    /// A tensor has not the number of values that its partners call for.
    #[error("{stage}: {tensor} holds {found} entries, expected {expected}")]
    Length {
        /// What was being done.
        stage: &'static str,
        /// Which tensor.
        tensor: &'static str,
        /// The length that was called for.
        expected: usize,
        /// The length that was found.
        found: usize,
    },
}

/// Checks a tensor's length.
pub(super) fn check_length(
    stage: &'static str,
    tensor: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), DetectError> {
    if found == expected { Ok(()) } else { Err(DetectError::Length { stage, tensor, expected, found }) }
}

/// Checks that every value is finite.
pub(super) fn check_finite(
    stage: &'static str,
    tensor: &'static str,
    values: &[f32],
) -> Result<(), DetectError> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(index) => Err(DetectError::NotFinite { stage, tensor, index }),
    }
}
