//! The engine that slices go through, and the way on when a GPU fails.

use std::fs;
use std::path::Path;

use anyhow::Context;
use lunglens::engine::{CancelToken, DeviceChoice, Engine, EngineError, SegmentOptions, Segmentation};
use lunglens::imaging::CtSlice;
use lunglens::report::{DeviceInfo, DeviceKind, InputInfo};

use super::args::DeviceArg;
use super::exit::CannotRun;
use super::models::{FoundModel, find_model};
use super::progress::Progress;

/// A model on a device, with the options of all its slices.
pub struct Runner {
    model: FoundModel,
    engine: Engine,
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
        let engine = start_engine(&model, device.into())?;
        Ok(Self { model, engine, device, options, cancel })
    }

    /// Where slices go now.
    pub fn device(&self) -> &DeviceInfo {
        self.engine.device()
    }

    /// Segments slice number `index` (from 0), called `name` in the progress. When a GPU that was chosen automatically
    /// fails, says so and goes on with the CPU.
    pub fn segment(
        &mut self,
        index: usize,
        name: &str,
        slice: &CtSlice,
        input: &InputInfo,
        progress: &Progress,
    ) -> anyhow::Result<Segmentation> {
        match self.once(index, name, slice, input, progress) {
            Err(error) if self.should_move_to_cpu(&error) => {
                progress.around(|| eprintln!("note: {error}; going on with the CPU"));
                self.engine = start_engine(&self.model, DeviceChoice::Cpu)?;
                Ok(self.once(index, name, slice, input, progress)?)
            }
            result => Ok(result?),
        }
    }

    fn once(
        &self,
        index: usize,
        name: &str,
        slice: &CtSlice,
        input: &InputInfo,
        progress: &Progress,
    ) -> Result<Segmentation, EngineError> {
        let mut show = |stage| progress.stage(index, name, stage);
        let work = self.engine.segment(slice, input.clone(), &self.options, &self.cancel, &mut show);
        pollster::block_on(work)
    }

    fn should_move_to_cpu(&self, error: &EngineError) -> bool {
        let gpu_failed = matches!(error, EngineError::DeviceLost(_) | EngineError::OutOfMemory(_));
        let on_gpu = DeviceKind::Gpu == self.engine.device().kind;
        gpu_failed && on_gpu && self.device == DeviceArg::Auto
    }
}

/// Loads the model onto a device.
pub fn start_engine(model: &FoundModel, choice: DeviceChoice) -> anyhow::Result<Engine> {
    let weights = fs::read(&model.path)
        .with_context(|| format!("reading {}", model.path.display()))
        .with_context(|| CannotRun("cannot load the model".to_owned()))?;
    pollster::block_on(Engine::new(&model.entry, &weights, choice))
        .with_context(|| CannotRun(format!("cannot start the model '{}'", model.entry.id)))
}
