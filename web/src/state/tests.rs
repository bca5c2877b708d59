use lunglens::imaging::{FileFormat, PicturePart, Preprocessing, ValueScale};
use lunglens::masks::{Mask, Rle};
use lunglens::report::{
    ClassName, DeviceInfo, DeviceKind, Input, InputInfo, Instance, InstanceReport, ModelInfo, NOTICE, Report,
    SCHEMA_VERSION, Software, Thresholds,
};
use lunglens::severity::{SeverityConfig, assess};

use super::*;
use crate::protocol::{CpuReason, FoundSeries, ReaderReply, Reply, Request, SliceHead, SliceMasks};
use crate::volume_view::{Frame, Values};

mod opening;
mod pool;
mod recovery;
mod replace;
mod said;

fn gpu() -> DeviceSummary {
    DeviceSummary { gpu: true, name: "a GPU".into() }
}

fn cpu() -> DeviceSummary {
    DeviceSummary { gpu: false, name: String::new() }
}

/// What the library says.
fn said(words: &str) -> Said {
    Said::Cause(words.into())
}

fn engine(state: &mut State, reply: Reply) -> Vec<Effect> {
    state.update(Action::Engine(FIRST, reply))
}

fn reader(state: &mut State, reply: ReaderReply) -> Vec<Effect> {
    state.update(Action::Reader(reply))
}

fn load(device: DeviceWish) -> Effect {
    Effect::Engine(FIRST, Request::Load { model: None, device })
}

fn ready(state: &mut State, device: DeviceSummary) -> Vec<Effect> {
    engine(state, Reply::Ready { model: "r50".into(), device, fallback: None, copy: None })
}

fn ready_on(device: DeviceSummary) -> State {
    let mut state = State::default();
    assert_eq!(engine(&mut state, Reply::Hello), [load(DeviceWish::Auto)]);
    engine(&mut state, Reply::Progress { loaded: 5, total: 10 });
    assert_eq!(state.engine, EngineState::Fetching { loaded: 5, total: 10 });
    engine(&mut state, Reply::Preparing);
    assert!(ready(&mut state, device).is_empty());
    state
}

/// So many files, the first of which is called `name`.
fn files(name: &str, count: usize) -> Files {
    Files { count, ..Files::of(&[name]).expect("is one") }
}

fn prepare(run: u32, index: usize) -> Effect {
    Effect::Read(ReaderRequest::Prepare { run, index })
}

fn show(index: usize) -> Effect {
    Effect::Read(ReaderRequest::Show { job: 1, series: 0, index })
}

fn prepared(state: &mut State, run: u32, index: usize) -> Vec<Effect> {
    let head = SliceHead {
        rows: 2,
        columns: 2,
        scale: ValueScale::Hounsfield,
        pixel_spacing: None,
        patient_right_is_image_left: None,
        format: FileFormat::Dicom,
        picture: None,
    };
    let input = InputInfo { name: format!("slice {index}"), sha256: String::new(), series: None };
    reader(state, ReaderReply::Prepared { run, index, head, input })
}

/// Opens files with one series of so many slices; returns what is to be done then.
fn open(state: &mut State, slices: usize) -> Vec<Effect> {
    let effects = state.update(Action::Open(files("slice.dcm", slices)));
    let Some(Effect::OpenFiles(job)) = effects.last() else { panic!("not opened: {effects:?}") };
    let job = *job;
    assert!(matches!(state.run, RunState::Scanning { read: 0, .. }));
    reader(state, ReaderReply::Scanned { job, read: 1, of: slices });
    let series = FoundSeries { label: "Chest".into(), slices, ..FoundSeries::default() };
    let found = Found { series: vec![series], recommended: Some(0), files: slices, ..Found::default() };
    let choose = Effect::Read(ReaderRequest::Choose { job, series: 0, part: None });
    assert_eq!(reader(state, ReaderReply::Found { job, found }), [choose]);
    let frame = Frame {
        rows: 2,
        columns: 2,
        len: slices,
        pixel_spacing_mm: None,
        slice_spacing_mm: None,
        axes: None,
        values: Values::Hounsfield,
        picture: None,
    };
    reader(state, ReaderReply::Opened { job, series: 0, frame })
}

/// The run that is at work.
fn run_of(state: &State) -> u32 {
    match &state.run {
        RunState::Active(active) | RunState::Timing(active) => active.run,
        other => panic!("no run: {other:?}"),
    }
}

fn segmented(state: &mut State, run: u32, index: usize) -> Vec<Effect> {
    engine(state, Reply::Segmented { run, index, report: report(), millis: 10.0 })
}

/// The report of a slice of two by two pixels: one lesion in one lung.
fn report() -> String {
    let of = |class, pixels: [u8; 4]| {
        let mask = Mask { rows: 2, columns: 2, pixels: pixels.to_vec() };
        Instance { class, score: 0.9, bbox: [0.0, 0.0, 2.0, 2.0], mask }
    };
    let instances = [of(ClassName::Lesion, [1, 0, 0, 0]), of(ClassName::Lung, [1, 1, 1, 1])];
    let masks_of =
        |class| instances.iter().filter(move |i: &&Instance| i.class == class).map(|i| i.mask.clone());
    let (lesions, lungs): (Vec<_>, Vec<_>) =
        (masks_of(ClassName::Lesion).collect(), masks_of(ClassName::Lung).collect());
    let assessment =
        assess(&lesions, &lungs, 2, 2, None, None, &SeverityConfig::default()).expect("masks fit");
    let instance = |(index, i): (usize, &Instance)| InstanceReport {
        id: index + 1,
        class: i.class,
        score: i.score,
        bbox: i.bbox,
        area_pixels: i.mask.area(),
        area_mm2: None,
        segmentation: Rle::encode(&i.mask),
    };
    let report = Report {
        schema_version: SCHEMA_VERSION.into(),
        software: Software::this(),
        notice: NOTICE.into(),
        input: Input {
            name: "slice.png".into(),
            sha256: String::new(),
            format: FileFormat::Png,
            rows: 2,
            columns: 2,
            pixel_spacing_mm: None,
            picture: None,
            series: None,
        },
        model: ModelInfo {
            id: "r50".into(),
            backbone: "resnet50".into(),
            sha256: String::new(),
            input_size: 320,
        },
        device: DeviceInfo { kind: DeviceKind::Cpu, name: String::new(), backend: "cpu".into() },
        thresholds: Thresholds { score: 0.5, mask: 0.5, alarming_from_percent: 25.0 },
        preprocessing: Preprocessing::default(),
        region: None,
        slices: Vec::new(),
        instances: instances.iter().enumerate().map(instance).collect(),
        assessment,
        timings: None,
    };
    report.to_json()
}

fn measured(state: &mut State, run: u32, index: usize) -> Vec<Effect> {
    reader(state, ReaderReply::Measured { run, index, masks: masks() })
}

fn masks() -> SliceMasks {
    let rle = |pixels: [u8; 4]| Rle::encode(&Mask { rows: 2, columns: 2, pixels: pixels.to_vec() });
    SliceMasks { lung: rle([1; 4]), lesion: rle([1, 0, 0, 0]) }
}

/// A study of four slices that has begun on a device that was timed.
fn begun(device: DeviceSummary) -> (State, u32) {
    let mut state = ready_on(device);
    state.slice_millis = Some(100.0);
    open(&mut state, 4);
    assert_eq!(state.run, RunState::Open, "timed already");
    let effects = state.update(Action::Start);
    let run = run_of(&state);
    let begin = Effect::Read(ReaderRequest::Begin { run, every: 1 });
    assert_eq!(effects, [Effect::ClearFindings, begin]);
    let to_read = vec![0, 1, 2, 3];
    assert_eq!(reader(&mut state, ReaderReply::Begun { run, to_read }), [prepare(run, 0)]);
    (state, run)
}

/// A study of four slices that has its result, as the program wrote one.
fn finished() -> State {
    let (mut state, run) = begun(cpu());
    assert_eq!(finish(&mut state, run), [Effect::LinkLesions]);
    state
}

/// Brings a study of four slices to its result; returns what is to be done then.
fn finish(state: &mut State, run: u32) -> Vec<Effect> {
    for index in 0..4 {
        prepared(state, run, index);
        segmented(state, run, index);
        measured(state, run, index);
    }
    let study = include_str!("tests/study.json").to_owned();
    let formats = ExportFormat::ALL.to_vec();
    reader(state, ReaderReply::Finished { run, study, settled: Vec::new(), formats })
}

#[test]
fn a_slice_runs_at_once_and_has_a_result() {
    let mut state = ready_on(gpu());
    let effects = open(&mut state, 1);
    let run = run_of(&state);
    assert!(matches!(effects.as_slice(), [Effect::ResetView(Some(_)), Effect::ClearFindings, ..]));
    assert_eq!(effects[2..], [prepare(run, 0), show(0)]);
    let effects = prepared(&mut state, run, 0);
    assert!(matches!(effects.as_slice(), [Effect::Segment(FIRST, Request::Segment { index: 0, .. })]));
    engine(&mut state, Reply::Stage { run, index: 2 });
    assert!(matches!(&state.run, RunState::Active(active) if active.slices.stage() == Some(2)));
    let effects = segmented(&mut state, run, 0);
    assert!(matches!(effects.as_slice(), [Effect::PutInstances(_)]), "{effects:?}");
    let slice = state.slice_outcome().expect("a result");
    assert_eq!(slice.masks().map(|masks| masks.len()), Some(2));
    assert!(!state.settings_changed());
    state.update(Action::ChooseThreshold(0.7));
    assert!(state.settings_changed());
}

#[test]
fn only_a_model_that_looks_for_the_lungs_has_that_stage() {
    let mut state = ready_on(gpu());
    let without = [0, 2, 3, 4, 5, 6];
    assert_eq!(state.stages(), without, "not until it is known");
    let model = |id: &str, finds_lungs| ModelSummary {
        id: id.into(),
        title: String::new(),
        bytes: 1,
        licence: String::new(),
        finds_lungs,
    };
    engine(&mut state, Reply::Manifest { models: vec![model("one", true), model("other", false)] });
    assert_eq!(state.stages(), [0, 1, 2, 3, 4, 5, 6]);
    state.update(Action::ChooseModel("other".into()));
    assert_eq!(state.stages(), without);
}

#[test]
fn slices_come_to_be_shown_one_by_one() {
    let mut state = ready_on(cpu());
    open(&mut state, 3);
    let slice = |index| ReaderReply::Slice { job: 1, series: 0, index };
    assert_eq!(reader(&mut state, slice(1)), [show(0)]);
    let broken = ReaderReply::NotShown { job: 1, series: 0, index: 0, cause: "Damaged.".into() };
    assert_eq!(reader(&mut state, broken), [show(2)]);
    assert_eq!(state.notice, Some(Said::NotShown(0, "Damaged.".into())));
    assert!(reader(&mut state, slice(2)).is_empty(), "all are here");
    state.update(Action::Show(7));
    assert_eq!(state.view.as_ref().map(|view| view.current), Some(2));
}

#[test]
fn a_study_waits_for_the_user_while_a_slice_is_timed() {
    let mut state = ready_on(cpu());
    let effects = open(&mut state, 9);
    let run = run_of(&state);
    assert_eq!(effects[1..], [prepare(run, 4), show(4)], "the middle one");
    prepared(&mut state, run, 4);
    engine(&mut state, Reply::Segmented { run, index: 4, report: report(), millis: 250.0 });
    assert_eq!((state.slice_millis, &state.run), (Some(250.0), &RunState::Open));
    assert!(!state.is_busy());
}

#[test]
fn a_study_goes_slice_by_slice_to_its_result() {
    let (mut state, run) = begun(cpu());
    for index in 0..4 {
        let effects = prepared(&mut state, run, index);
        let next: Vec<Effect> = (index < 3).then(|| prepare(run, index + 1)).into_iter().collect();
        assert!(
            matches!(&effects[0], Effect::Segment(FIRST, Request::Segment { index: i, .. }) if *i == index)
        );
        assert_eq!(effects[1..], next, "the next one is prepared meanwhile");
        let add = ReaderRequest::Add { run, index, report: report() };
        assert_eq!(segmented(&mut state, run, index), [Effect::Read(add)]);
        assert!(matches!(state.run, RunState::Active(_)), "no result of a part");
        let effects = measured(&mut state, run, index);
        assert_eq!(effects[0], Effect::PutMasks(index, masks()));
        assert_eq!(effects.len() == 2, index == 3, "finished after the last: {effects:?}");
    }
    let finished =
        ReaderReply::Finished { run, study: "{}".into(), settled: Vec::new(), formats: Vec::new() };
    assert_eq!(reader(&mut state, finished), [Effect::ClearFindings], "this was no report");
    assert_eq!(state.run, RunState::Failed { message: Said::BadReport });
}

#[test]
fn a_paused_study_sends_no_slice_until_it_goes_on() {
    let (mut state, run) = begun(cpu());
    prepared(&mut state, run, 0);
    state.update(Action::Pause);
    assert!(prepared(&mut state, run, 1).is_empty());
    assert_eq!(segmented(&mut state, run, 0).len(), 1, "only added to the study");
    measured(&mut state, run, 0);
    assert!(matches!(&state.run, RunState::Active(active) if active.paused && active.measured == 1));
    let effects = state.update(Action::Continue);
    assert!(matches!(&effects[0], Effect::Segment(FIRST, Request::Segment { index: 1, .. })), "{effects:?}");
}

#[test]
fn what_is_left_is_told_from_the_slices_so_far() {
    let (mut state, run) = begun(cpu());
    for index in 0..3 {
        prepared(&mut state, run, index);
        let millis = if index == 0 { 9000.0 } else { 50.0 };
        engine(&mut state, Reply::Segmented { run, index, report: report(), millis });
        measured(&mut state, run, index);
    }
    let RunState::Active(active) = &state.run else { panic!("not at work") };
    assert_eq!(state.remaining_millis(active), Some(50.0), "the first prepares the device");
}

#[test]
fn a_cancelled_run_has_no_result_even_if_one_arrives() {
    let (mut state, run) = begun(gpu());
    prepared(&mut state, run, 0);
    let stop =
        [Effect::Engine(FIRST, Request::Cancel { run }), Effect::WatchCancel(run), Effect::ClearFindings];
    assert_eq!(state.update(Action::Cancel), stop);
    assert!(state.update(Action::Cancel).is_empty(), "once is enough");
    assert!(segmented(&mut state, run, 0).is_empty());
    assert!(measured(&mut state, run, 0).is_empty());
    assert!(prepared(&mut state, run, 1).is_empty());
    assert_eq!(state.run, RunState::Cancelled);
    assert!(state.update(Action::CancelOverdue(run)).is_empty(), "it had stopped in time");
    assert!(state.is_ready());
}

#[test]
fn answers_of_another_run_are_not_heard() {
    let mut state = ready_on(gpu());
    open(&mut state, 1);
    let old = run_of(&state);
    prepared(&mut state, old, 0);
    open(&mut state, 1);
    let run = run_of(&state);
    assert_ne!(old, run);
    assert!(segmented(&mut state, old, 0).is_empty());
    engine(&mut state, Reply::Failed { run: old, cause: "late".into() });
    engine(&mut state, Reply::Stage { run: old, index: 4 });
    assert!(
        matches!(&state.run, RunState::Active(active) if active.run == run && active.slices.stage().is_none())
    );
}

#[test]
fn a_failed_slice_leaves_the_study_without_a_result() {
    let (mut state, run) = begun(cpu());
    prepared(&mut state, run, 0);
    let failed = Reply::Failed { run, cause: "Open another file.".into() };
    assert_eq!(engine(&mut state, failed), [Effect::ClearFindings]);
    assert_eq!(state.run, RunState::Failed { message: said("Open another file.") });
}

#[test]
fn choosing_a_device_loads_again() {
    let mut state = ready_on(gpu());
    state.slice_millis = Some(3.0);
    assert_eq!(state.update(Action::ChooseDevice(DeviceWish::Cpu)), [load(DeviceWish::Cpu)]);
    assert!(!state.is_ready());
    assert_eq!(state.slice_millis, None, "another device takes another time");
}

#[test]
fn a_slice_timed_on_another_device_tells_nothing() {
    let mut state = ready_on(gpu());
    open(&mut state, 9);
    let old = run_of(&state);
    prepared(&mut state, old, 4);
    let effects = state.update(Action::ChooseDevice(DeviceWish::Cpu));
    let stop = [Effect::Engine(FIRST, Request::Cancel { run: old }), Effect::WatchCancel(old)];
    assert_eq!(effects[..2], stop);
    assert_eq!(effects[2..], [load(DeviceWish::Cpu)]);
    // It may end before it hears that.
    assert!(segmented(&mut state, old, 4).is_empty());
    assert_eq!(state.slice_millis, None);
    let effects = ready(&mut state, cpu());
    assert_eq!(effects, [prepare(run_of(&state), 4)], "timed on the new one");
}
