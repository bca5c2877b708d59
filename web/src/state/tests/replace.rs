//! Files that are opened while there is a study to lose.

use super::*;

fn other() -> Action {
    Action::Open(files("other.png", 1))
}

/// The name of the opened file.
fn name_of(state: &State) -> &str {
    state.files.as_ref().map_or("", |files| &files.name)
}

#[test]
fn opening_during_a_study_asks_first() {
    let (mut state, run) = begun(cpu());
    prepared(&mut state, run, 0);
    assert!(state.update(other()).is_empty());
    assert!(matches!(&state.asked, Some(Asked::Files(files)) if files.name == "other.png"));
    assert_eq!(segmented(&mut state, run, 0).len(), 1, "the study goes on meanwhile");
    assert!(state.update(Action::Keep).is_empty());
    assert!(state.asked.is_none() && state.update(Action::Replace).is_empty(), "forgotten");
    assert_eq!((run_of(&state), name_of(&state)), (run, "slice.dcm"));
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
    assert_eq!((state.asked.as_ref(), name_of(&state)), (None, "other.png"));
    assert!(engine(&mut state, Reply::Cancelled { run: old }).is_empty());
    assert!(reader(&mut state, ReaderReply::Refused { job: 1, cause: "late".into() }).is_empty());
    assert!(matches!(state.run, RunState::Scanning { .. }));
}

#[test]
fn files_whose_names_come_late_wait_too() {
    // A large drop is looked through for a while. The study was begun meanwhile, or is paused.
    let (mut state, run) = begun(cpu());
    prepared(&mut state, run, 0);
    assert_eq!(state.update(Action::Pause), []);
    assert!(state.update(other()).is_empty());
    // What was dropped last is what is asked about.
    assert!(state.update(Action::Open(files("last.png", 3))).is_empty());
    assert_eq!(state.asked, Some(Asked::Files(files("last.png", 3))));
    assert!(matches!(&state.run, RunState::Active(active) if active.run == run && active.paused));
    assert_eq!(name_of(&state), "slice.dcm");
    // That there are none to be had replaces nothing, and the question stays.
    state.update(Action::Refuse(Said::TooMany));
    assert_eq!((run_of(&state), state.asked.is_some()), (run, true));
    let effects = state.update(Action::Replace);
    assert_eq!(effects.last(), Some(&Effect::OpenFiles(2)));
    assert_eq!((name_of(&state), &state.run), ("last.png", &RunState::Scanning { read: 0, of: 3 }));
}

#[test]
fn what_was_asked_during_a_study_is_still_asked_when_it_ends() {
    let ends: [fn(&mut State, u32); 3] = [
        |state, run| drop(finish(state, run)),
        |state, run| drop(engine(state, Reply::Failed { run, cause: "Damaged.".into() })),
        |state, _| drop(state.update(Action::Cancel)),
    ];
    for (end, at_stake) in ends.into_iter().zip([true, false, false]) {
        for answer in [Action::Keep, Action::Replace] {
            let (mut state, run) = begun(cpu());
            prepared(&mut state, run, 0);
            state.update(other());
            end(&mut state, run);
            assert!(!matches!(state.run, RunState::Active(_)) && state.asked.is_some());
            assert_eq!(state.is_study_at_stake(), at_stake, "a result is saved nowhere yet");
            let opens = answer == Action::Replace;
            let before = state.run.clone();
            let effects = state.update(answer);
            assert_eq!(effects.last() == Some(&Effect::OpenFiles(2)), opens, "{effects:?}");
            assert_eq!(state.run == before, !opens);
            assert_eq!((state.asked.as_ref(), name_of(&state) == "other.png"), (None, opens));
        }
    }
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
    state.update(Action::Tell(Said::NoFiles));
    state.update(Action::Refuse(Said::TooMany));
    assert_eq!(state.notice, Some(Said::TooMany));
    assert_eq!(run_of(&state), run, "it goes on");
    state.update(Action::Cancel);
    assert!(!state.is_study_at_stake());
}

#[test]
fn reading_something_else_asks_while_a_result_is_saved_nowhere() {
    for step in [Action::StartSlice, Action::Choose(1), Action::Start, Action::RunAgain] {
        let mut state = finished();
        assert!(state.update(step.clone()).is_empty());
        assert_eq!(state.asked, Some(Asked::Step(Box::new(step.clone()))));
        state.update(Action::Keep);
        assert!(matches!(state.run, RunState::Done(_)) && state.asked.is_none());
        state.update(step.clone());
        assert!(!state.update(Action::Replace).is_empty());
        assert!(!matches!(state.run, RunState::Done(_)));

        let mut state = finished();
        state.update(Action::Export(ExportFormat::Json));
        let run = state.shown_run;
        let exported = ReaderReply::Exported {
            run,
            format: ExportFormat::Json,
            name: "slice".into(),
            files: Vec::new(),
        };
        reader(&mut state, exported);
        assert!(!state.update(step).is_empty(), "what is saved is not asked about");
    }
}

#[test]
fn a_file_is_named_as_when_it_was_asked_for() {
    let mut state = finished();
    let run = state.shown_run;
    let effects = state.update(Action::Export(ExportFormat::Pdf));
    let asked =
        ReaderRequest::Export { run, format: ExportFormat::Pdf, deidentify: false, name: "slice".into() };
    assert_eq!(effects, [Effect::Read(asked)]);
    assert!(state.update(Action::Export(ExportFormat::Csv)).is_empty(), "one at a time");
    reader(&mut state, ReaderReply::NotExported { run, cause: "No room.".into() });
    assert_eq!((state.exporting, state.not_exported.clone()), (None, Some("No room.".into())));
    state.update(Action::Export(ExportFormat::Csv));
    assert!(state.not_exported.is_none());
    // What comes for a run that is not shown any more ends nothing.
    reader(&mut state, ReaderReply::NotExported { run: run + 1, cause: "No room.".into() });
    assert_eq!(state.exporting, Some(ExportFormat::Csv));
}
