//! Where a study came from, as far as its results refer to it.

use crate::imaging::DicomIdentity;
use crate::intake::{IntakeError, OpenSeries, SourceInstance};
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
}

impl DicomSource {
    /// What results refer to; none where the series is not DICOM.
    ///
    /// # Errors
    /// [`IntakeError`] if the file that names the patient cannot be read.
    pub fn of(series: &OpenSeries) -> Result<Option<Self>, IntakeError> {
        let Some(plan) = series.plan().filter(|_| !series.instances().is_empty()) else { return Ok(None) };
        let header = &plan.header;
        Ok(Some(Self {
            study_uid: header.study_uid.clone().unwrap_or_default(),
            series_uid: header.series_uid.clone().unwrap_or_default(),
            frame_of_reference_uid: header.frame_of_reference_uid.clone(),
            instances: series.instances().to_vec(),
            identity: series.identity()?.unwrap_or_default(),
        }))
    }
}
