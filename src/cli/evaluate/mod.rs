//! `lunglens evaluate`.

mod args;
mod data;
mod measure;
mod negatives;
mod parts;
mod write;

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, ensure};
use clap::ValueEnum;
use lunglens::engine::CancelToken;
use lunglens::evaluate::{Predictions, Task};
use lunglens::report::{self, faint_score};
use lunglens::severity::SeverityConfig;
use lunglens::words::counted;

use super::exit::Exit;
use super::interrupt::cancel_on_ctrl_c;
use super::outputs::write_whole;
use super::progress::Progress;
use super::tell::{say, stdout};
use data::{Dataset, NEGATIVES};
use parts::Part;

pub use args::{EXAMPLES, EvaluateArgs, SplitArg};

const DEFAULT_OUT: &str = "lunglens-evaluation";
/// The file that `--fold` writes and `--merge` reads.
const PREDICTIONS: &str = "predictions.json";
/// Average precision ranks instances above this score; below it torchvision reports none.
const AP_SCORE: f32 = 0.05;

/// Segments every slice and compares it with its labels. A slice that fails ends the evaluation: figures of a part would
/// be taken for those of the whole.
pub fn run(options: &EvaluateArgs) -> anyhow::Result<Exit> {
    let out = options.out.as_deref().unwrap_or(Path::new(DEFAULT_OUT));
    if !options.merge.is_empty() {
        return merge(options, out);
    }
    let dataset = match options.negatives {
        true => Dataset::open_negatives(&options.data)?,
        false => {
            let split = options.split.or(options.folds.as_ref().map(|_| SplitArg::All));
            Dataset::open(&options.data, split)?
        }
    };
    let items = dataset.limited(options.limit);
    let task = Task {
        data: dataset.name.clone(),
        split: dataset.split.to_owned(),
        patients_known: dataset.patients_known,
        limit: options.limit,
        slices_available: dataset.items.len(),
        score_threshold: options.score,
        ap_score_threshold: AP_SCORE.min(faint_score(options.score)),
        alarming_from_percent: SeverityConfig::default().alarming_from_percent,
    };
    let all = match &options.folds {
        Some(path) => parts::read_folds(path, options, &items)?,
        None => vec![Part::of_all(options, items.len())],
    };
    let (folds, wanted) = (all.len(), options.fold);
    ensure!(
        wanted.is_none_or(|fold| fold < folds),
        "there is no fold {}: the file has {folds}, counted from 0",
        wanted.unwrap_or_default()
    );
    let cancel = CancelToken::default();
    cancel_on_ctrl_c(&cancel).context("listening for Ctrl-C")?;
    if !options.quiet {
        say(report::NOTICE);
    }
    let chosen: Vec<Part> =
        all.into_iter().filter(|part| wanted.is_none_or(|fold| fold == part.fold)).collect();
    let progress = Progress::new(chosen.iter().map(|part| part.places.len()).sum(), options.quiet);
    let mut found = Vec::with_capacity(chosen.len());
    let mut done = 0;
    // One model at a time: its engine is gone before the next one is loaded.
    for part in &chosen {
        let device = (options.device.into(), options.at_once.at_once);
        let segmented = parts::segment(part, folds, &items, &task, device, &cancel, (&progress, done));
        let Some(predictions) = segmented.inspect_err(|_| progress.finish())? else {
            progress.finish();
            return Ok(Exit::Interrupted);
        };
        done += predictions.slices.len();
        found.push(predictions);
    }
    progress.finish();
    if wanted.is_some() {
        return write_parts(&found, out, options.quiet);
    }
    match options.negatives {
        true => negatives::report(&dataset, &items, found, out, options.quiet),
        false => measure::report(&dataset, &items, found, out, options.quiet),
    }
}

/// Writes what was segmented, to be pooled with the other folds; a part has no figures of its own.
fn write_parts(parts: &[Predictions], out: &Path, quiet: bool) -> anyhow::Result<Exit> {
    for part in parts {
        let path = out.join(PREDICTIONS);
        write_whole(&path, part.to_json()?.as_bytes())
            .with_context(|| format!("writing {}", path.display()))?;
        if !quiet {
            writeln!(
                stdout(),
                "fold {} of {}: {} written to {}",
                part.fold,
                part.folds,
                counted(part.slices.len(), "slice"),
                path.display()
            )?;
        }
    }
    Ok(Exit::Success)
}

/// Measures what the folds of one cross-validation found.
fn merge(options: &EvaluateArgs, out: &Path) -> anyhow::Result<Exit> {
    let mut parts = Vec::with_capacity(options.merge.len());
    for path in &options.merge {
        let path = if path.is_dir() { path.join(PREDICTIONS) } else { path.clone() };
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        parts.push(Predictions::from_json(&text).with_context(|| path.display().to_string())?);
    }
    let task = &parts[0].task;
    let limit = task.limit;
    if task.split == NEGATIVES {
        let dataset = Dataset::open_negatives(&options.data)?;
        return negatives::report(&dataset, &dataset.limited(limit), parts, out, options.quiet);
    }
    let split = SplitArg::from_str(&task.split, false).map_err(|_| {
        anyhow::anyhow!("{} is of the unknown split '{}'", options.merge[0].display(), task.split)
    })?;
    let dataset = Dataset::open(&options.data, Some(split))?;
    measure::report(&dataset, &dataset.limited(limit), parts, out, options.quiet)
}
