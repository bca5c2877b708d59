//! Workers that break.

use super::*;

#[test]
fn an_engine_that_does_not_stop_is_replaced() {
    let mut state = ready_on(cpu());
    open(&mut state, 1);
    let run = run_of(&state);
    prepared(&mut state, run, 0);
    state.update(Action::Cancel);
    assert_eq!(state.update(Action::CancelOverdue(run)), [Effect::StartEngine]);
    assert_eq!(state.run, RunState::Cancelled);
    assert_eq!(state.engine, EngineState::Starting);
}

#[test]
fn a_gpu_that_fails_in_a_run_gives_way_to_the_cpu() {
    let (mut state, run) = begun(gpu());
    prepared(&mut state, run, 0);
    engine(&mut state, Reply::Stage { run, index: 3 });
    engine(&mut state, Reply::FellBack { run, device: cpu(), reason: CpuReason::Failed });
    assert_eq!(state.notice, Some(Said::Cpu(CpuReason::Failed)));
    assert!(matches!(&state.engine, EngineState::Ready { device, .. } if !device.gpu));
    assert!(matches!(&state.run, RunState::Active(active) if active.slices.stage().is_none()));
}

#[test]
fn a_crash_on_the_gpu_goes_on_with_the_same_slice_on_the_cpu() {
    let (mut state, run) = begun(gpu());
    prepared(&mut state, run, 0);
    segmented(&mut state, run, 0);
    measured(&mut state, run, 0);
    prepared(&mut state, run, 1);
    prepared(&mut state, run, 2);
    assert_eq!(engine(&mut state, Reply::Crashed { message: "trap".into() }), [Effect::StartEngine]);
    assert_eq!(engine(&mut state, Reply::Hello), [load(DeviceWish::Cpu)]);
    assert!(state.notice.is_some());
    let effects = ready(&mut state, cpu());
    assert!(matches!(&effects[0], Effect::Segment(FIRST, Request::Segment { index: 2, .. })), "{effects:?}");
    assert_eq!(effects[1..], [prepare(run, 1)], "what was measured stays");
    prepared(&mut state, run, 1);
    let effects = segmented(&mut state, run, 2);
    assert!(matches!(&effects[0], Effect::Segment(FIRST, Request::Segment { index: 1, .. })), "{effects:?}");
    // Breaking the CPU's engine too is an error.
    let effects = state.update(Action::EngineDied(FIRST, "trap".into()));
    assert_eq!(effects, [Effect::ClearFindings, Effect::StartEngine]);
    assert_eq!(state.run, RunState::Failed { message: Said::CrashedTwice(1) });
}

#[test]
fn a_crash_on_the_cpu_goes_on_with_the_same_slice() {
    let (mut state, run) = begun(cpu());
    prepared(&mut state, run, 0);
    segmented(&mut state, run, 0);
    measured(&mut state, run, 0);
    prepared(&mut state, run, 1);
    assert_eq!(state.update(Action::EngineDied(FIRST, "trap".into())), [Effect::StartEngine]);
    assert_eq!(state.notice, Some(Said::CrashedOnce(1)));
    assert_eq!(engine(&mut state, Reply::Hello), [load(DeviceWish::Auto)]);
    assert!(prepared(&mut state, run, 2).is_empty(), "not before there is an engine");
    // Another slice may break it once as well.
    assert_eq!(ready(&mut state, cpu())[1..], [prepare(run, 1)], "what was measured stays");
    prepared(&mut state, run, 1);
    assert_eq!(state.update(Action::EngineDied(FIRST, "trap".into())), [Effect::StartEngine]);
    engine(&mut state, Reply::Hello);
    assert_eq!(ready(&mut state, cpu())[1..], [prepare(run, 2)]);
    let add = |index| Effect::Read(ReaderRequest::Add { run, index, report: report() });
    prepared(&mut state, run, 2);
    assert_eq!(segmented(&mut state, run, 1)[0], add(1));
    measured(&mut state, run, 1);
    let RunState::Active(active) = &state.run else { panic!("{:?}", state.run) };
    assert_eq!((active.measured, active.slices.slice_at(FIRST)), (2, Some(2)));
    // The same one not twice.
    let effects = engine(&mut state, Reply::Crashed { message: "trap".into() });
    assert_eq!(effects, [Effect::ClearFindings, Effect::StartEngine]);
    assert_eq!(state.run, RunState::Failed { message: Said::CrashedTwice(2) });
    assert!(measured(&mut state, run, 2).is_empty(), "and nothing of it is taken up again");
}

#[test]
fn slices_that_break_the_engine_in_turn_do_not_do_so_for_ever() {
    let (mut state, run) = begun(cpu());
    let mut asked = 0;
    let mut broken = Vec::new();
    while run_is_active(&state) && broken.len() < 10 {
        let effects = prepared(&mut state, run, asked);
        let at = |state: &State| match &state.run {
            RunState::Active(active) => active.slices.slice_at(FIRST),
            _ => None,
        };
        if let Some(Effect::Read(ReaderRequest::Prepare { index, .. })) = effects.last() {
            prepared(&mut state, run, *index);
        }
        broken.extend(at(&state));
        engine(&mut state, Reply::Crashed { message: "trap".into() });
        if let Some(Effect::Read(ReaderRequest::Prepare { index, .. })) = ready(&mut state, cpu()).last() {
            asked = *index;
        }
    }
    assert_eq!(broken, [0, 1, 0]);
}

fn run_is_active(state: &State) -> bool {
    matches!(state.run, RunState::Active(_))
}

#[test]
fn a_single_slice_is_tried_twice_too() {
    let mut state = ready_on(cpu());
    open(&mut state, 1);
    let run = run_of(&state);
    prepared(&mut state, run, 0);
    assert_eq!(state.update(Action::EngineDied(FIRST, "trap".into())), [Effect::StartEngine]);
    assert_eq!(ready(&mut state, cpu()), [prepare(run, 0)]);
    prepared(&mut state, run, 0);
    state.update(Action::EngineDied(FIRST, "trap".into()));
    assert_eq!(state.run, RunState::Failed { message: Said::Crashed });
}

#[test]
fn a_slice_that_breaks_the_engine_while_it_is_timed_is_not_timed_for_ever() {
    let mut state = ready_on(cpu());
    open(&mut state, 9);
    let run = run_of(&state);
    prepared(&mut state, run, 4);
    assert_eq!(state.update(Action::EngineDied(FIRST, "trap".into())), [Effect::StartEngine]);
    assert!(ready(&mut state, cpu()).is_empty());
    assert_eq!(state.run, RunState::Open);
    state.update(Action::ChooseDevice(DeviceWish::Cpu));
    assert_eq!(ready(&mut state, cpu()), [prepare(run + 1, 4)], "another device is another matter");
}

#[test]
fn a_crash_while_kernels_are_made_loads_the_model_for_the_cpu() {
    let mut state = State::default();
    engine(&mut state, Reply::Hello);
    open(&mut state, 1);
    engine(&mut state, Reply::Progress { loaded: 5, total: 10 });
    assert_eq!(engine(&mut state, Reply::Crashed { message: "trap".into() }), [Effect::StartEngine]);
    assert!(state.notice.is_some());
    assert_eq!(engine(&mut state, Reply::Hello), [load(DeviceWish::Cpu)]);
    assert!(matches!(state.run, RunState::Waiting(_)), "the opened slice waits on");
    assert!(state.update(Action::EngineDied(FIRST, "trap".into())).is_empty(), "not for ever");
}

#[test]
fn a_worker_that_cannot_start_is_not_started_for_ever() {
    let mut state = State::default();
    assert!(state.update(Action::EngineDied(FIRST, "404".into())).is_empty());
    assert!(matches!(state.engine, EngineState::Failed { .. }));
    open(&mut state, 1);
    assert_eq!(state.run, RunState::Failed { message: Said::NoModel });
    assert_eq!(state.update(Action::Retry), [Effect::StartEngine]);
}

#[test]
fn a_reader_that_breaks_is_started_again_without_the_files() {
    let (mut state, _) = begun(cpu());
    reader(&mut state, ReaderReply::Hello);
    let effects = reader(&mut state, ReaderReply::Crashed { message: "trap".into() });
    assert_eq!(effects, [Effect::ResetView(None), Effect::StartReader]);
    assert_eq!(state.run, RunState::Failed { message: Said::ReaderCrashed });
    assert!(state.update(Action::ReaderDied("404".into())).is_empty(), "not for ever");
    let effects = state.update(Action::Open(files("again.png", 1)));
    assert_eq!(effects[0], Effect::StartReader, "but once more for files");
    assert!(matches!(effects[1..], [Effect::OpenFiles(_)]), "{effects:?}");
}

#[test]
fn a_result_outlives_the_reader() {
    let mut state = finished();
    reader(&mut state, ReaderReply::Hello);
    state.update(Action::Export(ExportFormat::Seg));
    assert_eq!(state.update(Action::ReaderDied("memory".into())), [Effect::StartReader]);
    let RunState::Done(outcome) = &state.run else { panic!("{:?}", state.run) };
    assert!(matches!(outcome.as_ref(), Outcome::Study(study) if study.formats.is_empty()));
    assert_eq!(state.notice, Some(Said::ResultStays));
    assert!(state.update(Action::RunAgain).is_empty(), "the new reader has no files");
    assert!(state.view.is_some() && state.exporting.is_none());
}

#[test]
fn an_engine_that_hangs_is_started_anew() {
    let (mut state, run) = begun(gpu());
    prepared(&mut state, run, 0);
    for _ in 0..18 {
        assert!(state.update(Action::Tick).is_empty());
    }
    engine(&mut state, Reply::Stage { run, index: 3 });
    for _ in 0..18 {
        assert!(state.update(Action::Tick).is_empty(), "it has spoken");
    }
    assert_eq!(state.update(Action::Tick), [Effect::StartEngine]);
    assert_eq!(engine(&mut state, Reply::Hello), [load(DeviceWish::Cpu)]);
    ready(&mut state, cpu());
    assert!(run_is_active(&state));
}

#[test]
fn an_idle_engine_owes_no_word() {
    let mut state = ready_on(cpu());
    for _ in 0..100 {
        assert!(state.update(Action::Tick).is_empty());
    }
    let (mut state, run) = begun(cpu());
    state.update(Action::Pause);
    for _ in 0..100 {
        assert!(state.update(Action::Tick).is_empty());
    }
    assert!(run_is_active(&state) && state.is_at_work(run));
}

#[test]
fn a_download_that_stalls_can_be_tried_again_and_goes_on_by_itself() {
    let mut state = State::default();
    engine(&mut state, Reply::Hello);
    open(&mut state, 1);
    for _ in 0..19 {
        assert!(state.update(Action::Tick).is_empty());
    }
    assert_eq!(state.engine, EngineState::Failed { message: Said::FetchStalled });
    assert_eq!(state.run, RunState::Failed { message: Said::NoModel });
    engine(&mut state, Reply::Progress { loaded: 5, total: 10 });
    assert_eq!(state.engine, EngineState::Fetching { loaded: 5, total: 10 });
    for _ in 0..19 {
        state.update(Action::Tick);
    }
    assert_eq!(state.update(Action::Retry), [Effect::StartEngine]);
    for _ in 0..19 {
        state.update(Action::Tick);
    }
    assert_eq!(state.engine, EngineState::Failed { message: Said::WorkerLost }, "nor does it start");
}

#[test]
fn a_lost_gpu_is_asked_for_in_a_new_worker() {
    let (mut state, run) = begun(gpu());
    prepared(&mut state, run, 0);
    engine(&mut state, Reply::FellBack { run, device: cpu(), reason: CpuReason::Failed });
    segmented(&mut state, run, 0);
    state.update(Action::Cancel);
    assert_eq!(state.update(Action::ChooseDevice(DeviceWish::Gpu)), [Effect::StartEngine]);
    assert_eq!(engine(&mut state, Reply::Hello), [load(DeviceWish::Gpu)]);
}

#[test]
fn a_run_keeps_the_options_that_it_began_with() {
    let (mut state, run) = begun(cpu());
    let wished = |effects: &[Effect]| match &effects[0] {
        Effect::Segment(_, Request::Segment { options, .. }) => options.score_threshold,
        other => panic!("{other:?}"),
    };
    let first = wished(&prepared(&mut state, run, 0));
    state.update(Action::ChooseThreshold(0.9));
    prepared(&mut state, run, 1);
    let effects = segmented(&mut state, run, 0);
    let next =
        effects.iter().position(|effect| matches!(effect, Effect::Segment(..))).expect("the next slice");
    assert_eq!(wished(&effects[next..]), first);
}

#[test]
fn a_crash_on_the_gpu_leaves_the_result_with_the_present_settings() {
    let mut state = ready_on(gpu());
    open(&mut state, 1);
    let run = run_of(&state);
    prepared(&mut state, run, 0);
    engine(&mut state, Reply::Crashed { message: "trap".into() });
    ready(&mut state, cpu());
    prepared(&mut state, run, 0);
    segmented(&mut state, run, 0);
    assert!(state.slice_outcome().is_some() && !state.settings_changed());
}

/// A page with two models of which the first is ready.
fn with_models(device: DeviceSummary) -> State {
    let mut state = ready_on(device);
    let model = |id: &str, title: &str| ModelSummary {
        id: id.into(),
        title: title.into(),
        bytes: 1,
        licence: String::new(),
        finds_lungs: true,
    };
    let models = vec![model("r50", "Net ResNet50"), model("r101", "Net ResNet101")];
    engine(&mut state, Reply::Manifest { models });
    state
}

/// That the other model is being loaded.
fn choose_other(state: &mut State) {
    let effect =
        Effect::Engine(FIRST, Request::Load { model: Some("r101".into()), device: DeviceWish::Auto });
    assert_eq!(state.update(Action::ChooseModel("r101".into())), [effect]);
}

#[test]
fn a_model_that_does_not_load_gives_way_to_the_one_that_was_ready() {
    let failed = || Reply::LoadFailed { cause: "No answer.".into() };
    let mut state = with_models(cpu());
    for _ in 0..2 {
        choose_other(&mut state);
        open(&mut state, 1);
        assert!(matches!(state.run, RunState::Waiting(_)));
        assert_eq!(engine(&mut state, failed()), [load(DeviceWish::Auto)]);
        let notice = Said::OtherModel("ResNet101".into(), Box::new(said("No answer.")));
        assert_eq!(state.notice.as_ref(), Some(&notice));
        assert!(notice.words(crate::strings::text()).starts_with("ResNet101: No answer. The model that was"));
        assert_eq!(state.model().map(|model| model.id.as_str()), Some("r50"));
        engine(&mut state, Reply::Progress { loaded: 1, total: 1 });
        let cpu_notice = Some(CpuReason::NoGpu);
        engine(
            &mut state,
            Reply::Ready { model: "r50".into(), device: cpu(), fallback: cpu_notice, copy: None },
        );
        assert!(state.is_ready());
        let run = run_of(&state);
        prepared(&mut state, run, 0);
        segmented(&mut state, run, 0);
        assert!(state.slice_outcome().is_some(), "what was opened meanwhile is read");
        assert_eq!(state.notice, Some(notice), "with which model is worth saying");
    }
    // A model that loads is what is gone back to from then on.
    choose_other(&mut state);
    engine(&mut state, Reply::Ready { model: "r101".into(), device: cpu(), fallback: None, copy: None });
    assert_eq!(state.notice, None);
    state.update(Action::ChooseModel("r50".into()));
    let back = Effect::Engine(FIRST, Request::Load { model: Some("r101".into()), device: DeviceWish::Auto });
    assert_eq!(engine(&mut state, failed()), [back]);
}

#[test]
fn what_does_not_load_either_is_not_tried_for_ever() {
    let failed = |words: &str| Reply::LoadFailed { cause: words.into() };
    let mut state = with_models(cpu());
    choose_other(&mut state);
    open(&mut state, 1);
    assert_eq!(engine(&mut state, failed("First.")), [load(DeviceWish::Auto)]);
    assert!(engine(&mut state, failed("Second.")).is_empty());
    assert_eq!(state.engine, EngineState::Failed { message: said("Second.") });
    assert_eq!(state.run, RunState::Failed { message: Said::NoModel });
    assert_eq!(state.notice, None, "none is used again");
    assert!(engine(&mut state, failed("Third.")).is_empty());
    // The same model on another device is no other model.
    let mut state = with_models(cpu());
    state.update(Action::ChooseDevice(DeviceWish::Cpu));
    assert!(engine(&mut state, failed("Fourth.")).is_empty());
    assert_eq!(state.settings.device, DeviceWish::Cpu);
}

#[test]
fn a_worker_that_hangs_or_breaks_over_another_model_is_started_anew_with_the_one_before() {
    let mut state = with_models(cpu());
    choose_other(&mut state);
    for _ in 0..18 {
        assert!(state.update(Action::Tick).is_empty());
    }
    assert_eq!(state.update(Action::Tick), [Effect::StartEngine], "it is stuck");
    assert_eq!(engine(&mut state, Reply::Hello), [load(DeviceWish::Auto)]);
    assert!(matches!(&state.notice, Some(Said::OtherModel(_, why)) if **why == Said::FetchStalled));
    // On a GPU the CPU comes first, then the other model, on the device on which it was.
    let mut state = with_models(gpu());
    choose_other(&mut state);
    assert_eq!(state.update(Action::EngineDied(FIRST, "trap".into())), [Effect::StartEngine]);
    let other = Effect::Engine(FIRST, Request::Load { model: Some("r101".into()), device: DeviceWish::Cpu });
    assert_eq!(engine(&mut state, Reply::Hello), [other]);
    assert_eq!(state.update(Action::EngineDied(FIRST, "trap".into())), [Effect::StartEngine]);
    assert_eq!(engine(&mut state, Reply::Hello), [load(DeviceWish::Auto)]);
    assert!(matches!(&state.notice, Some(Said::OtherModel(_, why)) if **why == Said::WorkerLost));
    state.update(Action::EngineDied(FIRST, "trap".into()));
    engine(&mut state, Reply::Hello);
    assert!(state.update(Action::EngineDied(FIRST, "trap".into())).is_empty());
    assert_eq!(state.engine, EngineState::Failed { message: Said::WorkerLost });
}
