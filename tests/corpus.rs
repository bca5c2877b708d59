//! Damaged and hostile files: each gives a clear error or a correct result, within 2 s and within memory of 4 times its
//! size and 64 MB.
//!
//! One test, since memory is counted for the whole program.

#![allow(clippy::unwrap_used, unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use lunglens::container::Archive;
use lunglens::imaging::{decode, read_dicom_header};
use lunglens::intake::{NamedSource, catalogue};
use lunglens::source::{ByteSource, MemorySource};
use lunglens::volume::{VolumeReader, read_volume_header};
use lunglens::weights::{read_packed, read_safetensors};
use serde::Deserialize;

/// The system's allocator, which counts the bytes in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = IN_USE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: passed on as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: passed on as it came.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Unoptimized code takes some ten times as long.
const LONGEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 });
const MB: usize = 1_000_000;

/// What must come of a file.
#[derive(Deserialize, Default)]
struct Expected {
    /// In the error.
    says: Option<String>,
    /// How many slices, entries or tensors are read.
    reads: Option<usize>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn source(bytes: &[u8]) -> Rc<dyn ByteSource> {
    Rc::new(MemorySource::new(bytes))
}

/// Reads a file in the way that its folder is for, and counts what came out of it.
fn read(kind: &str, name: &str, bytes: &[u8]) -> Result<usize, String> {
    match kind {
        "nifti" | "nrrd" => volume(bytes),
        "zip" => entries(bytes),
        "model" => {
            let weights = if name.ends_with(".llw") { read_packed(bytes) } else { read_safetensors(bytes) };
            weights.map(|weights| weights.len()).map_err(|e| e.to_string())
        }
        _ => {
            let slice = decode(bytes).map_err(|e| e.to_string())?;
            assert_eq!(slice.values.len(), slice.rows * slice.columns, "{name}");
            assert!(slice.values.iter().all(|v| v.is_finite()), "{name}");
            Ok(1)
        }
    }
}

fn volume(bytes: &[u8]) -> Result<usize, String> {
    let source = source(bytes);
    let header = read_volume_header(&source).map_err(|e| e.to_string())?.ok_or("It is no volume.")?;
    let volume = VolumeReader::open(source, header).map_err(|e| e.to_string())?;
    let slices = volume.header().geometry.slices;
    for index in 0..slices {
        let slice = volume.slice(index).map_err(|e| e.to_string())?;
        assert!(slice.values.iter().all(|v| v.is_finite()));
    }
    Ok(slices)
}

fn entries(bytes: &[u8]) -> Result<usize, String> {
    let archive = Archive::open(source(bytes)).map_err(|e| e.to_string())?;
    for entry in &archive.entries {
        let source = entry.source.as_ref().map_err(|e| e.to_string())?;
        let mut at = 0;
        while at < source.len() {
            at += source.read_up_to(at, 1 << 20).map_err(|e| e.to_string())?.len() as u64;
        }
    }
    Ok(archive.entries.len())
}

/// The way of the program and the page, whatever the files are; the slices that can be read.
fn take_in(files: Vec<(String, &[u8])>) -> Result<usize, String> {
    let files =
        files.into_iter().map(|(name, bytes)| NamedSource::new(name, MemorySource::new(bytes))).collect();
    let catalogue = catalogue(files, &mut |_| (), &|| false).map_err(|e| e.to_string())?;
    let mut slices = 0;
    let mut problem = None;
    for series in 0..catalogue.series().len() {
        match catalogue.open(series) {
            Ok(open) => {
                for index in 0..open.len() {
                    match open.slice(index) {
                        Ok(_) => slices += 1,
                        Err(error) => problem = Some(error.to_string()),
                    }
                }
            }
            Err(error) => problem = Some(error.to_string()),
        }
    }
    match problem {
        Some(problem) if slices == 0 => Err(problem),
        _ => Ok(slices),
    }
}

/// Processor time of this thread where the system tells it, else the time of the clock: other tests run beside this one.
fn busy(begun: Instant) -> Duration {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .map_or_else(|| begun.elapsed(), Duration::from_nanos)
}

/// Runs and checks time, memory and that an error says something; what does not hold goes to `failures`.
fn within_bounds<T>(
    failures: &mut Vec<String>,
    name: &str,
    size: usize,
    run: impl FnOnce() -> Result<T, String>,
) -> Result<T, String> {
    let held = IN_USE.load(Relaxed);
    PEAK.store(held, Relaxed);
    let begun = Instant::now();
    let before = busy(begun);
    let result = run();
    let took = busy(begun).saturating_sub(before);
    let used = PEAK.load(Relaxed).saturating_sub(held);
    if used > 4 * size + 64 * MB {
        failures.push(format!("{name}: {used} bytes of memory for a file of {size}"));
    }
    if took > LONGEST {
        failures.push(format!("{name}: {took:?}"));
    }
    if let Err(error) = &result
        && error.len() < 10
    {
        failures.push(format!("{name}: {error:?} says nothing"));
    }
    result
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn every_file_gives_a_clear_error_or_a_result_in_little_time_and_memory() {
    let corpus = root().join("corpus");
    let expected: BTreeMap<String, Expected> =
        serde_json::from_slice(&std::fs::read(corpus.join("index.json")).unwrap()).unwrap();
    let mut seen = 0;
    let mut failures = Vec::new();
    for path in files(&corpus) {
        let name = path.strip_prefix(&corpus).unwrap().to_str().unwrap().replace('\\', "/");
        let Some((kind, _)) = name.split_once('/').filter(|(kind, _)| *kind != "series") else { continue };
        seen += 1;
        let bytes = std::fs::read(&path).unwrap();
        let result = within_bounds(&mut failures, &name, bytes.len(), || read(kind, &name, &bytes));
        if std::env::var_os("LUNGLENS_SHOW").is_some() {
            println!("{name}: {result:?}");
        }
        let expected = expected.get(&name);
        let fits = match (&result, expected.and_then(|e| e.says.as_ref()), expected.and_then(|e| e.reads)) {
            (Ok(_), Some(_), _) | (Err(_), _, Some(_)) => false,
            (Ok(count), _, Some(reads)) => *count == reads,
            (Err(error), Some(says), _) => error.contains(says),
            _ => true,
        };
        if !fits {
            failures.push(format!("{name}: {result:?}"));
        }
        let _ = within_bounds(&mut failures, &name, bytes.len(), || take_in(vec![(name.clone(), &bytes)]));
        let _ = within_bounds(&mut failures, &name, bytes.len(), || {
            read_dicom_header(&bytes).map_err(|e| e.to_string())
        });
    }
    assert!(seen >= 300, "{seen} files");

    // Folders that are read together.
    for (name, expected) in expected.iter().filter(|(name, _)| name.starts_with("series/")) {
        let read: Vec<_> =
            files(&corpus.join(name)).into_iter().map(|path| (path.display().to_string(), path)).collect();
        let bytes: Vec<Vec<u8>> = read.iter().map(|(_, path)| std::fs::read(path).unwrap()).collect();
        let size = bytes.iter().map(Vec::len).sum();
        let named =
            read.iter().zip(&bytes).map(|((name, _), bytes)| (name.clone(), bytes.as_slice())).collect();
        let result = within_bounds(&mut failures, name, size, || take_in(named));
        if let Some(reads) = expected.reads {
            assert_eq!(result, Ok(reads), "{name}");
        }
    }

    // The fixtures of the other tests, good and bad.
    for folder in ["fixtures/volume", "fixtures/imaging"] {
        for path in files(&root().join(folder)) {
            let (name, bytes) = (path.display().to_string(), std::fs::read(&path).unwrap());
            let _ =
                within_bounds(&mut failures, &name, bytes.len(), || take_in(vec![(name.clone(), &bytes)]));
            let _ = within_bounds(&mut failures, &name, bytes.len(), || volume(&bytes));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
