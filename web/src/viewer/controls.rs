//! The viewer's markup: tool bar, picture area with its texts, slider with the strip, overlay, help.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::html::Scope;
use yew::prelude::*;

use super::component::{Message, Props, Viewer, is_axial};
use super::gesture::{TOOLS, Tool};
use super::keys::Command;
use super::model::Model;
use super::orientation;
use super::part::{self, PartWish};
use super::plane::PLANES;
use super::spoken::{described, finding, place, signed, value};
use super::strip;
use super::window::{PRESETS, Window};
use super::words::ViewerWords;
use crate::format;
use crate::strings::text;
use crate::volume_view::{Values, VolumeView};

/// What the picture area hears.
pub struct FilmEvents {
    /// A pointer went down.
    pub down: Callback<PointerEvent>,
    /// It moved.
    pub moved: Callback<PointerEvent>,
    /// It went up.
    pub up: Callback<PointerEvent>,
    /// It was taken away.
    pub cancel: Callback<PointerEvent>,
    /// It left.
    pub leave: Callback<PointerEvent>,
    /// A key went down.
    pub key: Callback<KeyboardEvent>,
    /// A double click.
    pub fit: Callback<MouseEvent>,
}

/// All of the viewer.
pub fn layout(
    volume: &VolumeView,
    model: &Model,
    link: &Scope<Viewer>,
    [film, canvas]: [&NodeRef; 2],
    events: FilmEvents,
    props: &Props,
    spoken: &str,
) -> Html {
    let words = &text().of_viewer;
    html! {
        <section class="card viewer" aria-label={words.label}>
            <p class="visually-hidden" aria-live="polite">{ spoken }</p>
            { bar(volume, model, link) }
            { picture(volume, model, [film, canvas], events) }
            { scroller(volume, model, link) }
            { overlay(model, link, props.children.clone()) }
            { notes(volume, words) }
            <details class="small viewer-help">
                <summary>{ words.help }</summary>
                <dl>{ for words.help_items.iter().map(|(what, does)| html! { <div><dt>{ what }</dt><dd>{ does }</dd></div> }) }</dl>
            </details>
        </section>
    }
}

/// One button of a group of which one is pressed.
fn segment(
    label: &'static str,
    id: String,
    pressed: bool,
    title: Option<&'static str>,
    disabled: bool,
    press: Callback<MouseEvent>,
) -> Html {
    html! {
        <button type="button" class="segment" aria-pressed={pressed.to_string()} data-action={id} {title} {disabled} onclick={press}>
            { label }
        </button>
    }
}

fn bar(volume: &VolumeView, model: &Model, link: &Scope<Viewer>) -> Html {
    let words = &text().of_viewer;
    let frame = volume.frame();
    let obey = |command: Command| link.callback(move |_: MouseEvent| Message::Obey(command));
    let several = frame.len > 1;
    let planes = PLANES.iter().zip(words.planes).map(|(&plane, label)| {
        let offered = plane.is_offered(frame);
        let id = format!("plane-{}", plane.id());
        segment(
            label,
            id,
            model.plane == plane,
            (!offered).then_some(words.no_plane),
            !offered,
            obey(Command::Show(plane)),
        )
    });
    let presets = PRESETS.iter().zip(words.presets).enumerate().map(|(index, (preset, label))| {
        let id = format!("window-{}", preset.id);
        segment(label, id, model.window == preset.window, None, false, obey(Command::Preset(index)))
    });
    let first = Window::first(frame.values);
    let tools = TOOLS.iter().zip(words.tools.iter().zip(words.tool_hints));
    // A part is selected of pictures only; that there is no ruler is said.
    let tools = tools.filter(|(tool, _)| **tool != Tool::Select || tool.is_offered(frame));
    let tools = tools.map(|(&tool, (label, hint))| {
        let missing = !tool.is_offered(frame);
        let id = format!("tool-{}", tool.id());
        let hint = if missing { words.no_ruler } else { hint };
        segment(label, id, model.tool == tool, Some(hint), missing, obey(Command::Use(tool)))
    });
    html! {
        <div class="viewer-bar">
            if several {
                <div class="segments" role="group" aria-label={words.planes_label}>{ for planes }</div>
            }
            <div class="segments" role="group" aria-label={words.windows_label}>
                if frame.values == Values::Hounsfield {
                    { for presets }
                } else {
                    { segment(words.full_range, "window-full".into(), model.window == first, None, false,
                        link.callback(move |_: MouseEvent| Message::Obey(Command::FirstWindow))) }
                }
            </div>
            <div class="segments" role="group" aria-label={words.tools_label}>{ for tools }</div>
            { part_buttons(volume, model, link) }
            <button type="button" class="segment is-alone" data-action="fit" title={words.fit_hint} onclick={obey(Command::Fit)}>{ words.fit }</button>
        </div>
    }
}

/// Which part of a single picture is read; for nothing else.
fn part_buttons(volume: &VolumeView, model: &Model, link: &Scope<Viewer>) -> Html {
    let words = &text().of_viewer;
    let frame = volume.frame();
    if frame.picture.is_none() || frame.len > 1 {
        return html! {};
    }
    let wishes = [
        ("part-shown", words.part_shown, Some(words.part_hint), PartWish::Shown),
        ("part-turn", words.part_turn, Some(words.turn_hint), PartWish::Turned),
        ("part-whole", words.part_whole, None, PartWish::Whole),
    ];
    let buttons = wishes.into_iter().map(|(id, label, title, wish)| {
        let press = link.callback(move |_: MouseEvent| Message::Part(wish));
        let disabled = part::wished(frame, model, wish).is_none();
        html! {
            <button type="button" class="segment" data-action={id} {title} {disabled} onclick={press}>{ label }</button>
        }
    });
    html! {
        <div class="segments" role="group" aria-label={words.part_label}>{ for buttons }</div>
    }
}

fn picture(volume: &VolumeView, model: &Model, [film, canvas]: [&NodeRef; 2], events: FilmEvents) -> Html {
    let words = &text().of_viewer;
    let frame = volume.frame();
    let at = model.at;
    let plane = PLANES.iter().position(|&plane| plane == model.plane).unwrap_or_default();
    let count = model.plane.count(frame);
    let name = match frame.values {
        Values::Hounsfield => model.window.preset().map_or(words.own_window, |i| words.presets[i]),
        Values::Grey { .. } => words.windows_label,
    };
    let value = value(volume, model);
    let place = model.probe.map(|p| format!("{}, {}", p.column + 1, p.row + 1));
    let letters = orientation::borders(model.plane, frame);
    let sides = ["is-left", "is-right", "is-top", "is-bottom"];
    let cut = if is_axial(model) { words.slice } else { words.cut };
    let here = !is_axial(model) || volume.slice(at.slice).is_some();
    // A finger may scroll the page over a single picture that is not enlarged.
    let calm = count == 1 && model.view().zoom <= 1.0 && model.tool == Tool::Browse;
    let stop = Callback::from(|event: MouseEvent| event.prevent_default());
    html! {
        <div ref={film.clone()} class={classes!("film", "is-viewer", calm.then_some("is-calm"))} tabindex="0" role="application"
            aria-label={described(volume, model)} aria-description={words.keys_summary} onkeydown={events.key}>
            <canvas ref={canvas.clone()} role="img" aria-label={text().viewer} data-field="slice"
                data-plane={model.plane.id()} data-position={model.position().to_string()}
                data-zoom={format!("{:.2}", model.view().zoom)} data-loaded={volume.is_whole().to_string()}
                onpointerdown={events.down} onpointermove={events.moved} onpointerup={events.up}
                onpointercancel={events.cancel} onpointerleave={events.leave} ondblclick={events.fit} oncontextmenu={stop} />
            if count > 1 {
                <p class="corner is-top is-left" aria-hidden="true">
                    <strong>{ words.planes[plane] }</strong>
                    <span data-field="cut">{ format!("{cut} {} {} {count}", model.position() + 1, words.of) }</span>
                    if let Some(finding) = finding(volume, model, words) {
                        <span data-field="finding">{ finding }</span>
                    }
                </p>
            }
            <p class="corner is-top is-right" aria-hidden="true">
                <strong>{ name }</strong>
                <span data-field="window">{ format!("{} {}  {} {}", words.width, model.window.width, words.level, signed(model.window.level as i32)) }</span>
            </p>
            <p class="corner is-bottom is-left" aria-hidden="true">
                if let Some(value) = value {
                    <strong data-field="value">{ value }</strong>
                }
                if let Some(place) = place { <span>{ place }</span> }
            </p>
            if let Some(letters) = letters {
                { for letters.into_iter().zip(sides).map(|(letter, side)| html! {
                    <span class={classes!("letter", side)} aria-hidden="true" data-letter={side}>{ letter }</span>
                }) }
            }
            if !here {
                <p class="film-note">{ if volume.has_failed(at.slice) { words.unreadable } else { words.not_here } }</p>
            }
        </div>
    }
}

fn scroller(volume: &VolumeView, model: &Model, link: &Scope<Viewer>) -> Html {
    let words = &text().of_viewer;
    let count = model.plane.count(volume.frame());
    if count < 2 {
        return html! {};
    }
    let slide = link.batch_callback(|event: InputEvent| {
        let input = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
        input.and_then(|input| input.value().parse().ok()).map(Message::Go)
    });
    let (here, measured) = volume.counts();
    let len = volume.frame().len;
    html! {
        <div class="scroller">
            if is_axial(model) && volume.involvement().iter().any(Option::is_some) { { involvement(volume, model, link) } }
            <input type="range" class="slices" min="0" max={(count - 1).to_string()} step="1" value={model.position().to_string()}
                aria-label={if is_axial(model) { words.slice } else { words.cut }} aria-valuetext={place(volume, model, words)}
                data-field="slices" oninput={slide} />
            <p class="scroller-note">
                if here < len && len > 1 { <span>{ format!("{here} {} {len} {}", words.of, words.loaded) }</span> }
                if measured > 0 && measured < len { <span>{ format!("{measured} {} {len} {}", words.of, words.measured) }</span> }
            </p>
        </div>
    }
}

fn involvement(volume: &VolumeView, model: &Model, link: &Scope<Viewer>) -> Html {
    let words = &text().of_viewer;
    let values = volume.involvement();
    let len = values.len();
    let (bars, most) = strip::bars(values);
    let go = link.batch_callback(move |event: PointerEvent| {
        if event.buttons() & 1 == 0 {
            return None;
        }
        // The framework hears events at the page's root, so the strip is looked for from where it happened.
        let target = event.target()?.dyn_into::<web_sys::Element>().ok()?;
        let strip = target.closest(".strip").ok()??;
        let shown = strip.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - shown.left()) / shown.width().max(1.0);
        Some(Message::Go(((share * len as f64).max(0.0) as usize).min(len - 1)))
    });
    html! {
        <div class="strip" onpointerdown={go.clone()} onpointermove={go} aria-hidden="true" title={words.strip}>
            <svg viewBox={format!("0 0 {len} 100")} preserveAspectRatio="none" focusable="false" data-field="strip">
                <path class="strip-measured" d={strip::measured(values)} />
                <path class="strip-bars" d={bars} />
                <rect class="strip-now" x={model.at.slice.to_string()} width="1" height="100" />
            </svg>
            <span class="strip-most">{ format::share(&format!("{most:.0}")) }</span>
        </div>
    }
}

fn overlay(model: &Model, link: &Scope<Viewer>, children: Html) -> Html {
    let t = text();
    let toggle = link.callback(|_: Event| Message::Obey(Command::ToggleOverlay));
    let strength = link.batch_callback(|event: InputEvent| {
        let input = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
        input.and_then(|input| input.value().parse::<f64>().ok()).map(|value| Message::Opacity(value / 100.0))
    });
    let percent = format!("{:.0}", model.opacity * 100.0);
    let share = format::share(&percent);
    html! {
        <div class="tools">
            <label class="switch">
                <input type="checkbox" checked={model.overlay} onchange={toggle} />
                <span>{ t.overlay }</span>
            </label>
            <label class="slider">
                <span>{ t.opacity }</span>
                <input type="range" min="0" max="100" step="5" value={percent.clone()} disabled={!model.overlay}
                    aria-valuetext={share.clone()} oninput={strength} />
                <span class="value" aria-hidden="true">{ share }</span>
            </label>
            <ul class="key">
                <li class="is-lesion">{ t.lesion }</li>
                <li class="is-lung">{ t.lung }</li>
            </ul>
            if !model.rulers.is_empty() {
                <button type="button" class="segment is-alone" data-action="clear-rulers"
                    onclick={link.callback(|_: MouseEvent| Message::ClearRulers)}>{ t.of_viewer.clear_rulers }</button>
            }
            <div class="saves">
                <button type="button" class="button" data-action="save-overlay" onclick={link.callback(|_: MouseEvent| Message::Save)}>
                    { t.save_overlay }
                </button>
                { children }
            </div>
        </div>
    }
}

/// What is not known of the volume, and so cannot be shown.
fn notes(volume: &VolumeView, words: &ViewerWords) -> Html {
    let frame = volume.frame();
    let picture = frame.values != Values::Hounsfield;
    let all = [
        (picture, words.picture_note),
        (frame.pixel_spacing_mm.is_none(), words.spacing_note),
        (!picture && frame.axes.is_none(), words.sides_note),
    ];
    let shown: Vec<&str> = all.into_iter().filter(|(is, _)| *is).map(|(_, note)| note).collect();
    if shown.is_empty() {
        return html! {};
    }
    html! { <p class="hint viewer-notes" data-field="viewer-notes">{ shown.join(" ") }</p> }
}
