//! Asks before a study that is at work, or saved nowhere, gives way to something else.

use yew::prelude::*;

use super::language::use_text;
use crate::browser;
use crate::state::{Action, Asked};

/// Properties of [`ReplaceDialog`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What waits.
    pub asked: Asked,
    /// What would be lost; none where nothing is any more.
    pub why: Option<&'static str>,
    /// The user chose.
    pub on_action: Callback<Action>,
}

/// A dialog over the page, which goes on behind it.
#[component]
pub fn ReplaceDialog(props: &Props) -> Html {
    let t = use_text();
    let dialog = use_node_ref();
    {
        let dialog = dialog.clone();
        use_effect_with((), move |()| {
            let before = browser::show_modal(&dialog);
            move || browser::focus(before)
        });
    }
    let keep = props.on_action.reform(|_: MouseEvent| Action::Keep);
    let replace = props.on_action.reform(|_: MouseEvent| Action::Replace);
    let cancel = props.on_action.reform(|event: Event| {
        // The page closes it.
        event.prevent_default();
        Action::Keep
    });
    let (title, go_on) = match &props.asked {
        Asked::Files(files) => (t.replace_title.replace("{name}", &files.called(t)), t.replace),
        Asked::Step(_) => (t.leave_title.to_owned(), t.leave),
    };
    html! {
        <dialog ref={dialog} class="card ask" aria-labelledby="ask-title" data-field="ask" oncancel={cancel}>
            <h2 id="ask-title">{ title }</h2>
            if let Some(why) = props.why {
                <p>{ why }</p>
            }
            <div class="ask-actions">
                <button type="button" class="button is-primary" data-action="keep" onclick={keep}>{ t.keep_study }</button>
                <button type="button" class="button" data-action="replace" onclick={replace}>{ go_on }</button>
            </div>
        </dialog>
    }
}
