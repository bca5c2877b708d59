//! The engines that help the first one with a study on the CPU: a worker has one thread.
//!
//! They are started from the first one's code when a study begins, and ended with it. None is needed: whatever happens to
//! one, its slice goes back to be read by the others.

use super::run::Task;
use super::{Effect, EngineState, RunState, State};
use crate::protocol::{Reply, Request};

/// Which engine it is.
pub type EngineId = u32;

/// The engine that is there from the page's start on.
pub const FIRST: EngineId = 0;

/// An engine beside the first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Helper {
    id: EngineId,
    /// The run that it was started for.
    run: u32,
    ready: bool,
}

/// How many engines may read a study on a device with so many processors and so much memory in GB, as far as the
/// browser tells: one processor is left for page and reader.
pub fn most_engines(processors: Option<f64>, memory_gb: Option<f64>) -> usize {
    let by_processors = processors.map_or(1, |count| count as usize).saturating_sub(1).clamp(1, 4);
    match memory_gb {
        Some(memory) if memory < 4.0 => by_processors.min(memory as usize).max(1),
        Some(_) => by_processors,
        // As on phones, where a page that takes too much is closed.
        None => by_processors.min(2),
    }
}

impl State {
    /// How many engines will read a study of so many slices.
    fn engines_for(&self, slices: usize) -> usize {
        let on_cpu = matches!(&self.engine, EngineState::Ready { device, .. } if !device.gpu);
        if on_cpu && self.copy.is_some() { self.most_engines.min(slices).max(1) } else { 1 }
    }

    /// Milliseconds that a study of so many slices takes, once a slice was timed.
    pub fn study_millis(&self, slices: usize) -> Option<f64> {
        Some(self.slice_millis? * slices as f64 / self.engines_for(slices) as f64)
    }

    /// The engines that can read a slice of a run.
    pub(super) fn ready_engines(&self, run: u32) -> Vec<EngineId> {
        let helpers = self.helpers.iter().filter(|helper| helper.ready && helper.run == run);
        let first = self.is_ready().then_some(FIRST);
        first.into_iter().chain(helpers.map(|helper| helper.id)).collect()
    }

    /// Every helper.
    pub(super) fn helper_ids(&self) -> impl Iterator<Item = EngineId> {
        self.helpers.iter().map(|helper| helper.id)
    }

    /// The helpers that have no model yet.
    pub(super) fn helpers_that_load(&self) -> impl Iterator<Item = EngineId> {
        self.helpers.iter().filter(|helper| !helper.ready).map(|helper| helper.id)
    }

    /// Starts the helpers that the run at work is worth, and ends those of another one. Each is started once a run.
    pub(super) fn staff(&mut self) -> Vec<Effect> {
        let study = match &self.run {
            RunState::Active(active) if matches!(active.task, Task::Study { .. }) => Some(active.run),
            _ => None,
        };
        let (stay, go): (Vec<Helper>, Vec<Helper>) =
            self.helpers.drain(..).partition(|helper| Some(helper.run) == study);
        self.helpers = stay;
        let mut effects: Vec<Effect> = go.iter().map(|helper| Effect::EndHelper(helper.id)).collect();
        let RunState::Active(active) = &self.run else { return effects };
        let wanted = if study.is_some() { self.engines_for(active.slices.left()) - 1 } else { 0 };
        let RunState::Active(active) = &mut self.run else { return effects };
        for _ in active.helpers_started..wanted {
            active.helpers_started += 1;
            self.last_helper += 1;
            self.helpers.push(Helper { id: self.last_helper, run: active.run, ready: false });
            effects.push(Effect::StartHelper(self.last_helper));
        }
        effects
    }

    pub(super) fn hear_helper(&mut self, id: EngineId, reply: Reply) -> Vec<Effect> {
        let Some(helper) = self.helpers.iter_mut().find(|helper| helper.id == id) else { return Vec::new() };
        match reply {
            Reply::Hello => {
                let copy = self.copy.clone();
                return copy.map(|copy| Effect::Engine(id, Request::Join { copy })).into_iter().collect();
            }
            Reply::Ready { .. } => {
                helper.ready = true;
                let run = helper.run;
                return self.feed(run);
            }
            Reply::Stage { run, index } => {
                if let Some(active) = self.at_work(run) {
                    active.slices.set_stage(id, Some(index));
                }
            }
            Reply::Segmented { run, index, report, millis } => {
                return self.segmented(id, run, index, report, millis);
            }
            Reply::LoadFailed { .. }
            | Reply::Failed { .. }
            | Reply::Cancelled { .. }
            | Reply::Crashed { .. } => return self.lose_helper(id),
            Reply::Manifest { .. }
            | Reply::Progress { .. }
            | Reply::Preparing
            | Reply::FellBack { .. }
            | Reply::BenchRows { .. } => {}
        }
        Vec::new()
    }

    /// A helper is of no more use. If its slice is to blame, the first engine will say so.
    pub(super) fn lose_helper(&mut self, id: EngineId) -> Vec<Effect> {
        let Some(at) = self.helpers.iter().position(|helper| helper.id == id) else { return Vec::new() };
        let run = self.helpers.remove(at).run;
        if let Some(active) = self.at_work(run) {
            active.slices.lose(id);
        }
        let mut effects = vec![Effect::EndHelper(id)];
        effects.extend(self.feed(run));
        effects
    }
}
