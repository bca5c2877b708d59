//! Texts in character sets that only the browser has the tables of.

use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::JsCast;

use crate::bridge::worker_scope;

/// Decodes bytes of the encoding `name`, with a replacement character for what is not of it.
///
/// The browser's class is asked for by name: web-sys has it as a feature of its own, and Burn would be compiled anew.
pub fn decode(name: &str, text: &[u8]) -> Option<String> {
    let class: Function = Reflect::get(&worker_scope(), &"TextDecoder".into()).ok()?.dyn_into().ok()?;
    let decoder = Reflect::construct(&class, &Array::of1(&name.into())).ok()?;
    let decode: Function = Reflect::get(&decoder, &"decode".into()).ok()?.dyn_into().ok()?;
    decode.call1(&decoder, &Uint8Array::from(text)).ok()?.as_string()
}
