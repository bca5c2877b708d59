//! `lunglens segment`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use lunglens::engine::{CancelToken, EngineError, SegmentOptions, Segmentation};
use lunglens::imaging::{self, CtSlice};
use lunglens::report::{self, ClassName, InputInfo, OverlayOptions};
use lunglens::severity::SeverityConfig;
use lunglens::study::{Reason, StudyImage, group_images};
use sha2::{Digest, Sha256};

use super::args::SegmentArgs;
use super::collect::{Collected, InputFile, collect};
use super::exit::{Exit, is_broken_pipe};
use super::in_flight::in_order;
use super::interrupt::cancel_on_ctrl_c;
use super::models::hex;
use super::outputs::{self, OutputPaths};
use super::part::PartArgs;
use super::progress::Progress;
use super::runner::Runner;
use super::summary;
use super::tell::{printable, say, stdout, told};

/// Where results go unless told otherwise.
pub(super) const DEFAULT_OUT: &str = "lunglens-out";

// A CT slice of 4096 by 4096 in 16 bit has 32 MiB; what is far larger is no slice.
const LARGEST_FILE_BYTES: u64 = 256 << 20;

/// Segments every input. Returns [`Exit::SomeFailed`] when a file failed and the rest was done.
pub fn run(options: &SegmentArgs) -> anyhow::Result<Exit> {
    let collected = collect(&options.inputs);
    let failed = tell_unusable(&collected, "PNG, JPEG, WebP, BMP or DICOM file");
    if collected.files.is_empty() {
        return Ok(Exit::SomeFailed);
    }
    let cancel = CancelToken::default();
    cancel_on_ctrl_c(&cancel).context("listening for Ctrl-C")?;

    let run = Run::start(options, collected.files.len(), cancel)?;
    let outputs = plan_outputs(options, &collected.files)?;
    if !options.quiet {
        say(report::NOTICE);
    }
    let exit = run.all(&collected.files, outputs.as_deref(), failed);
    run.progress.finish();
    exit
}

/// Prints what could not be searched, and folders without a `wanted` file; true if there was any such thing.
pub(super) fn tell_unusable(collected: &Collected, wanted: &str) -> bool {
    for unreadable in &collected.unreadable {
        say(format_args!("error: {}: {}", unreadable.path.display(), unreadable.error));
    }
    for folder in &collected.empty_folders {
        say(format_args!("error: {}: no {wanted} in this folder", folder.display()));
    }
    !(collected.unreadable.is_empty() && collected.empty_folders.is_empty())
}

fn plan_outputs(options: &SegmentArgs, files: &[InputFile]) -> anyhow::Result<Option<Vec<OutputPaths>>> {
    let out = match (&options.out, options.json) {
        (Some(out), _) => out.as_path(),
        (None, true) => return Ok(None),
        (None, false) => Path::new(DEFAULT_OUT),
    };
    fs::create_dir_all(out).with_context(|| format!("making the folder {}", out.display()))?;
    let planned =
        outputs::plan(files, out).with_context(|| format!("choosing names in {}", out.display()))?;
    Ok(Some(planned))
}

/// What a run of `lunglens segment` keeps from file to file.
struct Run<'a> {
    options: &'a SegmentArgs,
    runner: Runner,
    progress: Progress,
}

/// A file that was read.
struct ReadFile {
    begun: Instant,
    slice: CtSlice,
    input: InputInfo,
    /// Why it is no axial slice, where it says so.
    unfit: Option<Reason>,
}

impl<'a> Run<'a> {
    fn start(options: &'a SegmentArgs, files: usize, cancel: CancelToken) -> anyhow::Result<Self> {
        let segment_options = SegmentOptions {
            score_threshold: options.score,
            severity: SeverityConfig { alarming_from_percent: options.alarming_from },
            clahe: options.clahe.into(),
            ..SegmentOptions::default()
        };
        let models_dir = options.models_dir.models_dir.as_deref();
        let runner = Runner::start(&options.model, models_dir, options.device, segment_options, cancel)?;
        let progress = Progress::new(files, options.quiet);
        Ok(Self { options, runner, progress })
    }

    fn all(
        &self,
        files: &[InputFile],
        outputs: Option<&[OutputPaths]>,
        mut failed: bool,
    ) -> anyhow::Result<Exit> {
        // Stages that share the device would be timed together.
        let alone = self.options.timings.then_some(1);
        let at_once = self.options.at_once.at_once.or(alone).unwrap_or_else(|| self.runner.at_once());
        let ended = in_order(
            files.len(),
            at_once,
            |index| Ok(self.read(&files[index])),
            |index, file| self.one(index, &files[index], file?, outputs.map(|outputs| &outputs[index])),
            |index, made| {
                let file = &files[index];
                if let Err(error) =
                    made.and_then(|(segmentation, time)| self.print(file, &segmentation, time))
                {
                    match error.downcast_ref::<EngineError>() {
                        Some(EngineError::Cancelled | EngineError::DeviceLost(_)) => return Err(error),
                        _ if is_broken_pipe(&error) => return Err(error),
                        _ => {}
                    }
                    failed = true;
                    let name = file.path.display();
                    self.progress.around(|| say(format_args!("error: {name}: {}", told(&error))));
                }
                self.progress.done(index);
                Ok(())
            },
        );
        match ended {
            Err(error) if matches!(error.downcast_ref(), Some(EngineError::Cancelled)) => {
                Ok(Exit::Interrupted)
            }
            Err(error) => Err(error),
            Ok(()) if failed => Ok(Exit::SomeFailed),
            Ok(()) => Ok(Exit::Success),
        }
    }

    /// Reads one file, and says where its figures mean little.
    fn read(&self, file: &InputFile) -> anyhow::Result<ReadFile> {
        let read = read(file, self.options.part)?;
        if let Some(reason) = read.unfit.as_ref().filter(|_| !self.options.quiet) {
            let name = file.path.display();
            let note = format_args!(
                "note: {name}: it says that it is {reason}; the figures are meant for axial slices"
            );
            self.progress.around(|| say(note));
        }
        Ok(read)
    }

    /// Segments one file and writes its results.
    fn one(
        &self,
        index: usize,
        file: &InputFile,
        read: ReadFile,
        outputs: Option<&OutputPaths>,
    ) -> anyhow::Result<(Segmentation, Duration)> {
        let ReadFile { begun, slice, input, .. } = read;
        let name = file.path.display().to_string();
        let mut segmentation = self.runner.segment(index, &name, &slice, &input, &self.progress)?;
        if !self.options.timings {
            segmentation.report.timings = None;
        }
        if let Some(outputs) = outputs {
            write_results(&slice, &segmentation, outputs)?;
        }
        Ok((segmentation, begun.elapsed()))
    }

    fn print(&self, file: &InputFile, segmentation: &Segmentation, time: Duration) -> anyhow::Result<()> {
        let name = file.path.display().to_string();
        if !self.options.quiet {
            for caution in summary::cautions(&segmentation.report) {
                self.progress.around(|| say(format_args!("note: {name}: {caution}")));
            }
        }
        let line = if self.options.json {
            segmentation.report.to_json_line()
        } else if self.options.quiet {
            return Ok(());
        } else {
            let lesions =
                segmentation.instances.iter().filter(|instance| instance.class == ClassName::Lesion).count();
            let report = &segmentation.report;
            summary::line(&printable(&name), &report.assessment, lesions, &report.device, time)
        };
        self.progress.around(|| writeln!(stdout(), "{line}"))?;
        Ok(())
    }
}

fn read(file: &InputFile, part: PartArgs) -> anyhow::Result<ReadFile> {
    let begun = Instant::now();
    let bytes = read_file(&file.path)?;
    let slice = imaging::decode_part(&bytes, part.part())?;
    let input = InputInfo {
        name: file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: hex(&Sha256::digest(&bytes)),
        series: None,
    };
    Ok(ReadFile { begun, slice, input, unfit: unfit(&bytes) })
}

/// Why a DICOM file, as one of a series, would be no axial slice of it.
fn unfit(bytes: &[u8]) -> Option<Reason> {
    let header = imaging::read_dicom_header(bytes).ok()??;
    let group = group_images(&[StudyImage { file: 0, frame: 0, header }]).pop()?;
    group.unfit.filter(|reason| matches!(reason, Reason::Localiser | Reason::Projection | Reason::NotAxial))
}

/// The bytes of a file that may be a slice.
pub(super) fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let size = fs::metadata(path)?.len();
    if size > LARGEST_FILE_BYTES {
        bail!("{} MB is too large for one slice", size / 1_000_000);
    }
    fs::read(path).map_err(|error| anyhow!(error))
}

fn write_results(slice: &CtSlice, segmentation: &Segmentation, outputs: &OutputPaths) -> anyhow::Result<()> {
    let overlay = report::overlay_png(slice, &segmentation.report, OverlayOptions::default())?;
    let write = |path: &Path, bytes: &[u8]| {
        outputs::write_whole(path, bytes).with_context(|| format!("writing {}", path.display()))
    };
    write(&outputs.overlay, &overlay)?;
    write(&outputs.report, segmentation.report.to_json().as_bytes())
}
