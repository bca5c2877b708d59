//! Files that are opened while there is a study to lose.

use super::*;

fn other() -> Action {
    Action::Open(Files { name: "other.png".into(), count: 1 })
}

#[test]
fn opening_during_a_study_asks_first() {
    let (mut state, run) = begun(cpu());
    prepared(&mut state, run, 0);
    assert!(state.update(other()).is_empty());
    assert_eq!(state.asked.as_ref().map(|files| files.name.as_str()), Some("other.png"));
    assert_eq!(segmented(&mut state, run, 0).len(), 1, "the study goes on meanwhile");
    assert!(state.update(Action::Keep).is_empty());
    assert!(state.asked.is_none() && state.update(Action::Replace).is_empty(), "forgotten");
    assert_eq!((run_of(&state), state.name()), (run, "slice.dcm"));
}

#[test]
fn files_that_replace_a_study_stop_it() {
    let (mut state, old) = begun(cpu());
    prepared(&mut state, old, 0);
    state.update(other());
    let effects = state.update(Action::Replace);
    let stop = [Effect::Engine(FIRST, Request::Cancel { run: old }), Effect::WatchCancel(old)];
    assert_eq!(effects[..2], stop);
    assert_eq!(effects[2..], [Effect::ResetView(None), Effect::OpenFiles(2)]);
    assert_eq!((state.asked.as_ref(), state.name()), (None, "other.png"));
    assert!(engine(&mut state, Reply::Cancelled { run: old }).is_empty());
    assert!(reader(&mut state, ReaderReply::Refused { job: 1, message: "late".into() }).is_empty());
    assert!(matches!(state.run, RunState::Scanning { .. }));
}

#[test]
fn opening_during_a_slice_or_after_a_cancelled_study_does_not_ask() {
    let mut state = ready_on(cpu());
    open(&mut state, 1);
    assert!(matches!(state.run, RunState::Active(_)));
    assert!(!state.update(other()).is_empty());
    let (mut state, _) = begun(cpu());
    state.update(Action::Cancel);
    assert!(!state.update(other()).is_empty());
}

#[test]
fn a_study_at_work_is_at_stake() {
    let (mut state, run) = begun(cpu());
    assert!(state.is_study_at_stake());
    state.update(Action::Tell("There are no files in it.".into()));
    state.update(Action::Refuse("Too many.".into()));
    assert_eq!(state.notice.as_deref(), Some("Too many."));
    assert_eq!(run_of(&state), run, "it goes on");
    state.update(Action::Cancel);
    assert!(!state.is_study_at_stake());
}
