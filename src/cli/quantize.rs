//! `lunglens quantize`: fewer bits a weight, calibrated, and what that costs layer by layer.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;
use lunglens::manifest::ModelEntry;
use lunglens::weights::{
    Calibration, LayerError, Storage, Weights, check, quantize, read_packed, read_safetensors,
};

use super::args::{BackboneArg, StorageArg};
use super::exit::Exit;
use super::models::{Register, find_model, manifest_beside, usual_entry};
use super::outputs::{is_same_file, refuse_inputs, write_whole};
use super::pack::{Packed, read_checkpoint, read_config};
use super::tell::stdout;

/// What `lunglens quantize --help` ends with.
pub const EXAMPLES: &str = "Examples:
  lunglens quantize checkpoint.safetensors --calibration inputs.safetensors \\
    --out models/r50-int4.llw --manifest --trained-on '1,189 slices of 13 patients'

  What each layer loses, from a packed file (its manifest.json must lie beside it):
    lunglens quantize f32/r50.llw --to int8 --out int8/r50.llw --manifest --report layers.csv

A calibration file has, for each layer NAME, vectors NAME.mean and NAME.mean_square of its inputs, as \
safetensors (train/calibrate.py makes it): the scales are then the best for what the layer computes, \
and biases take over the mean error. Without it the scales are the best for the weights.";

/// Arguments of `lunglens quantize`.
#[derive(Debug, Args)]
pub struct QuantizeArgs {
    /// A torchvision MaskRCNN checkpoint as safetensors, or a packed file
    #[arg(value_name = "CHECKPOINT|MODEL")]
    pub input: PathBuf,

    /// The packed file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,

    /// How matrices are stored
    #[arg(long, value_enum, default_value_t = StorageArg::Int4)]
    pub to: StorageArg,

    /// A checkpoint's backbone, with LungLens's usual sizes and limits
    #[arg(long, value_enum, default_value_t = BackboneArg::Resnet50)]
    pub backbone: BackboneArg,

    /// Other sizes and limits, as JSON: the `config` of an entry in manifest.json
    #[arg(long, value_name = "FILE", conflicts_with = "backbone")]
    pub config: Option<PathBuf>,

    /// What the layers' inputs are like, as safetensors
    #[arg(long, value_name = "FILE")]
    pub calibration: Option<PathBuf>,

    /// Write the error of each layer as CSV
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    #[command(flatten)]
    pub register: Register,
}

/// Quantizes a model, and lists it in the manifest if that was asked for.
pub fn run(options: &QuantizeArgs) -> anyhow::Result<Exit> {
    refuse_outputs(options)?;
    let accuracy = options.register.accuracy()?;
    let calibration = options.calibration.as_deref().map(read_calibration).transpose()?;
    let (weights, entry) = read_model(options)?;
    let quantization = options.to.into();
    let quantized = quantize(&weights, quantization, calibration.as_ref())?;
    let packed = Packed::new(&quantized.weights, quantization)?;
    let listing = options.register.list(&options.out, &packed.summary, entry, quantization, accuracy)?;
    // Before the model, so that a failure leaves the models folder as it is.
    if let Some(path) = &options.report {
        write_whole(path, to_csv(&quantized.errors).as_bytes())
            .with_context(|| format!("writing {}", path.display()))?;
    }
    packed.write(&options.out, listing.as_ref())?;
    writeln!(stdout(), "{}: {}", options.out.display(), packed.summary)?;
    Ok(Exit::Success)
}

/// Fails if a file that is written is one that is read, or both are one.
fn refuse_outputs(options: &QuantizeArgs) -> anyhow::Result<()> {
    let manifests = [&options.input, &options.out].map(|file| manifest_beside(file));
    let files = [Some(&options.input), options.config.as_ref(), options.calibration.as_ref()];
    let inputs = || {
        let files = files.into_iter().flatten().chain(&manifests).map(PathBuf::as_path);
        files.chain(options.register.inputs())
    };
    refuse_inputs("--out", &options.out, inputs())?;
    if let Some(report) = &options.report {
        refuse_inputs("--report", report, inputs())?;
        ensure!(!is_same_file(report, &options.out), "--out and --report are the same file");
    }
    Ok(())
}

fn read_calibration(path: &Path) -> anyhow::Result<Calibration> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let tensors = read_safetensors(&bytes).with_context(|| path.display().to_string())?;
    Calibration::new(tensors).with_context(|| path.display().to_string())
}

/// The weights of a checkpoint or a packed file, and what the manifest says of them: of a packed file what its own does, but
/// for a network that was given.
fn read_model(options: &QuantizeArgs) -> anyhow::Result<(Weights, ModelEntry)> {
    let path = &options.input;
    let config = options.config.as_deref().map(read_config).transpose()?;
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    if !bytes.starts_with(b"LUNGLENS") {
        let (weights, config) = read_checkpoint(path, config, options.backbone)?;
        return Ok((weights, usual_entry(config)));
    }
    let found = find_model(&path.to_string_lossy(), None).map(|found| found.entry);
    let entry = match config {
        None => found?,
        // A network that is given needs no manifest.
        Some(config) => match found {
            Err(_) => usual_entry(config),
            Ok(mut entry) => {
                entry.backbone = config.backbone;
                entry.preprocessing.input_size = config.input_size;
                entry.config = config;
                entry
            }
        },
    };
    let weights = read_packed(&bytes).with_context(|| path.display().to_string())?;
    check(&weights, &entry.config).with_context(|| path.display().to_string())?;
    Ok((weights, entry))
}

/// The layers by falling error of what they compute, or of their weights where that is not known.
fn to_csv(errors: &[LayerError]) -> String {
    let mut sorted: Vec<&LayerError> = errors.iter().collect();
    let key = |error: &LayerError| error.output_error.unwrap_or(error.weight_error);
    sorted.sort_by(|a, b| key(b).total_cmp(&key(a)));
    let mut text = "layer,bits,weight_error,output_error\n".to_owned();
    for error in sorted {
        let bits = match error.storage {
            Storage::F32 => 32,
            Storage::F16 => 16,
            Storage::Int8 => 8,
            Storage::Int4 => 4,
        };
        let output = error.output_error.map_or_else(String::new, |output| format!("{output:.5}"));
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{},{bits},{:.5},{output}", error.name, error.weight_error);
    }
    text
}
