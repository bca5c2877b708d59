//! What the page knows, and how it changes: a reducer without a browser in it.
//!
//! [`State::update`] takes an [`Action`] and returns the [`Effect`]s that the page then carries out.

mod actions;
mod choice;
mod engine;
mod files;
mod opened;
mod pool;
mod run;
mod said;
mod slices;
mod watch;

use std::collections::BTreeMap;
use std::rc::Rc;

use lunglens::export::ExportFormat;
use lunglens::report::DEFAULT_SCORE_THRESHOLD;

use self::pool::Helper;
use crate::outcome::{Outcome, SliceOutcome};
use crate::protocol::{
    Cause, ClaheWish, DeviceSummary, DeviceWish, Found, LUNG_SEARCH, ModelCopy, ModelSummary, ReaderRequest,
};
use crate::strings::text;
use crate::view::View;

pub use actions::{Action, Effect};
pub use opened::{Files, pasted_name};
pub use pool::{EngineId, FIRST, most_engines};
pub use run::{Active, Task};
pub use said::Said;
pub use slices::Slices;
pub use watch::TICK_MILLIS;

/// How far the model is.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineState {
    /// The worker is being started.
    Starting,
    /// The model is on its way.
    Fetching {
        /// Bytes so far.
        loaded: u64,
        /// Bytes in all; 0 while unknown.
        total: u64,
    },
    /// The model is being checked and put on the device.
    Preparing,
    /// A slice can be run.
    Ready {
        /// The model's id.
        model: String,
        /// Where it runs.
        device: DeviceSummary,
    },
    /// There is no model.
    Failed {
        /// What happened and what to do.
        message: Said,
    },
}

/// How far the opened files are.
#[derive(Debug, Clone, PartialEq)]
pub enum RunState {
    /// Nothing was opened yet.
    Idle,
    /// The reader looks through the files.
    Scanning {
        /// Files so far.
        read: usize,
        /// Files in all, as far as is known.
        of: usize,
    },
    /// A study waits for the user to start, or to choose a series.
    Open,
    /// A slice is timed, so that the time of a study can be told; the user may start meanwhile.
    Timing(Active),
    /// A run waits for the model.
    Waiting(Task),
    /// A run is at work.
    Active(Active),
    /// There is a result.
    Done(Rc<Outcome>),
    /// There is none.
    Failed {
        /// What happened and what to do.
        message: Said,
    },
    /// The user stopped it.
    Cancelled,
}

/// The user's choices.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The model's id; the manifest's first if absent.
    pub model: Option<String>,
    /// The device.
    pub device: DeviceWish,
    /// Contrast equalisation.
    pub clahe: ClaheWish,
    /// Instances below this score are dropped, 0 to 1.
    pub score_threshold: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: None,
            device: DeviceWish::Auto,
            clahe: ClaheWish::Auto,
            score_threshold: DEFAULT_SCORE_THRESHOLD,
        }
    }
}

/// What would lose a study that is at stake.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// Opening other files.
    Files(Files),
    /// Reading something else of the opened ones.
    Step(Box<Action>),
}

/// What the page knows.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// How far the model is.
    pub engine: EngineState,
    /// The models on offer.
    pub models: Vec<ModelSummary>,
    /// The user's choices.
    pub settings: Settings,
    /// Model and device as they were chosen when the engine was ready last, unless loading has failed since.
    proven: Option<(Option<String>, DeviceWish)>,
    /// The opened files.
    pub files: Option<Files>,
    /// What waits for the user's word, since it would lose a study.
    pub asked: Option<Asked>,
    /// What the opened files hold, once it is known.
    pub found: Option<Rc<Found>>,
    /// The series that is looked at.
    pub view: Option<View>,
    /// Every how-manieth slice the next study reads.
    pub every: usize,
    /// How far the run is.
    pub run: RunState,
    /// Why something is not as wished.
    pub notice: Option<Said>,
    /// The settings that the result on the page was made with.
    pub used: Option<Settings>,
    /// The file that is being written.
    pub exporting: Option<ExportFormat>,
    /// Why the last one was not written.
    pub not_exported: Option<Cause>,
    /// Whether the patient's name, numbers and dates are left out of DICOM files.
    pub deidentify: bool,
    /// Whether a file of the result on the page was saved.
    saved: bool,
    /// Whether the engine broke on the slice that was to be timed, so that it is not tried for ever.
    untimed: bool,
    /// What a slice takes on this model and device, in milliseconds, once one was timed.
    pub slice_millis: Option<f64>,
    /// How many engines may read a study on the CPU.
    most_engines: usize,
    /// What another engine needs to load the present model.
    copy: Option<ModelCopy>,
    /// The engines beside the first.
    helpers: Vec<Helper>,
    /// The number of the helper that was started last.
    last_helper: EngineId,
    /// Whether the engine's worker lost its GPU, which it cannot have back.
    gpu_lost: bool,
    /// Whether the reader has spoken.
    reader_hears: bool,
    /// Whether the reader broke before it spoke, so that there is none.
    reader_gone: bool,
    /// Ticks since the last word of each engine that owes one.
    quiet: BTreeMap<EngineId, u32>,
    job: u32,
    runs: u32,
    /// The run that the result on the page is of.
    shown_run: u32,
    /// A run that the engine was told to stop and that it has not ended yet.
    stopping: Option<u32>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            engine: EngineState::Starting,
            models: Vec::new(),
            settings: Settings::default(),
            proven: None,
            files: None,
            asked: None,
            found: None,
            view: None,
            every: 1,
            run: RunState::Idle,
            notice: None,
            used: None,
            exporting: None,
            not_exported: None,
            deidentify: false,
            saved: false,
            untimed: false,
            slice_millis: None,
            most_engines: 1,
            copy: None,
            helpers: Vec::new(),
            last_helper: FIRST,
            gpu_lost: false,
            reader_hears: false,
            reader_gone: false,
            quiet: BTreeMap::new(),
            job: 0,
            runs: 0,
            shown_run: 0,
            stopping: None,
        }
    }
}

impl State {
    /// A page at its start, on a device where so many engines may read a study on the CPU ([`most_engines`]), with the device
    /// that its address wishes.
    pub fn new(most_engines: usize, device: DeviceWish) -> Self {
        Self { most_engines, settings: Settings { device, ..Settings::default() }, ..Self::default() }
    }

    /// Whether files are looked through, or a run waits or is at work.
    pub fn is_busy(&self) -> bool {
        matches!(self.run, RunState::Scanning { .. } | RunState::Waiting(_) | RunState::Active(_))
    }

    fn is_active(&self) -> bool {
        matches!(self.run, RunState::Active(_))
    }

    /// Whether the model is ready.
    pub fn is_ready(&self) -> bool {
        matches!(self.engine, EngineState::Ready { .. })
    }

    /// Whether the result on the page was made with other settings than the present ones.
    pub fn settings_changed(&self) -> bool {
        matches!((&self.run, &self.used), (RunState::Done(_), Some(used)) if *used != self.settings)
    }

    /// The stages of a slice with the present model, as [`Reply::Stage`](crate::protocol::Reply::Stage) counts them.
    pub fn stages(&self) -> Vec<usize> {
        let finds_lungs = self.model().is_some_and(|model| model.finds_lungs);
        (0..text().stages.len()).filter(|&stage| stage != LUNG_SEARCH || finds_lungs).collect()
    }

    /// Whether an answer about a series is about the one that is looked at.
    pub fn is_viewed(&self, job: u32, series: usize) -> bool {
        job == self.job && self.view.as_ref().is_some_and(|view| view.series == series)
    }

    /// Whether an answer is of the run at work.
    pub fn is_at_work(&self, run: u32) -> bool {
        matches!(&self.run, RunState::Timing(active) | RunState::Active(active) if active.run == run)
    }

    /// The finished slice, if that is what is shown.
    pub fn slice_outcome(&self) -> Option<&SliceOutcome> {
        match &self.run {
            RunState::Done(outcome) => match outcome.as_ref() {
                Outcome::Slice(slice) => Some(slice),
                Outcome::Study(_) => None,
            },
            _ => None,
        }
    }

    /// Takes in an action; returns what is to be done.
    pub fn update(&mut self, action: Action) -> Vec<Effect> {
        let mut effects = match action {
            action if self.would_discard(&action) => {
                self.asked = Some(Asked::Step(Box::new(action)));
                Vec::new()
            }
            Action::Replace => match self.asked.take() {
                Some(Asked::Files(files)) => self.open(files),
                Some(Asked::Step(step)) => self.take_in(*step),
                None => Vec::new(),
            },
            action => self.take_in(action),
        };
        effects.extend(self.staff());
        effects
    }

    fn take_in(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Engine(id, reply) => {
                self.quiet.remove(&id);
                return if id == FIRST { self.hear_engine(reply) } else { self.hear_helper(id, reply) };
            }
            Action::Reader(reply) => return self.hear_reader(reply),
            Action::EngineDied(FIRST, _) => return self.recover(),
            Action::EngineDied(helper, _) => return self.lose_helper(helper),
            Action::ReaderDied(_) => return self.reader_died(),
            Action::Tick => return self.tick(),
            Action::Open(files) if self.is_study_at_stake() => self.asked = Some(Asked::Files(files)),
            Action::Open(files) => return self.open(files),
            Action::Replace => {}
            Action::Keep => self.asked = None,
            // What is at work goes on, and a study that is saved nowhere stays.
            Action::Refuse(message) if self.is_busy() || self.is_study_at_stake() => {
                self.notice = Some(message);
            }
            Action::Refuse(message) => return self.close(message),
            Action::Tell(notice) => self.notice = Some(notice),
            Action::Choose(series) => return self.choose(series),
            Action::ChoosePart(part) => return self.look_at_part(part),
            Action::ChooseEvery(every) => self.every = every.max(1),
            Action::Start => return self.begin(Task::Study { every: self.every }),
            Action::StartSlice => {
                if let Some(view) = &self.view {
                    return self.begin(Task::Slice { index: view.current });
                }
            }
            Action::RunAgain => return self.run_again(),
            Action::Pause => self.pause(),
            Action::Continue => return self.go_on(),
            Action::Cancel => return self.cancel(),
            Action::CancelOverdue(overdue) => {
                if self.stopping == Some(overdue) {
                    return self.restart();
                }
            }
            Action::Show(index) => self.show(index),
            Action::PickLesion(lesion) => {
                if let Some(view) = &mut self.view {
                    view.lesion = lesion;
                }
            }
            Action::Export(format) => {
                if self.exporting.is_none() && matches!(self.run, RunState::Done(_)) {
                    self.exporting = Some(format);
                    self.not_exported = None;
                    return vec![Effect::Read(ReaderRequest::Export {
                        run: self.shown_run,
                        format,
                        deidentify: self.deidentify,
                        name: self.saved_name(),
                    })];
                }
            }
            Action::ChooseDeidentify(deidentify) => self.deidentify = deidentify,
            Action::Retry => return self.restart(),
            Action::ChooseModel(id) => {
                self.settings.model = Some(id);
                return self.load_anew();
            }
            Action::ChooseDevice(device) => {
                self.settings.device = device;
                return self.load_anew();
            }
            Action::ChooseClahe(clahe) => self.settings.clahe = clahe,
            Action::ChooseThreshold(score) => self.settings.score_threshold = score.clamp(0.0, 1.0),
        }
        Vec::new()
    }

    fn show(&mut self, index: usize) {
        let busy = self.is_busy();
        if let Some(view) = &mut self.view {
            view.show(index);
            view.moved |= busy;
        }
    }
}

#[cfg(test)]
mod tests;
