//! Engines that help the first one with a study.

use super::*;
use crate::protocol::ModelCopy;

fn copy() -> ModelCopy {
    ModelCopy { entry: "{}".into(), url: "https://here/models/r50".into() }
}

/// A page where so many engines may read, with a model that others can load too.
fn ready_for(engines: usize, device: DeviceSummary) -> State {
    let mut state = State::new(engines, DeviceWish::Auto);
    engine(&mut state, Reply::Hello);
    let ready = Reply::Ready { model: "r50".into(), device, fallback: None, copy: Some(copy()) };
    engine(&mut state, ready);
    state.slice_millis = Some(100.0);
    state
}

/// A study that has begun; what is to be done then.
fn study(state: &mut State, slices: usize) -> (u32, Vec<Effect>) {
    open(state, slices);
    state.update(Action::Start);
    let run = run_of(state);
    let effects = reader(state, ReaderReply::Begun { run, to_read: (0..slices).collect() });
    (run, effects)
}

fn say(state: &mut State, id: EngineId, reply: Reply) -> Vec<Effect> {
    state.update(Action::Engine(id, reply))
}

/// A helper has the model; what is to be done then.
fn joins(state: &mut State, id: EngineId) -> Vec<Effect> {
    let join = Effect::Engine(id, Request::Join { copy: copy() });
    assert_eq!(say(state, id, Reply::Hello), [join]);
    say(state, id, Reply::Ready { model: "r50".into(), device: cpu(), fallback: None, copy: Some(copy()) })
}

fn done(state: &mut State, id: EngineId, run: u32, index: usize) -> Vec<Effect> {
    say(state, id, Reply::Segmented { run, index, report: report(), millis: 10.0 })
}

/// Which slice is given to which engine.
fn given(effects: &[Effect]) -> Vec<(EngineId, usize)> {
    let given = effects.iter().filter_map(|effect| match effect {
        Effect::Segment(id, Request::Segment { index, .. }) => Some((*id, *index)),
        _ => None,
    });
    given.collect()
}

/// The slices whose reports go to the reader.
fn added(effects: &[Effect]) -> Vec<usize> {
    let added = effects.iter().filter_map(|effect| match effect {
        Effect::Read(ReaderRequest::Add { index, .. }) => Some(*index),
        _ => None,
    });
    added.collect()
}

/// Three engines at slices 0, 1 and 2 of eight, the next one prepared.
fn three_at_work() -> (State, u32) {
    let mut state = ready_for(3, cpu());
    let (run, effects) = study(&mut state, 8);
    assert_eq!(effects, [prepare(run, 0), Effect::StartHelper(1), Effect::StartHelper(2)]);
    assert_eq!(given(&prepared(&mut state, run, 0)), [(FIRST, 0)]);
    assert!(prepared(&mut state, run, 1).is_empty(), "no other engine is ready yet");
    assert_eq!(given(&joins(&mut state, 2)), [(2, 1)]);
    assert!(joins(&mut state, 1).is_empty(), "the next slice is not prepared yet");
    assert_eq!(given(&prepared(&mut state, run, 2)), [(1, 2)]);
    assert!(prepared(&mut state, run, 3).is_empty());
    (state, run)
}

#[test]
fn as_many_engines_as_processors_and_memory_allow() {
    let counts = [None, Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(8.0), Some(64.0)];
    assert_eq!(counts.map(|count| most_engines(count, Some(8.0))), [1, 1, 1, 2, 3, 4, 4]);
    assert_eq!(counts.map(|count| most_engines(count, None)), [1, 1, 1, 2, 2, 2, 2]);
    let memories = [0.25, 1.0, 2.0, 4.0, 8.0];
    assert_eq!(memories.map(|memory| most_engines(Some(8.0), Some(memory))), [1, 1, 2, 4, 4]);
    assert_eq!(most_engines(Some(f64::NAN), Some(f64::NAN)), 1);
}

#[test]
fn two_engines_read_a_study_in_turn() {
    let mut state = ready_for(2, cpu());
    let (run, effects) = study(&mut state, 4);
    assert_eq!(effects, [prepare(run, 0), Effect::StartHelper(1)]);
    joins(&mut state, 1);
    let effects = prepared(&mut state, run, 0);
    assert_eq!((given(&effects), &effects[1]), (vec![(FIRST, 0)], &prepare(run, 1)));
    let effects = prepared(&mut state, run, 1);
    assert_eq!((given(&effects), &effects[1]), (vec![(1, 1)], &prepare(run, 2)));
    assert!(prepared(&mut state, run, 2).is_empty(), "both are at work");
    let effects = done(&mut state, FIRST, run, 0);
    assert_eq!((added(&effects), given(&effects)), (vec![0], vec![(FIRST, 2)]));
    assert_eq!(effects[2], prepare(run, 3));
    prepared(&mut state, run, 3);
    let effects = done(&mut state, 1, run, 1);
    assert_eq!((added(&effects), given(&effects)), (vec![1], vec![(1, 3)]));
    assert_eq!(added(&done(&mut state, 1, run, 3)), [] as [usize; 0]);
    assert_eq!(added(&done(&mut state, FIRST, run, 2)), [2, 3]);
    for index in 0..4 {
        let finish = measured(&mut state, run, index).contains(&Effect::Read(ReaderRequest::Finish { run }));
        assert_eq!(finish, index == 3);
    }
    let failed = ReaderReply::Failed { run, cause: "Full.".into() };
    let effects = reader(&mut state, failed);
    assert_eq!(effects, [Effect::ClearFindings, Effect::EndHelper(1)], "ended with the study");
}

#[test]
fn reports_are_added_in_order_whoever_is_first() {
    let (mut state, run) = three_at_work();
    let effects = done(&mut state, 1, run, 2);
    assert_eq!((added(&effects), given(&effects)), (vec![], vec![(1, 3)]));
    assert_eq!(added(&done(&mut state, 2, run, 1)), [] as [usize; 0]);
    assert!(done(&mut state, 2, run, 0).is_empty(), "it is not at that one");
    assert_eq!(added(&done(&mut state, FIRST, run, 0)), [0, 1, 2]);
    assert_eq!(added(&done(&mut state, 1, run, 3)), [3]);
}

#[test]
fn the_page_shows_the_stage_of_the_first_slice_at_work() {
    let (mut state, run) = three_at_work();
    say(&mut state, 1, Reply::Stage { run, index: 4 });
    say(&mut state, FIRST, Reply::Stage { run, index: 2 });
    let stage = |state: &State| match &state.run {
        RunState::Active(active) => active.slices.stage(),
        other => panic!("{other:?}"),
    };
    assert_eq!(stage(&state), Some(2));
    done(&mut state, FIRST, run, 0);
    assert_eq!(stage(&state), None, "that of slice 1, which has told none");
}

#[test]
fn a_helper_that_is_lost_leaves_its_slice_to_the_others() {
    let crashed = Action::Engine(2, Reply::Crashed { message: "trap".into() });
    let (mut state, run) = three_at_work();
    let failed = Action::Engine(2, Reply::Failed { run, cause: "There was not enough memory.".into() });
    for lost in [crashed, Action::EngineDied(2, "trap".into()), failed] {
        let (mut state, run) = three_at_work();
        assert_eq!(state.update(lost), [Effect::EndHelper(2)]);
        assert!(state.is_ready() && state.notice.is_none() && run_of(&state) == run);
        assert!(done(&mut state, 2, run, 1).is_empty(), "it is heard no more");
        // The one that is prepared goes first, then the lost one.
        let effects = done(&mut state, 1, run, 2);
        assert_eq!((given(&effects), &effects[1]), (vec![(1, 3)], &prepare(run, 1)));
        prepared(&mut state, run, 1);
        let effects = done(&mut state, FIRST, run, 0);
        assert_eq!((added(&effects), given(&effects)), (vec![0], vec![(FIRST, 1)]));
        assert_eq!(added(&done(&mut state, FIRST, run, 1)), [1, 2]);
    }
    // All of them.
    for id in [1, 2] {
        state.update(Action::EngineDied(id, "trap".into()));
    }
    let mut first = vec![];
    let mut effects = done(&mut state, FIRST, run, 0);
    while let [(FIRST, index)] = given(&effects)[..] {
        first.push(index);
        effects.iter().for_each(|effect| {
            if let Effect::Read(ReaderRequest::Prepare { index, .. }) = effect {
                assert!(given(&prepared(&mut state, run, *index)).is_empty());
            }
        });
        effects = done(&mut state, FIRST, run, index);
    }
    assert_eq!(first, [3, 1, 2, 4, 5, 6, 7]);
    assert_eq!(added(&effects), [7]);
}

#[test]
fn a_helper_without_a_model_does_not_join() {
    let mut state = ready_for(2, cpu());
    let (run, _) = study(&mut state, 4);
    prepared(&mut state, run, 0);
    say(&mut state, 1, Reply::Hello);
    let failed = Reply::LoadFailed { cause: "the browser does not keep the model".into() };
    assert_eq!(say(&mut state, 1, failed), [Effect::EndHelper(1)]);
    assert!(state.is_ready() && state.notice.is_none());
    prepared(&mut state, run, 1);
    let effects = done(&mut state, FIRST, run, 0);
    assert_eq!(
        (added(&effects), given(&effects)),
        (vec![0], vec![(FIRST, 1)]),
        "and no other one is started"
    );
}

#[test]
fn the_first_engine_breaks_while_others_go_on() {
    let (mut state, run) = three_at_work();
    assert_eq!(state.update(Action::EngineDied(FIRST, "trap".into())), [Effect::StartEngine]);
    assert_eq!(state.notice, Some(Said::CrashedOnce(0)));
    let effects = done(&mut state, 1, run, 2);
    assert_eq!((given(&effects), &effects[1]), (vec![(1, 3)], &prepare(run, 0)));
    assert_eq!(engine(&mut state, Reply::Hello), [load(DeviceWish::Auto)]);
    assert!(prepared(&mut state, run, 0).is_empty());
    let ready = Reply::Ready { model: "r50".into(), device: cpu(), fallback: None, copy: Some(copy()) };
    assert_eq!(given(&engine(&mut state, ready)), [(FIRST, 0)]);
    // The same slice not twice.
    let effects = engine(&mut state, Reply::Crashed { message: "trap".into() });
    let ended = [Effect::ClearFindings, Effect::StartEngine, Effect::EndHelper(1), Effect::EndHelper(2)];
    assert_eq!(effects, ended);
    assert_eq!(state.run, RunState::Failed { message: Said::CrashedTwice(0) });
}

#[test]
fn helpers_end_with_a_cancelled_or_replaced_study() {
    let (mut state, run) = three_at_work();
    let effects = state.update(Action::Cancel);
    let ended = [Effect::EndHelper(1), Effect::EndHelper(2)];
    let stop =
        [Effect::Engine(FIRST, Request::Cancel { run }), Effect::WatchCancel(run), Effect::ClearFindings];
    assert_eq!((&effects[..3], &effects[3..]), (&stop[..], &ended[..]));
    assert!(done(&mut state, 1, run, 2).is_empty());
    assert!(say(&mut state, 2, Reply::Hello).is_empty());

    let (mut state, _) = three_at_work();
    state.update(Action::Open(files("other.png", 1)));
    assert_eq!(state.update(Action::Replace)[4..], ended);

    let (mut state, run) = three_at_work();
    let effects = state.update(Action::RunAgain);
    assert_eq!(effects[effects.len() - 2..], ended, "others are started for the next run");
    let effects = reader(&mut state, ReaderReply::Begun { run: run + 1, to_read: vec![0, 1, 2] });
    assert_eq!(effects, [prepare(run + 1, 0), Effect::StartHelper(3), Effect::StartHelper(4)]);
}

#[test]
fn a_pause_stops_all_engines_and_they_go_on_together() {
    let (mut state, run) = three_at_work();
    state.update(Action::Pause);
    for (id, index) in [(FIRST, 0), (2, 1), (1, 2)] {
        assert!(given(&done(&mut state, id, run, index)).is_empty());
    }
    assert!(matches!(&state.run, RunState::Active(active) if active.paused && !active.slices.at_work()));
    assert_eq!(given(&state.update(Action::Continue)), [(FIRST, 3)]);
    assert_eq!(given(&prepared(&mut state, run, 4)), [(1, 4)]);
    assert_eq!(given(&prepared(&mut state, run, 5)), [(2, 5)]);
}

#[test]
fn slices_are_read_only_so_far_ahead_of_one_that_takes_long() {
    let mut state = ready_for(2, cpu());
    let (run, _) = study(&mut state, 40);
    prepared(&mut state, run, 0);
    joins(&mut state, 1);
    for index in 1..8 {
        let effects = prepared(&mut state, run, index);
        assert_eq!((given(&effects), effects.len()), (vec![(1, index)], if index < 7 { 2 } else { 1 }));
        assert!(done(&mut state, 1, run, index).is_empty(), "slice 0 is still to come");
    }
    assert!(prepared(&mut state, run, 8).is_empty(), "it was not asked for");
    let effects = done(&mut state, FIRST, run, 0);
    assert_eq!(added(&effects), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(effects[8..], [prepare(run, 8)]);
}

#[test]
fn helpers_are_started_only_where_they_can_help() {
    let mut state = ready_for(4, gpu());
    let (run, effects) = study(&mut state, 8);
    assert_eq!(effects, [prepare(run, 0)], "a GPU is enough");
    prepared(&mut state, run, 0);
    let lost = Reply::FellBack { run, device: cpu(), reason: CpuReason::Failed };
    let helpers = [1, 2, 3].map(Effect::StartHelper);
    assert_eq!(engine(&mut state, lost), helpers, "the CPU is not");

    let mut state = ready_for(4, cpu());
    let (run, effects) = study(&mut state, 3);
    assert_eq!(effects, [prepare(run, 0), Effect::StartHelper(1), Effect::StartHelper(2)], "one a slice");

    let mut state = ready_for(4, cpu());
    let effects = open(&mut state, 1);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::StartHelper(_))), "a single slice");

    let mut state = ready_for(4, cpu());
    ready(&mut state, cpu());
    let (run, effects) = study(&mut state, 8);
    assert_eq!(effects, [prepare(run, 0)], "the browser does not keep the model");
}

#[test]
fn times_are_told_for_all_engines() {
    let state = ready_for(4, cpu());
    assert_eq!(state.study_millis(8), Some(200.0), "four at a time");
    assert_eq!(state.study_millis(2), Some(100.0), "two at a time");
    assert_eq!(ready_for(4, gpu()).study_millis(8), Some(800.0));

    let (mut state, run) = three_at_work();
    let left = |state: &State| match &state.run {
        RunState::Active(active) => state.remaining_millis(active),
        other => panic!("{other:?}"),
    };
    assert_eq!(left(&state), Some(800.0 / 3.0), "as timed before");
    for (id, index, millis) in [(FIRST, 0, 900.0), (2, 1, 50.0), (1, 2, 70.0)] {
        say(&mut state, id, Reply::Segmented { run, index, report: report(), millis });
        measured(&mut state, run, index);
    }
    assert_eq!(left(&state), Some(5.0 * 60.0 / 3.0), "the first prepares the device");
    state.update(Action::EngineDied(1, "trap".into()));
    assert_eq!(left(&state), Some(5.0 * 60.0 / 2.0));
}
