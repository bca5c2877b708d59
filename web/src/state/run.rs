//! A run: slices from the reader to the engines and their reports back.

use std::collections::BTreeSet;
use std::rc::Rc;

use lunglens::export::ExportFormat;
use lunglens::report::InputInfo;
use lunglens::study::StudyReport;

use super::pool::{EngineId, FIRST};
use super::slices::Slices;
use super::{Effect, EngineState, RunState, Said, State};
use crate::outcome::{Outcome, SliceOutcome, StudyOutcome};
use crate::protocol::{ReaderRequest, Request, RunOptions, SliceHead, SliceMasks};

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
    /// The slices that it reads.
    pub slices: Slices,
    /// How many of them are measured.
    pub measured: usize,
    /// Whether the user wants no more slices to be sent for now.
    pub paused: bool,
    /// Places of the slices at which the first engine broke.
    broke_at: BTreeSet<usize>,
    /// How many helpers were started for it.
    pub(super) helpers_started: usize,
    /// Milliseconds of each slice so far and the engine that took them, in the order of reading.
    millis: Vec<(EngineId, f64)>,
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
            slices: Slices::new(to_read),
            measured: 0,
            paused: false,
            broke_at: BTreeSet::new(),
            helpers_started: 0,
            millis: Vec::new(),
        }
    }

    /// The first engine broke; whether for the second time at the present slice.
    pub(super) fn breaks_again(&mut self) -> bool {
        let place = self.slices.place_at(FIRST).unwrap_or(self.measured);
        !self.broke_at.insert(place)
    }

    /// Slices are read on another device from now on: times so far say nothing about it.
    pub(super) fn forget_times(&mut self) {
        self.millis.clear();
    }

    /// Milliseconds of a slice on one engine: the mean without the first one, which prepares the device.
    fn mean_millis(&self) -> Option<f64> {
        let counted = if self.millis.len() > 1 { &self.millis[1..] } else { &self.millis };
        let sum: f64 = counted.iter().map(|(_, millis)| millis).sum();
        (!counted.is_empty()).then(|| sum / counted.len() as f64)
    }

    /// Milliseconds in which all slices were read: those of the engine that took longest.
    fn reading_millis(&self) -> f64 {
        let of = |engine: EngineId| {
            self.millis.iter().filter(|(by, _)| *by == engine).map(|(_, millis)| millis).sum()
        };
        self.millis.iter().map(|&(engine, _)| of(engine)).fold(0.0, f64::max)
    }
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
        // Without what was found, the reader was lost and has not got the files.
        if self.view.is_none() || self.found.is_none() {
            return Vec::new();
        }
        let mut effects = self.stop();
        self.next_step(false);
        (self.exporting, self.not_exported) = (None, None);
        if let Some(view) = &mut self.view {
            (view.lesion, view.moved) = (None, false);
        }
        effects.push(Effect::ClearFindings);
        match &self.engine {
            EngineState::Ready { .. } => effects.extend(self.start(task)),
            EngineState::Failed { .. } => {
                self.run = RunState::Failed { message: Said::NoModel };
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
            return self.feed(run);
        }
        self.used = Some(self.settings.clone());
        self.saved = false;
        self.run = RunState::Active(active);
        match task {
            Task::Study { every } => vec![Effect::Read(ReaderRequest::Begin { run, every })],
            _ => self.feed(run),
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
                let run = active.run;
                self.feed(run)
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn begun(&mut self, run: u32, to_read: Vec<usize>) -> Vec<Effect> {
        let Some(active) = self.at_work(run) else { return Vec::new() };
        active.slices = Slices::new(to_read);
        self.feed(run)
    }

    pub(super) fn prepared(
        &mut self,
        run: u32,
        index: usize,
        head: SliceHead,
        input: InputInfo,
    ) -> Vec<Effect> {
        let Some(active) = self.at_work(run) else { return Vec::new() };
        if !active.slices.hold(index, head, input) {
            return Vec::new();
        }
        if let Some(view) = &mut self.view {
            // Its pixels came with it.
            view.settle(index);
        }
        self.feed(run)
    }

    /// Gives an idle engine the slice that waits, if it may have one, and has the next one prepared meanwhile.
    pub(super) fn feed(&mut self, run: u32) -> Vec<Effect> {
        // What is chosen meanwhile counts for the next run.
        let settings = self.used.as_ref().filter(|_| self.is_active()).unwrap_or(&self.settings);
        let options = RunOptions { score_threshold: settings.score_threshold, clahe: settings.clahe };
        let engines = self.ready_engines(run);
        let Some(active) = self.at_work(run).filter(|_| !engines.is_empty()) else { return Vec::new() };
        let mut effects = Vec::new();
        for engine in engines.into_iter().filter(|_| !active.paused) {
            if let Some((index, head, input)) = active.slices.give(engine) {
                let options = options.clone();
                let request = Request::Segment { run, index, head, input, options };
                effects.push(Effect::Segment(engine, request));
            }
        }
        let next = active.slices.ask();
        effects.extend(next.map(|index| Effect::Read(ReaderRequest::Prepare { run, index })));
        effects
    }

    pub(super) fn segmented(
        &mut self,
        engine: EngineId,
        run: u32,
        index: usize,
        report: String,
        millis: f64,
    ) -> Vec<Effect> {
        let Some(active) = self.at_work(run) else { return Vec::new() };
        let Some(place) = active.slices.done(engine, index) else { return Vec::new() };
        active.millis.push((engine, millis));
        match active.task {
            Task::Time { .. } => {
                self.slice_millis = Some(millis);
                self.run = RunState::Open;
                Vec::new()
            }
            Task::Slice { .. } => {
                let outcome = SliceOutcome::new(index, report, millis);
                let Some(outcome) = outcome.map(|slice| Rc::new(Outcome::Slice(slice))) else {
                    return self.end(run, RunState::Failed { message: Said::BadReport });
                };
                let mut effects = self.end(run, RunState::Done(outcome.clone()));
                effects.push(Effect::PutInstances(outcome));
                effects
            }
            Task::Study { .. } => {
                let turn = active.slices.hand_on(place, report).into_iter();
                let mut effects: Vec<Effect> = turn
                    .map(|(index, report)| Effect::Read(ReaderRequest::Add { run, index, report }))
                    .collect();
                effects.extend(self.feed(run));
                effects
            }
        }
    }

    /// Milliseconds that the slices left of a run will take, once it can be told.
    pub fn remaining_millis(&self, active: &Active) -> Option<f64> {
        let slice = active.mean_millis().or(self.slice_millis)?;
        let left = active.slices.count().saturating_sub(active.measured);
        let engines = self.ready_engines(active.run).len().min(left).max(1);
        Some(slice * left as f64 / engines as f64)
    }

    pub(super) fn measured(&mut self, run: u32, index: usize, masks: SliceMasks) -> Vec<Effect> {
        let Some(active) = self.at_work(run) else { return Vec::new() };
        active.measured += 1;
        let all = active.measured == active.slices.count();
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
        let (millis, mean) = (active.reading_millis(), active.mean_millis());
        let Ok(report) = serde_json::from_str::<StudyReport>(study) else {
            return self.end(run, RunState::Failed { message: Said::BadReport });
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
        self.next_step(done);
        self.run = how;
        self.shown_run = run;
        if done { Vec::new() } else { vec![Effect::ClearFindings] }
    }

    /// Something begins or ends, with a result or without: what was told before is not about it.
    pub(super) fn next_step(&mut self, is_result: bool) {
        self.notice = self.notice.take().filter(|said| said.holds(is_result));
    }

    /// Tells the first engine to leave what it is at, if anything.
    pub(super) fn stop(&mut self) -> Vec<Effect> {
        let (RunState::Active(active) | RunState::Timing(active)) = &self.run else { return Vec::new() };
        if active.slices.place_at(FIRST).is_none() {
            return Vec::new();
        }
        let run = active.run;
        self.stopping = Some(run);
        vec![Effect::Engine(FIRST, Request::Cancel { run }), Effect::WatchCancel(run)]
    }

    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        match &self.run {
            RunState::Scanning { .. } => {
                // The reader hears nothing while it looks through files.
                self.job += 1;
                self.next_step(false);
                (self.files, self.found) = (None, None);
                self.run = RunState::Cancelled;
                vec![Effect::StartReader]
            }
            RunState::Waiting(_) | RunState::Active(_) => {
                let mut effects = self.stop();
                self.next_step(false);
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
