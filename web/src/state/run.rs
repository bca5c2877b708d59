//! A run: slices from the reader to the engine and their reports back, one after another.

use std::rc::Rc;

use lunglens::export::ExportFormat;
use lunglens::report::InputInfo;
use lunglens::study::StudyReport;

use super::{Effect, EngineState, RunState, State};
use crate::outcome::{Outcome, SliceOutcome, StudyOutcome};
use crate::protocol::{ReaderRequest, Request, RunOptions, SliceHead, SliceMasks};
use crate::strings::text;

/// What a run is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Find out how long a slice takes.
    Time {
        /// Which slice.
        index: usize,
    },
    /// Read one slice.
    Slice {
        /// Which.
        index: usize,
    },
    /// Measure the study.
    Study {
        /// Every how-manieth slice is read.
        every: usize,
    },
}

/// A run at work.
#[derive(Debug, Clone, PartialEq)]
pub struct Active {
    /// Its number.
    pub run: u32,
    /// What it does.
    pub task: Task,
    /// The slices that it reads, in order; empty until the reader has told.
    pub to_read: Vec<usize>,
    /// How many of them are measured.
    pub measured: usize,
    /// The stage at work on the present slice.
    pub stage: Option<usize>,
    /// Whether the user wants no more slices to be sent for now.
    pub paused: bool,
    /// Place in `to_read` of the slice that the reader was asked for and has not given.
    asked: Option<usize>,
    /// Place of the slice that waits for the engine.
    held: Option<(usize, SliceHead, InputInfo)>,
    /// Place of the slice that the engine is at.
    at_engine: Option<usize>,
    /// Place of the slice at which an engine broke last.
    broke_at: Option<usize>,
    /// Milliseconds of each slice so far, in the order of reading.
    millis: Vec<f64>,
}

impl Active {
    fn new(run: u32, task: Task) -> Self {
        let to_read = match task {
            Task::Time { index } | Task::Slice { index } => vec![index],
            Task::Study { .. } => Vec::new(),
        };
        Self {
            run,
            task,
            to_read,
            measured: 0,
            stage: None,
            paused: false,
            asked: None,
            held: None,
            at_engine: None,
            broke_at: None,
            millis: Vec::new(),
        }
    }

    /// The slice that the engine is at.
    pub fn at_work_on(&self) -> Option<usize> {
        self.at_engine.and_then(|place| self.to_read.get(place).copied())
    }

    /// Milliseconds that the slices left will take, once it can be told.
    pub fn remaining_millis(&self, before: Option<f64>) -> Option<f64> {
        let slice = mean_millis(&self.millis).or(before)?;
        Some(slice * self.to_read.len().saturating_sub(self.measured) as f64)
    }

    /// An engine broke at the present slice; whether for the second time.
    pub(super) fn breaks_again(&mut self) -> bool {
        let place = self.at_engine.unwrap_or(self.measured);
        self.broke_at.replace(place) == Some(place)
    }

    /// The present slice begins anew on another device; times so far say nothing about it.
    pub(super) fn start_slice_over(&mut self) {
        self.stage = None;
        self.millis.clear();
    }
}

/// The mean without the first one, which prepares the device.
fn mean_millis(millis: &[f64]) -> Option<f64> {
    let counted = if millis.len() > 1 { &millis[1..] } else { millis };
    (!counted.is_empty()).then(|| counted.iter().sum::<f64>() / counted.len() as f64)
}

impl State {
    /// The run of that number, if it is at work.
    pub(super) fn at_work(&mut self, number: u32) -> Option<&mut Active> {
        match &mut self.run {
            RunState::Active(active) | RunState::Timing(active) if active.run == number => Some(active),
            _ => None,
        }
    }

    pub(super) fn begin(&mut self, task: Task) -> Vec<Effect> {
        if self.view.is_none() {
            return Vec::new();
        }
        let mut effects = self.stop();
        self.exporting = None;
        if let Some(view) = &mut self.view {
            view.lesion = None;
        }
        effects.push(Effect::ClearFindings);
        match &self.engine {
            EngineState::Ready { .. } => effects.extend(self.start(task)),
            EngineState::Failed { .. } => {
                self.run = RunState::Failed { message: text().no_model.into() };
            }
            _ => self.run = RunState::Waiting(task),
        }
        effects
    }

    fn start(&mut self, task: Task) -> Vec<Effect> {
        self.runs += 1;
        let active = Active::new(self.runs, task);
        let run = active.run;
        if matches!(task, Task::Time { .. }) {
            self.run = RunState::Timing(active);
            return self.ask(run, 0);
        }
        self.used = Some(self.settings.clone());
        self.saved = false;
        self.run = RunState::Active(active);
        match task {
            Task::Study { every } => vec![Effect::Read(ReaderRequest::Begin { run, every })],
            _ => self.ask(run, 0),
        }
    }

    /// Finds out how long a slice takes, unless that is known or there is no model yet.
    pub(super) fn time_a_slice(&mut self) -> Vec<Effect> {
        let middle = self.view.as_ref().filter(|v| v.frame.len > 1).map(|v| v.frame.len / 2);
        match (middle, &self.run, self.slice_millis) {
            (Some(index), RunState::Open, None) if self.is_ready() && !self.untimed => {
                self.start(Task::Time { index })
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn engine_is_ready(&mut self) -> Vec<Effect> {
        match &mut self.run {
            RunState::Waiting(task) => {
                let task = *task;
                self.start(task)
            }
            RunState::Open => self.time_a_slice(),
            RunState::Active(active) | RunState::Timing(active) => {
                // The engine is a new one: the slice that the old one was at is prepared once more.
                let Some(place) = active.at_engine.take().or(active.held.as_ref().map(|held| held.0)) else {
                    return Vec::new();
                };
                active.held = None;
                active.start_slice_over();
                let run = active.run;
                self.ask(run, place)
            }
            _ => Vec::new(),
        }
    }

    /// Asks the reader for the slice at a place of the run's list.
    fn ask(&mut self, run: u32, place: usize) -> Vec<Effect> {
        let Some(active) = self.at_work(run) else { return Vec::new() };
        let Some(&index) = active.to_read.get(place) else { return Vec::new() };
        active.asked = Some(place);
        vec![Effect::Read(ReaderRequest::Prepare { run, index })]
    }

    pub(super) fn begun(&mut self, run: u32, to_read: Vec<usize>) -> Vec<Effect> {
        let Some(active) = self.at_work(run) else { return Vec::new() };
        active.to_read = to_read;
        self.ask(run, 0)
    }

    pub(super) fn prepared(
        &mut self,
        run: u32,
        index: usize,
        head: SliceHead,
        input: InputInfo,
    ) -> Vec<Effect> {
        let Some(active) = self.at_work(run) else { return Vec::new() };
        // After an engine was lost, another slice than the one that came may be wanted.
        let Some(place) = active.asked.filter(|&place| active.to_read.get(place) == Some(&index)) else {
            return Vec::new();
        };
        active.asked = None;
        active.held = Some((place, head, input));
        if let Some(view) = &mut self.view {
            // Its pixels came with it.
            view.settle(index);
        }
        self.feed(run)
    }

    /// Gives the engine the slice that waits, if it may have one, and has the next one prepared meanwhile.
    fn feed(&mut self, run: u32) -> Vec<Effect> {
        let options =
            RunOptions { score_threshold: self.settings.score_threshold, clahe: self.settings.clahe };
        let ready = self.is_ready();
        let Some(active) = self.at_work(run) else { return Vec::new() };
        if !ready || active.paused || active.at_engine.is_some() {
            return Vec::new();
        }
        let Some((place, head, input)) = active.held.take() else { return Vec::new() };
        active.at_engine = Some(place);
        active.stage = None;
        let index = active.to_read[place];
        let mut effects = vec![Effect::Segment(Request::Segment { run, index, head, input, options })];
        effects.extend(self.ask(run, place + 1));
        effects
    }

    pub(super) fn segmented(&mut self, run: u32, index: usize, report: String, millis: f64) -> Vec<Effect> {
        let Some(active) = self.at_work(run) else { return Vec::new() };
        if active.at_work_on() != Some(index) {
            return Vec::new();
        }
        active.at_engine = None;
        active.stage = None;
        active.millis.push(millis);
        match active.task {
            Task::Time { .. } => {
                self.slice_millis = Some(millis);
                self.run = RunState::Open;
                Vec::new()
            }
            Task::Slice { .. } => {
                let outcome = SliceOutcome::new(index, report, millis);
                let Some(outcome) = outcome.map(|slice| Rc::new(Outcome::Slice(slice))) else {
                    return self.end(run, RunState::Failed { message: text().bad_report.into() });
                };
                let mut effects = self.end(run, RunState::Done(outcome.clone()));
                effects.push(Effect::PutInstances(outcome));
                effects
            }
            Task::Study { .. } => {
                let mut effects = vec![Effect::Read(ReaderRequest::Add { run, index, report })];
                effects.extend(self.feed(run));
                effects
            }
        }
    }

    pub(super) fn measured(&mut self, run: u32, index: usize, masks: SliceMasks) -> Vec<Effect> {
        let Some(active) = self.at_work(run) else { return Vec::new() };
        active.measured += 1;
        let all = active.measured == active.to_read.len();
        let mut effects = vec![Effect::PutMasks(index, masks)];
        if all {
            effects.push(Effect::Read(ReaderRequest::Finish { run }));
        }
        effects
    }

    pub(super) fn finished(
        &mut self,
        run: u32,
        study: &str,
        settled: Vec<(usize, SliceMasks)>,
        formats: Vec<ExportFormat>,
    ) -> Vec<Effect> {
        let Some(active) = self.at_work(run) else { return Vec::new() };
        let millis = active.millis.iter().sum();
        let mean = mean_millis(&active.millis);
        let Ok(report) = serde_json::from_str::<StudyReport>(study) else {
            return self.end(run, RunState::Failed { message: text().bad_report.into() });
        };
        self.slice_millis = mean.or(self.slice_millis);
        let outcome = Outcome::Study(StudyOutcome { report, formats, millis });
        let mut effects = self.end(run, RunState::Done(Rc::new(outcome)));
        effects.extend(settled.into_iter().map(|(index, masks)| Effect::PutMasks(index, masks)));
        effects.push(Effect::LinkLesions);
        effects
    }

    /// Ends a run, if it is at work: unless it has a result, nothing of it stays.
    pub(super) fn end(&mut self, run: u32, how: RunState) -> Vec<Effect> {
        let Some(active) = self.at_work(run) else { return Vec::new() };
        if matches!(active.task, Task::Time { .. }) {
            // A slice that cannot be read says so when the study is run.
            self.run = RunState::Open;
            return Vec::new();
        }
        let done = matches!(how, RunState::Done(_));
        self.run = how;
        self.shown_run = run;
        if done { Vec::new() } else { vec![Effect::ClearFindings] }
    }

    /// Tells the engine to leave what it is at, if anything.
    pub(super) fn stop(&mut self) -> Vec<Effect> {
        let (RunState::Active(active) | RunState::Timing(active)) = &self.run else { return Vec::new() };
        if active.at_engine.is_none() {
            return Vec::new();
        }
        let run = active.run;
        self.stopping = Some(run);
        vec![Effect::Engine(Request::Cancel { run }), Effect::WatchCancel(run)]
    }

    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        match &self.run {
            RunState::Scanning { .. } => {
                // The reader hears nothing while it looks through files.
                self.job += 1;
                self.files = None;
                self.run = RunState::Cancelled;
                vec![Effect::StartReader]
            }
            RunState::Waiting(_) | RunState::Active(_) => {
                let mut effects = self.stop();
                self.run = RunState::Cancelled;
                effects.push(Effect::ClearFindings);
                effects
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn pause(&mut self) {
        if let RunState::Active(active) = &mut self.run {
            active.paused = true;
        }
    }

    pub(super) fn go_on(&mut self) -> Vec<Effect> {
        let RunState::Active(active) = &mut self.run else { return Vec::new() };
        active.paused = false;
        let run = active.run;
        self.feed(run)
    }

    /// The same once more with the present settings: the slice, or the study.
    pub(super) fn run_again(&mut self) -> Vec<Effect> {
        let slices = self.view.as_ref().map(|view| view.frame.len);
        match (self.slice_outcome().map(|slice| slice.index), slices) {
            (Some(index), _) => self.begin(Task::Slice { index }),
            (None, Some(1)) => self.begin(Task::Slice { index: 0 }),
            _ => self.begin(Task::Study { every: self.every }),
        }
    }
}
