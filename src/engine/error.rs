//! What can go wrong between a slice and its report.

use thiserror::Error;

use crate::detect::DetectError;
use crate::imaging::ImagingError;
use crate::masks::MaskError;
use crate::model::ModelError;
use crate::report::ReportError;
use crate::severity::SeverityError;
use crate::weights::WeightsError;

/// Why the engine could not start, or a slice has no report. There is never a partial one.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The weights are not the file that the manifest names.
    #[error("the model file is not the one that the manifest names: SHA-256 {found}, expected {expected}")]
    HashMismatch {
        /// The manifest's hash.
        expected: String,
        /// The file's hash.
        found: String,
    },
    /// The weights cannot be read.
    #[error("cannot read the model: {0}")]
    Weights(#[from] WeightsError),
    /// No graphics adapter was offered.
    #[error("no graphics adapter was found")]
    NoAdapter,
    /// The graphics adapter is too small for the kernels.
    #[error("the graphics adapter has {has} {what}, and {needed} are needed")]
    AdapterTooWeak {
        /// Of what it has too little.
        what: &'static str,
        /// What it has.
        has: u64,
        /// What is needed.
        needed: u64,
    },
    /// The GPU could not be opened, or failed.
    #[error("the graphics device failed: {0}")]
    DeviceLost(String),
    /// The device has too little memory.
    #[error("the device ran out of memory: {0}")]
    OutOfMemory(String),
    /// The user stopped the run.
    #[error("the run was cancelled")]
    Cancelled,
    /// The slice cannot be made ready.
    #[error(transparent)]
    Imaging(#[from] ImagingError),
    /// The network gave something that is no result.
    #[error("the network failed: {0}")]
    Network(ModelError),
    /// A mask cannot be pasted.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// The slice cannot be measured.
    #[error(transparent)]
    Severity(#[from] SeverityError),
    /// The report cannot be built.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The model has a class that the report does not know.
    #[error("the model has a class {0}, which is neither lesion nor lung")]
    UnknownClass(usize),
}

impl EngineError {
    /// Whether it may be the device's fault, so that another one may do what this one could not: it is lost, has too little, or
    /// computed nonsense.
    pub fn may_be_of_device(&self) -> bool {
        match self {
            Self::NoAdapter | Self::AdapterTooWeak { .. } | Self::DeviceLost(_) | Self::OutOfMemory(_) => {
                true
            }
            Self::Network(error) => match error {
                ModelError::Detect(error) => matches!(error, DetectError::NotFinite { .. }),
                ModelError::NotFinite { .. } | ModelError::NoSuchAnchor { .. } => true,
                ModelError::Cancelled | ModelError::Execution(_) => false,
            },
            _ => false,
        }
    }
}

impl From<ModelError> for EngineError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Cancelled => Self::Cancelled,
            ModelError::Execution(error) => {
                let reason = error.to_string();
                let lower = reason.to_lowercase();
                // wgpu says it in words only.
                if lower.contains("memory") && (lower.contains("out of") || lower.contains("not enough")) {
                    Self::OutOfMemory(reason)
                } else {
                    Self::DeviceLost(reason)
                }
            }
            other => Self::Network(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_gpu_computed_wrongly_may_be_right_on_the_cpu() {
        let of_device = [
            EngineError::NoAdapter,
            EngineError::DeviceLost("gone".into()),
            EngineError::OutOfMemory("full".into()),
            ModelError::NotFinite { stage: "backbone" }.into(),
            ModelError::NoSuchAnchor { index: 1e9, level: 0 }.into(),
            ModelError::Detect(DetectError::NotFinite { stage: "box head", tensor: "scores", index: 0 })
                .into(),
        ];
        assert!(of_device.iter().all(EngineError::may_be_of_device));
        let not = [EngineError::Cancelled, EngineError::UnknownClass(7), ModelError::Cancelled.into()];
        assert!(!not.iter().any(EngineError::may_be_of_device));
    }
}
