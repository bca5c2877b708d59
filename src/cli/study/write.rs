//! The files of a study's result.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use lunglens::export::{
    DicomSource, ExportFile, ExportFormat, ExportOptions, ExportStudy, export, slice_overlay,
};
use lunglens::study::{Measured, StudyReport};

use super::StudyArgs;
use super::open::Chosen;
use crate::cli::collect::InputFile;
use crate::cli::outputs::write_whole;
use crate::cli::segment::DEFAULT_OUT;

/// Makes the folder that results go to, if they go to one.
pub fn folder(options: &StudyArgs, inputs: &[InputFile]) -> anyhow::Result<Option<PathBuf>> {
    let only_json = options.json && options.asked_formats().is_empty() && !options.overlays;
    let out = match (&options.out, only_json) {
        (Some(out), _) => out.as_path(),
        (None, true) => return Ok(None),
        (None, false) => Path::new(DEFAULT_OUT),
    };
    let making = || format!("making the folder {}", out.display());
    fs::create_dir_all(out).with_context(making)?;
    let out = fs::canonicalize(out).with_context(making)?;
    for input in inputs {
        let place = fs::canonicalize(&input.path)?;
        let name = place.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if is_ours(&name) && place.parent() == Some(out.as_path()) {
            bail!("{} would be replaced by a result: give another folder with --out", input.path.display());
        }
    }
    Ok(Some(out))
}

/// Whether a study's result may have a file of this name.
fn is_ours(name: &str) -> bool {
    let fixed = ExportFormat::ALL.iter().flat_map(|format| format.file_names());
    let number = name.strip_prefix("slice-").and_then(|rest| rest.strip_suffix(".overlay.png"));
    fixed.into_iter().any(|ours| *ours == name)
        || number.is_some_and(|digits| digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Fails if a form was asked for that this input cannot have, before anything is measured.
pub fn check(options: &StudyArgs, chosen: &Chosen) -> anyhow::Result<Option<DicomSource>> {
    let dicom = DicomSource::of(&chosen.series)?;
    match options.asked_formats().iter().find_map(|format| format.unavailable(dicom.as_ref())) {
        Some(reason) => Err(reason.into()),
        None => Ok(dicom),
    }
}

/// Writes all that was asked for and, last, the JSON; each file whole or not at all. Files of an older result that this
/// one does not have are removed, since they would show another study.
pub fn results(
    out: &Path,
    options: &StudyArgs,
    chosen: &Chosen,
    dicom: Option<&DicomSource>,
    report: &StudyReport,
    measured: &Measured,
) -> anyhow::Result<()> {
    let plan = chosen.plan()?;
    let study =
        ExportStudy { report, measured, geometry: plan.geometry.as_ref(), grid: chosen.series.grid(), dicom };
    let export_options =
        ExportOptions { deidentify_dicom: options.deidentify, created_unix_s: created_unix_s()? };
    let mut written = Vec::new();
    let mut write = |file: &ExportFile| -> anyhow::Result<()> {
        let path = out.join(&file.name);
        write_whole(&path, &file.bytes).with_context(|| format!("writing {}", path.display()))?;
        written.push(file.name.clone());
        Ok(())
    };
    if options.overlays {
        for record in &measured.slices {
            write(&slice_overlay(&chosen.series.slice(record.index)?, record)?)?;
        }
    }
    let mut formats = vec![ExportFormat::KeyOverlays];
    formats.extend(options.asked_formats());
    formats.extend([ExportFormat::Csv, ExportFormat::Json]);
    for format in formats {
        for file in export(format, &study, &export_options)? {
            write(&file)?;
        }
    }
    for entry in fs::read_dir(out).with_context(|| format!("reading {}", out.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_ours(&name) && !written.contains(&name) && entry.path().is_file() {
            fs::remove_file(entry.path()).with_context(|| format!("removing the older {name}"))?;
        }
    }
    Ok(())
}

/// The time of writing, in seconds since 1970; that of SOURCE_DATE_EPOCH where results are to be the same bytes again.
fn created_unix_s() -> anyhow::Result<i64> {
    if let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") {
        let text = text.to_string_lossy();
        return text.parse().with_context(|| format!("SOURCE_DATE_EPOCH is {text}, no number of seconds"));
    }
    Ok(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() as i64))
}
