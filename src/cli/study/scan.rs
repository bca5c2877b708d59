//! Reads the headers of all files and plans the series.

use std::path::Path;

use anyhow::bail;
use lunglens::engine::CancelToken;
use lunglens::imaging::read_dicom_header;
use lunglens::study::{SeriesPlan, SetAside, StudyFile, choose_series, order_series};
use sha2::{Digest, Sha256};

use crate::cli::collect::InputFile;
use crate::cli::segment::read_file;

/// The files of a study and the series to measure.
pub struct Scan<'a> {
    /// Where each file is.
    pub paths: Vec<&'a Path>,
    /// What is known of each, in the same order.
    pub files: Vec<StudyFile>,
    /// The series.
    pub plan: SeriesPlan,
    /// What is not measured.
    pub set_aside: Vec<SetAside>,
}

/// Reads every header; none when cancelled. A file that cannot be read fails the study, since it may be one of its
/// slices.
pub fn scan<'a>(inputs: &'a [InputFile], cancel: &CancelToken) -> anyhow::Result<Option<Scan<'a>>> {
    let mut files = Vec::with_capacity(inputs.len());
    let mut failed = 0;
    for input in inputs {
        if cancel.is_cancelled() {
            return Ok(None);
        }
        match read(&input.path) {
            Ok(file) => files.push(file),
            Err(error) => {
                failed += 1;
                eprintln!("error: {}: {error:#}", input.path.display());
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} files could not be read, and any may be a slice of the study", inputs.len());
    }
    let chosen = choose_series(&files)?;
    let plan = order_series(&files, &chosen.files)?;
    let paths = inputs.iter().map(|input| input.path.as_path()).collect();
    Ok(Some(Scan { paths, files, plan, set_aside: chosen.set_aside }))
}

fn read(path: &Path) -> anyhow::Result<StudyFile> {
    let bytes = read_file(path)?;
    Ok(StudyFile { header: read_dicom_header(&bytes)?, sha256: Sha256::digest(&bytes).into() })
}
