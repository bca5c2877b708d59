//! A study's result in the forms that other tools open.
//!
//! [`export`] is the one way in, for the command line and the page: values in, files out as bytes. The DICOM forms,
//! segmentation (SEG) and structured report (SR), refer to the images that were measured, so they exist for DICOM input
//! only; the label map exists for all.
//!
//! Everything but the DICOM forms is de-identified: no name, number or date of the patient, and UIDs only as the report
//! has them.

mod dicom;
mod error;
mod masks;
mod nifti;
mod pdf;
mod source;

use serde::{Deserialize, Serialize};

use crate::imaging::Geometry;
use crate::report::{OverlayOptions, draw_masks_png};
use crate::study::{KeySlice, Measured, StudyReport, slices_csv};

pub use error::ExportError;
pub use nifti::Label;
pub use source::{Along, DicomSource, SourceAxis, SourceGrid};

/// A form that a study's result can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// `study.json`: everything that was measured (`docs/study.md`).
    Json,
    /// `slices.csv`: a row a slice.
    Csv,
    /// `key-1.overlay.png` and on: the slices with the most lesion.
    KeyOverlays,
    /// `labels.nii.gz`: the voxels of lungs and lesions ([`Label`]) on the grid of the source.
    Nifti,
    /// `segmentation.dcm`: DICOM Segmentation.
    Seg,
    /// `report.dcm`: DICOM Structured Report, TID 1500.
    Sr,
    /// `report.pdf`: one page for people.
    Pdf,
}

impl ExportFormat {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Json, Self::Csv, Self::KeyOverlays, Self::Nifti, Self::Seg, Self::Sr, Self::Pdf];

    /// Why a study of this source cannot be written so, as a sentence; none where it can.
    pub fn unavailable(self, dicom: Option<&DicomSource>) -> Option<ExportError> {
        (matches!(self, Self::Seg | Self::Sr) && dicom.is_none()).then_some(ExportError::NotDicom(self))
    }
}

/// A measured study and where it came from.
#[derive(Debug, Clone, Copy)]
pub struct ExportStudy<'a> {
    /// What is told.
    pub report: &'a StudyReport,
    /// The masks.
    pub measured: &'a Measured,
    /// Where the slices of the series lie, all of them, also those that were not read.
    pub geometry: &'a Geometry,
    /// The source's own grid of voxels, for the label map; none stands for the series itself, as for DICOM.
    pub grid: Option<&'a SourceGrid>,
    /// The images and the patient, of DICOM input.
    pub dicom: Option<&'a DicomSource>,
}

/// What is chosen for all forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportOptions {
    /// Leave the patient's name, numbers and dates out of the DICOM forms. UIDs stay, since they are the references to the
    /// images.
    pub deidentify_dicom: bool,
    /// When the result is written, in seconds since 1970-01-01 UTC: DICOM wants it. Nothing else depends on it, so the
    /// other forms have the same bytes each time.
    pub created_unix_s: i64,
}

/// A file to be written or downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFile {
    /// Its name, without folders.
    pub name: String,
    /// Its media type, as `application/pdf`.
    pub media_type: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Writes a study in one form: one file, save for the overlays of key slices, which are none to three.
///
/// # Errors
/// [`ExportError`] if the form does not exist for this source, or report, masks and source do not fit together.
pub fn export(
    format: ExportFormat,
    study: &ExportStudy<'_>,
    options: &ExportOptions,
) -> Result<Vec<ExportFile>, ExportError> {
    let images = || study.dicom.ok_or(ExportError::NotDicom(format));
    let one =
        |name: &str, media_type, bytes| Ok(vec![ExportFile { name: name.to_owned(), media_type, bytes }]);
    match format {
        ExportFormat::Json => one("study.json", "application/json", study.report.to_json().into_bytes()),
        ExportFormat::Csv => one("slices.csv", "text/csv", slices_csv(study.report).into_bytes()),
        ExportFormat::KeyOverlays => key_overlays(study.measured),
        ExportFormat::Nifti => one("labels.nii.gz", "application/gzip", nifti::label_map(study)?),
        ExportFormat::Seg => {
            one("segmentation.dcm", "application/dicom", dicom::segmentation(study, images()?, options)?)
        }
        ExportFormat::Sr => {
            one("report.dcm", "application/dicom", dicom::structured_report(study, images()?, options)?)
        }
        ExportFormat::Pdf => one("report.pdf", "application/pdf", pdf::report(study)?),
    }
}

fn key_overlays(measured: &Measured) -> Result<Vec<ExportFile>, ExportError> {
    let draw = |(at, key): (usize, &KeySlice)| {
        let (lesion, lung) = (std::slice::from_ref(&key.lesion), std::slice::from_ref(&key.lung));
        let bytes = draw_masks_png(&key.slice, lesion, lung, OverlayOptions::default())?;
        Ok(ExportFile { name: format!("key-{}.overlay.png", at + 1), media_type: "image/png", bytes })
    };
    measured.key_slices.iter().enumerate().map(draw).collect()
}
