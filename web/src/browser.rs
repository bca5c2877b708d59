//! Small things that only a browser can do.

use gloo::events::{EventListener, EventListenerOptions};
use js_sys::{Array, ArrayBuffer, Function, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, DataTransfer, Document, DragEvent, Element, File, HtmlAnchorElement, HtmlElement,
    Response, Url, Window,
};
use yew::NodeRef;

/// The page's window.
pub fn window() -> Option<Window> {
    web_sys::window()
}

/// The page's document.
pub fn document() -> Option<Document> {
    window()?.document()
}

/// Has the browser ask the user before the page is left, if `at_stake` then.
pub fn before_leaving(at_stake: impl Fn() -> bool + 'static) -> Option<EventListener> {
    let options = EventListenerOptions::enable_prevent_default();
    let window = window()?;
    let listener = EventListener::new_with_options(&window, "beforeunload", options, move |event| {
        if at_stake() {
            event.prevent_default();
            // For browsers that do not go by that.
            let _ = Reflect::set(event, &"returnValue".into(), &true.into());
        }
    });
    Some(listener)
}

/// Hears that the page is about to be printed, by whichever way.
pub fn before_printing(hear: impl Fn() + 'static) -> Option<EventListener> {
    let window = window()?;
    Some(EventListener::new(&window, "beforeprint", move |_| hear()))
}

/// Opens the browser's dialog that prints the page.
pub fn print() -> Result<(), JsValue> {
    window().ok_or("no window")?.print()
}

/// Something is dragged over the window.
pub enum Drag {
    /// It is over it.
    Over,
    /// It has left it.
    Left,
    /// It was dropped.
    Dropped(Option<DataTransfer>),
}

/// Hears what is dragged over the whole window and dropped there: beside the page too, where the browser would leave the
/// page for the file.
pub fn on_drag(hear: impl Fn(Drag) + Clone + 'static) -> Vec<EventListener> {
    let Some(window) = window() else { return Vec::new() };
    let listener = |kind: &'static str| {
        let (hear, options) = (hear.clone(), EventListenerOptions::enable_prevent_default());
        EventListener::new_with_options(&window, kind, options, move |event| {
            let Some(event) = event.dyn_ref::<DragEvent>() else { return };
            match kind {
                "dragleave" if event.related_target().is_none() => hear(Drag::Left),
                // Leaving one element for another is no leave.
                "dragleave" => {}
                _ => {
                    event.prevent_default();
                    hear(if kind == "drop" { Drag::Dropped(event.data_transfer()) } else { Drag::Over });
                }
            }
        })
    };
    ["dragover", "dragleave", "drop"].map(listener).into()
}

/// Hears what is pasted on the page, if it holds files; what is pasted where a text is written belongs there.
pub fn on_paste(hear: impl Fn(DataTransfer) + 'static) -> Option<EventListener> {
    const WRITTEN: &str =
        "textarea, [contenteditable], input:not([type=range], [type=checkbox], [type=file])";
    let document = document()?;
    let listener = EventListener::new(&document, "paste", move |event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let is_text = target.is_some_and(|target| target.closest(WRITTEN).is_ok_and(|field| field.is_some()));
        // By reflection, as below.
        let data = Reflect::get(event, &"clipboardData".into()).ok();
        let data = data.and_then(|data| data.dyn_into::<DataTransfer>().ok());
        if let Some(data) =
            data.filter(|data| !is_text && data.files().is_some_and(|files| files.length() > 0))
        {
            hear(data);
        }
    });
    Some(listener)
}

/// The first element that a selector names.
pub fn find(selector: &str) -> Option<HtmlElement> {
    document()?.query_selector(selector).ok()??.dyn_into().ok()
}

/// Shows a dialog over the page; returns what had the focus before.
pub fn show_modal(dialog: &NodeRef) -> Option<HtmlElement> {
    let before = document()?.active_element()?.dyn_into::<HtmlElement>().ok();
    let dialog: Element = dialog.cast()?;
    // By reflection, as below.
    let show =
        Reflect::get(&dialog, &"showModal".into()).ok().and_then(|show| show.dyn_into::<Function>().ok());
    let shown = show.is_some_and(|show| Reflect::apply(&show, &dialog, &Array::new()).is_ok());
    if !shown {
        let _ = dialog.set_attribute("open", "");
    }
    before
}

/// Gives the focus to an element, if it is still on the page.
pub fn focus(element: Option<HtmlElement>) {
    if let Some(element) = element.filter(|element| element.is_connected()) {
        let _ = element.focus();
    }
}

/// Scrolls to an element's beginning, if that is above or below what is seen.
pub fn show_top(element: Option<HtmlElement>) {
    let Some(element) = element else { return };
    let height = window().and_then(|window| window.inner_height().ok()?.as_f64()).unwrap_or_default();
    let top = element.get_bounding_client_rect().top();
    if top < 0.0 || top > height {
        element.scroll_into_view();
    }
}

/// Gives the styles a text without quotes in it, as a custom property of an element.
pub fn tell_styles(element: &Element, name: &str, text: &str) {
    // By reflection, as below.
    let get = |of: &JsValue, key: &str| Reflect::get(of, &key.into()).ok();
    let Some(style) = get(element, "style") else { return };
    if let Some(set) = get(&style, "setProperty").and_then(|set| set.dyn_into::<Function>().ok()) {
        let _ = set.call2(&style, &name.into(), &format!("\"{text}\"").into());
    }
}

/// The languages that the user reads, the best first, as BCP 47 tags.
pub fn languages() -> Vec<String> {
    let get = |of: &JsValue, key: &str| Reflect::get(of, &key.into()).ok();
    let navigator = window().and_then(|window| get(&window, "navigator"));
    let all = navigator.and_then(|navigator| get(&navigator, "languages"));
    let all = all.filter(Array::is_array).map(|all| Array::from(&all)).unwrap_or_default();
    all.iter().filter_map(|tag| tag.as_string()).collect()
}

/// A number that the browser tells of the device, such as its `hardwareConcurrency`; none where it does not.
pub fn trait_of(key: &str) -> Option<f64> {
    let window = window()?;
    let navigator = Reflect::get(&window, &"navigator".into()).ok()?;
    Reflect::get(&navigator, &key.into()).ok()?.as_f64()
}

/// What the page's address asks for after its `?`, without decoding.
pub fn asked(key: &str) -> Option<String> {
    let search = window()?.location().search().ok()?;
    let mut pairs = search.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
}

/// What is kept in this browser under a key; nothing in a browser that keeps nothing.
pub fn kept(key: &str) -> Option<String> {
    call_storage("getItem", &[key])?.as_string()
}

/// Keeps a word in this browser, if it can.
pub fn keep(key: &str, value: &str) {
    let _ = call_storage("setItem", &[key, value]);
}

/// By reflection: the binding is a feature of web-sys that would compile the network again.
fn call_storage(method: &str, arguments: &[&str]) -> Option<JsValue> {
    let window = window()?;
    let storage = Reflect::get(&window, &"localStorage".into()).ok()?;
    let method: Function = Reflect::get(&storage, &method.into()).ok()?.dyn_into().ok()?;
    let arguments: Array = arguments.iter().map(|&one| JsValue::from_str(one)).collect();
    Reflect::apply(&method, &storage, &arguments).ok()
}

/// The content of `<meta name=... content=...>` in the page's head, or `default`.
pub fn meta(name: &str, default: &str) -> String {
    document()
        .and_then(|d| d.query_selector(&format!("meta[name=\"{name}\"]")).ok().flatten())
        .and_then(|m| m.get_attribute("content"))
        .unwrap_or_else(|| default.into())
}

/// The bytes at `url`, of the page's own origin.
pub async fn fetch_bytes(url: &str) -> Result<Vec<u8>, JsValue> {
    let window = window().ok_or("no window")?;
    let response: Response = JsFuture::from(window.fetch_with_str(url)).await?.unchecked_into();
    if !response.ok() {
        return Err(JsValue::from_str(&format!("{url}: HTTP {}", response.status())));
    }
    Ok(Uint8Array::new(&JsFuture::from(response.array_buffer()?).await?).to_vec())
}

/// A file in memory, as if the user had picked it.
pub fn file_of(name: &str, bytes: &[u8]) -> Result<File, JsValue> {
    File::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)), name)
}

/// Offers `bytes` to the user as a download called `name`.
pub fn save_bytes(name: &str, mime: &str, bytes: &[u8]) -> Result<(), JsValue> {
    save_buffer(name, mime, &Uint8Array::from(bytes).buffer())
}

/// Offers a buffer to the user as a download called `name`.
pub fn save_buffer(name: &str, mime: &str, buffer: &ArrayBuffer) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(mime);
    save_blob(name, &Blob::new_with_buffer_source_sequence_and_options(&Array::of1(buffer), &options)?)
}

/// Offers a blob to the user as a download called `name`.
pub fn save_blob(name: &str, blob: &Blob) -> Result<(), JsValue> {
    let url = Url::create_object_url_with_blob(blob)?;
    let document = document().ok_or("no document")?;
    let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The download has taken its own reference by the next minute.
    gloo::timers::callback::Timeout::new(60_000, move || {
        let _ = Url::revoke_object_url(&url);
    })
    .forget();
    Ok(())
}
