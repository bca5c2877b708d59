//! What can be wrong with a manifest.

use thiserror::Error;

/// A manifest or a model's configuration that cannot be used.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// The text is not JSON of the manifest's form.
    #[error("reading the model manifest: {0}")]
    Json(#[from] serde_json::Error),
    /// The manifest is of another version of the format.
    #[error("reading the model manifest: schema version {found}, this program reads version {expected}")]
    SchemaVersion {
        /// The version in the file.
        found: u32,
        /// The version that this program reads.
        expected: u32,
    },
    /// Two models have the same id.
    #[error("reading the model manifest: two models have the id '{0}'")]
    DuplicateId(String),
    /// A field has a value that no model can have.
    #[error("model '{id}': {field} {problem}")]
    Field {
        /// The model's id.
        id: String,
        /// The field.
        field: &'static str,
        /// What is wrong, as the end of a sentence.
        problem: String,
    },
    /// A configuration has a value that no network can have.
    #[error("model configuration: {field} {problem}")]
    Config {
        /// The field.
        field: &'static str,
        /// What is wrong, as the end of a sentence.
        problem: String,
    },
}
