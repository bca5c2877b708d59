//! `lunglens study`.

mod args;
mod list;
mod open;
mod summary;
mod write;

use std::io::Write;
use std::time::Instant;

use anyhow::Context;
use lunglens::engine::{CancelToken, EngineError, SegmentOptions};
use lunglens::imaging::CtSlice;
use lunglens::report::{self, DeviceInfo, InputInfo, Report};
use lunglens::severity::SeverityConfig;
use lunglens::study::{Measured, StudyBuilder, StudyParts, StudyReport, build_report, every_within};
use lunglens::words::counted;

pub use args::{EXAMPLES, StudyArgs};

use self::open::{Chosen, choose, scan};
use super::collect::collect_all;
use super::exit::Exit;
use super::in_flight::in_order;
use super::interrupt::cancel_on_ctrl_c;
use super::progress::Progress;
use super::runner::Runner;
use super::segment::tell_unusable;
use super::tell::{printable, say, stdout};

/// Measures one study. Whatever cannot be read makes it fail: there is no result of a part.
pub fn run(options: &StudyArgs) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let collected = collect_all(&options.inputs);
    if tell_unusable(&collected, "file") || collected.files.is_empty() {
        return Ok(Exit::SomeFailed);
    }
    let cancel = CancelToken::default();
    cancel_on_ctrl_c(&cancel).context("listening for Ctrl-C")?;
    let Some(catalogue) = scan(&collected.files, &cancel)? else { return Ok(Exit::Interrupted) };
    if options.list {
        list::print(&catalogue, options.quiet)?;
        return Ok(Exit::Success);
    }
    let chosen = choose(&catalogue, options.series)?;
    let plan = chosen.plan()?;
    // Before the model is loaded, so that what cannot be measured or written is told at once.
    StudyBuilder::new(plan, options.every.into(), options.alarming_from)?;
    let dicom = write::check(options, &chosen)?;
    let out = write::folder(options, &collected.files)?;

    let segment_options = SegmentOptions {
        score_threshold: options.score,
        severity: SeverityConfig { alarming_from_percent: options.alarming_from },
        ..SegmentOptions::default()
    };
    let models_dir = options.models_dir.models_dir.as_deref();
    let runner = Runner::start(&options.model, models_dir, options.device, segment_options, cancel.clone())?;
    if !options.quiet {
        say(report::NOTICE);
        list::tell_elsewhere(&catalogue);
        tell_set_aside(&chosen);
    }
    let at_once = options.at_once.at_once.unwrap_or_else(|| runner.at_once());
    let every = match within_budget(options, &chosen, &runner, at_once) {
        Ok(every) => every,
        Err(error) if matches!(error.downcast_ref(), Some(EngineError::Cancelled)) => {
            return Ok(Exit::Interrupted);
        }
        Err(error) => return Err(error),
    };
    let builder = StudyBuilder::new(plan, every, options.alarming_from)?;
    let done = match measure(&chosen, builder, &runner, at_once, options.quiet) {
        Ok(done) => done,
        Err(error) if matches!(error.downcast_ref(), Some(EngineError::Cancelled)) => {
            return Ok(Exit::Interrupted);
        }
        Err(error) => return Err(error.context("the study has no result")),
    };
    let study = describe(options, &chosen, every, &done)?;
    if !options.quiet {
        for one in &study.not_measured {
            say(format_args!("note: not measured: {}. {}", one.what, one.why));
        }
    }
    if let Some(out) = out {
        write::results(&out, options, &chosen, dicom.as_ref(), &study, &done.measured)?;
    }
    if options.json {
        writeln!(stdout(), "{}", study.to_json_line())?;
    } else if !options.quiet {
        let name = options.inputs[0].display().to_string();
        writeln!(stdout(), "{}", summary::line(&printable(&name), &study, begun.elapsed()))?;
    }
    Ok(Exit::Success)
}

fn tell_set_aside(chosen: &Chosen) {
    for one in &chosen.set_aside {
        say(format_args!("note: {} set aside: {}", counted(one.files, "file"), one.reason));
    }
    for number in &chosen.continued_by {
        say(format_args!(
            "note: series {number} of the list goes on where this one ends: if both are one scan, only a part is measured"
        ));
    }
}

/// Every how-manieth slice is read: as asked for, or as fits the time by what the middle slice takes, as often at a time as
/// slices will be at work. The first run of a device prepares it, so the second is timed.
fn within_budget(
    options: &StudyArgs,
    chosen: &Chosen,
    runner: &Runner,
    at_once: usize,
) -> anyhow::Result<usize> {
    let Some(budget_s) = options.time_budget else { return Ok(options.every.into()) };
    let slices = chosen.plan()?.slices.len();
    // No more than will be at work at the most.
    let at_once = at_once.min(slices);
    let input = InputInfo { name: "middle slice".to_owned(), sha256: String::new(), series: None };
    let mut slice_s = 0.0;
    for _ in 0..2 {
        let progress = Progress::new(1, true);
        let begun = Instant::now();
        in_order(
            at_once,
            at_once,
            |_| Ok(chosen.series.slice(slices / 2)?),
            |_, slice: CtSlice| runner.segment(0, "the middle slice", &slice, &input, &progress),
            |_, made| made.map(|_| ()),
        )?;
        slice_s = begun.elapsed().as_secs_f64() / at_once as f64;
    }
    let every = every_within(slices, slice_s, budget_s);
    if !options.quiet {
        let read = slices.div_ceil(every);
        let needed_s = read as f64 * slice_s;
        let which = match every {
            1 => "all slices are read".to_owned(),
            every => format!("1 slice in {every} is read, {read} of {slices}"),
        };
        say(format_args!("note: {which}: about {needed_s:.1} s at {slice_s:.2} s a slice, of {budget_s} s"));
    }
    Ok(every)
}

/// A measured study, and the report of one of its slices, which names model, limits and preprocessing.
struct Done {
    measured: Measured,
    sample: Option<Report>,
    devices: Vec<DeviceInfo>,
}

/// Segments slice after slice, `at_once` of them at a time; only masks and sums of each are kept.
fn measure(
    chosen: &Chosen,
    mut builder: StudyBuilder,
    runner: &Runner,
    at_once: usize,
    quiet: bool,
) -> anyhow::Result<Done> {
    let to_read = builder.to_read().to_vec();
    let progress = Progress::new(to_read.len(), quiet);
    let mut sample = None;
    let mut devices: Vec<DeviceInfo> = Vec::new();
    let measured = in_order(
        to_read.len(),
        at_once,
        |number| Ok(chosen.series.slice(to_read[number].0)?),
        |number, slice: CtSlice| {
            // A study's report names no files.
            let input = InputInfo {
                name: format!("slice {}", to_read[number].0),
                sha256: String::new(),
                series: None,
            };
            let name = format!("slice {} of {}", number + 1, to_read.len());
            runner.segment(number, &name, &slice, &input, &progress).map(|found| (slice, found))
        },
        |number, made| {
            let (slice, segmentation) = made?;
            if !devices.contains(&segmentation.report.device) {
                devices.push(segmentation.report.device.clone());
            }
            let of_file = || chosen.series.file_name(to_read[number].0).to_owned();
            let several_slices = segmentation.report.assessment.several_slices;
            builder.add(&slice, &segmentation.instances, several_slices).with_context(of_file)?;
            sample.get_or_insert(segmentation.report);
            progress.done(number);
            Ok(())
        },
    );
    progress.finish();
    measured?;
    let measured = builder.finish(|index| Ok::<_, anyhow::Error>(chosen.series.slice(index)?))?;
    Ok(Done { measured, sample, devices })
}

fn describe(options: &StudyArgs, chosen: &Chosen, every: usize, done: &Done) -> anyhow::Result<StudyReport> {
    let sample = done.sample.as_ref().context("no slice was read")?;
    Ok(build_report(StudyParts {
        plan: chosen.plan()?,
        set_aside: &chosen.set_aside,
        continued_by: chosen.continued_by.len(),
        every,
        keep_ids: options.keep_ids,
        measured: &done.measured,
        model: sample.model.clone(),
        devices: done.devices.clone(),
        thresholds: sample.thresholds,
        preprocessing: sample.preprocessing.clone(),
    }))
}
