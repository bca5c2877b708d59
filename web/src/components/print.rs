//! What only paper shows, and the button that prints.

use js_sys::{Date, Object, Reflect};
use web_sys::Element;
use yew::prelude::*;

use super::language::use_text;
use super::told;
use crate::outcome::SliceOutcome;
use crate::protocol::FoundSeries;
use crate::state::{RunState, State};
use crate::strings::{language, text};
use crate::{browser, format};

/// Properties of [`PrintHead`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The page's state.
    pub state: State,
}

/// Above everything else on paper: what was opened, when it was printed, and whether there is no result.
#[component]
pub fn PrintHead(props: &Props) -> Html {
    let t = use_text();
    let state = &props.state;
    let date = use_node_ref();
    {
        let date = date.clone();
        use_effect_with((), move |()| {
            // Not by drawing the page anew, which would come after the paper.
            let listener = browser::before_printing(move || {
                if let Some(date) = date.cast::<Element>() {
                    date.set_text_content(Some(&now()));
                }
            });
            move || drop(listener)
        });
    }
    let slice = state.slice_outcome();
    let name = slice.map_or_else(|| state.called(t), |slice| slice.report.input.name.clone());
    html! {
        <div class="print-only print-head">
            <dl>
                if !name.is_empty() {
                    <div><dt>{ t.file }</dt><dd class="file-name">{ name }</dd></div>
                }
                if let Some(series) = several(state) {
                    { of_series(series, slice) }
                }
                <div><dt>{ t.printed }</dt><dd ref={date} data-field="printed"></dd></div>
            </dl>
            if !matches!(state.run, RunState::Done(_)) {
                <p class="unfinished" data-field="printed-early">{ t.printed_early }</p>
            }
        </div>
    }
}

/// The series that is looked at, if it is more than one slice.
fn several(state: &State) -> Option<&FoundSeries> {
    let series = state.found.as_ref()?.series.get(state.view.as_ref()?.series)?;
    (series.slices > 1).then_some(series)
}

fn of_series(series: &FoundSeries, slice: Option<&SliceOutcome>) -> Html {
    let t = text();
    html! {
        <>
            <div>
                <dt>{ t.series }</dt>
                <dd class="file-name">{ format::title(series) }</dd>
                <dd>{ format::details(series) }</dd>
                if let Some(reason) = &series.reason {
                    <dd>{ told::not_proposed(t, reason) }</dd>
                }
            </div>
            // The picture may show another one.
            if let Some(slice) = slice {
                <div><dt>{ t.of_viewer.slice }</dt><dd>{ format!("{} {} {}", slice.index + 1, t.of_viewer.of, series.slices) }</dd></div>
            }
        </>
    }
}

/// Date and time as the page's language writes them, in the digits of its other figures.
fn now() -> String {
    let options = Object::new();
    for (key, value) in [("dateStyle", "long"), ("timeStyle", "short")] {
        let _ = Reflect::set(&options, &key.into(), &value.into());
    }
    Date::new_0().to_locale_string(&format!("{}-u-nu-latn", language().tag()), &options).into()
}

/// The button that prints the page.
#[component]
pub fn PrintButton() -> Html {
    let t = use_text();
    let print = |_: MouseEvent| {
        if let Err(problem) = browser::print() {
            web_sys::console::error_2(&"could not print:".into(), &problem);
        }
    };
    html! { <button type="button" class="button" data-action="print" onclick={print}>{ t.print }</button> }
}
