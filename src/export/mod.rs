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

use crate::imaging::{CtSlice, Geometry};
use crate::report::{OverlayOptions, draw_masks_png};
use crate::study::{KeySlice, Measured, SliceRecord, StudyReport, slices_csv};

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
    /// `study.labels.nii.gz`: the voxels of lungs and lesions ([`Label`]) on the grid of the source.
    Nifti,
    /// `study.seg.dcm`: DICOM Segmentation.
    Seg,
    /// `study.sr.dcm`: DICOM Structured Report, TID 1500.
    Sr,
    /// `study.pdf`: one page for people.
    Pdf,
}

impl ExportFormat {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Json, Self::Csv, Self::KeyOverlays, Self::Nifti, Self::Seg, Self::Sr, Self::Pdf];

    /// The names of its files, without folders.
    pub fn file_names(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["study.json"],
            Self::Csv => &["slices.csv"],
            Self::KeyOverlays => &["key-1.overlay.png", "key-2.overlay.png", "key-3.overlay.png"],
            Self::Nifti => &["study.labels.nii.gz"],
            Self::Seg => &["study.seg.dcm"],
            Self::Sr => &["study.sr.dcm"],
            Self::Pdf => &["study.pdf"],
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::KeyOverlays => "image/png",
            Self::Nifti => "application/gzip",
            Self::Seg | Self::Sr => "application/dicom",
            Self::Pdf => "application/pdf",
        }
    }

    /// Why a study of this source cannot be written so, as a sentence; none where it can.
    pub fn unavailable(self, dicom: Option<&DicomSource>) -> Option<ExportError> {
        if !matches!(self, Self::Seg | Self::Sr) {
            return None;
        }
        let Some(dicom) = dicom else { return Some(ExportError::NotDicom(self)) };
        dicom.lacks_uid(self == Self::Seg).map(|uid| ExportError::NoUid { format: self, uid })
    }
}

/// A measured study and where it came from.
#[derive(Debug, Clone, Copy)]
pub struct ExportStudy<'a> {
    /// What is told.
    pub report: &'a StudyReport,
    /// The masks.
    pub measured: &'a Measured,
    /// Where the slices of the series lie, all of them, also those that were not read; none where the files do not say it.
    pub geometry: Option<&'a Geometry>,
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
    if let Some(reason) = format.unavailable(study.dicom) {
        return Err(reason);
    }
    let images = || study.dicom.ok_or(ExportError::NotDicom(format));
    let contents = match format {
        ExportFormat::Json => vec![study.report.to_json().into_bytes()],
        ExportFormat::Csv => vec![slices_csv(study.report).into_bytes()],
        ExportFormat::KeyOverlays => key_overlays(study.measured)?,
        ExportFormat::Nifti => vec![nifti::label_map(study)?],
        ExportFormat::Seg => vec![dicom::segmentation(study, images()?, options)?],
        ExportFormat::Sr => vec![dicom::structured_report(study, images()?, options)?],
        ExportFormat::Pdf => vec![pdf::report(study)?],
    };
    let file = |(bytes, name): (Vec<u8>, &&str)| ExportFile {
        name: (*name).to_owned(),
        media_type: format.media_type(),
        bytes,
    };
    Ok(contents.into_iter().zip(format.file_names()).map(file).collect())
}

/// The picture of one slice that was read, its masks drawn on it, named by its place in the series.
///
/// # Errors
/// [`ExportError`] if the slice is of another size than its masks.
pub fn slice_overlay(slice: &CtSlice, record: &SliceRecord) -> Result<ExportFile, ExportError> {
    let masks = masks::decode(record, slice.rows, slice.columns)?;
    let lungs = [masks.left, masks.right];
    let bytes = draw_masks_png(slice, &[masks.lesion], &lungs, OverlayOptions::default())?;
    let name = format!("slice-{:04}.overlay.png", record.index);
    Ok(ExportFile { name, media_type: "image/png", bytes })
}

fn key_overlays(measured: &Measured) -> Result<Vec<Vec<u8>>, ExportError> {
    let draw = |key: &KeySlice| {
        let (lesion, lung) = (std::slice::from_ref(&key.lesion), std::slice::from_ref(&key.lung));
        Ok(draw_masks_png(&key.slice, lesion, lung, OverlayOptions::default())?)
    };
    measured.key_slices.iter().map(draw).collect()
}
