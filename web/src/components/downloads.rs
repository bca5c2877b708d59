//! The files that a study's result can be saved as, and paper.

use std::rc::Rc;

use lunglens::export::ExportFormat;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::language::use_text;
use super::print::PrintButton;
use super::told;
use crate::outcome::Outcome;
use crate::protocol::Cause;
use crate::state::Action;
use crate::strings::text;

/// Properties of [`Downloads`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The result.
    pub outcome: Rc<Outcome>,
    /// The form that is being written.
    pub writing: Option<ExportFormat>,
    /// Why the last one was not written.
    pub problem: Option<Cause>,
    /// Whether the patient is left out of DICOM files.
    pub deidentify: bool,
    /// The user wants one.
    pub on_action: Callback<Action>,
}

/// A card with a button a form.
#[component]
pub fn Downloads(props: &Props) -> Html {
    let t = use_text();
    let Outcome::Study(study) = props.outcome.as_ref() else { return Html::default() };
    // What people read first.
    let mut formats = study.formats.clone();
    formats.sort_by_key(|&format| place(format).1);
    let buttons = formats.into_iter().map(|format| {
        let press = props.on_action.reform(move |_: MouseEvent| Action::Export(format));
        let (id, name, hint) = describe(format);
        html! {
            <li key={id}>
                <button type="button" class="button" data-export={id} title={hint} disabled={props.writing.is_some()} onclick={press}>
                    { if props.writing == Some(format) { t.writing } else { name } }
                </button>
            </li>
        }
    });
    let choose = {
        let on_action = props.on_action.clone();
        Callback::from(move |event: Event| {
            if let Some(input) = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) {
                on_action.emit(Action::ChooseDeidentify(input.checked()));
            }
        })
    };
    let dicom = study.formats.contains(&ExportFormat::Seg);
    html! {
        <section class="card downloads" aria-labelledby="downloads-title">
            <h2 id="downloads-title">{ t.downloads }</h2>
            <ul class="downloads-list">{ for buttons }<li key="print"><PrintButton /></li></ul>
            if let Some(problem) = &props.problem {
                <p class="changed" role="alert" data-field="not-exported">{ told::cause(t, problem) }</p>
            }
            if dicom {
                <label class="switch">
                    <input type="checkbox" checked={props.deidentify} data-field="deidentify" onchange={choose} />
                    <span>{ t.deidentify }</span>
                </label>
            }
            <p class="hint">{ if dicom { t.downloads_hint } else { t.downloads_plain } }</p>
        </section>
    }
}

/// A form's name for tests, for people, and what it is for.
fn describe(format: ExportFormat) -> (&'static str, &'static str, &'static str) {
    let (id, at) = place(format);
    let (name, hint) = text().formats[at];
    (id, name, hint)
}

/// A form's name for tests, and its place on the page.
fn place(format: ExportFormat) -> (&'static str, usize) {
    match format {
        ExportFormat::Pdf => ("pdf", 0),
        ExportFormat::Json => ("json", 1),
        ExportFormat::Csv => ("csv", 2),
        ExportFormat::KeyOverlays => ("overlays", 3),
        ExportFormat::Seg => ("seg", 4),
        ExportFormat::Sr => ("sr", 5),
        ExportFormat::Nifti => ("nifti", 6),
    }
}
