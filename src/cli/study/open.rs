//! From the files to the series that is measured.

use anyhow::Context;
use lunglens::engine::CancelToken;
use lunglens::intake::{IntakeError, NamedSource, OpenSeries, catalogue};
use lunglens::source::FileSource;
use lunglens::study::{SeriesPlan, SetAside};

use crate::cli::collect::InputFile;

/// The series to measure.
pub struct Chosen {
    /// Its slices.
    pub series: OpenSeries,
    /// What is not measured.
    pub set_aside: Vec<SetAside>,
}

impl Chosen {
    /// The slices' places and sizes.
    pub fn plan(&self) -> anyhow::Result<&SeriesPlan> {
        self.series
            .plan()
            .context("the files do not say how large their pixels are, so volumes cannot be measured")
    }
}

/// Reads every header and opens the series; none when cancelled. A DICOM file that cannot be read fails the study, since
/// it may be one of its slices.
pub fn open(inputs: &[InputFile], cancel: &CancelToken) -> anyhow::Result<Option<Chosen>> {
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
        eprintln!("error: {name}: {error}");
    }
    let series = catalogue.open_recommended()?;
    let set_aside = catalogue.recommended().map(|chosen| catalogue.set_aside(chosen)).unwrap_or_default();
    Ok(Some(Chosen { series, set_aside }))
}
