//! Why a study cannot be written in a form.

use thiserror::Error;

use super::ExportFormat;
use crate::masks::MaskError;
use crate::report::ReportError;

/// A result that cannot be written. Each message is one or two plain sentences.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A DICOM form of another source.
    #[error(
        "{} refers to the DICOM images that were measured, and this study did not come as DICOM. Take the label map \
         (NIfTI) instead.",
        name(*.0)
    )]
    NotDicom(ExportFormat),
    /// A DICOM form of images that lack a UID.
    #[error(
        "{} refers to the images that were measured by their UIDs, and they have no {uid}. Take the label map (NIfTI) \
         instead.",
        name(*.format)
    )]
    NoUid {
        /// The form.
        format: ExportFormat,
        /// The name of what is missing, as `FrameOfReferenceUID`.
        uid: &'static str,
    },
    /// Parts that are not of one study.
    #[error("writing {what}: {problem}")]
    Unfit {
        /// What was being written.
        what: &'static str,
        /// What does not fit.
        problem: String,
    },
    /// A mask that cannot be decoded.
    #[error("writing the masks of slice {slice}: {source}")]
    Mask {
        /// Its place in the series, from 0.
        slice: usize,
        /// What is wrong.
        source: MaskError,
    },
    /// A picture that cannot be drawn.
    #[error("drawing a slice: {0}")]
    Picture(#[from] ReportError),
}

fn name(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Json => "The study's JSON",
        ExportFormat::Csv => "The table of slices",
        ExportFormat::KeyOverlays => "The pictures of slices",
        ExportFormat::Nifti => "The label map",
        ExportFormat::Seg => "A DICOM segmentation",
        ExportFormat::Sr => "A DICOM structured report",
        ExportFormat::Pdf => "The PDF report",
    }
}
