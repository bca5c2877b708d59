//! What a person sees of a series before it is opened.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::study::{Reason, Unmeasurable};
use crate::volume::VolumeFormat;

/// What a series is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesKind {
    /// DICOM images of one SeriesInstanceUID.
    Dicom,
    /// A volume in one file.
    Volume(VolumeFormat),
    /// Pictures of one folder, in the order of their names.
    Stack,
    /// One picture.
    Picture,
}

impl fmt::Display for SeriesKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dicom => "DICOM",
            Self::Volume(format) => return write!(f, "{format}"),
            Self::Stack => "pictures",
            Self::Picture => "picture",
        })
    }
}

/// By what slices at the same places are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartKind {
    /// AcquisitionNumber.
    Acquisition,
    /// ConvolutionKernel.
    Kernel,
    /// ImageType.
    ImageType,
}

/// What tells a part of a series, which is whole by itself, from the other parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesPart {
    /// Which of its attributes.
    pub kind: PartKind,
    /// What that is; empty where the images do not state it.
    pub value: String,
}

impl fmt::Display for SeriesPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            PartKind::Acquisition => "acquisition",
            PartKind::Kernel => "kernel",
            PartKind::ImageType => "type",
        };
        write!(f, "{kind} {}", self.value)
    }
}

/// One series of a [`super::Catalogue`].
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSummary {
    /// What it is made of.
    pub kind: SeriesKind,
    /// SeriesDescription, or the name of the file. A free text that may name people.
    pub label: String,
    /// What tells it from others of the same series; none where it is all of it.
    pub part: Option<SeriesPart>,
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
    /// Why it cannot be opened; none where it can.
    pub problem: Option<Unmeasurable>,
}

impl SeriesSummary {
    /// Its label, and what tells it from others of the same series: `Chest (acquisition 2)`.
    pub fn name(&self) -> String {
        match &self.part {
            Some(part) => format!("{} ({part})", self.label).trim_start().to_owned(),
            None => self.label.clone(),
        }
    }

    /// Of as many files as slices, of which nothing else is known.
    pub(super) fn of_files(kind: SeriesKind, files: usize) -> Self {
        Self {
            kind,
            label: String::new(),
            part: None,
            series_uid: None,
            number: None,
            modality: None,
            slices: files,
            files,
            size: None,
            slice_spacing_mm: None,
            reason: None,
            problem: None,
        }
    }
}
