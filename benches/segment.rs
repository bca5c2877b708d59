//! `cargo bench --bench segment -- MODELS PNG REPEATS [cpu|gpu [SCORE [warm] [AT_ONCE]]]`: wall time of whole slices as JSON:
//! `ms` from decoded pixels to masks on them, `whole_ms` from the picture's bytes to its report, in turn; with AT_ONCE also
//! `at_once_ms`, the time a slice of the last kind takes with so many at work at a time. MODELS is a folder with a
//! `manifest.json`, of which the first model runs; with `warm` its kernels are made first. On a GPU
//! `memory_bytes` says what Burn's allocator holds: after loading, at most at the stages' ends of the first slice, after
//! the last, and after those at work together.

use std::path::Path;
use std::thread;
use std::time::Instant;

use lunglens::engine::{CancelToken, DeviceChoice, Engine, InputInfo, SegmentOptions, Stage, warm_up};
use lunglens::imaging;
use lunglens::manifest::ModelManifest;
use lunglens::report::Report;

type Failure = Box<dyn std::error::Error>;

fn main() {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let Err(error) = pollster::block_on(run(&arguments)) {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}

async fn run(arguments: &[String]) -> Result<(), Failure> {
    let [models, picture, repeats, rest @ ..] = arguments else {
        return Err("give MODELS PNG REPEATS [cpu|gpu [SCORE [warm] [AT_ONCE]]]".into());
    };
    let choice = match rest.first().map(String::as_str) {
        Some("gpu") => DeviceChoice::Gpu,
        None | Some("cpu") => DeviceChoice::Cpu,
        Some(other) => return Err(format!("the device is {other}, expected cpu or gpu").into()),
    };
    let score_threshold = rest.get(1).map_or(Ok(0.5), |score| score.parse())?;
    let options = SegmentOptions { score_threshold, join_lesions: false, ..SegmentOptions::default() };

    let models = Path::new(models);
    let manifest = ModelManifest::from_json(&std::fs::read_to_string(models.join("manifest.json"))?)?;
    let entry = manifest.models.first().ok_or("the manifest names no model")?;
    let began = Instant::now();
    if rest.iter().any(|word| word == "warm") {
        warm_up(entry, choice, &CancelToken::default()).await?;
    }
    let warmed = milliseconds(began);
    let began = Instant::now();
    let engine = Engine::new(entry, &std::fs::read(models.join(&entry.file))?, choice).await?;
    let load = milliseconds(began);
    let bytes = std::fs::read(picture)?;

    let slice = imaging::decode(&bytes)?;
    let mut times = Vec::new();
    let mut whole = Vec::new();
    let mut cpu = Vec::new();
    let mut stages = Vec::new();
    let mut memory = Memory::default();
    let loaded = Memory::default().of(&engine);
    let (first, _) = segment(&engine, &bytes, &options, &mut |_| memory = memory.of(&engine)).await?;
    let first_slice = memory.of(&engine);
    let mut report = None;
    let repeats: usize = repeats.parse()?;
    for _ in 0..repeats {
        let spent = cpu_milliseconds();
        let began = Instant::now();
        std::hint::black_box(engine.instances(&slice, &options, &CancelToken::default(), &mut |_| {}).await?);
        times.push(milliseconds(began));
        cpu.push(cpu_milliseconds().zip(spent).map(|(now, then)| now - then));
        let (time, done) = segment(&engine, &bytes, &options, &mut |_| {}).await?;
        whole.push(time);
        stages.push(done.timings.as_ref().map(|timings| timings.stages.clone()));
        report = Some(done);
    }
    let last = Memory::default().of(&engine);
    let at_once = rest.iter().skip(2).find_map(|word| word.parse().ok());
    let (at_once_ms, together) = match at_once {
        Some(at_once) => {
            let (time, most) = segment_together(&engine, &bytes, &options, repeats, at_once)?;
            (Some(time), Some(most.json()))
        }
        None => (None, None),
    };
    let instances = report.map(|report| report.instances);
    let line = serde_json::json!({
        "device": engine.device(), "warm_up_ms": warmed, "load_ms": load, "first_ms": first, "ms": times, "whole_ms": whole, "cpu_ms": cpu,
        "at_once": at_once, "at_once_ms": at_once_ms, "stages_ms": stages, "instances": instances,
        "memory_bytes": { "loaded": loaded.json(), "first_slice": first_slice.json(), "last": last.json(), "at_once": together },
    });
    println!("{line}");
    Ok(())
}

/// Bytes that the GPU's allocator holds for tensors, and has from the driver.
#[derive(Default, Clone, Copy)]
struct Memory {
    in_use: u64,
    reserved: u64,
}

impl Memory {
    /// The larger of what was seen before and what is held now; zeros on the CPU. Waits for what is queued.
    fn of(self, engine: &Engine) -> Self {
        let now = engine.burn_device().memory_pool_usage().unwrap_or_default();
        Self { in_use: self.in_use.max(now.bytes_in_use), reserved: self.reserved.max(now.bytes_reserved) }
    }

    fn json(self) -> serde_json::Value {
        serde_json::json!({ "in_use": self.in_use, "reserved": self.reserved })
    }
}

async fn segment(
    engine: &Engine,
    bytes: &[u8],
    options: &SegmentOptions,
    progress: &mut dyn FnMut(Stage),
) -> Result<(f64, Report), Failure> {
    let began = Instant::now();
    let slice = imaging::decode(bytes)?;
    let input = InputInfo { name: "slice".to_owned(), sha256: "0".repeat(64), series: None };
    let done = engine.segment(&slice, input, options, &CancelToken::default(), progress).await?;
    Ok((milliseconds(began), done.report))
}

/// `repeats` slices on each of `at_once` threads, as the command line has several at work: the time of one, and the memory.
fn segment_together(
    engine: &Engine,
    bytes: &[u8],
    options: &SegmentOptions,
    repeats: usize,
    at_once: usize,
) -> Result<(f64, Memory), Failure> {
    let work = || -> Result<(), String> {
        (0..repeats).try_for_each(|_| {
            let done = pollster::block_on(segment(engine, bytes, options, &mut |_| {}));
            done.map(|_| ()).map_err(|error| error.to_string())
        })
    };
    let began = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| Err("a thread panicked".to_owned())))
    })?;
    let time = milliseconds(began) / (repeats * at_once).max(1) as f64;
    // The allocator keeps what it has, so this is the most.
    Ok((time, Memory::default().of(engine)))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// User and system time of this process so far, which other work on the machine disturbs less than wall time (Linux).
fn cpu_milliseconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let ticks = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2);
    // A tick is a hundredth of a second.
    Some(10.0 * ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>())
}
