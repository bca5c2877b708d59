//! What the page tells, in the language in use.

use super::*;
use crate::strings::Language;

#[test]
fn what_was_said_is_told_in_any_language() {
    let (mut state, run) = begun(cpu());
    prepared(&mut state, run, 0);
    state.update(Action::EngineDied(FIRST, "trap".into()));
    let notice = state.notice.expect("it is told");
    let told = |said: &Said| [Language::English, Language::French].map(|one| said.words(one.table()));
    let [english, french] = told(&notice);
    assert!(english.contains("at slice 1. It was started anew"), "{english}");
    assert!(french.contains("à la coupe 1. Il a été relancé"), "{french}");
    let [english, french] = told(&Said::Unreadable("IM5".into()));
    assert!(english.starts_with("IM5 could not be read") && french.starts_with("IM5 n’a pas pu"), "{french}");
    // Of which there is no translation.
    assert_eq!(told(&foreign("IM5 is damaged.")), ["IM5 is damaged.", "IM5 is damaged."]);
}
