//! The arguments of `lunglens evaluate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lunglens::report::DEFAULT_SCORE_THRESHOLD;

use crate::cli::args::{AtOnceArg, DeviceArg, ModelsDirArg, parse_count, parse_score};

/// What `lunglens evaluate --help` ends with.
pub const EXAMPLES: &str = "Examples:
  lunglens evaluate --data slices/
  lunglens evaluate --data slices/ --split val --model r101 --out results --device cpu
  lunglens evaluate --data slices/ --limit 10

  Every slice by the model that was not trained on its patient:
    lunglens evaluate --data slices/ --folds folds.json

  The same with the folds side by side, then pooled:
    lunglens evaluate --data slices/ --folds folds.json --fold 0 --out part-0
    (and so on)
    lunglens evaluate --data slices/ --merge part-* --out results

  False alarms on slices that have no lesion, of any layout:
    lunglens evaluate --data healthy/ --negatives

The folder has manifest.csv (columns file, case, slice, split) beside ct/, lesion/ and lung/; or ct/ \
(JPEG, lying on their side), lesion/ and classes/, without labels of lungs; with --negatives any \
slices.

folds.json: {\"folds\": [{\"model\": \"fold-0/r50.llw\", \"held_out\": [\"patient, case or file\"]}]}, the \
models relative to it.

Written: evaluation.json, evaluation.md, pr_curve.svg, involvement.svg, contact_sheet.png. Intervals \
are over patients; docs/evaluation.md says what each figure means. RAYON_NUM_THREADS sets the threads \
of the CPU.

Exit codes: 0 done, 1 something failed, 2 wrong usage, 3 no model or device, 130 stopped by Ctrl-C or SIGTERM.";

/// Arguments of `lunglens evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Folder with slices and their labels
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,

    /// A model's id, or a model file (its manifest.json must lie beside it)
    #[arg(long, value_name = "r50|r101|PATH", default_value = "r50")]
    pub model: String,

    #[command(flatten)]
    pub models_dir: ModelsDirArg,

    /// Cross-validate: the models, and what each was not trained on, as JSON
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    pub folds: Option<PathBuf>,

    /// Segment the slices of this fold only (from 0), and write predictions.json for --merge
    #[arg(long, value_name = "K", requires = "folds")]
    pub fold: Option<usize>,

    /// Pool the predictions of all folds: their predictions.json files, or the folders of these; nothing is segmented
    #[arg(
        long,
        value_name = "FILE|DIR",
        num_args = 1..,
        conflicts_with_all = ["model", "folds", "split", "limit", "score", "device", "negatives"]
    )]
    pub merge: Vec<PathBuf>,

    /// The slices have no lesion: report false alarms
    #[arg(long, conflicts_with = "split")]
    pub negatives: bool,

    /// Which slices [default: val where the folder has splits; all with --folds]
    #[arg(long, value_enum)]
    pub split: Option<SplitArg>,

    /// Where the results go [default: lunglens-evaluation]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Where the network runs; auto takes a real GPU, else the CPU
    #[arg(long, value_enum, default_value_t = DeviceArg::Auto)]
    pub device: DeviceArg,

    #[command(flatten)]
    pub at_once: AtOnceArg,

    /// Count instances above this score, 0 to 1 (average precision ranks those above 0.05)
    #[arg(long, value_name = "T", default_value_t = DEFAULT_SCORE_THRESHOLD, value_parser = parse_score)]
    pub score: f32,

    /// Take at most N slices, spread evenly
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub limit: Option<usize>,

    /// Print errors only
    #[arg(long, short)]
    pub quiet: bool,
}

/// `--split`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SplitArg {
    /// What a model was trained on
    Train,
    /// Patients kept for validation
    Val,
    /// Both
    All,
}

impl SplitArg {
    /// Its name, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            SplitArg::Train => "train",
            SplitArg::Val => "val",
            SplitArg::All => "all",
        }
    }
}
