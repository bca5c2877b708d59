//! Where a study came from, as far as its results refer to it.

use std::collections::BTreeMap;

use crate::imaging::{DicomIdentity, DicomImage, LossyCompression};
use crate::intake::{IntakeError, NamedSource, OpenSeries, SourceInstance};
pub use crate::volume::{Along, SourceAxis, SourceGrid};

/// The series that was measured, of DICOM input.
#[derive(Debug, Clone, PartialEq)]
pub struct DicomSource {
    /// StudyInstanceUID.
    pub study_uid: String,
    /// SeriesInstanceUID.
    pub series_uid: String,
    /// FrameOfReferenceUID.
    pub frame_of_reference_uid: Option<String>,
    /// The image of each slice of the series, the lowest first, also of those that were not read.
    pub instances: Vec<SourceInstance>,
    /// Patient and study.
    pub identity: DicomIdentity,
    /// The slices whose images lost something by compression, by their places in the series.
    pub lossy: BTreeMap<usize, LossyCompression>,
}

impl DicomSource {
    /// What results refer to; none where the series is not DICOM.
    ///
    /// # Errors
    /// [`IntakeError`] if the header of an image cannot be read.
    pub fn of(series: &OpenSeries) -> Result<Option<Self>, IntakeError> {
        let Some(plan) = series.plan().filter(|_| !series.instances().is_empty()) else { return Ok(None) };
        let header = &plan.header;
        Ok(Some(Self {
            study_uid: header.study_uid.clone().unwrap_or_default(),
            series_uid: header.series_uid.clone().unwrap_or_default(),
            frame_of_reference_uid: header.frame_of_reference_uid.clone(),
            instances: series.instances().to_vec(),
            identity: series.identity()?.unwrap_or_default(),
            lossy: lossy(series)?,
        }))
    }

    /// The UID that a result refers to, or is placed by, and that the images lack.
    pub(super) fn lacks_uid(&self, with_frame_of_reference: bool) -> Option<&'static str> {
        let frame_of_reference = self.frame_of_reference_uid.as_deref().unwrap_or_default();
        let each_has =
            |uid: fn(&SourceInstance) -> &str| !self.instances.iter().any(|one| uid(one).is_empty());
        [
            ("StudyInstanceUID", !self.study_uid.is_empty()),
            ("SeriesInstanceUID", !self.series_uid.is_empty()),
            ("SOPClassUID", each_has(|one| &one.sop_class_uid)),
            ("SOPInstanceUID", each_has(|one| &one.sop_instance_uid)),
            ("FrameOfReferenceUID", !with_frame_of_reference || !frame_of_reference.is_empty()),
        ]
        .into_iter()
        .find_map(|(name, there)| (!there).then_some(name))
    }
}

/// What the headers of the images say about loss, each file read once.
fn lossy(series: &OpenSeries) -> Result<BTreeMap<usize, LossyCompression>, IntakeError> {
    let mut found = BTreeMap::new();
    let mut last: Option<(&NamedSource, Option<LossyCompression>)> = None;
    for index in 0..series.len() {
        let Some(file) = series.file(index) else { continue };
        let lossy = match last.take() {
            Some((of, lossy)) if std::ptr::eq(of, file) => lossy,
            _ => {
                let of_file = |error| IntakeError::File { name: file.name.clone(), error };
                let image = DicomImage::open(&*file.source).map_err(of_file)?;
                image.map(|image| image.lossy_compression()).transpose().map_err(of_file)?.flatten()
            }
        };
        found.extend(lossy.clone().map(|lossy| (index, lossy)));
        last = Some((file, lossy));
    }
    Ok(found)
}
