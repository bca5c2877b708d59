//! `lunglens pack`: a torchvision checkpoint becomes LungLens's weights file.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use lunglens::manifest::MaskRcnnConfig;
use lunglens::weights::{
    Quantization, Weights, check, read_packed, read_torchvision, semantic_channels, write_packed,
};
use sha2::{Digest, Sha256};

use super::args::{BackboneArg, StorageArg};
use super::exit::Exit;
use super::models::{Listing, Register, hex, manifest_beside, usual_entry};
use super::outputs::{refuse_inputs, write_whole};
use super::tell::stdout;

/// What `lunglens pack --help` ends with.
pub const EXAMPLES: &str = "Examples:
  lunglens pack checkpoint.safetensors --backbone resnet101 --out models/r101.llw --manifest \\
    --trained-on '1,189 slices of 13 patients' --accuracy cross_validation=results/evaluation.json

  Exactly, for comparison:
    lunglens pack checkpoint.safetensors --storage f32 --out f32/r50.llw --manifest

A checkpoint is the state dict of torchvision's MaskRCNN in f32 or f16, its BatchNorm folded or not.";

/// Arguments of `lunglens pack`.
#[derive(Debug, Args)]
pub struct PackArgs {
    /// A torchvision MaskRCNN checkpoint as safetensors
    #[arg(value_name = "CHECKPOINT")]
    pub input: PathBuf,

    /// The packed file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,

    /// The backbone, with LungLens's usual sizes and limits
    #[arg(long, value_enum, default_value_t = BackboneArg::Resnet50)]
    pub backbone: BackboneArg,

    /// Other sizes and limits, as JSON: the `config` of an entry in manifest.json
    #[arg(long, value_name = "FILE", conflicts_with = "backbone")]
    pub config: Option<PathBuf>,

    /// How matrices are stored
    #[arg(long, value_enum, default_value_t = StorageArg::Int8)]
    pub storage: StorageArg,

    #[command(flatten)]
    pub register: Register,
}

/// A packed file that is not yet written.
#[derive(Debug)]
pub struct Packed {
    bytes: Vec<u8>,
    /// What it is.
    pub summary: PackSummary,
}

/// What is said of a packed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackSummary {
    /// Number of tensors.
    pub tensors: usize,
    /// The file's size.
    pub bytes: u64,
    /// The file's SHA-256 in lower-case hexadecimal digits, as the manifest has it.
    pub sha256: String,
}

/// Packs a checkpoint, and lists it in the manifest if that was asked for.
pub fn run(options: &PackArgs) -> anyhow::Result<Exit> {
    let manifest = manifest_beside(&options.out);
    let inputs = [Some(options.input.as_path()), options.config.as_deref(), Some(manifest.as_path())];
    refuse_inputs("--out", &options.out, inputs.into_iter().flatten().chain(options.register.inputs()))?;
    let config = options.config.as_deref().map(read_config).transpose()?;
    let accuracy = options.register.accuracy()?;
    let (weights, config) = read_checkpoint(&options.input, config, options.backbone)?;
    let quantization = options.storage.into();
    let packed = Packed::new(&weights, quantization)?;
    let entry = usual_entry(config);
    let listing = options.register.list(&options.out, &packed.summary, entry, quantization, accuracy)?;
    packed.write(&options.out, listing.as_ref())?;
    writeln!(stdout(), "{}: {}", options.out.display(), packed.summary)?;
    Ok(Exit::Success)
}

/// A network's sizes and limits from a JSON file.
pub fn read_config(path: &Path) -> anyhow::Result<MaskRcnnConfig> {
    let reading = || format!("reading {}", path.display());
    let text = fs::read_to_string(path).with_context(reading)?;
    serde_json::from_str(&text).with_context(reading)
}

/// The weights of a checkpoint (safetensors, torchvision's names), BatchNorm folded, every tensor checked, and the network that they
/// are of: `config`, or the usual one of `backbone` with the heads that the checkpoint has.
pub fn read_checkpoint(
    path: &Path,
    config: Option<MaskRcnnConfig>,
    backbone: BackboneArg,
) -> anyhow::Result<(Weights, MaskRcnnConfig)> {
    let checkpoint = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let loading = || format!("loading {}", path.display());
    let weights = read_torchvision(&checkpoint).with_context(loading)?;
    let config = config.unwrap_or_else(|| MaskRcnnConfig {
        semantic_channels: semantic_channels(&weights),
        ..MaskRcnnConfig::new(backbone.into())
    });
    config.validate()?;
    check(&weights, &config).with_context(loading)?;
    Ok((weights, config))
}

impl Packed {
    /// Packs the weights, and reads them back.
    pub fn new(weights: &Weights, quantization: Quantization) -> anyhow::Result<Self> {
        let bytes = write_packed(weights, quantization)?;
        read_packed(&bytes).context("reading the packed weights back")?;
        let summary = PackSummary {
            tensors: weights.len(),
            bytes: bytes.len() as u64,
            sha256: hex(&Sha256::digest(&bytes)),
        };
        Ok(Self { bytes, summary })
    }

    /// Writes the file to `out`, and the manifest that lists it.
    pub fn write(&self, out: &Path, listing: Option<&Listing>) -> anyhow::Result<()> {
        write_whole(out, &self.bytes).with_context(|| format!("writing {}", out.display()))?;
        listing.map_or(Ok(()), Listing::write)
    }
}

impl std::fmt::Display for PackSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tensors, {} bytes, SHA-256 {}", self.tensors, self.bytes, self.sha256)
    }
}
