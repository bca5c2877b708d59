//! From the files to the series that is measured.

use anyhow::{Context, anyhow};
use lunglens::engine::CancelToken;
use lunglens::intake::{Catalogue, IntakeError, NamedSource, OpenSeries, catalogue};
use lunglens::source::FileSource;
use lunglens::study::{SeriesPlan, SetAside};

use crate::cli::collect::InputFile;
use crate::cli::tell::say;

/// The series to measure.
pub struct Chosen {
    /// Its slices.
    pub series: OpenSeries,
    /// What is not measured.
    pub set_aside: Vec<SetAside>,
    /// Numbers of other series that go on where this one ends, from 1.
    pub continued_by: Vec<usize>,
}

impl Chosen {
    /// The slices' places and sizes.
    pub fn plan(&self) -> anyhow::Result<&SeriesPlan> {
        self.series.plan().context("the series has no slices in order")
    }
}

/// Reads every header; none when cancelled. What cannot be read is told.
pub fn scan(inputs: &[InputFile], cancel: &CancelToken) -> anyhow::Result<Option<Catalogue>> {
    let mut files = Vec::with_capacity(inputs.len());
    for input in inputs {
        let name = input.path.display().to_string();
        let source = FileSource::open(&input.path).with_context(|| name.clone())?;
        files.push(NamedSource::new(name, source));
    }
    let catalogue = match catalogue(files, &mut |_| {}, &|| cancel.is_cancelled()) {
        Err(IntakeError::Cancelled) => return Ok(None),
        result => result?,
    };
    for (name, error) in catalogue.unreadable() {
        say(format_args!("error: {name}: {error}"));
    }
    Ok(Some(catalogue))
}

/// Opens a series by its number in the list, from 1, or the recommended one. A DICOM file that cannot be read fails the
/// study, since it may be one of its slices.
pub fn choose(catalogue: &Catalogue, number: Option<u32>) -> anyhow::Result<Chosen> {
    let index = number.map(|number| number as usize - 1).or(catalogue.recommended());
    let series = match index {
        Some(index) => catalogue.open(index)?,
        None => catalogue.open_recommended().map_err(|error| match error {
            IntakeError::Several { .. } => anyhow!("{error} `--list` shows them, `--series N` takes one."),
            error => error.into(),
        })?,
    };
    let set_aside = index.map(|index| catalogue.set_aside(index)).unwrap_or_default();
    let continued_by = index.map(|index| catalogue.continued_by(index)).unwrap_or_default();
    let continued_by = continued_by.into_iter().map(|other| other + 1).collect();
    Ok(Chosen { series, set_aside, continued_by })
}
