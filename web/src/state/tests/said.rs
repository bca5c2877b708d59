//! What the page tells, in the language in use.

use super::*;
use crate::protocol::CauseKind;
use crate::strings::Language;

/// The reader's word that a slice of the opened series cannot be shown.
fn not_shown(index: usize, problem: &str) -> ReaderReply {
    ReaderReply::NotShown { job: 1, series: 0, index, cause: problem.into() }
}

#[test]
fn what_was_said_is_told_in_any_language() {
    let (mut state, run) = begun(cpu());
    prepared(&mut state, run, 0);
    state.update(Action::EngineDied(FIRST, "trap".into()));
    let notice = state.notice.expect("it is told");
    let told = |said: &Said| [Language::English, Language::French].map(|one| said.words(one.table()));
    let [english, french] = told(&notice);
    assert!(english.contains("at slice 1. It was restarted"), "{english}");
    assert!(french.contains("à la coupe 1. Il a été relancé"), "{french}");
    let [english, french] = told(&Said::Unreadable("IM5".into()));
    assert!(english.starts_with("IM5 could not be read") && french.starts_with("IM5 n’a pas pu"), "{french}");
    let broken =
        || Cause::new(CauseKind::OfFile, "IM5: It ends in Rows.").naming("IM5").over(CauseKind::CutShort);
    let [english, french] = told(&Said::Cause(broken()));
    assert_eq!(
        (english.as_str(), french.starts_with("IM5\u{202f}: Le fichier est incomplet.")),
        ("IM5: It ends in Rows.", true)
    );
    let [english, french] = told(&Said::NotShown(4, broken()));
    assert_eq!(english, "Slice 5 cannot be shown. IM5: It ends in Rows.");
    assert!(french.starts_with("La coupe 5 ne peut pas être affichée. IM5\u{202f}: Le fichier"), "{french}");
}

#[test]
fn what_a_language_says_in_general_stands_above_the_words_of_the_library() {
    let said = said("The report has no rows.");
    let [english, french] = [Language::English, Language::French].map(Language::table);
    assert_eq!((said.words(english).as_str(), said.detail(english)), ("The report has no rows.", None));
    assert!(said.words(french).starts_with("Une erreur inattendue"), "{}", said.words(french));
    assert_eq!(said.detail(french), Some("The report has no rows."));
    assert_eq!(Said::Cause(Cause::new(CauseKind::Memory, "Full.")).detail(french), None);
}

#[test]
fn what_is_closed_takes_its_notice_with_it() {
    let mut state = ready_on(cpu());
    open(&mut state, 3);
    reader(&mut state, not_shown(1, "IM1 is damaged."));
    assert_eq!(state.notice, Some(Said::NotShown(1, "IM1 is damaged.".into())));
    state.update(Action::Refuse(Said::EmptyFile));
    assert_eq!((state.notice, state.run), (None, RunState::Failed { message: Said::EmptyFile }));
}

#[test]
fn why_a_slice_cannot_be_read_is_told_once() {
    let problem = "broken.dcm is damaged.";
    let fail = |state: &mut State, run| reader(state, ReaderReply::Failed { run, cause: problem.into() });
    // The eye's slice and the engine's come in either order.
    for eye_first in [true, false] {
        let mut state = ready_on(cpu());
        open(&mut state, 1);
        let run = run_of(&state);
        if eye_first {
            reader(&mut state, not_shown(0, problem));
            fail(&mut state, run);
        } else {
            fail(&mut state, run);
            reader(&mut state, not_shown(0, problem));
        }
        assert_eq!(state.run, RunState::Failed { message: said(problem) });
        assert_eq!(state.notice, None, "the eye first: {eye_first}");
        // Another slice is another matter.
        reader(&mut state, not_shown(0, "other.dcm is damaged."));
        assert!(state.notice.is_some());
    }
}

#[test]
fn a_notice_does_not_outlast_its_step() {
    let next: [fn(&mut State, u32); 3] = [
        |state, run| drop(finish(state, run)),
        |state, _| drop(state.update(Action::Cancel)),
        |state, run| drop(engine(state, Reply::Failed { run, cause: "Damaged.".into() })),
    ];
    for next in next {
        let (mut state, run) = begun(gpu());
        state.update(Action::Refuse(Said::EmptyFile));
        assert_eq!(state.notice, Some(Said::EmptyFile));
        next(&mut state, run);
        assert_eq!(state.notice, None);
        state.update(Action::Tell(Said::NoFiles));
        state.saved = true; // else it is asked first
        state.update(Action::Start);
        assert_eq!(state.notice, None);
        // Where slices are read stays true.
        let run = run_of(&state);
        engine(&mut state, Reply::FellBack { run, device: cpu(), reason: CpuReason::Memory });
        next(&mut state, run);
        assert_eq!(state.notice, Some(Said::Cpu(CpuReason::Memory)));
    }
}

#[test]
fn an_engine_that_goes_on_is_told_of_until_it_breaks_again() {
    let broken = || {
        let (mut state, run) = begun(cpu());
        prepared(&mut state, run, 0);
        state.update(Action::EngineDied(FIRST, "trap".into()));
        ready(&mut state, cpu());
        assert_eq!(state.notice, Some(Said::CrashedOnce(0)));
        (state, run)
    };
    let (mut state, run) = broken();
    finish(&mut state, run);
    assert!(matches!(state.run, RunState::Done(_)));
    assert_eq!(state.notice, Some(Said::CrashedOnce(0)), "how the result came about");
    let (mut state, run) = broken();
    // The next slice was asked for before.
    prepared(&mut state, run, 1);
    prepared(&mut state, run, 0);
    segmented(&mut state, run, 1);
    state.update(Action::EngineDied(FIRST, "trap".into()));
    assert_eq!((state.run, state.notice), (RunState::Failed { message: Said::CrashedTwice(0) }, None));
}
