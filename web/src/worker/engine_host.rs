//! The one place in the page that touches the engine: device wishes, falling back, and its errors as the page says them.

use lunglens::engine::{
    CancelToken, DeviceChoice, DeviceInfo, DeviceKind, Engine, EngineError, InputInfo, SegmentOptions, Stage,
    open_device, warm_up,
};
use lunglens::imaging::{ClaheMode, CtSlice};
use lunglens::kernels::{self, BenchRow};
use lunglens::manifest::ModelEntry;
use lunglens::report::Report;

use super::adapter;
use crate::bridge;
use crate::causes::HasCause;
use crate::protocol::{
    BenchLine, Cause, CauseKind, ClaheWish, CpuReason, DeviceSummary, DeviceWish, LUNG_SEARCH, Reply,
    RunOptions,
};

// The page knows this stage by its number.
const _: () = assert!(Stage::Lungs as usize == LUNG_SEARCH);

/// What a run without a model is told.
pub fn no_model() -> Cause {
    let words = "The model is not loaded, so this slice was not read. Load the model first.";
    Cause::new(CauseKind::ModelFailed, words)
}

/// Why there is no result.
pub enum Stop {
    /// The user stopped the run.
    Cancelled,
    /// What the page is told.
    Failed(Cause),
}

/// An engine and what it takes to build it again on the CPU.
pub struct EngineHost {
    engine: Engine,
    entry: ModelEntry,
    /// The model's file, kept where a GPU may fail; on the CPU its memory is better free.
    file: Option<Vec<u8>>,
    /// The GPU's name as the browser tells it.
    adapter: Option<String>,
}

impl EngineHost {
    /// Puts a model on the wished device, or on the CPU and says why.
    ///
    /// # Errors
    /// Why the CPU cannot run it either.
    pub async fn new(
        entry: ModelEntry,
        file: Vec<u8>,
        wish: DeviceWish,
    ) -> Result<(Self, Option<CpuReason>), Cause> {
        let (opened, fallback) = match open_device(choice(wish)).await {
            Ok(opened) => (opened, None),
            Err(problem) if wish != DeviceWish::Cpu && problem.may_be_of_device() => {
                let cpu = open_device(DeviceChoice::Cpu).await.map_err(|e| cause_of(&e))?;
                (cpu, Some(why_cpu(&problem)))
            }
            Err(problem) => return Err(cause_of(&problem)),
        };
        let weights = Engine::read(&entry, &file).map_err(|e| cause_of(&e))?;
        let file = (opened.1.kind == DeviceKind::Gpu).then_some(file);
        let engine = Engine::on(opened, &entry, weights).map_err(|e| cause_of(&e))?;
        let adapter = if file.is_some() { adapter::name().await } else { None };
        Ok((Self { engine, entry, file, adapter }, fallback))
    }

    /// The loaded model's id.
    pub fn model_id(&self) -> &str {
        &self.entry.id
    }

    /// Where it runs.
    pub fn device(&self) -> DeviceSummary {
        summary(&self.device_info())
    }

    /// The engine's device, under the name that the browser gives it.
    fn device_info(&self) -> DeviceInfo {
        let mut info = self.engine.device().clone();
        if let (DeviceKind::Gpu, Some(name)) = (info.kind, &self.adapter) {
            info.name = name.clone();
        }
        info
    }

    /// Runs a slice and tells the page each stage. If the GPU fails, starts over on the CPU and says so.
    ///
    /// # Errors
    /// [`Stop`]: then there is no result at all.
    pub async fn segment(
        &mut self,
        run: u32,
        slice: &CtSlice,
        input: InputInfo,
        wishes: &RunOptions,
        cancel: &CancelToken,
    ) -> Result<Report, Stop> {
        let options = SegmentOptions {
            score_threshold: wishes.score_threshold,
            clahe: match wishes.clahe {
                ClaheWish::Auto => ClaheMode::Auto,
                ClaheWish::On => ClaheMode::On,
                ClaheWish::Off => ClaheMode::Off,
            },
            ..SegmentOptions::default()
        };
        let mut tell = |stage: Stage| bridge::reply(&Reply::Stage { run, index: stage.index() }, Vec::new());
        let problem = match self.engine.segment(slice, input.clone(), &options, cancel, &mut tell).await {
            Ok(mut done) => {
                done.report.device = self.device_info();
                return Ok(done.report);
            }
            Err(EngineError::Cancelled) => return Err(Stop::Cancelled),
            Err(problem) => problem,
        };
        let Some(file) = self.file.take_if(|_| problem.may_be_of_device()) else {
            return Err(Stop::Failed(cause_of(&problem)));
        };
        self.engine = Engine::new(&self.entry, &file, DeviceChoice::Cpu)
            .await
            .map_err(|e| Stop::Failed(cause_of(&e)))?;
        drop(file);
        bridge::reply(&Reply::FellBack { run, device: self.device(), reason: why_cpu(&problem) }, Vec::new());
        match self.engine.segment(slice, input, &options, cancel, &mut tell).await {
            Ok(done) => Ok(done.report),
            Err(EngineError::Cancelled) => Err(Stop::Cancelled),
            Err(problem) => Err(Stop::Failed(cause_of(&problem))),
        }
    }
}

/// Opens the wished device and makes the kernels of a model there, until cancelled. A failure shows again, and is told, when
/// the model is put on the device or run.
pub async fn prepare(entry: ModelEntry, wish: DeviceWish, cancel: CancelToken) {
    let _ = warm_up(&entry, choice(wish), &cancel).await;
}

/// Measures the kernels.
///
/// # Errors
/// Why they cannot be measured.
pub async fn bench(wish: DeviceWish) -> Result<(DeviceSummary, Vec<BenchLine>), Cause> {
    let (device, mut info) = open_device(choice(wish)).await.map_err(|e| cause_of(&e))?;
    let mut rows = Vec::new();
    let mut keep = |row: BenchRow| {
        rows.push(BenchLine { name: row.name, millis: row.milliseconds, gflops: row.gflops });
    };
    kernels::bench(&device, kernels::BenchWeights::for_device(info.kind), &mut keep).await.map_err(|e| {
        Cause::new(CauseKind::ModelFailed, format!("The kernels could not be measured: {e}."))
    })?;
    if let (DeviceKind::Gpu, Some(name)) = (info.kind, adapter::name().await) {
        info.name = name;
    }
    Ok((summary(&info), rows))
}

fn choice(wish: DeviceWish) -> DeviceChoice {
    match wish {
        DeviceWish::Auto => DeviceChoice::Auto,
        DeviceWish::Gpu => DeviceChoice::Gpu,
        DeviceWish::Cpu => DeviceChoice::Cpu,
    }
}

fn summary(device: &DeviceInfo) -> DeviceSummary {
    DeviceSummary { gpu: device.kind == DeviceKind::Gpu, name: device.name.clone() }
}

/// Why the CPU is used; the device's own words go to the console.
fn why_cpu(problem: &EngineError) -> CpuReason {
    web_sys::console::warn_1(&problem.to_string().into());
    match problem {
        EngineError::NoAdapter => CpuReason::NoGpu,
        EngineError::OutOfMemory(_) => CpuReason::Memory,
        _ => CpuReason::Failed,
    }
}

fn cause_of(problem: &EngineError) -> Cause {
    match problem {
        EngineError::OutOfMemory(_) => {
            let words = "There was not enough memory for this slice. Close other tabs and open it again.";
            Cause::new(CauseKind::Memory, words)
        }
        EngineError::Imaging(problem) => {
            let words = format!("{problem} Export the slice again, or change the options.");
            Cause { words, ..problem.cause() }
        }
        other => {
            let words = format!(
                "The model could not be run: {other}. Reload the page; if this happens again, choose another device."
            );
            Cause::new(CauseKind::ModelFailed, words)
        }
    }
}
