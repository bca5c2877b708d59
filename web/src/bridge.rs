//! `postMessage` between the page and its workers: JSON beside transferred buffers and files, `{json, buffers, files}`.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, Float32Array, Object, Reflect, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, ErrorEvent, File, MessageEvent, Worker};

/// What travels beside the JSON of a message.
#[derive(Debug, Clone, Default)]
pub struct Luggage {
    /// Handed over without a copy.
    pub buffers: Vec<ArrayBuffer>,
    /// Files of the user, to read from.
    pub files: Vec<File>,
}

impl Luggage {
    /// Buffers alone.
    pub fn of(buffers: Vec<ArrayBuffer>) -> Self {
        Self { buffers, files: Vec::new() }
    }
}

/// A buffer with a copy of bytes.
pub fn buffer_of(bytes: &[u8]) -> ArrayBuffer {
    Uint8Array::from(bytes).buffer()
}

/// A buffer with a copy of numbers.
pub fn buffer_of_f32(values: &[f32]) -> ArrayBuffer {
    Float32Array::from(values).buffer()
}

/// The bytes of a buffer.
pub fn bytes_in(buffer: &ArrayBuffer) -> Vec<u8> {
    Uint8Array::new(buffer).to_vec()
}

/// The numbers in a buffer.
pub fn f32_in(buffer: &ArrayBuffer) -> Vec<f32> {
    Float32Array::new(buffer).to_vec()
}

/// A message and what it hands over.
type Parcel = (Object, Array);

/// The page's end of a worker that hears `Request`s: owns the worker and ends it when dropped.
pub struct WorkerLink<Request> {
    worker: Worker,
    /// Messages and what they hand over, until the worker's first word: a browser drops what comes before it listens.
    early: Rc<RefCell<Option<Vec<Parcel>>>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(ErrorEvent)>,
    _request: PhantomData<Request>,
}

impl<Request: Serialize> WorkerLink<Request> {
    /// Starts the worker script at `url`. `on_reply` hears its messages, `on_death` an uncaught error in it.
    pub fn start<Reply: DeserializeOwned + 'static>(
        url: &str,
        on_reply: impl Fn(Reply, Luggage) + 'static,
        on_death: impl Fn(String) + 'static,
    ) -> Result<Self, JsValue> {
        let worker = Worker::new(url)?;
        let early = Rc::new(RefCell::new(Some(Vec::new())));
        let (kept, listener) = (early.clone(), worker.clone());
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let waiting: Option<Vec<Parcel>> = kept.borrow_mut().take();
            for (message, transfer) in waiting.into_iter().flatten() {
                if let Err(problem) = listener.post_message_with_transfer(&message, &transfer) {
                    web_sys::console::error_2(&"could not send to a worker".into(), &problem);
                }
            }
            match unpack::<Reply>(&event.data()) {
                Ok((reply, luggage)) => on_reply(reply, luggage),
                Err(problem) => {
                    web_sys::console::error_2(&"unreadable message from a worker".into(), &problem)
                }
            }
        });
        let on_error =
            Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| on_death(event.message()));
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, early, _on_message: on_message, _on_error: on_error, _request: PhantomData })
    }

    /// Sends a message; its buffers are gone from the page then.
    pub fn send(&self, request: &Request, luggage: &Luggage) -> Result<(), JsValue> {
        let (message, transfer) = pack(request, luggage)?;
        if let Some(early) = self.early.borrow_mut().as_mut() {
            early.push((message, transfer));
            return Ok(());
        }
        self.worker.post_message_with_transfer(&message, &transfer)
    }
}

impl<Request> Drop for WorkerLink<Request> {
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

/// Milliseconds since the worker started.
pub fn worker_now() -> f64 {
    worker_scope().performance().map_or(0.0, |clock| clock.now())
}

/// Sends a message from a worker to the page.
pub fn reply<Reply: Serialize>(message: &Reply, buffers: Vec<ArrayBuffer>) {
    let sent = pack(message, &Luggage::of(buffers))
        .and_then(|(message, transfer)| worker_scope().post_message_with_transfer(&message, &transfer));
    if let Err(problem) = sent {
        web_sys::console::error_2(&"could not send to the page".into(), &problem);
    }
}

/// Hears the page's messages, for as long as the worker lives.
pub fn listen<Request: DeserializeOwned + 'static>(mut hear: impl FnMut(Request, Luggage) + 'static) {
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        match unpack::<Request>(&event.data()) {
            Ok((request, luggage)) => hear(request, luggage),
            Err(problem) => web_sys::console::error_2(&"unreadable message from the page".into(), &problem),
        }
    });
    worker_scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
}

fn pack<M: Serialize>(message: &M, luggage: &Luggage) -> Result<(Object, Array), JsValue> {
    let json = serde_json::to_string(message).map_err(|e| JsValue::from_str(&e.to_string()))?;
    let transfer: Array = luggage.buffers.iter().collect();
    let envelope = Object::new();
    Reflect::set(&envelope, &"json".into(), &json.into())?;
    Reflect::set(&envelope, &"buffers".into(), &transfer)?;
    if !luggage.files.is_empty() {
        let files: Array = luggage.files.iter().collect();
        Reflect::set(&envelope, &"files".into(), &files)?;
    }
    Ok((envelope, transfer))
}

fn unpack<M: DeserializeOwned>(data: &JsValue) -> Result<(M, Luggage), JsValue> {
    let json = Reflect::get(data, &"json".into())?.as_string().ok_or("a message without its json")?;
    let message = serde_json::from_str(&json).map_err(|e| JsValue::from_str(&e.to_string()))?;
    let luggage = Luggage { buffers: list(data, "buffers")?, files: list(data, "files")? };
    Ok((message, luggage))
}

fn list<T: JsCast>(data: &JsValue, key: &str) -> Result<Vec<T>, JsValue> {
    let items = Reflect::get(data, &key.into())?;
    let items = if Array::is_array(&items) { items.unchecked_into() } else { Array::new() };
    Ok(items.iter().map(|item| item.unchecked_into()).collect())
}
