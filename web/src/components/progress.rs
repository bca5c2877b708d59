//! How far things are: the model's line in the masthead, and the steps of a run.

use yew::prelude::*;

use super::paint;
use crate::state::{Action, EngineState, RunState, State};
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
    let t = text();
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
                <p class="small">{ message }</p>
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

/// The run at work: the slice, its steps, and the button that stops it.
#[component]
pub fn RunProgress(props: &Props) -> Html {
    let t = text();
    let (picture, stage, cancelling) = match &props.state.run {
        RunState::Active { picture, stage, cancelling, .. } => (picture.clone(), *stage, *cancelling),
        _ => (None, None, false),
    };
    let waiting = props.state.run == RunState::Waiting;
    let canvas = use_node_ref();
    {
        let canvas = canvas.clone();
        use_effect_with(picture.clone(), move |picture| {
            if let Some(picture) = picture {
                paint::slice_only(&canvas, picture);
            }
        });
    }
    let title = match (waiting, cancelling) {
        (true, _) => t.waiting,
        (_, true) => t.cancelling,
        _ => t.reading,
    };
    let steps = t.stages.iter().enumerate().map(|(index, name)| {
        let (class, spoken) = match stage {
            Some(now) if index < now => ("is-done", Some(t.stage_done)),
            Some(now) if index == now => ("is-now", Some(t.stage_now)),
            _ => ("", None),
        };
        let current = (class == "is-now").then_some("step");
        html! {
            <li key={index} {class} aria-current={current}>
                { name }
                if let Some(spoken) = spoken { <span class="visually-hidden">{ ", " }{ spoken }</span> }
            </li>
        }
    });
    let name = props.state.source.as_ref().map(|s| s.name.clone()).unwrap_or_default();
    html! {
        <section class="card running" aria-busy="true" aria-labelledby="running-title">
            <div class="film is-dim">
                if let Some(picture) = &picture {
                    <canvas ref={canvas} role="img" aria-label={name.clone()}
                        width={picture.columns.to_string()} height={picture.rows.to_string()} />
                }
            </div>
            <div class="running-side">
                <h2 id="running-title">{ title }{ "\u{2026}" }</h2>
                <p class="small file-name">{ name }</p>
                <progress role="progressbar" aria-label={t.reading} max="6"
                    value={stage.filter(|_| !waiting).map(|s| s.to_string())} />
                <ol class="steps" aria-label={t.stages_label}>{ for steps }</ol>
                <button type="button" class="button" data-action="cancel" disabled={cancelling}
                    onclick={props.on_action.reform(|_: MouseEvent| Action::Cancel)}>{ t.cancel }</button>
            </div>
        </section>
    }
}
