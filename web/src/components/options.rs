//! The settings of the next run.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::language::use_text;
use crate::format;
use crate::protocol::{ClaheWish, DeviceWish};
use crate::state::{Action, EngineState, RunState, State};

/// Properties of [`Options`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The page's state.
    pub state: State,
    /// A choice was made.
    pub on_action: Callback<Action>,
}

/// A card with the model, the device, the contrast setting and the score threshold.
#[component]
pub fn Options(props: &Props) -> Html {
    let t = use_text();
    let (state, settings) = (&props.state, &props.state.settings);
    let loading =
        matches!(state.engine, EngineState::Starting | EngineState::Fetching { .. } | EngineState::Preparing);
    let locked = loading || state.is_busy();
    let chosen = |make: fn(String) -> Option<Action>| {
        let on_action = props.on_action.clone();
        Callback::from(move |event: Event| {
            let select = event.target().and_then(|t| t.dyn_into::<HtmlSelectElement>().ok());
            if let Some(action) = select.and_then(|s| make(s.value())) {
                on_action.emit(action);
            }
        })
    };
    let on_threshold = {
        let on_action = props.on_action.clone();
        Callback::from(move |event: InputEvent| {
            let input = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
            if let Some(value) = input.and_then(|i| i.value().parse::<f32>().ok()) {
                on_action.emit(Action::ChooseThreshold(value / 100.0));
            }
        })
    };
    // Runs that begin and end leave it as it is.
    let opened = use_state(|| false);
    let toggle = {
        let opened = opened.clone();
        Callback::from(move |event: Event| {
            if let Some(details) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) {
                opened.set(details.has_attribute("open"));
            }
        })
    };
    let run_again = props.on_action.reform(|_: MouseEvent| Action::RunAgain);
    let present = state.model().map(|m| m.id.clone()).unwrap_or_default();
    let models = state.models.iter().zip(state.model_names()).map(|(model, name)| {
        html! {
            <option key={model.id.clone()} value={model.id.clone()} selected={present == model.id}>
                { format!("{name} ({})", format::megabytes(model.bytes)) }
            </option>
        }
    });
    let devices = [
        ("auto", DeviceWish::Auto, t.device_auto),
        ("gpu", DeviceWish::Gpu, t.device_gpu),
        ("cpu", DeviceWish::Cpu, t.device_cpu),
    ];
    // As a property too: what the user chose once does not go by the attribute of the choices any more.
    let device =
        devices.iter().find(|(_, wish, _)| *wish == settings.device).map_or("auto", |(value, ..)| *value);
    let clahes = [
        ("auto", ClaheWish::Auto, t.clahe_auto),
        ("on", ClaheWish::On, t.clahe_on),
        ("off", ClaheWish::Off, t.clahe_off),
    ];
    html! {
        <section class="card options">
            <details open={*opened || state.settings_changed()} ontoggle={toggle}>
                <summary><h2>{ t.options }</h2></summary>
                <div class="field">
                    <label for="option-model">{ t.model }</label>
                    <select id="option-model" ~value={present.clone()} disabled={locked || state.models.is_empty()}
                        onchange={chosen(|id| Some(Action::ChooseModel(id)))}>
                        { for models }
                    </select>
                    if let Some(model) = state.model() {
                        <p class="hint">{ t.licence }{ t.colon }<span lang="en">{ &model.licence }</span></p>
                    }
                </div>
                <div class="field">
                    <label for="option-device">{ t.device }</label>
                    <select id="option-device" ~value={device} disabled={locked} onchange={chosen(|value| match value.as_str() {
                        "auto" => Some(Action::ChooseDevice(DeviceWish::Auto)),
                        "gpu" => Some(Action::ChooseDevice(DeviceWish::Gpu)),
                        "cpu" => Some(Action::ChooseDevice(DeviceWish::Cpu)),
                        _ => None,
                    })}>
                        { for devices.into_iter().map(|(value, wish, label)| html! {
                            <option key={value} {value} selected={settings.device == wish}>{ label }</option>
                        }) }
                    </select>
                </div>
                <div class="field">
                    <label for="option-clahe">{ t.clahe }</label>
                    <select id="option-clahe" aria-describedby="option-clahe-hint" onchange={chosen(|value| match value.as_str() {
                        "auto" => Some(Action::ChooseClahe(ClaheWish::Auto)),
                        "on" => Some(Action::ChooseClahe(ClaheWish::On)),
                        "off" => Some(Action::ChooseClahe(ClaheWish::Off)),
                        _ => None,
                    })}>
                        { for clahes.into_iter().map(|(value, wish, label)| html! {
                            <option key={value} {value} selected={settings.clahe == wish}>{ label }</option>
                        }) }
                    </select>
                    <p class="hint" id="option-clahe-hint">{ t.clahe_hint }</p>
                </div>
                <div class="field">
                    <label for="option-threshold">
                        { t.threshold }
                        <span class="value" aria-hidden="true">{ format::decimal(f64::from(settings.score_threshold), 2) }</span>
                    </label>
                    <input id="option-threshold" type="range" min="5" max="95" step="5" aria-describedby="option-threshold-hint"
                        aria-valuetext={format::decimal(f64::from(settings.score_threshold), 2)}
                        value={format!("{:.0}", settings.score_threshold * 100.0)} oninput={on_threshold} />
                    <p class="hint" id="option-threshold-hint">{ t.threshold_hint }</p>
                </div>
                if state.view.is_some() && state.found.is_some() && !state.is_busy() && matches!(state.run, RunState::Done(_) | RunState::Failed { .. } | RunState::Cancelled) {
                    if state.settings_changed() {
                        <p class="changed">{ t.changed }</p>
                    }
                    <button type="button" class={classes!("button", state.settings_changed().then_some("is-primary"))}
                        data-action="again" onclick={run_again}>{ t.run_again }</button>
                }
            </details>
        </section>
    }
}
