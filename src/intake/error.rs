//! Why there is no series, or no slice of it.

use crate::container::ContainerError;
use crate::imaging::ImagingError;
use crate::source::SourceError;
use crate::study::{Reason, StudyError};
use crate::volume::VolumeError;
use crate::words::counted;

/// Why a file that seems to be of use cannot be read. Each message is one or two plain sentences for the user.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FileProblem {
    /// Its bytes cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It is an archive that cannot be opened.
    #[error(transparent)]
    Archive(#[from] ContainerError),
    /// A file in it, which is an archive, cannot be unpacked.
    #[error("{name}: {error}")]
    Entry {
        /// Name of the file in the archive.
        name: String,
        /// Why.
        #[source]
        error: ContainerError,
    },
    /// Its image cannot be read.
    #[error(transparent)]
    Image(#[from] ImagingError),
}

/// What went wrong on the way in. Each message is one or two plain sentences for the user.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// Stopped by the person.
    #[error("Reading the files was stopped.")]
    Cancelled,
    /// A file whose bytes cannot be read.
    #[error("{name}: {error}")]
    Source {
        /// The file.
        name: String,
        /// Why.
        #[source]
        error: SourceError,
    },
    /// A file that is damaged or cannot be decoded.
    #[error("{name}: {error}")]
    File {
        /// The file.
        name: String,
        /// Why.
        #[source]
        error: ImagingError,
    },
    /// A volume that is damaged, or no CT.
    #[error("{name}: {error}")]
    Volume {
        /// The file.
        name: String,
        /// Why.
        #[source]
        error: VolumeError,
    },
    /// DICOM files of which any may be a slice of the series.
    #[error(
        "{files} of {} could not be read, and any may be a slice of the study. The first is {name}: {error}",
        counted(*.of, "file")
    )]
    Unreadable {
        /// How many.
        files: usize,
        /// Of how many.
        of: usize,
        /// The first of them.
        name: String,
        /// Why it could not be read.
        error: Box<FileProblem>,
    },
    /// A series that is not there.
    #[error("There is no series {wanted}: there {} {series}.", if *.series == 1 { "is" } else { "are" })]
    NoSuchSeries {
        /// Its number, from 1.
        wanted: usize,
        /// How many there are.
        series: usize,
    },
    /// Several stacks of pictures, of which any may be meant.
    #[error("There are {stacks} folders of pictures here, and any may be meant: choose one of the series.")]
    Several {
        /// How many.
        stacks: usize,
    },
    /// A series that was set aside for good.
    #[error("The series cannot be measured: it is {reason}.")]
    Unfit {
        /// Why.
        reason: Reason,
    },
    /// A series whose slices do not fit together, or no series at all.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// A slice that is not there.
    #[error("There is no slice {index}: the series has {slices}.")]
    NoSuchSlice {
        /// Its index, from 0.
        index: usize,
        /// How many there are.
        slices: usize,
    },
    /// A file that is no longer what it was.
    #[error("{name} was changed while the study was read.")]
    Changed {
        /// The file.
        name: String,
    },
}
