//! `lunglens evaluate`.

mod data;

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use lunglens::engine::{CancelToken, Engine, EngineError, SegmentOptions, Segmentation};
use lunglens::evaluate::{
    About, Bootstrap, Evaluation, Evaluator, SheetCell, contact_sheet_png, found_lung, headline,
    involvement_svg, pick_rows, pr_curve_svg, to_json, to_markdown, union,
};
use lunglens::imaging::CtSlice;
use lunglens::masks::{Mask, Rle};
use lunglens::report::{self, ClassName, InputInfo, Instance, ModelInfo};
use lunglens::severity::SeverityConfig;
use sha2::{Digest, Sha256};

use super::args::EvaluateArgs;
use super::exit::{CannotRun, Exit};
use super::interrupt::cancel_on_ctrl_c;
use super::models::{find_model, hex};
use super::outputs::write_whole;
use super::progress::Progress;
use super::runner::start_engine;
use data::{Dataset, Item};

const DEFAULT_OUT: &str = "lunglens-evaluation";
/// Average precision ranks instances above this score; below it torchvision reports none.
const AP_SCORE: f32 = 0.05;
/// Slices in a row of the contact sheet.
const SHEET_COLUMNS: usize = 4;

/// Segments every slice and compares it with its labels. A slice that fails ends the evaluation: figures of a part would
/// be taken for those of the whole.
pub fn run(options: &EvaluateArgs) -> anyhow::Result<Exit> {
    let dataset = Dataset::open(&options.data, options.split)?;
    let items = dataset.limited(options.limit);
    let cancel = CancelToken::default();
    cancel_on_ctrl_c(&cancel).context("listening for Ctrl-C")?;
    let model = find_model(&options.model, options.models_dir.models_dir.as_deref())
        .with_context(|| CannotRun("cannot find the model".to_owned()))?;
    let engine = start_engine(&model, options.device.into())?;
    if !options.quiet {
        eprintln!("{}", report::NOTICE);
    }

    let severity = SeverityConfig::default();
    let ap_score = AP_SCORE.min(options.score);
    let segmenting = Segmenting {
        engine: &engine,
        options: SegmentOptions { score_threshold: ap_score, severity, ..SegmentOptions::default() },
        cancel,
        progress: Progress::new(items.len(), options.quiet),
    };
    let mut evaluator = Evaluator::new(options.score, severity);
    let mut found = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let one = segmenting.one(index, item, options.score, &mut evaluator);
        match one.with_context(|| item.name.clone()) {
            Ok(masks) => found.push(masks),
            Err(error) => {
                segmenting.progress.finish();
                return match error.downcast_ref::<EngineError>() {
                    Some(EngineError::Cancelled) => Ok(Exit::Interrupted),
                    _ => Err(error),
                };
            }
        }
    }
    segmenting.progress.finish();

    let bootstrap = Bootstrap::default();
    let evaluation = evaluator.finish(&bootstrap)?;
    let about = About {
        model: ModelInfo {
            id: model.entry.id.clone(),
            backbone: model.entry.backbone.name().to_owned(),
            sha256: model.entry.sha256.clone(),
            input_size: model.entry.config.input_size,
        },
        device: engine.device().name.clone(),
        data: dataset.name.clone(),
        split: dataset.split.to_owned(),
        patients_known: dataset.patients_known,
        slices_available: dataset.items.len(),
        score_threshold: options.score,
        ap_score_threshold: ap_score,
        alarming_from_percent: severity.alarming_from_percent,
    };
    let rows = pick_rows(&evaluation.slices, SHEET_COLUMNS);
    let sheet = draw_sheet(&rows, &items, &found)?;
    let out = options.out.as_deref().unwrap_or(Path::new(DEFAULT_OUT));
    write_all(out, &about, &evaluation, &bootstrap, &rows, &sheet)?;
    if !options.quiet {
        let patients = match dataset.patients_known {
            true => format!("{} patients", evaluation.patients.len()),
            false => "patients not known".to_owned(),
        };
        let mut stdout = std::io::stdout().lock();
        writeln!(
            stdout,
            "{} on {}, {}: {} slices, {patients}\n{}written to {}",
            about.model.id,
            about.data,
            about.split,
            evaluation.slices.len(),
            headline(&evaluation),
            out.display()
        )?;
    }
    Ok(Exit::Success)
}

/// What is the same for every slice.
struct Segmenting<'a> {
    engine: &'a Engine,
    options: SegmentOptions,
    cancel: CancelToken,
    progress: Progress,
}

impl Segmenting<'_> {
    /// Segments a slice, hands it to the evaluator, and gives the lesion and the lung that were found.
    fn one(
        &self,
        index: usize,
        item: &Item,
        score: f32,
        evaluator: &mut Evaluator,
    ) -> anyhow::Result<[Rle; 2]> {
        let (slice, truth, bytes) = item.read()?;
        let Segmentation { instances, .. } = self.segment(index, item, &slice, &bytes)?;
        evaluator.add(truth, &instances)?;
        self.progress.done(index);

        let kept: Vec<&Instance> = instances.iter().filter(|instance| instance.score > score).collect();
        let lesions = kept.iter().filter(|i| i.class == ClassName::Lesion).map(|i| &i.mask);
        let masks: [Mask; 2] =
            [union(slice.rows, slice.columns, lesions)?, found_lung(&kept, slice.rows, slice.columns)?];
        Ok(masks.map(|mask| Rle::encode(&mask)))
    }

    fn segment(
        &self,
        index: usize,
        item: &Item,
        slice: &CtSlice,
        bytes: &[u8],
    ) -> Result<Segmentation, EngineError> {
        let input = InputInfo { name: item.name.clone(), sha256: hex(&Sha256::digest(bytes)) };
        let mut show = |stage| self.progress.stage(index, &item.name, stage);
        pollster::block_on(self.engine.segment(slice, input, &self.options, &self.cancel, &mut show))
    }
}

/// Draws the slices of the contact sheet, read again.
fn draw_sheet(rows: &[Vec<usize>], items: &[Item], found: &[[Rle; 2]]) -> anyhow::Result<Vec<u8>> {
    let mut cells = Vec::with_capacity(rows.len());
    for row in rows {
        let mut line = Vec::with_capacity(row.len());
        for &at in row {
            let (slice, truth, _) = items[at].read().with_context(|| items[at].name.clone())?;
            line.push(SheetCell {
                slice,
                true_lesion: truth.lesion,
                true_lung: truth.lung,
                found_lesion: found[at][0].decode()?,
                found_lung: found[at][1].decode()?,
            });
        }
        cells.push(line);
    }
    Ok(contact_sheet_png(&cells)?)
}

fn write_all(
    out: &Path,
    about: &About,
    evaluation: &Evaluation,
    bootstrap: &Bootstrap,
    rows: &[Vec<usize>],
    sheet: &[u8],
) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("making the folder {}", out.display()))?;
    let write = |name: &str, bytes: &[u8]| {
        let path = out.join(name);
        write_whole(&path, bytes).with_context(|| format!("writing {}", path.display()))
    };
    write("evaluation.json", to_json(about, evaluation, bootstrap)?.as_bytes())?;
    write("evaluation.md", to_markdown(about, evaluation, bootstrap, rows).as_bytes())?;
    write("pr_curve.svg", pr_curve_svg(evaluation).as_bytes())?;
    if let Some(svg) = involvement_svg(evaluation, about.alarming_from_percent) {
        write("involvement.svg", svg.as_bytes())?;
    }
    write("contact_sheet.png", sheet)
}
