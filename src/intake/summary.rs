//! What a person sees of a series before it is opened.

use std::fmt;

use crate::study::Reason;

/// What a series is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesKind {
    /// DICOM images of one SeriesInstanceUID.
    Dicom,
    /// One picture, PNG or JPEG.
    Picture,
}

impl fmt::Display for SeriesKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dicom => "DICOM",
            Self::Picture => "picture",
        })
    }
}

/// One series of a [`super::Catalogue`].
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSummary {
    /// What it is made of.
    pub kind: SeriesKind,
    /// SeriesDescription, or the name of the file. A free text that may name people.
    pub label: String,
    /// SeriesInstanceUID.
    pub series_uid: Option<String>,
    /// SeriesNumber.
    pub number: Option<i64>,
    /// Modality, as `CT`.
    pub modality: Option<String>,
    /// Number of slices.
    pub slices: usize,
    /// Number of files.
    pub files: usize,
    /// Rows and columns, where known before a slice is read.
    pub size: Option<[usize; 2]>,
    /// Distance of slices in mm, of a series that can be measured.
    pub slice_spacing_mm: Option<f64>,
    /// Why it is not the recommended one; none for that.
    pub reason: Option<Reason>,
    /// Why it cannot be opened, in words; none where it can.
    pub problem: Option<String>,
}
