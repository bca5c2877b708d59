//! The arguments.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use lunglens::engine::DeviceChoice;
use lunglens::imaging::ClaheMode;
use lunglens::manifest::Backbone;
use lunglens::report::DEFAULT_SCORE_THRESHOLD;
use lunglens::weights::Quantization;

use super::evaluate::{EXAMPLES as EVALUATE_EXAMPLES, EvaluateArgs};
use super::pack::{EXAMPLES as PACK_EXAMPLES, PackArgs};
use super::part::PartArgs;
use super::quantize::{EXAMPLES as QUANTIZE_EXAMPLES, QuantizeArgs};
use super::study::{EXAMPLES as STUDY_EXAMPLES, StudyArgs};

const ABOUT: &str = "Finds, outlines and measures COVID-19 lesions in chest CT on this device";

const LONG_ABOUT: &str = "Finds, outlines and measures COVID-19 lesions in chest CT on this device.

Reads DICOM of any common coding, NIfTI, NRRD, PNG, JPEG, WebP and BMP. Nothing leaves this computer.
Research use only. Not a medical device.";

const EXAMPLES: &str = "Examples:
  lunglens segment slice.png
  lunglens segment series/ --out results --device gpu
  lunglens segment *.dcm --json > reports.jsonl
  lunglens study patient/ --out results
  lunglens devices
  lunglens models
  lunglens evaluate --data slices/ --model r50
  lunglens completions bash > ~/.local/share/bash-completion/completions/lunglens

Exit codes: 0 done, 1 some file failed, 2 wrong usage, 3 no model or device, 130 stopped by Ctrl-C or SIGTERM.";

const SEGMENT_EXAMPLES: &str = "Examples:
  One slice; writes lunglens-out/slice.overlay.png and lunglens-out/slice.report.json:
    lunglens segment slice.png

  Every picture and DICOM file under two folders, on the CPU:
    lunglens segment monday/ tuesday/ --out results --device cpu

  One JSON report a line, and no files:
    lunglens segment series/ --json > reports.jsonl

  Call a slice alarming from 30 % of the lung on, and keep instances above a score of 0.7:
    lunglens segment slice.dcm --alarming-from 30 --score 0.7

The summary is one line a slice on standard output. Errors, progress and notes go to standard error.
A file that cannot be read does not stop the rest.

Exit codes: 0 done, 1 some file failed, 2 wrong usage, 3 no model or device, 130 stopped by Ctrl-C or SIGTERM.";

/// The program's arguments.
#[derive(Debug, Parser)]
#[command(name = "lunglens", version, about = ABOUT, long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Segment slices: overlays, reports, lung involvement and severity
    #[command(after_help = SEGMENT_EXAMPLES)]
    Segment(SegmentArgs),
    /// Measure a whole CT study: volumes, zones, lesions and severity of the patient
    #[command(after_help = STUDY_EXAMPLES)]
    Study(StudyArgs),
    /// Measure a model on a folder of labelled slices
    #[command(after_help = EVALUATE_EXAMPLES)]
    Evaluate(EvaluateArgs),
    /// List the devices that can run the network, best first
    #[command(after_help = "Example:\n  lunglens devices --json")]
    Devices(DevicesArgs),
    /// List the models that are here, and check their files
    #[command(after_help = "Example:\n  lunglens models --models-dir ~/models")]
    Models(ModelsArgs),
    /// Pack a torchvision checkpoint into a small model file
    #[command(after_help = PACK_EXAMPLES)]
    Pack(PackArgs),
    /// Store a model's weights in fewer bits, calibrated
    #[command(after_help = QUANTIZE_EXAMPLES)]
    Quantize(QuantizeArgs),
    /// Print a shell completion script
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

const COMPLETIONS_EXAMPLES: &str = "Examples:
  lunglens completions bash > ~/.local/share/bash-completion/completions/lunglens
  lunglens completions zsh > ~/.zfunc/_lunglens
  lunglens completions fish > ~/.config/fish/completions/lunglens.fish";

/// Arguments of `lunglens segment`.
#[derive(Debug, Args)]
pub struct SegmentArgs {
    /// Slices (PNG, JPEG, WebP, BMP, DICOM), or folders that are searched for slices
    #[arg(required = true, value_name = "FILE|DIR")]
    pub inputs: Vec<PathBuf>,

    /// A model's id, or a model file (its manifest.json must lie beside it)
    #[arg(long, value_name = "r50|r101|PATH", default_value = "r50")]
    pub model: String,

    #[command(flatten)]
    pub models_dir: ModelsDirArg,

    /// Where the network runs; auto takes a real GPU, else the CPU
    #[arg(long, value_enum, default_value_t = DeviceArg::Auto)]
    pub device: DeviceArg,

    /// Keep instances above this score, 0 to 1, and parts that touch a lesion above half of it
    #[arg(long, value_name = "T", default_value_t = DEFAULT_SCORE_THRESHOLD, value_parser = parse_score)]
    pub score: f32,

    /// Lung involvement in percent from which a slice is Alarming
    #[arg(long, value_name = "PERCENT", default_value_t = 25.0, value_parser = parse_percent)]
    pub alarming_from: f64,

    /// Contrast equalisation; auto applies it to DICOM images and leaves pictures as they are
    #[arg(long, value_enum, default_value_t = ClaheArg::Auto)]
    pub clahe: ClaheArg,

    #[command(flatten)]
    pub part: PartArgs,

    #[command(flatten)]
    pub at_once: AtOnceArg,

    /// Where overlays and reports go [default: lunglens-out; none with --json]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Print one JSON report a line instead of the summary
    #[arg(long)]
    pub json: bool,

    /// Put the time of each stage into the reports, which then differ from run to run; one slice at a time unless --at-once says
    /// otherwise
    #[arg(long)]
    pub timings: bool,

    /// Print errors only (and the reports, with --json)
    #[arg(long, short)]
    pub quiet: bool,
}

/// Most slices at work at a time: each takes a thread and memory.
const MOST_AT_ONCE: usize = 64;

/// How many slices are at work.
#[derive(Debug, Args)]
pub struct AtOnceArg {
    /// Slices at work at a time, up to 64; more are faster and take more memory [default: 2 on a GPU, else one a core, at most 4]
    #[arg(long, value_name = "N", value_parser = parse_at_once)]
    pub at_once: Option<usize>,
}

/// Where models are looked for.
#[derive(Debug, Args)]
pub struct ModelsDirArg {
    /// Folder with manifest.json and the model files [default: models beside the program, else ./models, else that of the
    /// source tree]
    #[arg(long, value_name = "DIR", env = "LUNGLENS_MODELS")]
    pub models_dir: Option<PathBuf>,
}

/// Arguments of `lunglens devices`.
#[derive(Debug, Args)]
pub struct DevicesArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `lunglens models`.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(flatten)]
    pub models_dir: ModelsDirArg,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `--backbone`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BackboneArg {
    /// ResNet-50
    Resnet50,
    /// ResNet-101
    Resnet101,
}

impl From<BackboneArg> for Backbone {
    fn from(backbone: BackboneArg) -> Self {
        match backbone {
            BackboneArg::Resnet50 => Backbone::Resnet50,
            BackboneArg::Resnet101 => Backbone::Resnet101,
        }
    }
}

/// `--storage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StorageArg {
    /// 8 bit with a scale a channel
    Int8,
    /// 4 bit with a scale a block of 32, sensitive layers 8 or 16 bit
    Int4,
    /// 16 bit floating point
    F16,
    /// 32 bit floating point
    F32,
}

impl From<StorageArg> for Quantization {
    fn from(storage: StorageArg) -> Self {
        match storage {
            StorageArg::Int8 => Quantization::Int8,
            StorageArg::Int4 => Quantization::Int4,
            StorageArg::F16 => Quantization::F16,
            StorageArg::F32 => Quantization::F32,
        }
    }
}

/// `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeviceArg {
    /// A GPU that does not compute in software, else the CPU
    Auto,
    /// Any GPU, or stop
    Gpu,
    /// The CPU
    Cpu,
}

impl From<DeviceArg> for DeviceChoice {
    fn from(device: DeviceArg) -> Self {
        match device {
            DeviceArg::Auto => DeviceChoice::Auto,
            DeviceArg::Gpu => DeviceChoice::Gpu,
            DeviceArg::Cpu => DeviceChoice::Cpu,
        }
    }
}

/// `--clahe`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClaheArg {
    /// For images in Hounsfield units only
    Auto,
    /// Always
    On,
    /// Never
    Off,
}

impl From<ClaheArg> for ClaheMode {
    fn from(clahe: ClaheArg) -> Self {
        match clahe {
            ClaheArg::Auto => ClaheMode::Auto,
            ClaheArg::On => ClaheMode::On,
            ClaheArg::Off => ClaheMode::Off,
        }
    }
}

/// A score from 0 to 1.
pub fn parse_score(text: &str) -> Result<f32, String> {
    parse_between(text, 0.0, 1.0)
}

/// A percentage from 0 to 100.
pub fn parse_percent(text: &str) -> Result<f64, String> {
    parse_between(text, 0.0, 100.0)
}

/// A whole number from 1 on.
pub fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("give a whole number from 1 on".to_owned()),
    }
}

/// How many slices are at work.
fn parse_at_once(text: &str) -> Result<usize, String> {
    match parse_count(text) {
        Ok(count) if count <= MOST_AT_ONCE => Ok(count),
        _ => Err(format!("give a whole number from 1 to {MOST_AT_ONCE}")),
    }
}

fn parse_between<T: FromStr + PartialOrd + Display>(text: &str, lowest: T, highest: T) -> Result<T, String> {
    match text.parse() {
        Ok(value) if value >= lowest && value <= highest => Ok(value),
        _ => Err(format!("give a number from {lowest} to {highest}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_argument_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert_eq!(parse_score("0.25"), Ok(0.25));
        assert!(parse_score("1.5").is_err());
        assert!(parse_score("NaN").is_err());
        assert!(parse_percent("-1").is_err());
        assert_eq!(parse_percent("100"), Ok(100.0));
        assert_eq!(parse_count("3"), Ok(3));
        assert!(parse_count("0").is_err());
        assert_eq!(parse_at_once("64"), Ok(64));
        for wrong in ["0", "65", "18446744073709551615"] {
            assert_eq!(parse_at_once(wrong).unwrap_err(), "give a whole number from 1 to 64");
        }
    }
}
