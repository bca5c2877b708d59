//! From what was found on slices without lesions to the figures of false alarms.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use lunglens::evaluate::{
    FalseAlarms, NegativeSlice, Predictions, contact_sheet_png, negatives_json, negatives_markdown, pool,
};
use lunglens::severity::SeverityConfig;
use lunglens::words::counted;

use super::data::{Dataset, Item};
use super::measure::{check_slices, read_with, sheet_cell};
use super::write::write_files;
use crate::cli::exit::Exit;
use crate::cli::tell::stdout;

/// Slices on the contact sheet, and in a row of it.
const SHEET: [usize; 2] = [12, 4];

/// Counts the false alarms of `parts`, writes the files to `out` and prints the figures.
pub fn report(
    dataset: &Dataset,
    items: &[Item],
    parts: Vec<Predictions>,
    out: &Path,
    quiet: bool,
) -> anyhow::Result<Exit> {
    let pooled = pool(parts)?;
    check_slices(&pooled, dataset, items)?;
    let about = &pooled.about;
    let task = &about.task;
    let severity = SeverityConfig { alarming_from_percent: task.alarming_from_percent };
    let mut slices = Vec::with_capacity(items.len());
    for item in items {
        let (slice, _, found) =
            read_with(item, &pooled.slices[&item.name]).with_context(|| item.name.clone())?;
        slices.push(NegativeSlice::new(&item.name, &slice, &found, task.score_threshold, &severity)?);
    }
    let mut worst: Vec<usize> = (0..slices.len()).collect();
    worst.sort_by_key(|&at| std::cmp::Reverse(slices[at].lesion_pixels));
    worst.truncate(SHEET[0]);
    let mut cells = Vec::new();
    for row in worst.chunks(SHEET[1]) {
        let cell =
            |&at: &usize| sheet_cell(&items[at], &pooled.slices[&items[at].name], task.score_threshold);
        cells.push(row.iter().map(cell).collect::<anyhow::Result<Vec<_>>>()?);
    }
    let files = [
        ("evaluation.json", negatives_json(about, &slices)?.into_bytes()),
        ("evaluation.md", negatives_markdown(about, &slices)?.into_bytes()),
        ("contact_sheet.png", contact_sheet_png(&cells)?),
    ];
    write_files(out, &files)?;
    if !quiet {
        let mut stdout = stdout();
        writeln!(
            stdout,
            "{} on {}: {} without lesions",
            about.title(),
            task.data,
            counted(slices.len(), "slice")
        )?;
        for (title, value) in FalseAlarms::of(&slices)?.rows() {
            writeln!(stdout, "{title:32}  {value}")?;
        }
        writeln!(stdout, "written to {}", out.display())?;
    }
    Ok(Exit::Success)
}
