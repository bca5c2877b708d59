//! `postMessage` between the page and its worker: JSON beside transferred buffers, `{json, buffers}`.

use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, ErrorEvent, MessageEvent, Worker};

use crate::protocol::{Reply, Request};

/// The page's end: owns the worker and ends it when dropped.
pub struct WorkerLink {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(ErrorEvent)>,
}

impl WorkerLink {
    /// Starts the worker script at `url`. `on_reply` hears its messages, `on_death` an uncaught error in it.
    pub fn start(
        url: &str,
        on_reply: impl Fn(Reply, Vec<Vec<u8>>) + 'static,
        on_death: impl Fn(String) + 'static,
    ) -> Result<Self, JsValue> {
        let worker = Worker::new(url)?;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            match unpack::<Reply>(&event.data()) {
                Ok((reply, buffers)) => on_reply(reply, buffers),
                Err(problem) => {
                    web_sys::console::error_2(&"unreadable message from the worker".into(), &problem)
                }
            }
        });
        let on_error =
            Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| on_death(event.message()));
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, _on_message: on_message, _on_error: on_error })
    }

    /// Sends a message; `file` is copied once, into the buffer that is then transferred.
    pub fn send(&self, request: &Request, file: Option<&[u8]>) -> Result<(), JsValue> {
        let (message, transfer) = pack(request, file.as_slice())?;
        self.worker.post_message_with_transfer(&message, &transfer)
    }
}

impl Drop for WorkerLink {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// The worker's global scope, inside a worker.
pub fn worker_scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Sends a message from the worker to the page.
pub fn reply(message: &Reply, buffers: &[&[u8]]) {
    let sent = pack(message, buffers)
        .and_then(|(message, transfer)| worker_scope().post_message_with_transfer(&message, &transfer));
    if let Err(problem) = sent {
        web_sys::console::error_2(&"could not send to the page".into(), &problem);
    }
}

/// Hears the page's messages, for as long as the worker lives.
pub fn listen(mut hear: impl FnMut(Request, Vec<Vec<u8>>) + 'static) {
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        match unpack::<Request>(&event.data()) {
            Ok((request, buffers)) => hear(request, buffers),
            Err(problem) => web_sys::console::error_2(&"unreadable message from the page".into(), &problem),
        }
    });
    worker_scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
}

fn pack<M: Serialize>(message: &M, buffers: &[&[u8]]) -> Result<(Object, Array), JsValue> {
    let json = serde_json::to_string(message).map_err(|e| JsValue::from_str(&e.to_string()))?;
    let transfer: Array = buffers.iter().map(|bytes| Uint8Array::from(*bytes).buffer()).collect();
    let envelope = Object::new();
    Reflect::set(&envelope, &"json".into(), &json.into())?;
    Reflect::set(&envelope, &"buffers".into(), &transfer)?;
    Ok((envelope, transfer))
}

fn unpack<M: DeserializeOwned>(data: &JsValue) -> Result<(M, Vec<Vec<u8>>), JsValue> {
    let json = Reflect::get(data, &"json".into())?.as_string().ok_or("a message without its json")?;
    let message = serde_json::from_str(&json).map_err(|e| JsValue::from_str(&e.to_string()))?;
    let buffers = Reflect::get(data, &"buffers".into())?;
    let buffers = if Array::is_array(&buffers) { buffers.unchecked_into() } else { Array::new() };
    let buffers =
        buffers.iter().map(|b| Uint8Array::new(b.unchecked_ref::<ArrayBuffer>()).to_vec()).collect();
    Ok((message, buffers))
}
