//! What was found in the opened files, which series is looked at, and the start of a study.

use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::language::use_text;
use super::told;
use crate::outcome::Outcome;
use crate::protocol::{Found, FoundSeries};
use crate::state::{Action, RunState, State};
use crate::{format, strings::text};

/// The steps that are offered as time budgets.
const STEPS: [usize; 6] = [1, 2, 3, 5, 10, 20];
/// Fewer slices than this make no study.
const LEAST_SLICES: usize = 3;

/// Properties of [`FoundPanel`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The page's state.
    pub state: State,
    /// The user chose something.
    pub on_action: Callback<Action>,
}

/// A card with the opened series, the way to start, and the other series.
#[component]
pub fn FoundPanel(props: &Props) -> Html {
    let t = use_text();
    let state = &props.state;
    let Some(found) = &state.found else { return Html::default() };
    let chosen = state.view.as_ref().map(|view| view.series);
    let present = chosen.and_then(|index| found.series.get(index));
    let single = found.series.len() == 1 && found.set_aside.is_empty() && found.series[0].slices == 1;
    // A picture is what is in front, or the stage says why it is not.
    if single && (present.is_some() || found.recommended.is_some()) {
        return Html::default();
    }
    // The proposed series is on its way.
    let awaited = present.is_none() && found.recommended.is_some() && matches!(state.run, RunState::Open);
    let others_title = match (present, found.series.len()) {
        (Some(_), _) => t.other_series,
        _ if awaited => t.other_series,
        (None, 1) => t.series,
        (None, _) => t.choose_series,
    };
    let busy = state.is_busy();
    html! {
        <section class={classes!("card", "found", (!busy && !matches!(state.run, RunState::Done(_))).then_some("is-first"))} aria-labelledby="found-title" data-field="found">
            <h2 id="found-title">{ t.found }</h2>
            if let Some(series) = present {
                <p class="series-name">{ format::title(series) }</p>
                <p class="small" data-field="series">{ format::details(series) }</p>
                if let Some(reason) = &series.reason {
                    <p class="small">{ told::not_proposed(t, reason) }</p>
                }
                if series.continued {
                    <p class="small" role="note" data-field="found-continued">{ t.continued }</p>
                }
                if series.slices > 1 && !busy {
                    { start(props, series) }
                }
            }
            if found.series.len() > 1 || present.is_none() && !found.series.is_empty() && !awaited {
                <details class="small" open={chosen.is_none()}>
                    <summary>{ format!("{others_title} ({})", found.series.len() - usize::from(present.is_some())) }</summary>
                    <ul class="series-list">{ for others(props, found, chosen, busy) }</ul>
                </details>
            }
            if found.listed_elsewhere > 0 {
                <p class="small" role="note" data-field="listed-elsewhere">
                    { t.listed_elsewhere.replace("{count}", &found.listed_elsewhere.to_string()) }
                </p>
            }
            if !found.set_aside.is_empty() {
                <details class="small" data-field="set-aside">
                    <summary>{ format!("{} ({})", t.set_aside, found.set_aside.iter().map(|one| one.files).sum::<usize>()) }</summary>
                    <ul>
                        { for found.set_aside.iter().map(|one| {
                            let files = format::counted(one.files, t.one_file, t.some_files);
                            html! { <li>{ files }{ t.colon }{ told::cause(t, &one.reason) }</li> }
                        }) }
                    </ul>
                </details>
            }
        </section>
    }
}

fn others(props: &Props, found: &Found, chosen: Option<usize>, busy: bool) -> Vec<Html> {
    let t = text();
    let series = found.series.iter().enumerate().filter(|(index, _)| Some(*index) != chosen);
    let entry = |(index, one): (usize, &FoundSeries)| {
        let choose = props.on_action.reform(move |_: MouseEvent| Action::Choose(index));
        let why = one.problem.as_ref().or(one.reason.as_ref());
        html! {
            <li key={index}>
                <button type="button" class="series" disabled={busy} data-series={index.to_string()} onclick={choose}>
                    <span class="series-name">{ format::title(one) }</span>
                    <span class="figure">{ format::details(one) }</span>
                    if let Some(why) = why {
                        <span class="figure">{ told::cause(t, why) }</span>
                    }
                    if found.recommended == Some(index) && one.problem.is_none() {
                        <span class="figure">{ t.proposed }</span>
                    }
                </button>
            </li>
        }
    };
    series.map(entry).collect()
}

/// The time budget and the buttons that start.
fn start(props: &Props, series: &FoundSeries) -> Html {
    let t = text();
    let state = &props.state;
    let choose = {
        let on_action = props.on_action.clone();
        Callback::from(move |event: Event| {
            let select = event.target().and_then(|t| t.dyn_into::<HtmlSelectElement>().ok());
            if let Some(every) = select.and_then(|s| s.value().parse().ok()) {
                on_action.emit(Action::ChooseEvery(every));
            }
        })
    };
    let steps =
        STEPS.into_iter().filter(|&every| every == 1 || series.slices.div_ceil(every) >= LEAST_SLICES);
    let options = steps.map(|every| {
        let count = series.slices.div_ceil(every);
        let which = match every {
            1 => t.all_slices.replace("{count}", &count.to_string()),
            _ => t.every_slice.replace("{every}", &every.to_string()).replace("{count}", &count.to_string()),
        };
        let label = match state.study_millis(count) {
            Some(millis) => format!("{which}{}{}", t.comma, format::about(millis)),
            None => which,
        };
        html! { <option key={every} value={every.to_string()} selected={state.every == every}>{ label }</option> }
    });
    let timing = matches!(state.run, RunState::Timing(_));
    let measurable = series.problem.is_none() && series.slices >= LEAST_SLICES;
    let again =
        matches!(&state.run, RunState::Done(outcome) if matches!(outcome.as_ref(), Outcome::Study(_)));
    html! {
        <div class="start">
            if let Some(problem) = &series.problem {
                <p class="small" role="note" data-field="problem">{ told::cause(t, problem) }</p>
            }
            if measurable {
                <div class="field">
                    <label for="start-every">{ t.budget }</label>
                    <select id="start-every" data-field="budget" onchange={choose}>{ for options }</select>
                    <p class="hint">
                        { if timing { t.timing } else if state.slice_millis.is_none() && !state.is_ready() { t.timing_later } else if state.every > 1 { t.every_hint } else { t.budget_hint } }
                    </p>
                </div>
                <button type="button" class={classes!("button", (!again).then_some("is-primary"))} data-action="start"
                    onclick={props.on_action.reform(|_: MouseEvent| Action::Start)}>{ if again { t.start_again } else { t.start } }</button>
            }
            <button type="button" class="button" data-action="start-slice"
                onclick={props.on_action.reform(|_: MouseEvent| Action::StartSlice)}>{ t.start_slice }</button>
        </div>
    }
}
