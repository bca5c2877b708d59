//! The messages between the page and the reader.

use lunglens::export::ExportFormat;
use lunglens::imaging::PicturePart;
use lunglens::intake::SeriesPart;
use lunglens::report::InputInfo;
use serde::{Deserialize, Serialize};

use super::{Cause, SliceHead, SliceMasks};
use crate::volume_view::Frame;

/// A written file, whose bytes travel beside the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFile {
    /// What to call it.
    pub name: String,
    /// Its media type.
    pub media_type: String,
}

/// One series that could be opened.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FoundSeries {
    /// What people call it: its description, or the name of its file; empty where it has none.
    pub label: String,
    /// What tells it from others of the same name.
    pub part: Option<SeriesPart>,
    /// Its number.
    pub number: Option<i64>,
    /// Its form, such as `DICOM CT` or `NIfTI`; none of pictures.
    pub form: Option<String>,
    /// Number of slices.
    pub slices: usize,
    /// Rows and columns, where known before a slice is read.
    pub size: Option<[usize; 2]>,
    /// Distance of slices in mm, where known.
    pub slice_spacing_mm: Option<f64>,
    /// Why another one is proposed: what it is.
    pub reason: Option<Cause>,
    /// Why it cannot be measured.
    pub problem: Option<Cause>,
    /// Whether another series goes on where this one ends: it may be a part of a scan only.
    pub continued: bool,
}

/// Files that belong to no series on offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundSetAside {
    /// Why: what they are.
    pub reason: Cause,
    /// How many.
    pub files: usize,
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
    /// How many images a DICOMDIR lists of series of which nothing is here.
    pub listed_elsewhere: usize,
    /// Number of files that were looked at, those in archives among them.
    pub files: usize,
}

/// From the page to the reader. `job` counts the user's openings and `run` the runs; every answer repeats them. A run is
/// of the series that was opened last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
        /// Which part of its pictures is read; none for all, and for what is no picture.
        part: Option<PicturePart>,
    },
    /// Decode a slice of the opened series to be shown. Answered by `Slice` or `NotShown`.
    Show {
        /// The job.
        job: u32,
        /// The series.
        series: usize,
        /// The slice, from 0 for the lowest.
        index: usize,
    },
    /// Begin a study of the opened series. Answered by `Begun` or `Failed`.
    Begin {
        /// The run.
        run: u32,
        /// Every how-manieth slice is read.
        every: usize,
    },
    /// Decode a slice of the opened series for the engine. Answered by `Prepared` or `Failed`.
    Prepare {
        /// The run.
        run: u32,
        /// The slice.
        index: usize,
    },
    /// The engine's report on a slice, in the order of `Begun`. Answered by `Measured` or `Failed`.
    Add {
        /// The run.
        run: u32,
        /// The slice.
        index: usize,
        /// The engine's report as JSON.
        report: String,
    },
    /// All slices were added. Answered by `Finished` or `Failed`.
    Finish {
        /// The run.
        run: u32,
    },
    /// Write the finished study in a form. Answered by `Exported` or `NotExported`.
    Export {
        /// The run.
        run: u32,
        /// Which form.
        format: ExportFormat,
        /// Whether the patient's name, numbers and dates are left out of DICOM forms; no other has them.
        deidentify: bool,
        /// What the files' names begin with.
        name: String,
    },
}

/// From the reader to the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
        /// Its size and place.
        frame: Frame,
    },
    /// What was asked of a job cannot be done.
    Refused {
        /// The job.
        job: u32,
        /// Why.
        cause: Cause,
    },
    /// A slice to be shown. Buffer 0: `rows * columns` little-endian `i16`s, as [`Frame::values`] says.
    Slice {
        /// The job.
        job: u32,
        /// The series.
        series: usize,
        /// The slice.
        index: usize,
    },
    /// A slice that cannot be shown.
    NotShown {
        /// The job.
        job: u32,
        /// The series.
        series: usize,
        /// The slice.
        index: usize,
        /// Why.
        cause: Cause,
    },
    /// A study has begun.
    Begun {
        /// The run.
        run: u32,
        /// The slices to be read, in this order.
        to_read: Vec<usize>,
    },
    /// A slice for the engine. Buffer 0: as in `Slice`; buffer 1: its values for [`SliceHead`].
    Prepared {
        /// The run.
        run: u32,
        /// The slice.
        index: usize,
        /// What its values mean.
        head: SliceHead,
        /// How the report names it.
        input: InputInfo,
    },
    /// A slice was measured.
    Measured {
        /// The run.
        run: u32,
        /// The slice.
        index: usize,
        /// What was found on it.
        masks: SliceMasks,
    },
    /// The whole study was measured.
    Finished {
        /// The run.
        run: u32,
        /// The study's report as JSON.
        study: String,
        /// Slices of which less is lung or lesion in the whole study than was told when they were measured.
        settled: Vec<(usize, SliceMasks)>,
        /// The forms that it can be saved in.
        formats: Vec<ExportFormat>,
    },
    /// The run cannot go on: there is no result.
    Failed {
        /// The run.
        run: u32,
        /// Why.
        cause: Cause,
    },
    /// The result in a form. One buffer a file: its bytes.
    Exported {
        /// The run.
        run: u32,
        /// Which form.
        format: ExportFormat,
        /// What their names begin with, as it was asked: something else may be open by now.
        name: String,
        /// Its files, in the order of the buffers.
        files: Vec<SavedFile>,
    },
    /// A file of the result could not be written.
    NotExported {
        /// The run.
        run: u32,
        /// Why.
        cause: Cause,
    },
    /// The reader hit a bug or ran out of memory and will not answer again.
    Crashed {
        /// For the console.
        message: String,
    },
}
