//! What can be wrong with weights.

use thiserror::Error;

/// A weights file or a set of tensors that cannot be used.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// The file is damaged or of another format.
    #[error("reading {format}: {problem}")]
    Format {
        /// The file format.
        format: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A tensor's entry in a file is damaged or of a kind that is not read.
    #[error("reading {format}: tensor '{name}' {problem}")]
    Entry {
        /// The file format.
        format: &'static str,
        /// The tensor.
        name: String,
        /// What is wrong, as the end of a sentence.
        problem: String,
    },
    /// A tensor holds a value that is NaN or infinite.
    #[error("{doing}: tensor '{name}' holds a value that is not finite")]
    NotFinite {
        /// What was being done.
        doing: &'static str,
        /// The tensor.
        name: String,
    },
    /// Two names mean the same tensor.
    #[error("reading weights: two tensors are called '{0}' (in the names of two torchvision versions)")]
    Duplicate(String),
    /// BatchNorm statistics cannot be folded.
    #[error("folding BatchNorm '{norm}': {problem}")]
    Fold {
        /// The normalisation's name.
        norm: String,
        /// What is wrong.
        problem: String,
    },
    /// What is known of a layer's inputs does not fit the layer.
    #[error("calibrating: '{name}' {problem}")]
    Calibration {
        /// The statistic.
        name: String,
        /// What is wrong, as the end of a sentence.
        problem: String,
    },
    /// Tensors differ from what the configuration asks for.
    #[error("the weights do not fit the model: {}", describe(.missing, .extra, .misshaped))]
    Mismatch {
        /// Names that the network has and the weights have not.
        missing: Vec<String>,
        /// Names that the weights have and the network has not.
        extra: Vec<String>,
        /// Name, expected shape, found shape.
        misshaped: Vec<(String, Vec<usize>, Vec<usize>)>,
    },
}

fn describe(missing: &[String], extra: &[String], misshaped: &[(String, Vec<usize>, Vec<usize>)]) -> String {
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("missing {}", missing.join(", ")));
    }
    if !extra.is_empty() {
        parts.push(format!("not expected {}", extra.join(", ")));
    }
    parts.extend(
        misshaped.iter().map(|(name, want, got)| format!("{name} has the shape {got:?}, expected {want:?}")),
    );
    parts.join("; ")
}
