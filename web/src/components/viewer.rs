//! The slice with its findings, and the controls of the overlay.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Blob, HtmlCanvasElement, HtmlInputElement};
use yew::prelude::*;

use super::paint::{self, Style};
use crate::outcome::Outcome;
use crate::strings::text;
use crate::{browser, format};

/// Properties of [`Viewer`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The result.
    pub outcome: Rc<Outcome>,
    /// The lit instance.
    pub lit: Option<usize>,
    /// The pointer is over an instance, or over none.
    pub on_light: Callback<Option<usize>>,
}

/// The canvas and its tool bar.
#[component]
pub fn Viewer(props: &Props) -> Html {
    let t = text();
    let canvas = use_node_ref();
    let overlay = use_state(|| true);
    let opacity = use_state(|| 0.6_f64);
    let style = Style { overlay: *overlay, opacity: *opacity, lit: props.lit };
    {
        let (canvas, outcome) = (canvas.clone(), props.outcome.clone());
        use_effect_with((outcome, style), move |(outcome, style)| {
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                paint::findings(&canvas, outcome, *style);
            }
        });
    }
    let on_move = {
        let (outcome, on_light) = (props.outcome.clone(), props.on_light.clone());
        Callback::from(move |event: PointerEvent| {
            let Some(canvas) = event.target().and_then(|t| t.dyn_into::<HtmlCanvasElement>().ok()) else {
                return;
            };
            let shown = canvas.get_bounding_client_rect();
            let across = f64::from(event.client_x()) - shown.left();
            let down = f64::from(event.client_y()) - shown.top();
            if across < 0.0 || down < 0.0 || shown.width() <= 0.0 || shown.height() <= 0.0 {
                return;
            }
            let column = across / shown.width() * outcome.picture.columns as f64;
            let row = down / shown.height() * outcome.picture.rows as f64;
            on_light.emit(outcome.instance_at(row as usize, column as usize));
        })
    };
    let on_leave = props.on_light.reform(|_: PointerEvent| None);
    let on_toggle = {
        let overlay = overlay.clone();
        Callback::from(move |event: Event| {
            if let Some(input) = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) {
                overlay.set(input.checked());
            }
        })
    };
    let on_opacity = {
        let opacity = opacity.clone();
        Callback::from(move |event: InputEvent| {
            let input = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
            if let Some(value) = input.and_then(|i| i.value().parse::<f64>().ok()) {
                opacity.set((value / 100.0).clamp(0.0, 1.0));
            }
        })
    };
    let name = format::stem(&props.outcome.report.input.name).to_owned();
    let save_report = {
        let (outcome, name) = (props.outcome.clone(), format!("{name}.lunglens.json"));
        Callback::from(move |_: MouseEvent| {
            report(browser::save_bytes(&name, "application/json", outcome.json.as_bytes()));
        })
    };
    let save_overlay = {
        let (outcome, name) = (props.outcome.clone(), format!("{name}.lunglens.png"));
        Callback::from(move |_: MouseEvent| report(save_picture(&outcome, style, name.clone())))
    };
    let percent = format!("{:.0}", *opacity * 100.0);
    html! {
        <section class="card viewer" aria-label={t.viewer}>
            <div class="film">
                <canvas ref={canvas} role="img" aria-label={t.viewer} data-field="slice"
                    onpointermove={on_move} onpointerleave={on_leave} />
            </div>
            <div class="tools">
                <label class="switch">
                    <input type="checkbox" checked={*overlay} onchange={on_toggle} />
                    <span>{ t.overlay }</span>
                </label>
                <label class="slider">
                    <span>{ t.opacity }</span>
                    <input type="range" min="0" max="100" step="5" value={percent.clone()} disabled={!*overlay}
                        aria-valuetext={format!("{percent} %")} oninput={on_opacity} />
                    <span class="value" aria-hidden="true">{ format!("{percent} %") }</span>
                </label>
                <ul class="key">
                    <li class="is-lesion">{ t.lesion }</li>
                    <li class="is-lung">{ t.lung }</li>
                </ul>
                <div class="saves">
                    <button type="button" class="button" data-action="save-report" onclick={save_report}>{ t.save_report }</button>
                    <button type="button" class="button" data-action="save-overlay" onclick={save_overlay}>{ t.save_overlay }</button>
                </div>
            </div>
        </section>
    }
}

/// Saves the slice with the overlay as it is set, without a lit instance.
fn save_picture(outcome: &Outcome, style: Style, name: String) -> Result<(), wasm_bindgen::JsValue> {
    let document = browser::document().ok_or("no document")?;
    let canvas: HtmlCanvasElement = document.create_element("canvas")?.unchecked_into();
    paint::findings(&canvas, outcome, Style { lit: None, ..style });
    let save = Closure::once_into_js(move |blob: Option<Blob>| {
        if let Some(blob) = blob {
            report(browser::save_blob(&name, &blob));
        }
    });
    canvas.to_blob(save.unchecked_ref())
}

fn report(saved: Result<(), wasm_bindgen::JsValue>) {
    if let Err(problem) = saved {
        web_sys::console::error_2(&"could not save:".into(), &problem);
    }
}
