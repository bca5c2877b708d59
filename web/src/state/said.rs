//! What the page tells the user. What is meant is kept, not the words: those are of the language in use when it is drawn.

use crate::protocol::{Cause, CpuReason};
use crate::strings::Strings;

/// One thing that the page tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// What the library or a worker says of a file or a model.
    Cause(Cause),
    /// Why the slice of that index is not shown.
    NotShown(usize, Cause),
    /// The browser's folder or drop held no files.
    NoFiles,
    /// It held too many.
    TooMany,
    /// The only file is empty.
    EmptyFile,
    /// What of that name was dropped cannot be read.
    Unreadable(String),
    /// The reader broke, and the files are gone.
    ReaderCrashed,
    /// The reader broke; a result stays.
    ResultStays,
    /// Nothing was read, since there is no model.
    NoModel,
    /// Why the CPU is used.
    Cpu(CpuReason),
    /// The engine broke at a single slice.
    Crashed,
    /// The engine broke at the slice of that index, and goes on.
    CrashedOnce(usize),
    /// The engine broke there again.
    CrashedTwice(usize),
    /// A result that cannot be read back.
    BadReport,
    /// A worker that does not start.
    WorkerLost,
    /// The model does not come any further.
    FetchStalled,
    /// Why the other model of that name could not be loaded, instead of which the one before is used.
    OtherModel(String, Box<Said>),
}

impl Said {
    /// Whether it is still worth saying when the next step begins or ends: where slices are read, and how a result came about.
    pub fn holds(&self, is_result: bool) -> bool {
        matches!(self, Self::Cpu(_) | Self::OtherModel(..))
            || is_result && matches!(self, Self::CrashedOnce(_))
    }

    /// Whether it says that cause.
    pub fn says(&self, cause: &Cause) -> bool {
        matches!(self, Self::Cause(own) if own == cause)
    }

    /// English words of the library that say more than a language does, if it does not say all.
    pub fn detail(&self, t: &Strings) -> Option<&str> {
        match self {
            Self::Cause(cause) | Self::NotShown(_, cause) => cause.detail(t),
            Self::OtherModel(_, why) => why.detail(t),
            _ => None,
        }
    }

    /// It in a language.
    pub fn words(&self, t: &Strings) -> String {
        let at = |words: &str, index: usize| words.replace("{n}", &(index + 1).to_string());
        match self {
            Self::Cause(cause) => cause.said(t),
            Self::NotShown(index, cause) => at(t.not_shown, *index).replace("{why}", &cause.said(t)),
            Self::NoFiles => t.no_files.into(),
            Self::TooMany => t.too_many.into(),
            Self::EmptyFile => t.empty_file.into(),
            Self::Unreadable(name) => t.unreadable.replace("{name}", name),
            Self::ReaderCrashed => t.reader_crashed.into(),
            Self::ResultStays => t.result_stays.into(),
            Self::NoModel => t.no_model.into(),
            Self::Cpu(CpuReason::NoGpu) => t.cpu_no_gpu.into(),
            Self::Cpu(CpuReason::Memory) => t.cpu_memory.into(),
            Self::Cpu(CpuReason::Failed) => t.cpu_failed.into(),
            Self::Crashed => t.crashed.into(),
            Self::CrashedOnce(index) => at(t.crashed_once, *index),
            Self::CrashedTwice(index) => at(t.crashed_twice, *index),
            Self::BadReport => t.bad_report.into(),
            Self::WorkerLost => t.worker_lost.into(),
            Self::FetchStalled => t.fetch_stalled.into(),
            Self::OtherModel(name, why) => {
                t.other_model.replace("{model}", name).replace("{why}", &why.words(t))
            }
        }
    }
}
