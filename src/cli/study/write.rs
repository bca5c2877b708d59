//! The files of a study's result.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use lunglens::report::{OverlayOptions, draw_masks_png};
use lunglens::study::{Measured, StudyReport, slices_csv};

use super::StudyArgs;
use crate::cli::collect::InputFile;
use crate::cli::outputs::{OVERLAY_SUFFIX, write_whole};
use crate::cli::segment::DEFAULT_OUT;

const STUDY: &str = "study.json";
const SLICES: &str = "slices.csv";
/// The most overlays that a study has.
const KEY_SLICES: usize = 3;

/// Makes the folder that results go to, if they go to one.
pub fn folder(options: &StudyArgs, inputs: &[InputFile]) -> anyhow::Result<Option<PathBuf>> {
    let out = match (&options.out, options.json) {
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
        let ours = name == STUDY || name == SLICES || (1..=KEY_SLICES).any(|rank| name == overlay(rank));
        if ours && place.parent() == Some(out.as_path()) {
            bail!("{} would be replaced by a result: give another folder with --out", input.path.display());
        }
    }
    Ok(Some(out))
}

/// Writes overlays of the key slices, the table and, last, the JSON; each whole or not at all. Overlays that an older
/// result has more of are removed, since they would show another study.
pub fn results(out: &Path, study: &StudyReport, measured: &Measured) -> anyhow::Result<()> {
    let write = |name: &str, bytes: &[u8]| {
        let path = out.join(name);
        write_whole(&path, bytes).with_context(|| format!("writing {}", path.display()))
    };
    for rank in 1..=KEY_SLICES {
        let name = overlay(rank);
        match measured.key_slices.get(rank - 1) {
            Some(key) => {
                let lesion = std::slice::from_ref(&key.lesion);
                let lung = std::slice::from_ref(&key.lung);
                write(&name, &draw_masks_png(&key.slice, lesion, lung, OverlayOptions::default())?)?;
            }
            None if out.join(&name).is_file() => {
                fs::remove_file(out.join(&name)).with_context(|| format!("removing the older {name}"))?;
            }
            None => {}
        }
    }
    write(SLICES, slices_csv(study).as_bytes())?;
    write(STUDY, study.to_json().as_bytes())
}

/// The name of the overlay of the slice with the `rank`-th most lesion, from 1.
fn overlay(rank: usize) -> String {
    format!("key-{rank}{OVERLAY_SUFFIX}")
}
