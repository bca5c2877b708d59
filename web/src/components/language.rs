//! The choice of the page's language.

use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::strings::{Language, Strings, language, text};

/// The words of the language in use. A component that takes them from here is drawn anew, as it is, when another language
/// is chosen.
#[hook]
pub fn use_text() -> &'static Strings {
    let _ = use_context::<Language>();
    text()
}

/// Properties of [`LanguageChoice`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The user chose one.
    pub on_language: Callback<Language>,
}

/// A list of the languages, each by its own name.
#[component]
pub fn LanguageChoice(props: &Props) -> Html {
    let t = use_text();
    let on_language = props.on_language.clone();
    let choose = Callback::from(move |event: Event| {
        let select = event.target().and_then(|t| t.dyn_into::<HtmlSelectElement>().ok());
        if let Some(language) = select.and_then(|select| Language::of_tag(&select.value())) {
            on_language.emit(language);
        }
    });
    html! {
        <select class="language" data-field="language" aria-label={t.language}
            title={(!t.in_english.is_empty()).then_some(t.in_english)} onchange={choose}>
            { for Language::ALL.into_iter().map(|one| html! {
                <option key={one.tag()} value={one.tag()} lang={one.tag()} selected={one == language()}>{ one.name() }</option>
            }) }
        </select>
    }
}
