//! What both file formats share: a JSON header after a declared length, and values cut from the data by checked sizes.

use half::f16;

use super::WeightsError;

/// Reads parts of one file, with errors that name its format.
#[derive(Clone, Copy)]
pub(super) struct Format(pub &'static str);

impl Format {
    /// An error of the whole file.
    pub fn error(self, problem: impl Into<String>) -> WeightsError {
        WeightsError::Format { format: self.0, problem: problem.into() }
    }

    /// An error of one tensor.
    pub fn entry_error(self, name: &str, problem: impl Into<String>) -> WeightsError {
        WeightsError::Entry { format: self.0, name: name.to_owned(), problem: problem.into() }
    }

    /// Splits `length` bytes, as declared by the file, from `bytes`.
    pub fn split(self, bytes: &[u8], length: u64) -> Result<(&[u8], &[u8]), WeightsError> {
        usize::try_from(length)
            .ok()
            .and_then(|length| bytes.split_at_checked(length))
            .ok_or_else(|| self.error("the header is longer than the file"))
    }

    /// The number of elements of `shape`, and the bytes they take at `width` bytes each.
    pub fn sizes(self, name: &str, shape: &[usize], width: usize) -> Result<(usize, usize), WeightsError> {
        let count = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        count
            .and_then(|count| Some((count, count.checked_mul(width)?)))
            .ok_or_else(|| self.entry_error(name, "is too large"))
    }

    /// The bytes of a tensor from `begin` to `end` of the data.
    pub fn slice<'a>(
        self,
        name: &str,
        data: &'a [u8],
        begin: usize,
        end: usize,
    ) -> Result<&'a [u8], WeightsError> {
        data.get(begin..end).ok_or_else(|| self.entry_error(name, "lies outside the file"))
    }

    /// Checks that every value is finite.
    pub fn finite(self, name: &str, values: Vec<f32>) -> Result<Vec<f32>, WeightsError> {
        if values.iter().all(|v| v.is_finite()) {
            Ok(values)
        } else {
            Err(WeightsError::NotFinite { doing: self.0, name: name.to_owned() })
        }
    }
}

/// Little-endian f32 values.
pub(super) fn f32_values(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

/// Little-endian f16 values, widened.
pub(super) fn f16_values(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect()
}

/// Signed bytes.
pub(super) fn i8_values(bytes: &[u8]) -> Vec<i8> {
    bytemuck::cast_slice(bytes).to_vec()
}
