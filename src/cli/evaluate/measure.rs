//! From what was found on labelled slices to figures, tables and plots.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use lunglens::evaluate::{
    Bootstrap, Evaluator, Pooled, Predictions, SheetCell, SlicePredictions, SliceTruth, contact_sheet_png,
    fingerprint, found_lung, headline, involvement_svg, pick_rows, pool, pr_curve_svg, reported, to_json,
    to_markdown, union,
};
use lunglens::imaging::CtSlice;
use lunglens::report::{ClassName, Instance};
use lunglens::severity::SeverityConfig;
use lunglens::words::counted;

use super::data::{Dataset, Item};
use super::write::write_files;
use crate::cli::exit::Exit;
use crate::cli::tell::stdout;

/// Slices in a row of the contact sheet.
const SHEET_COLUMNS: usize = 4;

/// Measures `parts`, which together are all `items`, writes the files to `out` and prints the main figures.
pub fn report(
    dataset: &Dataset,
    items: &[Item],
    parts: Vec<Predictions>,
    out: &Path,
    quiet: bool,
) -> anyhow::Result<Exit> {
    let pooled = pool(parts)?;
    let task = &pooled.about.task;
    check_slices(&pooled, dataset, items)?;
    let severity = SeverityConfig { alarming_from_percent: task.alarming_from_percent };
    let mut evaluator = Evaluator::new(task.score_threshold, severity);
    for item in items {
        let (slice, truth, instances) =
            read_with(item, &pooled.slices[&item.name]).with_context(|| item.name.clone())?;
        evaluator.add(&slice, truth, &instances)?;
    }
    let bootstrap = Bootstrap::default();
    let evaluation = evaluator.finish(&bootstrap)?;
    let rows = pick_rows(&evaluation.slices, SHEET_COLUMNS);
    let mut cells = Vec::with_capacity(rows.len());
    for row in &rows {
        let cell =
            |&at: &usize| sheet_cell(&items[at], &pooled.slices[&items[at].name], task.score_threshold);
        cells.push(row.iter().map(cell).collect::<anyhow::Result<Vec<_>>>()?);
    }
    let about = &pooled.about;
    let mut files = vec![
        ("evaluation.json", to_json(about, &evaluation, &bootstrap)?.into_bytes()),
        ("evaluation.md", to_markdown(about, &evaluation, &bootstrap, &rows).into_bytes()),
        ("pr_curve.svg", pr_curve_svg(&evaluation).into_bytes()),
        ("contact_sheet.png", contact_sheet_png(&cells)?),
    ];
    if let Some(svg) = involvement_svg(&evaluation, task.alarming_from_percent) {
        files.push(("involvement.svg", svg.into_bytes()));
    }
    write_files(out, &files)?;
    if !quiet {
        let patients = match task.patients_known {
            true => counted(evaluation.patients.len(), "patient"),
            false => "patients not known".to_owned(),
        };
        writeln!(
            stdout(),
            "{} on {}, {}: {}, {patients}\n{}written to {}",
            about.title(),
            task.data,
            task.split,
            counted(evaluation.slices.len(), "slice"),
            headline(&evaluation),
            out.display()
        )?;
    }
    Ok(Exit::Success)
}

/// Whether exactly `items` of `dataset` were segmented.
pub fn check_slices(pooled: &Pooled, dataset: &Dataset, items: &[Item]) -> anyhow::Result<()> {
    let task = &pooled.about.task;
    ensure!(
        task.data == dataset.name && task.slices_available == dataset.items.len(),
        "the slices were those of {} ({} slices), not of {} ({} slices)",
        task.data,
        task.slices_available,
        dataset.name,
        dataset.items.len()
    );
    if let Some(item) = items.iter().find(|item| !pooled.slices.contains_key(&item.name)) {
        bail!("{} was not segmented", item.name);
    }
    let (segmented, asked) = (pooled.slices.len(), items.len());
    ensure!(segmented == asked, "{segmented} slices were segmented, {asked} are asked for");
    Ok(())
}

/// A slice with its labels and with what was found on these very pixels.
pub fn read_with(
    item: &Item,
    found: &SlicePredictions,
) -> anyhow::Result<(CtSlice, SliceTruth, Vec<Instance>)> {
    let (slice, truth) = item.read()?;
    ensure!(
        fingerprint(&slice, &truth) == found.pixels_sha256,
        "the slice or its labels have changed since it was segmented"
    );
    Ok((slice, truth, found.instances()?))
}

/// A slice of the contact sheet, read again.
pub fn sheet_cell(item: &Item, found: &SlicePredictions, score: f32) -> anyhow::Result<SheetCell> {
    let (slice, truth, instances) = read_with(item, found).with_context(|| item.name.clone())?;
    let kept = reported(instances, score, &slice)?;
    let kept: Vec<&Instance> = kept.iter().collect();
    let lesions = kept.iter().filter(|i| i.class == ClassName::Lesion).map(|i| &i.mask);
    Ok(SheetCell {
        found_lesion: union(slice.rows, slice.columns, lesions)?,
        found_lung: found_lung(&kept, slice.rows, slice.columns)?,
        slice,
        true_lesion: truth.lesion,
        true_lung: truth.lung,
    })
}
