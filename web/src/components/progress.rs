//! How far things are: the model's line in the masthead, and the steps of a run.

use yew::prelude::*;

use super::language::use_text;
use super::told;
use crate::state::{Action, Active, EngineState, RunState, State, Task};
use crate::{format, strings::text};

/// Properties of both components.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The page's state.
    pub state: State,
    /// The user pressed a button.
    pub on_action: Callback<Action>,
}

/// The model's state: a progress bar while it loads, then the model and its device.
#[component]
pub fn EngineLine(props: &Props) -> Html {
    let t = use_text();
    let state = &props.state;
    match &state.engine {
        EngineState::Starting => {
            html! { <div class="engine"><p>{ t.starting }{ "\u{2026}" }</p>{ bar(t.starting, None) }</div> }
        }
        EngineState::Fetching { loaded, total } => {
            let amount = format!("{} / {}", format::megabytes(*loaded), format::megabytes(*total));
            html! {
                <div class="engine">
                    <p>
                        { t.fetching }
                        if *total > 0 { <span class="figure">{ amount }</span> }
                    </p>
                    { bar(t.fetching, (*total > 0).then_some((*loaded, *total))) }
                </div>
            }
        }
        EngineState::Preparing => {
            html! { <div class="engine"><p>{ t.preparing }{ "\u{2026}" }</p>{ bar(t.preparing, None) }</div> }
        }
        EngineState::Ready { model, device } => {
            let title =
                state.models.iter().find(|m| m.id == *model).map_or(model.as_str(), |m| m.title.as_str());
            html! {
                <div class="engine is-ready">
                    <p><span class="dot" aria-hidden="true"></span>{ t.ready }<span class="figure" data-field="device">{ format::device(device) }</span></p>
                    <p class="small">{ title }</p>
                </div>
            }
        }
        EngineState::Failed { message } => html! {
            <div class="engine is-failed" role="alert">
                <p><strong>{ t.not_ready }</strong></p>
                <p class="small">{ told::said(t, message) }</p>
                <button type="button" class="button" onclick={props.on_action.reform(|_: MouseEvent| Action::Retry)}>{ t.retry }</button>
            </div>
        },
    }
}

fn bar(label: &'static str, amount: Option<(u64, u64)>) -> Html {
    match amount {
        Some((loaded, total)) => html! {
            <progress role="progressbar" aria-label={label} value={loaded.to_string()} max={total.to_string()}
                aria-valuetext={format!("{} / {}", format::megabytes(loaded), format::megabytes(total))} />
        },
        None => html! { <progress role="progressbar" aria-label={label} /> },
    }
}

/// What is going on, how far it is, and the buttons that pause and stop it.
#[component]
pub fn RunProgress(props: &Props) -> Html {
    let t = use_text();
    let (title, inner) = match &props.state.run {
        RunState::Scanning { read, of } => (t.scanning, scanning(*read, *of)),
        RunState::Waiting(Task::Study { .. }) => (t.waiting, bar(t.waiting, None)),
        RunState::Waiting(_) => (t.waiting, steps(&props.state, None)),
        RunState::Active(active) => match active.task {
            Task::Study { .. } => (study_phase(active), study(props, active)),
            _ => (t.reading, steps(&props.state, active.slices.stage())),
        },
        _ => return Html::default(),
    };
    let paused = matches!(&props.state.run, RunState::Active(active) if active.paused);
    let pausable = matches!(&props.state.run, RunState::Active(Active { task: Task::Study { .. }, .. }));
    html! {
        <section class="card running" aria-busy="true" aria-labelledby="running-title">
            <h2 id="running-title" data-field="phase">{ title }{ if title == t.paused { "" } else { "\u{2026}" } }</h2>
            <p class="small file-name">{ props.state.called(t) }</p>
            { inner }
            <div class="running-buttons">
                if pausable {
                    if paused {
                        <button type="button" class="button is-primary" data-action="continue"
                            onclick={props.on_action.reform(|_: MouseEvent| Action::Continue)}>{ t.go_on }</button>
                    } else {
                        <button type="button" class="button" data-action="pause"
                            onclick={props.on_action.reform(|_: MouseEvent| Action::Pause)}>{ t.pause }</button>
                    }
                }
                <button type="button" class="button" data-action="cancel"
                    onclick={props.on_action.reform(|_: MouseEvent| Action::Cancel)}>{ t.cancel }</button>
            </div>
        </section>
    }
}

/// What a study at work is at.
pub fn study_phase(active: &Active) -> &'static str {
    let t = text();
    match (active.paused, active.slices.at_work()) {
        (false, _) => t.measuring,
        (true, true) => t.pausing,
        (true, false) => t.paused,
    }
}

fn scanning(read: usize, of: usize) -> Html {
    let t = text();
    let files = t.number_of_part(read, of, t.one_file_read, t.files_read);
    let files = files.replace("{read}", &read.to_string()).replace("{of}", &of.to_string());
    html! {
        <>
            <progress role="progressbar" aria-label={text().scanning} max={of.max(1).to_string()} value={read.to_string()} />
            <p class="small" data-field="files">{ files }</p>
        </>
    }
}

/// Slices so far and the time that is left.
fn study(props: &Props, active: &Active) -> Html {
    let t = text();
    // Of none until the reader has told which slices it will read.
    let (done, all) = (active.measured, active.slices.count());
    let count = (all > 0).then(|| {
        let words = t.number_of_part(done, all, t.one_slice_measured, t.slices_measured);
        words.replace("{done}", &done.to_string()).replace("{all}", &all.to_string())
    });
    let left = props.state.remaining_millis(active).filter(|_| all > 0);
    html! {
        <>
            <progress role="progressbar" aria-label={t.measuring} aria-valuetext={count.clone()}
                max={all.max(1).to_string()} value={(all > 0).then(|| done.to_string())} />
            <p class="small running-count">
                if let Some(count) = count {
                    <span data-field="slices-done">{ count }</span>
                }
                if let Some(left) = left {
                    <span class="figure" data-field="remaining">{ t.left_time.replace("{time}", &format::about(left)) }</span>
                }
            </p>
        </>
    }
}

/// The steps of a single slice, those that the model has.
fn steps(state: &State, now: Option<usize>) -> Html {
    let t = text();
    let stages = state.stages();
    let done = now.map(|now| stages.iter().filter(|&&stage| stage < now).count());
    let steps = stages.iter().map(|&stage| {
        let (class, spoken) = match now {
            Some(now) if stage < now => ("is-done", Some(t.stage_done)),
            Some(now) if stage == now => ("is-now", Some(t.stage_now)),
            _ => ("", None),
        };
        let current = (class == "is-now").then_some("step");
        html! {
            <li key={stage} {class} aria-current={current}>
                { t.stages[stage] }
                if let Some(spoken) = spoken { <span class="visually-hidden">{ t.comma }{ spoken }</span> }
            </li>
        }
    });
    html! {
        <>
            <progress role="progressbar" aria-label={t.reading} max={stages.len().to_string()} value={done.map(|done| done.to_string())} />
            <ol class="steps" aria-label={t.stages_label}>{ for steps }</ol>
        </>
    }
}
