//! What may happen to the page, and what is to be done then.

use std::rc::Rc;

use lunglens::export::ExportFormat;
use lunglens::imaging::PicturePart;

use super::pool::EngineId;
use super::{Files, Said};
use crate::outcome::Outcome;
use crate::protocol::{ClaheWish, DeviceWish, ReaderReply, ReaderRequest, Reply, Request, SliceMasks};
use crate::volume_view::Frame;

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// An engine spoke.
    Engine(EngineId, Reply),
    /// The reader spoke.
    Reader(ReaderReply),
    /// An engine's worker broke without a word.
    EngineDied(EngineId, String),
    /// The reader's worker broke without a word.
    ReaderDied(String),
    /// Ten seconds have gone by ([`TICK_MILLIS`](super::TICK_MILLIS)).
    Tick,
    /// The user opened files: they wait for [`Action::Replace`] where that would lose a study.
    Open(Files),
    /// Do what waits, whatever it costs.
    Replace,
    /// Forget what waits.
    Keep,
    /// Files could not be opened at all.
    Refuse(Said),
    /// The user should know something; nothing else changes.
    Tell(Said),
    /// Look at another series.
    Choose(usize),
    /// Read this part of the picture that is looked at.
    ChoosePart(PicturePart),
    /// Every how-manieth slice the next study reads.
    ChooseEvery(usize),
    /// Measure the opened study.
    Start,
    /// Read the slice in front only.
    StartSlice,
    /// Run the same again with the present settings.
    RunAgain,
    /// Send no more slices to the engine for now.
    Pause,
    /// Go on.
    Continue,
    /// Stop.
    Cancel,
    /// The engine had its time to stop.
    CancelOverdue(u32),
    /// Put a slice in front.
    Show(usize),
    /// Look at a lesion of the study's list, or at none.
    PickLesion(Option<usize>),
    /// Save a file of the result.
    Export(ExportFormat),
    /// Whether the patient is left out of DICOM files.
    ChooseDeidentify(bool),
    /// Load the model once more.
    Retry,
    /// Another model.
    ChooseModel(String),
    /// Another device.
    ChooseDevice(DeviceWish),
    /// Another contrast setting.
    ChooseClahe(ClaheWish),
    /// Another threshold.
    ChooseThreshold(f32),
}

/// Something to do outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// End the first engine's worker, if any, and start a new one.
    StartEngine,
    /// Start another engine's worker, with the first one's code.
    StartHelper(EngineId),
    /// End such a worker.
    EndHelper(EngineId),
    /// End the reader's worker, if any, and start a new one.
    StartReader,
    /// Send a message to an engine.
    Engine(EngineId, Request),
    /// Send a message to an engine with the values of the slice that was prepared last.
    Segment(EngineId, Request),
    /// Send a message to the reader.
    Read(ReaderRequest),
    /// Send the files that the user opened last to the reader.
    OpenFiles(u32),
    /// Say [`Action::CancelOverdue`] after three seconds.
    WatchCancel(u32),
    /// Show a series of which nothing is known yet, or none.
    ResetView(Option<Rc<Frame>>),
    /// Forget what was found on the slices.
    ClearFindings,
    /// Show what a study found on a slice.
    PutMasks(usize, SliceMasks),
    /// Show what was found on a single slice.
    PutInstances(Rc<Outcome>),
    /// Number the lesions of a finished study.
    LinkLesions,
}
