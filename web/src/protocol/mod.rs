//! The messages between the page and its workers.
//!
//! The *reader* opens files, decodes slices, measures the study and writes its results; the *engine* runs the network on
//! one slice at a time. The page hands slices from one to the other, so that it can pause, stop, and start a broken
//! engine again without losing what was measured. A message is JSON; pixels travel beside it as transferred buffers, in
//! the order that each message documents, so that nothing large is copied.

mod cause;
mod engine;
mod reader;
mod slice;

pub use cause::{Cause, CauseKind};
pub use engine::{
    BenchLine, ClaheWish, CpuReason, DeviceSummary, DeviceWish, LUNG_SEARCH, ModelCopy, ModelSummary, Reply,
    Request, RunOptions,
};
pub use reader::{Found, FoundSeries, FoundSetAside, ReaderReply, ReaderRequest, SavedFile};
pub use slice::{SliceHead, SliceMasks};
