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
    assert_eq!(state.notice.as_deref(), Some(text().cpu_failed));
    assert!(matches!(&state.engine, EngineState::Ready { device, .. } if !device.gpu));
    assert!(matches!(&state.run, RunState::Active(active) if active.stage.is_none()));
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
    assert_eq!(ready(&mut state, cpu()), [prepare(run, 1)], "what was measured stays");
    let effects = prepared(&mut state, run, 1);
    assert!(matches!(&effects[0], Effect::Segment(Request::Segment { index: 1, .. })), "{effects:?}");
    // And on the CPU it is an error.
    assert_eq!(state.update(Action::EngineDied("trap".into())), [Effect::StartEngine]);
    assert_eq!(state.run, RunState::Failed { message: text().crashed.into() });
}

#[test]
fn a_worker_that_cannot_start_is_not_started_for_ever() {
    let mut state = State::default();
    assert!(state.update(Action::EngineDied("404".into())).is_empty());
    assert!(matches!(state.engine, EngineState::Failed { .. }));
    open(&mut state, 1);
    assert_eq!(state.run, RunState::Failed { message: text().no_model.into() });
    assert_eq!(state.update(Action::Retry), [Effect::StartEngine]);
}

#[test]
fn a_reader_that_breaks_is_started_again_without_the_files() {
    let (mut state, _) = begun(cpu());
    reader(&mut state, ReaderReply::Hello);
    let effects = reader(&mut state, ReaderReply::Crashed { message: "trap".into() });
    assert_eq!(effects, [Effect::ResetView(None), Effect::StartReader]);
    assert_eq!(state.run, RunState::Failed { message: text().reader_crashed.into() });
    assert!(state.update(Action::ReaderDied("404".into())).is_empty(), "not for ever");
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
