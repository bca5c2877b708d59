//! The messages between the page and the reader.

use lunglens::report::InputInfo;
use serde::{Deserialize, Serialize};

use super::{SliceHead, SliceMasks, Volume};

/// A file that can be saved of a study's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportKind {
    /// The study's JSON.
    Json,
    /// The slices as a table.
    Csv,
    /// The slice with the `rank`-th most lesion with its findings drawn on it, from 1.
    Overlay {
        /// From 1 for the most.
        rank: usize,
    },
    /// DICOM segmentation.
    Seg,
    /// DICOM structured report.
    Sr,
    /// NIfTI label map.
    Nifti,
    /// The report on one page.
    Pdf,
}

/// One series that could be opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundSeries {
    /// What people call it: its description, or the name of its file.
    pub title: String,
    /// What it is, such as `DICOM, 120 slices of 512 x 512, 1.5 mm apart`.
    pub details: String,
    /// Number of slices.
    pub slices: usize,
    /// Why it cannot be measured, as a sentence.
    pub problem: Option<String>,
}

/// Files that belong to no series on offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundSetAside {
    /// Why, in words.
    pub reason: String,
    /// How many.
    pub files: usize,
    /// The name of the first.
    pub example: String,
}

/// What was found in the opened files.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Found {
    /// The series on offer.
    pub series: Vec<FoundSeries>,
    /// The one that is proposed.
    pub recommended: Option<usize>,
    /// What is left over.
    pub set_aside: Vec<FoundSetAside>,
    /// Number of files that were looked at, those in archives among them.
    pub files: usize,
}

/// From the page to the reader. `job` counts the user's openings; every answer repeats it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ReaderRequest {
    /// Look through files, which come as the browser's `File` objects beside their names: a worker does not see the
    /// folders of a file's path in every browser. Answered by `Scanned`, then `Found` or `Refused`.
    Open {
        /// The job.
        job: u32,
        /// Names with folders, in the order of the files.
        names: Vec<String>,
    },
    /// Open a series. Answered by `Opened` or `Refused`.
    Choose {
        /// The job.
        job: u32,
        /// Index in [`Found::series`].
        series: usize,
    },
    /// Decode a slice to be shown. Answered by `Slice` or `Refused`.
    Show {
        /// The job.
        job: u32,
        /// The series that it is of.
        series: usize,
        /// The slice, from 0 for the lowest.
        index: usize,
    },
    /// Decode a slice for the engine. Answered by `Prepared` or `Refused`.
    Prepare {
        /// The job.
        job: u32,
        /// The slice.
        index: usize,
    },
    /// Begin a study of the opened series. Answered by `Begun` or `Refused`.
    Begin {
        /// The job.
        job: u32,
        /// Every how-manieth slice is read.
        every: usize,
    },
    /// The engine's report on a slice, in the order of `Begun`. Answered by `Measured` or `Refused`.
    Add {
        /// The job.
        job: u32,
        /// The slice.
        index: usize,
        /// The engine's report as JSON.
        report: String,
    },
    /// All slices were added. Answered by `Finished` or `Refused`.
    Finish {
        /// The job.
        job: u32,
    },
    /// Write a file of the finished study. Answered by `Exported` or `NotExported`.
    Export {
        /// The job.
        job: u32,
        /// Which.
        kind: ExportKind,
    },
}

/// From the reader to the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ReaderReply {
    /// The reader has started and listens.
    Hello,
    /// Files looked at so far.
    Scanned {
        /// The job.
        job: u32,
        /// Files so far.
        read: usize,
        /// Files in all, as far as is known.
        of: usize,
    },
    /// All files were looked at.
    Found {
        /// The job.
        job: u32,
        /// What they hold.
        found: Found,
    },
    /// A series is open.
    Opened {
        /// The job.
        job: u32,
        /// Which.
        series: usize,
        /// What is known of it.
        volume: Volume,
    },
    /// A slice to be shown. Buffer 0: `rows * columns` little-endian `i16`s, as [`Volume::hounsfield`] says.
    Slice {
        /// The job.
        job: u32,
        /// The series.
        series: usize,
        /// The slice.
        index: usize,
    },
    /// A slice for the engine. Buffer 0: as in `Slice`; buffer 1: its values for [`SliceHead`].
    Prepared {
        /// The job.
        job: u32,
        /// The slice.
        index: usize,
        /// What its values mean.
        head: SliceHead,
        /// How the report names it.
        input: InputInfo,
    },
    /// A study has begun.
    Begun {
        /// The job.
        job: u32,
        /// The slices to be read, in this order.
        to_read: Vec<usize>,
    },
    /// A slice was measured.
    Measured {
        /// The job.
        job: u32,
        /// The slice.
        index: usize,
        /// What was found on it.
        masks: SliceMasks,
    },
    /// The whole study was measured.
    Finished {
        /// The job.
        job: u32,
        /// The study's report as JSON.
        study: String,
        /// The files that can be saved of it.
        exports: Vec<ExportKind>,
    },
    /// A file of the result. Buffer 0: its bytes.
    Exported {
        /// The job.
        job: u32,
        /// Which.
        kind: ExportKind,
        /// What to call it.
        name: String,
        /// Its media type.
        mime: String,
    },
    /// A file of the result could not be written.
    NotExported {
        /// The job.
        job: u32,
        /// Why, as a sentence.
        message: String,
    },
    /// What was asked cannot be done: there is no result.
    Refused {
        /// The job.
        job: u32,
        /// What happened and what to do.
        message: String,
    },
    /// The reader hit a bug or ran out of memory and will not answer again.
    Crashed {
        /// For the console.
        message: String,
    },
}
