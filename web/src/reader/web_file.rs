//! The user's files, read piece by piece.

use js_sys::{ArrayBuffer, Uint8Array};
use lunglens::source::{ByteSource, SourceError, check_within};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Blob, File};

#[wasm_bindgen]
extern "C" {
    /// The browser's way to read a file at once, which only workers have.
    type FileReaderSync;

    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<FileReaderSync, JsValue>;

    #[wasm_bindgen(method, catch, js_name = readAsArrayBuffer)]
    fn read(this: &FileReaderSync, blob: &Blob) -> Result<ArrayBuffer, JsValue>;
}

/// A file of the browser. Only a worker may read it so.
pub struct WebFile(pub File);

impl ByteSource for WebFile {
    fn len(&self) -> u64 {
        self.0.size() as u64
    }

    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        check_within(self.len(), offset, len)?;
        let read = || -> Result<Vec<u8>, JsValue> {
            let piece = self.0.slice_with_f64_and_f64(offset as f64, (offset + len as u64) as f64)?;
            let buffer = FileReaderSync::new()?.read(&piece)?;
            Ok(Uint8Array::new(&buffer).to_vec())
        };
        let bytes = read().map_err(|problem| SourceError::Read { detail: words(&problem) })?;
        if bytes.len() == len {
            Ok(bytes)
        } else {
            Err(SourceError::Read { detail: "it was changed or removed".into() })
        }
    }
}

/// The browser's name of a problem, as `NotReadableError`.
fn words(problem: &JsValue) -> String {
    let name = js_sys::Reflect::get(problem, &"name".into()).ok().and_then(|name| name.as_string());
    name.unwrap_or_else(|| "the browser does not say why".into())
}
