//! What the page knows, and how it changes: a reducer without a browser in it.
//!
//! [`State::update`] takes an [`Action`] and returns the [`Effect`]s that the page then carries out.

use std::rc::Rc;

use crate::outcome::{Outcome, Picture};
use crate::protocol::{ClaheWish, DeviceSummary, DeviceWish, ModelSummary, Reply, Request, RunOptions};
use crate::strings::text;

/// The largest file that is read, in bytes: far above any single CT slice.
pub const LARGEST_FILE: u64 = 256 * 1024 * 1024;

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
        message: String,
    },
}

/// How far the present slice is.
#[derive(Debug, Clone, PartialEq)]
pub enum RunState {
    /// Nothing was opened yet.
    Idle,
    /// A slice waits for the model.
    Waiting,
    /// The worker is at it.
    Active {
        /// Number of the run.
        run: u32,
        /// The slice, once decoded.
        picture: Option<Rc<Picture>>,
        /// The stage at work.
        stage: Option<usize>,
        /// Whether it was asked to stop.
        cancelling: bool,
        /// Whether the present source is to be run as soon as this one has stopped.
        again: bool,
    },
    /// There is a result.
    Done(Rc<Outcome>),
    /// There is none.
    Failed {
        /// What happened and what to do.
        message: String,
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
        Self { model: None, device: DeviceWish::Auto, clahe: ClaheWish::Auto, score_threshold: 0.5 }
    }
}

/// The opened file.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Rc<Vec<u8>>,
}

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// The worker spoke.
    Reply(Reply, Vec<Vec<u8>>),
    /// The worker broke without a word.
    WorkerDied(String),
    /// The user opened a file.
    Open(Source),
    /// A file could not be opened at all.
    Refuse(String),
    /// Run the same file again with the present settings.
    RunAgain,
    /// Stop.
    Cancel,
    /// The worker had its time to stop.
    CancelOverdue(u32),
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
    /// End the worker, if any, and start a new one.
    StartWorker,
    /// Send a message.
    Send(Request),
    /// Send a message with the bytes of a file.
    SendFile(Request, Rc<Vec<u8>>),
    /// Say [`Action::CancelOverdue`] after three seconds.
    WatchCancel(u32),
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
    /// The opened file.
    pub source: Option<Source>,
    /// How far its run is.
    pub run: RunState,
    /// Why something is not as wished, as a sentence.
    pub notice: Option<String>,
    /// The settings that the result on the page was made with.
    pub used: Option<Settings>,
    next_run: u32,
}

impl Default for State {
    fn default() -> Self {
        Self {
            engine: EngineState::Starting,
            models: Vec::new(),
            settings: Settings::default(),
            source: None,
            run: RunState::Idle,
            notice: None,
            used: None,
            next_run: 1,
        }
    }
}

impl State {
    /// Whether the worker is at work on a slice, or a slice waits for the model.
    pub fn is_busy(&self) -> bool {
        matches!(self.run, RunState::Waiting | RunState::Active { .. })
    }

    /// Whether the model is ready.
    pub fn is_ready(&self) -> bool {
        matches!(self.engine, EngineState::Ready { .. })
    }

    /// Whether the result on the page was made with other settings than the present ones.
    pub fn settings_changed(&self) -> bool {
        matches!((&self.run, &self.used), (RunState::Done(_), Some(used)) if *used != self.settings)
    }

    /// The present model, as the manifest describes it.
    pub fn model(&self) -> Option<&ModelSummary> {
        match &self.settings.model {
            Some(id) => self.models.iter().find(|m| m.id == *id),
            None => self.models.first(),
        }
    }

    /// Takes in an action; returns what is to be done.
    pub fn update(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Reply(reply, buffers) => self.hear(reply, buffers),
            Action::WorkerDied(_) => self.recover(),
            Action::Open(source) => {
                self.source = Some(source);
                self.begin()
            }
            Action::Refuse(message) => {
                if !self.is_busy() {
                    self.source = None;
                    self.run = RunState::Failed { message };
                }
                Vec::new()
            }
            Action::RunAgain if self.source.is_some() => self.begin(),
            Action::RunAgain => Vec::new(),
            Action::Cancel => self.cancel(),
            Action::CancelOverdue(overdue) => match self.run {
                RunState::Active { run, cancelling: true, again, .. } if run == overdue => {
                    self.run = if again { RunState::Waiting } else { RunState::Cancelled };
                    self.restart()
                }
                _ => Vec::new(),
            },
            Action::Retry => self.restart(),
            Action::ChooseModel(id) => {
                self.settings.model = Some(id);
                self.load()
            }
            Action::ChooseDevice(device) => {
                self.settings.device = device;
                self.load()
            }
            Action::ChooseClahe(clahe) => {
                self.settings.clahe = clahe;
                Vec::new()
            }
            Action::ChooseThreshold(score) => {
                self.settings.score_threshold = score.clamp(0.0, 1.0);
                Vec::new()
            }
        }
    }

    fn hear(&mut self, reply: Reply, mut buffers: Vec<Vec<u8>>) -> Vec<Effect> {
        match reply {
            Reply::Hello => return self.load(),
            Reply::Manifest { models } => self.models = models,
            Reply::Progress { loaded, total } => self.engine = EngineState::Fetching { loaded, total },
            Reply::Preparing => self.engine = EngineState::Preparing,
            Reply::Ready { model, device, fallback } => {
                self.engine = EngineState::Ready { model, device };
                if fallback.is_some() {
                    self.notice = fallback;
                }
                if self.run == RunState::Waiting {
                    return self.begin();
                }
            }
            Reply::LoadFailed { message } => {
                if self.run == RunState::Waiting {
                    self.run = RunState::Failed { message: text().no_model.into() };
                }
                self.engine = EngineState::Failed { message };
            }
            Reply::Opened { run, rows, columns } => {
                if let (Some(RunState::Active { picture, .. }), true) = (self.active(run), buffers.len() == 1)
                {
                    *picture = Picture::new(rows, columns, buffers.remove(0)).map(Rc::new);
                }
            }
            Reply::Stage { run, index } => {
                if let Some(RunState::Active { stage, .. }) = self.active(run) {
                    *stage = Some(index);
                }
            }
            Reply::FellBack { run, device, reason } => {
                if let EngineState::Ready { device: present, .. } = &mut self.engine {
                    *present = device;
                }
                self.notice = Some(reason);
                if let Some(RunState::Active { stage, .. }) = self.active(run) {
                    *stage = None;
                }
            }
            Reply::Finished { run, report, millis } => return self.finish(run, report, millis, buffers),
            Reply::Failed { run, message } => return self.end(run, RunState::Failed { message }),
            Reply::Cancelled { run } => return self.end(run, RunState::Cancelled),
            Reply::Crashed { .. } => return self.recover(),
            Reply::BenchRows { .. } => {}
        }
        Vec::new()
    }

    /// The run of that number, if it is the present one.
    fn active(&mut self, number: u32) -> Option<&mut RunState> {
        match self.run {
            RunState::Active { run, .. } if run == number => Some(&mut self.run),
            _ => None,
        }
    }

    fn begin(&mut self) -> Vec<Effect> {
        let Some(source) = self.source.clone() else { return Vec::new() };
        if let RunState::Active { run, again, cancelling, .. } = &mut self.run {
            *again = true;
            if *cancelling {
                return Vec::new();
            }
            *cancelling = true;
            return vec![Effect::Send(Request::Cancel { run: *run }), Effect::WatchCancel(*run)];
        }
        match &self.engine {
            EngineState::Ready { .. } => {}
            EngineState::Failed { .. } => {
                self.run = RunState::Failed { message: text().no_model.into() };
                return Vec::new();
            }
            _ => {
                self.run = RunState::Waiting;
                return Vec::new();
            }
        }
        let run = self.next_run;
        self.next_run += 1;
        self.used = Some(self.settings.clone());
        self.run = RunState::Active { run, picture: None, stage: None, cancelling: false, again: false };
        let options =
            RunOptions { score_threshold: self.settings.score_threshold, clahe: self.settings.clahe };
        vec![Effect::SendFile(Request::Run { run, name: source.name, options }, source.bytes)]
    }

    fn finish(&mut self, run: u32, report: String, millis: f64, buffers: Vec<Vec<u8>>) -> Vec<Effect> {
        let Some(RunState::Active { picture, cancelling, .. }) = self.active(run) else { return Vec::new() };
        if *cancelling {
            return self.end(run, RunState::Cancelled);
        }
        let outcome =
            picture.clone().and_then(|p| Outcome::new(p, report, millis, buffers.into_iter().next()?));
        let run_state = match outcome {
            Some(outcome) => RunState::Done(Rc::new(outcome)),
            None => RunState::Failed { message: text().bad_report.into() },
        };
        self.end(run, run_state)
    }

    fn end(&mut self, run: u32, how: RunState) -> Vec<Effect> {
        let Some(RunState::Active { again, .. }) = self.active(run) else { return Vec::new() };
        let again = *again;
        self.run = how;
        if again { self.begin() } else { Vec::new() }
    }

    fn cancel(&mut self) -> Vec<Effect> {
        match &mut self.run {
            RunState::Waiting => {
                self.run = RunState::Cancelled;
                Vec::new()
            }
            RunState::Active { again, cancelling: true, .. } => {
                *again = false;
                Vec::new()
            }
            RunState::Active { run, cancelling, .. } => {
                *cancelling = true;
                vec![Effect::Send(Request::Cancel { run: *run }), Effect::WatchCancel(*run)]
            }
            _ => Vec::new(),
        }
    }

    fn load(&mut self) -> Vec<Effect> {
        self.notice = self.notice.take().filter(|_| matches!(self.engine, EngineState::Starting));
        self.engine = EngineState::Fetching { loaded: 0, total: 0 };
        vec![Effect::Send(Request::Load { model: self.settings.model.clone(), device: self.settings.device })]
    }

    fn restart(&mut self) -> Vec<Effect> {
        self.engine = EngineState::Starting;
        vec![Effect::StartWorker]
    }

    /// After the worker broke: once more on the CPU if a GPU may be to blame, else say so.
    fn recover(&mut self) -> Vec<Effect> {
        let on_gpu = match &self.engine {
            EngineState::Ready { device, .. } => device.gpu,
            EngineState::Preparing => self.settings.device != DeviceWish::Cpu,
            _ => false,
        };
        let was_ready = self.is_ready();
        if let RunState::Active { cancelling, again, .. } = self.run {
            self.run = match (cancelling, again, on_gpu) {
                (true, true, _) => RunState::Waiting,
                (true, false, _) => RunState::Cancelled,
                (false, _, true) => RunState::Waiting,
                (false, _, false) => RunState::Failed { message: text().crashed.into() },
            };
        }
        if on_gpu {
            self.settings.device = DeviceWish::Cpu;
            self.notice = Some(text().gpu_crashed.into());
        } else if !was_ready {
            if self.run == RunState::Waiting {
                self.run = RunState::Failed { message: text().no_model.into() };
            }
            self.engine = EngineState::Failed { message: text().worker_lost.into() };
            return Vec::new();
        }
        self.restart()
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
