//! Opening files: drop, choose, or take a sample.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::language::use_text;
use super::samples::{SAMPLES, SampleBytes};
use crate::dropped::{NamedFile, listed};

/// Properties of [`OpenPanel`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The samples' bytes, in the order of [`SAMPLES`].
    pub samples: Vec<SampleBytes>,
    /// Whether a drag is over the page.
    pub dragging: bool,
    /// The small form, beside a result.
    pub compact: bool,
    /// The user chose files.
    pub on_files: Callback<Vec<NamedFile>>,
    /// The user chose a sample.
    pub on_sample: Callback<usize>,
}

/// A card with the drop zone, the buttons for files and folders, and the samples.
#[component]
pub fn OpenPanel(props: &Props) -> Html {
    let t = use_text();
    let inputs = [use_node_ref(), use_node_ref()];
    let choose = |input: &NodeRef| {
        let input = input.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                input.click();
            }
        })
    };
    let chosen = {
        let on_files = props.on_files.clone();
        Callback::from(move |event: Event| {
            let Some(input) = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) else {
                return;
            };
            if let Some(files) = input.files() {
                on_files.emit(listed(&files));
            }
            // The same files may be chosen again.
            input.set_value("");
        })
    };
    let buttons = SAMPLES.iter().enumerate().map(|(index, sample)| {
        let on_sample = props.on_sample.clone();
        let missing = props.samples[index] == SampleBytes::Missing;
        html! {
            <li key={sample.file}>
                <button type="button" class="button is-quiet sample" data-sample={sample.file}
                    disabled={!matches!(props.samples[index], SampleBytes::Loaded(_))}
                    title={missing.then_some(t.sample_missing)}
                    onclick={move |_| on_sample.emit(index)}>
                    { t.sample_titles[index] }
                </button>
            </li>
        }
    });
    let licences = SAMPLES.iter().zip(t.sample_titles).map(|(sample, title)| {
        html! { <li key={sample.file}><strong>{ title }</strong>{ t.colon }<span lang="en">{ sample.licence }</span></li> }
    });
    html! {
        <section class={classes!("card", "open", props.compact.then_some("is-compact"), props.dragging.then_some("is-over"))}
            aria-labelledby="open-title">
            <div class="drop">
                if !props.compact {
                    <svg class="drop-art" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
                        <rect x="8" y="8" width="48" height="48" rx="8" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="5 5" />
                        <path d="M32 22v20M22 32h20" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" />
                    </svg>
                }
                <h2 id="open-title">
                    { if props.dragging { t.drop_now } else if props.compact { t.choose_other } else { t.drop_title } }
                </h2>
                <p>{ t.drop_hint }</p>
                <div class="drop-buttons">
                    <button type="button" class={classes!("button", (!props.compact).then_some("is-primary"))} data-action="choose"
                        onclick={choose(&inputs[0])}>{ t.choose_file }</button>
                    <button type="button" class="button" data-action="choose-folder"
                        onclick={choose(&inputs[1])}>{ t.choose_folder }</button>
                </div>
                <input ref={inputs[0].clone()} class="visually-hidden" type="file" multiple={true} tabindex="-1" aria-hidden="true"
                    data-input="files" onchange={chosen.clone()} />
                <input ref={inputs[1].clone()} class="visually-hidden" type="file" multiple={true} tabindex="-1" aria-hidden="true"
                    webkitdirectory={true} data-input="folder" onchange={chosen} />
            </div>
            <h3>{ t.samples }</h3>
            <ul class="samples">{ for buttons }</ul>
            <details class="small">
                <summary>{ t.sample_licences }</summary>
                <ul>{ for licences }</ul>
            </details>
        </section>
    }
}
