//! `postMessage` between the page and its workers: JSON beside transferred buffers, files and code, `{json, buffers, files,
//! code}`.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, Float32Array, Object, Reflect, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Blob, BlobPropertyBag, DedicatedWorkerGlobalScope, ErrorEvent, File, MessageEvent, Url, Worker,
};

/// What travels beside the JSON of a message.
#[derive(Debug, Clone, Default)]
pub struct Luggage {
    /// Handed over without a copy.
    pub buffers: Vec<ArrayBuffer>,
    /// Files of the user, to read from.
    pub files: Vec<File>,
    /// The code of the worker that sends it.
    pub code: Option<Code>,
}

impl Luggage {
    /// Buffers alone.
    pub fn of(buffers: Vec<ArrayBuffer>) -> Self {
        Self { buffers, ..Self::default() }
    }
}

/// What a worker runs, as it tells the page: others of its kind start from it without a request.
#[derive(Debug, Clone)]
pub struct Code {
    /// The script, which waits for the module.
    script: JsValue,
    /// The compiled WebAssembly module.
    module: JsValue,
}

impl Code {
    /// That of this worker; none in one that was started from another's.
    pub fn own() -> Option<Self> {
        // scripts/finish-page.mjs puts it there.
        let script = Reflect::get(&js_sys::global(), &"script".into()).ok().filter(JsValue::is_string)?;
        Some(Self { script, module: wasm_bindgen::module() })
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
    /// The address of its script, where that is in the page's memory.
    script: Option<String>,
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
        let script = None;
        Ok(Self {
            worker,
            early,
            script,
            _on_message: on_message,
            _on_error: on_error,
            _request: PhantomData,
        })
    }

    /// Starts a worker from another one's code, as [`Self::start`] does from a script of the page's server.
    pub fn start_from<Reply: DeserializeOwned + 'static>(
        code: &Code,
        on_reply: impl Fn(Reply, Luggage) + 'static,
        on_death: impl Fn(String) + 'static,
    ) -> Result<Self, JsValue> {
        let kind = BlobPropertyBag::new();
        kind.set_type("text/javascript");
        let script = Blob::new_with_str_sequence_and_options(&Array::of1(&code.script), &kind)?;
        let url = Url::create_object_url_with_blob(&script)?;
        let mut link = Self::start(&url, on_reply, on_death)?;
        link.script = Some(url);
        link.worker.post_message(&code.module)?;
        Ok(link)
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
        if let Some(url) = &self.script {
            let _ = Url::revoke_object_url(url);
        }
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
    send_to_page(message, &Luggage::of(buffers));
}

/// Sends a message from a worker to the page, and the worker's code with it.
pub fn reply_with_code<Reply: Serialize>(message: &Reply) {
    send_to_page(message, &Luggage { code: Code::own(), ..Luggage::default() });
}

fn send_to_page<Reply: Serialize>(message: &Reply, luggage: &Luggage) {
    let sent = pack(message, luggage)
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
    if let Some(code) = &luggage.code {
        Reflect::set(&envelope, &"code".into(), &Array::of2(&code.script, &code.module))?;
    }
    Ok((envelope, transfer))
}

fn unpack<M: DeserializeOwned>(data: &JsValue) -> Result<(M, Luggage), JsValue> {
    let json = Reflect::get(data, &"json".into())?.as_string().ok_or("a message without its json")?;
    let message = serde_json::from_str(&json).map_err(|e| JsValue::from_str(&e.to_string()))?;
    let code = match list::<JsValue>(data, "code")?.as_slice() {
        [script, module] => Some(Code { script: script.clone(), module: module.clone() }),
        _ => None,
    };
    let luggage = Luggage { buffers: list(data, "buffers")?, files: list(data, "files")?, code };
    Ok((message, luggage))
}

fn list<T: JsCast>(data: &JsValue, key: &str) -> Result<Vec<T>, JsValue> {
    let items = Reflect::get(data, &key.into())?;
    let items = if Array::is_array(&items) { items.unchecked_into() } else { Array::new() };
    Ok(items.iter().map(|item| item.unchecked_into()).collect())
}
