//! The first engine's life: loading, giving way to the CPU, and starting again.

use super::pool::FIRST;
use super::run::Task;
use super::{Effect, EngineState, RunState, Said, State};
use crate::protocol::{CpuReason, DeviceWish, Reply, Request};

impl State {
    pub(super) fn hear_engine(&mut self, reply: Reply) -> Vec<Effect> {
        match reply {
            Reply::Hello => return self.load(),
            Reply::Manifest { models } => self.models = models,
            Reply::Progress { loaded, total } => self.engine = EngineState::Fetching { loaded, total },
            Reply::Preparing => self.engine = EngineState::Preparing,
            Reply::Ready { model, device, fallback, copy } => {
                self.copy = copy;
                self.engine = EngineState::Ready { model, device };
                self.proven = Some((self.settings.model.clone(), self.settings.device));
                // That another model could not be loaded is what the user waits to hear.
                if let Some(reason) = fallback
                    && !matches!(self.notice, Some(Said::OtherModel(..)))
                {
                    self.notice = Some(Said::Cpu(reason));
                }
                return self.engine_is_ready();
            }
            Reply::LoadFailed { cause } => {
                let message = Said::Cause(cause);
                if let Some(notice) = self.go_back(&message) {
                    let effects = self.load();
                    self.notice = Some(notice);
                    return effects;
                }
                self.load_failed(message);
            }
            Reply::Stage { run, index } => {
                if let Some(active) = self.at_work(run) {
                    active.slices.set_stage(FIRST, Some(index));
                }
            }
            Reply::FellBack { run, device, reason } => {
                if let EngineState::Ready { device: present, .. } = &mut self.engine {
                    *present = device;
                }
                self.notice = Some(Said::Cpu(reason));
                self.gpu_lost |= reason == CpuReason::Failed;
                self.slice_millis = None;
                if let Some(active) = self.at_work(run) {
                    active.slices.set_stage(FIRST, None);
                    active.forget_times();
                }
            }
            Reply::Segmented { run, index, report, millis } => {
                self.stopped(run);
                return self.segmented(FIRST, run, index, report, millis);
            }
            Reply::Failed { run, cause } => {
                self.stopped(run);
                return self.end(run, RunState::Failed { message: Said::Cause(cause) });
            }
            Reply::Cancelled { run } => {
                self.stopped(run);
                return self.end(run, RunState::Cancelled);
            }
            Reply::Crashed { .. } => return self.recover(),
            Reply::BenchRows { .. } => {}
        }
        Vec::new()
    }

    pub(super) fn load_failed(&mut self, message: Said) {
        if matches!(self.run, RunState::Waiting(_) | RunState::Active(_)) {
            self.run = RunState::Failed { message: Said::NoModel };
        } else if matches!(self.run, RunState::Timing(_)) {
            self.run = RunState::Open;
        }
        self.engine = EngineState::Failed { message };
    }

    /// Where another model than the one that was ready last cannot be loaded: chooses that one and its device again, to be loaded
    /// now, and returns what to say. It is not gone back to twice in a row, so that nothing is tried for ever.
    fn go_back(&mut self, why: &Said) -> Option<Said> {
        self.notice.take_if(|notice| matches!(notice, Said::OtherModel(..)));
        let (model, device) = self.proven.take()?;
        let (failed, ready) =
            (self.model_index(self.settings.model.as_deref())?, self.model_index(model.as_deref())?);
        if failed == ready {
            return None;
        }
        let name = self.model_names()[failed].to_owned();
        (self.settings.model, self.settings.device) = (model, device);
        Some(Said::OtherModel(name, Box::new(why.clone())))
    }

    /// The same with a new worker, where the present one hangs or broke; whether there is a model to go back to.
    pub(super) fn go_back_anew(&mut self, why: &Said) -> Option<Vec<Effect>> {
        let notice = self.go_back(why)?;
        self.notice = Some(notice);
        Some(self.restart())
    }

    fn stopped(&mut self, run: u32) {
        self.stopping = self.stopping.filter(|&stopping| stopping != run);
    }

    /// Loads what the user chose; a slice that is being timed for what was chosen before tells nothing any more.
    pub(super) fn load_anew(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.untimed = false;
        if matches!(self.run, RunState::Timing(_)) {
            effects = self.stop();
            self.run = RunState::Open;
        }
        effects.extend(if self.gpu_lost { self.restart() } else { self.load() });
        effects
    }

    pub(super) fn load(&mut self) -> Vec<Effect> {
        self.notice = self.notice.take().filter(|_| matches!(self.engine, EngineState::Starting));
        self.engine = EngineState::Fetching { loaded: 0, total: 0 };
        self.slice_millis = None;
        let (model, device) = (self.settings.model.clone(), self.settings.device);
        vec![Effect::Engine(FIRST, Request::Load { model, device })]
    }

    pub(super) fn restart(&mut self) -> Vec<Effect> {
        self.engine = EngineState::Starting;
        self.gpu_lost = false;
        self.stopping = None;
        self.quiet.remove(&FIRST);
        let mut effects = vec![Effect::StartEngine];
        if let RunState::Active(active) | RunState::Timing(active) = &mut self.run {
            active.slices.lose(FIRST);
            let run = active.run;
            effects.extend(self.feed(run));
        }
        effects
    }

    /// After the engine broke: it is started anew, on the CPU if a GPU may be to blame. What the reader has measured stays,
    /// so a study goes on with what is left; a slice that breaks the engine twice ends it.
    pub(super) fn recover(&mut self) -> Vec<Effect> {
        let on_gpu = match &self.engine {
            EngineState::Ready { device, .. } => device.gpu,
            // Kernels are made meanwhile.
            EngineState::Fetching { .. } | EngineState::Preparing => self.settings.device != DeviceWish::Cpu,
            _ => false,
        };
        let was_ready = self.is_ready();
        if !was_ready
            && !on_gpu
            && let Some(effects) = self.go_back_anew(&Said::WorkerLost)
        {
            return effects;
        }
        if on_gpu {
            if let RunState::Active(active) | RunState::Timing(active) = &mut self.run {
                active.forget_times();
            }
            self.settings.device = DeviceWish::Cpu;
            if let (RunState::Active(_), Some(used)) = (&self.run, &mut self.used) {
                used.device = DeviceWish::Cpu;
            }
            self.notice = Some(Said::Cpu(CpuReason::Failed));
        }
        let mut effects = Vec::new();
        match &mut self.run {
            RunState::Active(active) if was_ready => {
                let again = active.breaks_again();
                let slice =
                    active.slices.slice_at(FIRST).filter(|_| matches!(active.task, Task::Study { .. }));
                let run = active.run;
                if again {
                    let message = slice.map_or(Said::Crashed, Said::CrashedTwice);
                    effects = self.end(run, RunState::Failed { message });
                } else if !on_gpu {
                    self.notice = slice.map(Said::CrashedOnce);
                }
            }
            RunState::Active(active) if !on_gpu => {
                let run = active.run;
                effects = self.end(run, RunState::Failed { message: Said::Crashed });
            }
            RunState::Timing(_) if !on_gpu => {
                self.run = RunState::Open;
                self.untimed = true;
            }
            RunState::Waiting(_) if !was_ready && !on_gpu => {
                self.run = RunState::Failed { message: Said::NoModel };
            }
            _ => {}
        }
        if was_ready || on_gpu {
            effects.extend(self.restart());
        } else {
            self.engine = EngineState::Failed { message: Said::WorkerLost };
        }
        effects
    }
}
