//! The engine that slices go through, and the way on when a GPU fails.

use std::fs;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use anyhow::Context;
use lunglens::engine::{CancelToken, DeviceChoice, Engine, EngineError, SegmentOptions, Segmentation};
use lunglens::imaging::CtSlice;
use lunglens::report::{DeviceKind, InputInfo};

use super::args::DeviceArg;
use super::exit::CannotRun;
use super::models::{FoundModel, find_model};
use super::progress::Progress;
use super::tell::say;

/// Slices at work at a time on a GPU: one is read from it or measured while the other is computed.
const AT_ONCE_ON_GPU: usize = 2;
/// Most slices at work at a time on the CPU, since each takes memory.
const MOST_ON_CPU: usize = 4;

/// A model on a device, with the options of all its slices. Several threads may use it.
pub struct Runner {
    model: FoundModel,
    engine: RwLock<Arc<Engine>>,
    device: DeviceArg,
    options: SegmentOptions,
    cancel: CancelToken,
}

impl Runner {
    /// Finds the model and loads it. The errors end the program with "nothing ran".
    pub fn start(
        model: &str,
        models_dir: Option<&Path>,
        device: DeviceArg,
        options: SegmentOptions,
        cancel: CancelToken,
    ) -> anyhow::Result<Self> {
        let model =
            find_model(model, models_dir).with_context(|| CannotRun("cannot find the model".to_owned()))?;
        let engine = RwLock::new(Arc::new(start_engine(&model, device.into())?));
        Ok(Self { model, engine, device, options, cancel })
    }

    /// How many slices are best at work at a time, where it is not said.
    pub fn at_once(&self) -> usize {
        at_once(&self.engine())
    }

    /// Segments slice number `index` (from 0), called `name` in the progress. When a GPU that was chosen automatically
    /// fails, says so and goes on with the CPU.
    pub fn segment(
        &self,
        index: usize,
        name: &str,
        slice: &CtSlice,
        input: &InputInfo,
        progress: &Progress,
    ) -> anyhow::Result<Segmentation> {
        let run = |engine: &Engine| {
            let mut show = |stage| progress.stage(index, name, stage);
            pollster::block_on(engine.segment(slice, input.clone(), &self.options, &self.cancel, &mut show))
        };
        let engine = self.engine();
        match run(&engine) {
            Err(error) if self.should_move_to_cpu(&engine, &error) => {
                Ok(run(&*self.move_to_cpu(&engine, &error, progress)?)?)
            }
            result => Ok(result?),
        }
    }

    fn engine(&self) -> Arc<Engine> {
        self.engine.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn should_move_to_cpu(&self, engine: &Engine, error: &EngineError) -> bool {
        error.may_be_of_device() && engine.device().kind == DeviceKind::Gpu && self.device == DeviceArg::Auto
    }

    /// The engine on the CPU; the first of several slices that `failed` let down starts it.
    fn move_to_cpu(
        &self,
        failed: &Arc<Engine>,
        error: &EngineError,
        progress: &Progress,
    ) -> anyhow::Result<Arc<Engine>> {
        let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&engine, failed) {
            progress.around(|| say(format_args!("note: {error}; going on with the CPU")));
            *engine = Arc::new(start_engine(&self.model, DeviceChoice::Cpu)?);
        }
        Ok(engine.clone())
    }
}

/// How many slices an engine best works on at a time.
pub fn at_once(engine: &Engine) -> usize {
    match engine.device().kind {
        DeviceKind::Gpu => AT_ONCE_ON_GPU,
        DeviceKind::Cpu => thread::available_parallelism().map_or(1, usize::from).min(MOST_ON_CPU),
    }
}

/// Loads the model onto a device.
pub fn start_engine(model: &FoundModel, choice: DeviceChoice) -> anyhow::Result<Engine> {
    let weights = fs::read(&model.path)
        .with_context(|| format!("reading {}", model.path.display()))
        .with_context(|| CannotRun("cannot load the model".to_owned()))?;
    pollster::block_on(Engine::new(&model.entry, &weights, choice)).with_context(|| {
        CannotRun(format!("cannot start the model '{}' of {}", model.entry.id, model.path.display()))
    })
}
