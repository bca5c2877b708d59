use lunglens::imaging::{FileFormat, Preprocessing};
use lunglens::masks::{Mask, Rle};
use lunglens::report::{
    ClassName, DeviceInfo, DeviceKind, Input, Instance, InstanceReport, ModelInfo, NOTICE, Report,
    SCHEMA_VERSION, Software, Thresholds,
};
use lunglens::severity::{SeverityConfig, assess};

use super::*;

fn gpu() -> DeviceSummary {
    DeviceSummary { gpu: true, name: "a GPU".into() }
}

fn cpu() -> DeviceSummary {
    DeviceSummary { gpu: false, name: String::new() }
}

fn source() -> Source {
    Source { name: "slice.png".into(), bytes: Rc::new(vec![1, 2, 3]) }
}

fn hear(state: &mut State, reply: Reply) -> Vec<Effect> {
    state.update(Action::Reply(reply, Vec::new()))
}

fn ready_on(device: DeviceSummary) -> State {
    let mut state = State::default();
    let effects = hear(&mut state, Reply::Hello);
    assert_eq!(effects, [Effect::Send(Request::Load { model: None, device: DeviceWish::Auto })]);
    hear(&mut state, Reply::Progress { loaded: 5, total: 10 });
    assert_eq!(state.engine, EngineState::Fetching { loaded: 5, total: 10 });
    hear(&mut state, Reply::Preparing);
    assert!(hear(&mut state, Reply::Ready { model: "r50".into(), device, fallback: None }).is_empty());
    state
}

/// Opens a file; returns the number of its run.
fn open(state: &mut State) -> u32 {
    let effects = state.update(Action::Open(source()));
    match effects.as_slice() {
        [Effect::SendFile(Request::Run { run, .. }, bytes)] if ***bytes == [1, 2, 3] => *run,
        other => panic!("no run was started: {other:?}"),
    }
}

/// The report of a slice of two by two pixels, and its masks: one lesion in one lung, or nothing.
fn report(found: bool) -> (String, Vec<u8>) {
    let of = |class, pixels: [u8; 4]| {
        let mask = Mask { rows: 2, columns: 2, pixels: pixels.to_vec() };
        Instance { class, score: 0.9, bbox: [0.0, 0.0, 2.0, 2.0], mask }
    };
    let instances = match found {
        true => vec![of(ClassName::Lesion, [1, 0, 0, 0]), of(ClassName::Lung, [1, 1, 1, 1])],
        false => Vec::new(),
    };
    let masks_of =
        |class| instances.iter().filter(move |i: &&Instance| i.class == class).map(|i| i.mask.clone());
    let (lesions, lungs): (Vec<_>, Vec<_>) =
        (masks_of(ClassName::Lesion).collect(), masks_of(ClassName::Lung).collect());
    let assessment = assess(&lesions, &lungs, 2, 2, None, None, &SeverityConfig::default()).expect("fits");
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
        instances: instances.iter().enumerate().map(instance).collect(),
        assessment,
        timings: None,
    };
    (report.to_json(), instances.iter().flat_map(|i| i.mask.pixels.clone()).collect())
}

fn finish(state: &mut State, run: u32) -> Vec<Effect> {
    state.update(Action::Reply(Reply::Opened { run, rows: 2, columns: 2 }, vec![vec![0, 80, 160, 255]]));
    let (report, masks) = report(true);
    state.update(Action::Reply(Reply::Finished { run, report, millis: 10.0 }, vec![masks]))
}

#[test]
fn a_file_opened_early_waits_for_the_model() {
    let mut state = State::default();
    hear(&mut state, Reply::Hello);
    assert!(state.update(Action::Open(source())).is_empty());
    assert_eq!(state.run, RunState::Waiting);
    let effects = hear(&mut state, Reply::Ready { model: "r50".into(), device: gpu(), fallback: None });
    assert!(matches!(effects.as_slice(), [Effect::SendFile(Request::Run { run: 1, .. }, _)]), "{effects:?}");
}

#[test]
fn a_run_goes_through_its_stages_to_a_result() {
    let mut state = ready_on(gpu());
    let run = open(&mut state);
    hear(&mut state, Reply::Stage { run, index: 2 });
    assert!(matches!(state.run, RunState::Active { stage: Some(2), .. }));
    finish(&mut state, run);
    let RunState::Done(outcome) = &state.run else { panic!("no result: {:?}", state.run) };
    assert_eq!((outcome.millis, outcome.shapes.len()), (10.0, 2));
    assert_eq!(outcome.instance_at(0, 0), Some(0), "the lesion, which lies in the lung");
    assert_eq!(outcome.instance_at(1, 1), Some(1));
    assert_eq!(outcome.instance_at(2, 0), None);
    assert!(!state.settings_changed());
    state.update(Action::ChooseThreshold(0.7));
    assert!(state.settings_changed());
}

#[test]
fn a_new_run_discards_the_result() {
    let mut state = ready_on(cpu());
    let run = open(&mut state);
    finish(&mut state, run);
    let next = open(&mut state);
    assert_ne!(run, next);
    assert!(matches!(state.run, RunState::Active { picture: None, stage: None, .. }));
}

#[test]
fn answers_of_another_run_are_not_heard() {
    let mut state = ready_on(gpu());
    let old = open(&mut state);
    state.update(Action::Cancel);
    hear(&mut state, Reply::Cancelled { run: old });
    let run = open(&mut state);
    finish(&mut state, old);
    hear(&mut state, Reply::Failed { run: old, message: "late".into() });
    hear(&mut state, Reply::Stage { run: old, index: 4 });
    assert!(
        matches!(state.run, RunState::Active { run: present, picture: None, stage: None, .. } if present == run)
    );
}

#[test]
fn a_cancelled_run_has_no_result_even_if_one_arrives() {
    let mut state = ready_on(gpu());
    let run = open(&mut state);
    let effects = state.update(Action::Cancel);
    assert_eq!(effects, [Effect::Send(Request::Cancel { run }), Effect::WatchCancel(run)]);
    assert!(state.update(Action::Cancel).is_empty(), "once is enough");
    finish(&mut state, run);
    assert_eq!(state.run, RunState::Cancelled);
    assert!(state.update(Action::CancelOverdue(run)).is_empty(), "it had stopped in time");
    assert!(state.is_ready());
}

#[test]
fn a_worker_that_does_not_stop_is_replaced() {
    let mut state = ready_on(cpu());
    let run = open(&mut state);
    state.update(Action::Cancel);
    assert_eq!(state.update(Action::CancelOverdue(run)), [Effect::StartWorker]);
    assert_eq!(state.run, RunState::Cancelled);
    assert_eq!(state.engine, EngineState::Starting);
}

#[test]
fn opening_during_a_run_stops_it_and_runs_the_new_file() {
    let mut state = ready_on(cpu());
    let run = open(&mut state);
    let other = Source { name: "other.png".into(), bytes: Rc::new(vec![9]) };
    let effects = state.update(Action::Open(other.clone()));
    assert_eq!(effects, [Effect::Send(Request::Cancel { run }), Effect::WatchCancel(run)]);
    let effects = hear(&mut state, Reply::Cancelled { run });
    assert!(
        matches!(effects.as_slice(), [Effect::SendFile(Request::Run { name, .. }, _)] if *name == other.name),
        "{effects:?}"
    );
}

#[test]
fn a_failed_run_shows_its_sentence_and_nothing_else() {
    let mut state = ready_on(cpu());
    let run = open(&mut state);
    hear(&mut state, Reply::Failed { run, message: "Open another file.".into() });
    assert_eq!(state.run, RunState::Failed { message: "Open another file.".into() });
}

#[test]
fn a_report_that_does_not_fit_its_masks_is_no_result() {
    let mut state = ready_on(cpu());
    let run = open(&mut state);
    state.update(Action::Reply(Reply::Opened { run, rows: 2, columns: 2 }, vec![vec![0; 4]]));
    let (report, _) = report(true);
    state.update(Action::Reply(Reply::Finished { run, report, millis: 1.0 }, vec![vec![1; 3]]));
    assert!(matches!(state.run, RunState::Failed { .. }), "{:?}", state.run);
}

#[test]
fn a_gpu_that_fails_in_a_run_gives_way_to_the_cpu() {
    let mut state = ready_on(gpu());
    let run = open(&mut state);
    hear(&mut state, Reply::Stage { run, index: 3 });
    hear(&mut state, Reply::FellBack { run, device: cpu(), reason: "It failed.".into() });
    assert_eq!(state.notice.as_deref(), Some("It failed."));
    assert!(matches!(&state.engine, EngineState::Ready { device, .. } if !device.gpu));
    assert!(matches!(state.run, RunState::Active { stage: None, .. }));
}

#[test]
fn a_crash_on_the_gpu_runs_the_file_again_on_the_cpu() {
    let mut state = ready_on(gpu());
    open(&mut state);
    assert_eq!(hear(&mut state, Reply::Crashed { message: "trap".into() }), [Effect::StartWorker]);
    assert_eq!(state.run, RunState::Waiting);
    let effects = hear(&mut state, Reply::Hello);
    assert_eq!(effects, [Effect::Send(Request::Load { model: None, device: DeviceWish::Cpu })]);
    assert!(state.notice.is_some());
    let effects = hear(&mut state, Reply::Ready { model: "r50".into(), device: cpu(), fallback: None });
    assert!(matches!(effects.as_slice(), [Effect::SendFile(..)]));
    // And on the CPU it is an error.
    assert_eq!(state.update(Action::WorkerDied("trap".into())), [Effect::StartWorker]);
    assert_eq!(state.run, RunState::Failed { message: text().crashed.into() });
}

#[test]
fn a_worker_that_cannot_start_is_not_started_for_ever() {
    let mut state = State::default();
    assert!(state.update(Action::WorkerDied("404".into())).is_empty());
    assert!(matches!(state.engine, EngineState::Failed { .. }));
    assert!(state.update(Action::Open(source())).is_empty());
    assert_eq!(state.run, RunState::Failed { message: text().no_model.into() });
    assert_eq!(state.update(Action::Retry), [Effect::StartWorker]);
}

#[test]
fn choosing_a_device_loads_again() {
    let mut state = ready_on(gpu());
    let effects = state.update(Action::ChooseDevice(DeviceWish::Cpu));
    assert_eq!(effects, [Effect::Send(Request::Load { model: None, device: DeviceWish::Cpu })]);
    assert!(!state.is_ready());
}
