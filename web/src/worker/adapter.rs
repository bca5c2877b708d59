//! The name of the browser's graphics adapter. wgpu passes on only `description`, which browsers often leave empty.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::bridge::worker_scope;

/// The adapter's description, or else its device, or else its vendor and architecture, such as `google swiftshader`.
pub async fn name() -> Option<String> {
    let get = |of: &JsValue, key: &str| Reflect::get(of, &key.into()).ok().filter(|v| !v.is_undefined());
    let gpu = get(&get(&worker_scope(), "navigator")?, "gpu")?;
    let request: Function = get(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let adapter = JsFuture::from(request.call0(&gpu).ok()?.dyn_into::<Promise>().ok()?).await.ok()?;
    if adapter.is_null() {
        return None;
    }
    let info = get(&adapter, "info")?;
    let word = |key| get(&info, key).and_then(|v| v.as_string()).filter(|s| !s.trim().is_empty());
    let parts = || {
        let words: Vec<String> = ["vendor", "architecture"].into_iter().filter_map(word).collect();
        (!words.is_empty()).then(|| words.join(" "))
    };
    word("description").or_else(|| word("device")).or_else(parts)
}
