//! Opening files and choosing what to look at.

use super::*;

#[test]
fn files_opened_early_wait_for_the_model() {
    let mut state = State::default();
    engine(&mut state, Reply::Hello);
    open(&mut state, 1);
    assert_eq!(state.run, RunState::Waiting(Task::Slice { index: 0 }));
    let effects = ready(&mut state, gpu());
    assert_eq!(effects, [prepare(run_of(&state), 0)]);
}

#[test]
fn a_part_of_a_picture_takes_the_place_of_the_whole() {
    let mut state = ready_on(cpu());
    open(&mut state, 1);
    let part = PicturePart { area: Some([0, 0, 40, 40]), quarter_turns: 1 };
    let effects = state.update(Action::ChoosePart(part));
    let choose = Effect::Read(ReaderRequest::Choose { job: 1, series: 0, part: Some(part) });
    assert_eq!(effects.last(), Some(&choose), "{effects:?}");
    assert!(effects.contains(&Effect::ResetView(None)), "nothing of the whole stays in front: {effects:?}");
    assert!(matches!(state.run, RunState::Open));
    // Without a picture there is no part of one.
    let mut idle = ready_on(cpu());
    assert!(idle.update(Action::ChoosePart(part)).is_empty());
}

#[test]
fn a_refused_series_leaves_the_others_to_be_chosen() {
    let mut state = ready_on(cpu());
    open(&mut state, 4);
    let effects = state.update(Action::Choose(0));
    assert_eq!(effects.last(), Some(&Effect::Read(ReaderRequest::Choose { job: 1, series: 0, part: None })));
    reader(&mut state, ReaderReply::Refused { job: 1, cause: "Slices are missing.".into() });
    assert_eq!(state.run, RunState::Failed { message: said("Slices are missing.") });
    assert!(state.found.is_some() && state.view.is_none());
}

#[test]
fn files_that_cannot_be_opened_close_what_was_open() {
    let mut state = ready_on(cpu());
    open(&mut state, 9);
    let effects = state.update(Action::Refuse(Said::EmptyFile));
    assert_eq!(effects.last(), Some(&Effect::ResetView(None)));
    assert!(matches!(&state.run, RunState::Failed { .. }) && state.found.is_none() && state.files.is_none());
}

#[test]
fn a_scan_that_is_cancelled_leaves_no_series() {
    let mut state = ready_on(cpu());
    state.update(Action::Open(files("a", 2)));
    let series = vec![FoundSeries::default(), FoundSeries::default()];
    let found = Found { series, recommended: Some(0), files: 2, ..Found::default() };
    reader(&mut state, ReaderReply::Found { job: 1, found });
    assert_eq!(state.update(Action::Cancel), [Effect::StartReader]);
    assert!(state.found.is_none());
}

#[test]
fn a_slice_that_the_user_looks_at_during_a_run_is_known() {
    let moved = |state: &State| state.view.as_ref().is_some_and(|view| view.moved);
    let mut state = ready_on(cpu());
    open(&mut state, 3);
    state.update(Action::Show(2));
    state.update(Action::Start);
    assert!(!moved(&state), "what was looked at before does not count");
    state.update(Action::Show(0));
    assert!(moved(&state));
    state.update(Action::Cancel);
    state.update(Action::Start);
    assert!(!moved(&state), "nor what was looked at in another run");
}

#[test]
fn files_of_which_nothing_is_proposed_wait_for_the_user() {
    let mut state = ready_on(cpu());
    open(&mut state, 4);
    assert!(!state.is_undecided(), "a proposed series is open");
    state.update(Action::Open(files("a", 2)));
    assert!(!state.is_undecided(), "not known yet");
    let series = vec![FoundSeries::default(), FoundSeries::default()];
    let found = Found { series, files: 2, ..Found::default() };
    reader(&mut state, ReaderReply::Found { job: 2, found });
    assert!(state.is_undecided());
    state.update(Action::Choose(1));
    reader(&mut state, ReaderReply::Refused { job: 2, cause: "Cut short.".into() });
    assert!(!state.is_undecided(), "what went wrong is said instead");
}
