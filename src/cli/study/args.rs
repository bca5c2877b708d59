//! The arguments of `lunglens study`.

use std::path::PathBuf;

use clap::Args;
use lunglens::export::ExportFormat;
use lunglens::report::DEFAULT_SCORE_THRESHOLD;

use crate::cli::args::{AtOnceArg, DeviceArg, ModelsDirArg, parse_percent, parse_score};

/// What `lunglens study --help` ends with.
pub const EXAMPLES: &str = "Examples:
  A study as a scanner or a CD gives it; writes lunglens-out/study.json, slices.csv and key slices:
    lunglens study patient/

  A quick look at every fourth slice, as JSON and without files:
    lunglens study patient/ --every 4 --json

  All that other systems read, and no longer than a minute of measuring:
    lunglens study patient/ --seg --sr --nifti --pdf --time-budget 60

  Which series are there, and another one than the recommended:
    lunglens study cd.zip --list
    lunglens study cd.zip --series 3

Folders, ZIP archives, DICOMDIR media, DICOM files of any common coding, NIfTI and NRRD volumes are \
read. The axial CT series with the most slices is measured; localisers, other series and other \
modalities are set aside with the reason. A series with gaps, two slices at one place, too much tilt \
or a slice that cannot be read has no result.

A folder of PNG, JPEG, WebP or BMP pictures is a series too, in the order of its names (2 before 10): \
involvement and grade are measured, and what needs mm or Hounsfield units is left out and said to be.

UIDs are written as hashes unless --keep-ids asks for them. DICOM files carry the time of writing, or \
that of the variable SOURCE_DATE_EPOCH.

Exit codes: 0 done, 1 no result, 2 wrong usage, 3 no model or device, 130 stopped by Ctrl-C or SIGTERM.";

/// Arguments of `lunglens study`.
#[derive(Debug, Args)]
pub struct StudyArgs {
    /// Folders and ZIP archives that are searched, or the files of one study: DICOM, NIfTI, NRRD, PNG, JPEG, WebP, BMP
    #[arg(required = true, value_name = "PATH")]
    pub inputs: Vec<PathBuf>,

    /// List the series that are there, and which one is recommended, without measuring
    #[arg(long, conflicts_with_all = ["series", "json"])]
    pub list: bool,

    /// Measure this series of the list instead of the recommended one: its number there
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub series: Option<u32>,

    /// A model's id, or a model file (its manifest.json must lie beside it)
    #[arg(long, value_name = "r50|r101|PATH", default_value = "r50")]
    pub model: String,

    #[command(flatten)]
    pub models_dir: ModelsDirArg,

    /// Where the network runs; auto takes a real GPU, else the CPU
    #[arg(long, value_enum, default_value_t = DeviceArg::Auto)]
    pub device: DeviceArg,

    #[command(flatten)]
    pub at_once: AtOnceArg,

    /// Keep instances above this score, 0 to 1, and parts that touch a lesion above half of it
    #[arg(long, value_name = "T", default_value_t = DEFAULT_SCORE_THRESHOLD, value_parser = parse_score)]
    pub score: f32,

    /// Lung involvement in percent from which a patient is Alarming
    #[arg(long, value_name = "PERCENT", default_value_t = 25.0, value_parser = parse_percent)]
    pub alarming_from: f64,

    /// Read every N-th slice only; the result says so
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub every: u16,

    /// Read as many slices as fit into S seconds, evenly spread; the result says how many
    #[arg(long, value_name = "S", conflicts_with = "every", value_parser = parse_seconds)]
    pub time_budget: Option<f64>,

    /// Write a DICOM segmentation: study.seg.dcm (DICOM input only)
    #[arg(long)]
    pub seg: bool,

    /// Write a DICOM structured report: study.sr.dcm (DICOM input only)
    #[arg(long)]
    pub sr: bool,

    /// Write a label map on the grid of the input: study.labels.nii.gz
    #[arg(long)]
    pub nifti: bool,

    /// Write a report of one page: study.pdf
    #[arg(long)]
    pub pdf: bool,

    /// Draw every slice that was read, not only the three with the most lesion
    #[arg(long)]
    pub overlays: bool,

    /// Leave the patient's name, numbers and dates out of the DICOM files; nothing else has them
    #[arg(long)]
    pub deidentify: bool,

    /// Write UIDs and the series description as they are
    #[arg(long)]
    pub keep_ids: bool,

    /// Where results go [default: lunglens-out; none with --json]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Print the study's JSON on one line instead of the summary
    #[arg(long)]
    pub json: bool,

    /// Print errors only (and the JSON, with --json)
    #[arg(long, short)]
    pub quiet: bool,
}

impl StudyArgs {
    /// The forms that are written beside the usual ones.
    pub fn asked_formats(&self) -> Vec<ExportFormat> {
        [
            (self.nifti, ExportFormat::Nifti),
            (self.seg, ExportFormat::Seg),
            (self.sr, ExportFormat::Sr),
            (self.pdf, ExportFormat::Pdf),
        ]
        .into_iter()
        .filter_map(|(asked, format)| asked.then_some(format))
        .collect()
    }
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds.is_finite() => Ok(seconds),
        _ => Err("not a number of seconds above 0".to_owned()),
    }
}
