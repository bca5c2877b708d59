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
use crate::cli::collect::{InputFile, holds_our_study};
use crate::cli::outputs::{check_writable, write_whole};
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
    check_writable(&out).with_context(|| format!("writing into {}", out.display()))?;
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

/// Fails if a form was asked for that this input cannot have, or the time of writing cannot be had, before anything is measured.
pub fn check(options: &StudyArgs, chosen: &Chosen) -> anyhow::Result<Option<DicomSource>> {
    created_unix_s()?;
    let dicom = DicomSource::of(&chosen.series)?;
    match options.asked_formats().iter().find_map(|format| format.unavailable(dicom.as_ref())) {
        Some(reason) => Err(reason.into()),
        None => Ok(dicom),
    }
}

/// Makes all that was asked for, then writes it, the JSON last; each file whole or not at all.
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
    // All in memory before the first is written, so that one that cannot be made leaves the folder as it is.
    let mut files = Vec::new();
    if options.overlays {
        for record in &measured.slices {
            files.push(slice_overlay(&chosen.series.slice(record.index)?, record)?);
        }
    }
    let mut formats = vec![ExportFormat::KeyOverlays];
    formats.extend(options.asked_formats());
    formats.extend([ExportFormat::Csv, ExportFormat::Json]);
    for format in formats {
        files.extend(export(format, &study, &export_options)?);
    }
    replace(out, &files)
}

/// Writes the files of a result in place of those of an older one, which are all removed first: whatever fails, the folder
/// never shows two studies. Where there is no older one, files of such names are somebody's own.
fn replace(out: &Path, files: &[ExportFile]) -> anyhow::Result<()> {
    if holds_our_study(out) {
        for entry in fs::read_dir(out).with_context(|| format!("reading {}", out.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_ours(&name) && entry.path().is_file() {
                fs::remove_file(entry.path()).with_context(|| format!("removing the older {name}"))?;
            }
        }
    }
    for (count, file) in files.iter().enumerate() {
        let path = out.join(&file.name);
        if let Err(error) = write_whole(&path, &file.bytes) {
            // Without its JSON nobody could tell them from others later.
            files[..count].iter().for_each(|written| drop(fs::remove_file(out.join(&written.name))));
            return Err(error).with_context(|| format!("writing {}", path.display()));
        }
    }
    Ok(())
}

/// The time of writing, in seconds since 1970; that of SOURCE_DATE_EPOCH where results are to be the same bytes again.
fn created_unix_s() -> anyhow::Result<i64> {
    if let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") {
        let text = text.to_string_lossy();
        let what = || format!("SOURCE_DATE_EPOCH is {text}, no number of seconds from 1970 to 9999");
        return epoch_s(&text).with_context(what);
    }
    Ok(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() as i64))
}

/// Seconds since 1970, none where DICOM has no date for them: its years have four digits.
fn epoch_s(text: &str) -> Option<i64> {
    const LAST_OF_9999: i64 = 253_402_300_799;
    text.parse().ok().filter(|seconds| (0..=LAST_OF_9999).contains(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::outputs::tests::scratch_folder;

    #[test]
    fn a_result_that_cannot_be_written_leaves_nothing_of_itself_or_an_older_one() {
        let out = scratch_folder("study-replace");
        for name in ["study.seg.dcm", "slice-0003.overlay.png", "slice-3.overlay.png", "notes.txt"] {
            fs::write(out.join(name), "older").unwrap();
        }
        fs::write(out.join("study.json"), r#"{"software":{"name":"LungLens","version":"1"}}"#).unwrap();
        // A folder in the way of a file.
        fs::create_dir_all(out.join("slices.csv/inside")).unwrap();
        let file = |name: &str| ExportFile { name: name.into(), media_type: "", bytes: b"new".into() };
        let files = [file("key-1.overlay.png"), file("slices.csv"), file("study.json")];
        assert!(replace(&out, &files).is_err());
        let mut names: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["notes.txt", "slice-3.overlay.png", "slices.csv"]);
        fs::remove_dir_all(out.join("slices.csv")).unwrap();
        replace(&out, &files).unwrap();
        assert_eq!(fs::read(out.join("study.json")).unwrap(), b"new");
    }

    #[test]
    fn times_without_a_date_in_dicom_are_refused() {
        // `date -u -d @253402300799` is the last second of 9999. The last one but one is in milliseconds.
        let given = ["0", "1700000000", "253402300799", "253402300800", "-1", "1700000000000", "now"];
        let read = given.map(epoch_s);
        assert_eq!(read[..3], [Some(0), Some(1_700_000_000), Some(253_402_300_799)]);
        assert_eq!(read[3..], [None; 4]);
    }

    #[test]
    fn files_that_are_of_no_study_stay() {
        let out = scratch_folder("study-beside-others");
        for name in ["slice-0003.overlay.png", "study.pdf"] {
            fs::write(out.join(name), "somebody's").unwrap();
        }
        let json = ExportFile { name: "study.json".into(), media_type: "", bytes: b"new".into() };
        replace(&out, &[json]).unwrap();
        let kept = |name: &str| fs::read(out.join(name)).is_ok_and(|bytes| bytes == b"somebody's");
        assert!(kept("slice-0003.overlay.png") && kept("study.pdf"));
    }
}
