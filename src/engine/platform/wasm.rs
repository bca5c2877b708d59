//! The browser: it hands out one adapter, and messages to the worker wait until this thread yields.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, MessagePort};

use crate::engine::device::Adapter;

/// The adapter that the browser offers, if it offers one.
pub(in crate::engine) async fn adapters() -> Vec<Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::BROWSER_WEBGPU,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let options = wgpu::RequestAdapterOptions::default();
    instance.request_adapter(&options).await.iter().map(Adapter::of).collect()
}

/// The browser tells what the device refuses by events of their own: CubeCL's handler ends the worker, and the page starts it anew.
pub(in crate::engine) fn watch(_: &wgpu::Device, _: fn(wgpu::Error)) {}

/// Whether the device's kernels may use subgroups: wgpu does not know, `web/src/worker/subgroups.js` says so.
pub(in crate::engine) fn has_subgroups(_: &wgpu::Device) -> bool {
    js_sys::Reflect::get(&js_sys::global(), &"hasSubgroups".into()).is_ok_and(|has| has.is_truthy())
}

/// Lets the worker handle the messages that came in.
pub(in crate::engine) async fn yield_to_host() {
    let heard = Promise::new(&mut |resolve, _| BELL.with(|bell| bell.ring(resolve)));
    // It never fails.
    let _ = JsFuture::from(heard).await;
}

thread_local! {
    static BELL: Bell = Bell::new();
}

/// A message to this thread itself, which comes after those that are there: a timer would take 4 ms each time, as browsers
/// slow down timers that start one another.
struct Bell {
    port: Option<MessagePort>,
    waiting: Rc<RefCell<VecDeque<Function>>>,
}

impl Bell {
    fn new() -> Self {
        let waiting: Rc<RefCell<VecDeque<Function>>> = Rc::default();
        let heard = waiting.clone();
        let port = MessageChannel::new().ok().map(|channel| {
            let on_message = Closure::<dyn FnMut()>::new(move || {
                let first = heard.borrow_mut().pop_front();
                first.into_iter().for_each(|resolve| drop(resolve.call0(&JsValue::UNDEFINED)));
            });
            channel.port1().set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
            channel.port2()
        });
        Self { port, waiting }
    }

    fn ring(&self, resolve: Function) {
        let rung = self.port.as_ref().is_some_and(|port| port.post_message(&JsValue::NULL).is_ok());
        if rung {
            self.waiting.borrow_mut().push_back(resolve);
        } else {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    }
}
