//! `lunglens pack`: a torchvision checkpoint becomes LungLens's weights file.

use std::fs;
use std::path::Path;

use anyhow::Context;
use lunglens::manifest::MaskRcnnConfig;
use lunglens::weights::{Quantization, load_torchvision, read_packed, write_packed};
use sha2::{Digest, Sha256};

use super::outputs::write_whole;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackSummary {
    /// Number of tensors.
    pub tensors: usize,
    /// The file's size.
    pub bytes: u64,
    /// The file's SHA-256 in lower-case hexadecimal digits, as the manifest has it.
    pub sha256: String,
}

/// Packs the checkpoint `input` (safetensors, torchvision's names) as `output`: folds BatchNorm, checks every tensor
/// against `config`, and writes the packed file.
pub fn pack(
    input: &Path,
    config: &MaskRcnnConfig,
    quantization: Quantization,
    output: &Path,
) -> anyhow::Result<PackSummary> {
    config.validate()?;
    let checkpoint = fs::read(input).with_context(|| format!("reading {}", input.display()))?;
    let weights =
        load_torchvision(&checkpoint, config).with_context(|| format!("loading {}", input.display()))?;
    let packed = write_packed(&weights, quantization)?;
    read_packed(&packed).context("reading the packed weights back")?;
    write_whole(output, &packed).with_context(|| format!("writing {}", output.display()))?;
    Ok(PackSummary {
        tensors: weights.len(),
        bytes: packed.len() as u64,
        sha256: Sha256::digest(&packed).iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}
