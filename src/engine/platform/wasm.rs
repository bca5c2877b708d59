//! The browser: it hands out one adapter, and messages to the worker wait until this thread yields.

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

/// Whether the device's kernels may use subgroups: wgpu does not know, `web/src/worker/subgroups.js` says so.
pub(in crate::engine) fn has_subgroups(_: &wgpu::Device) -> bool {
    js_sys::Reflect::get(&js_sys::global(), &"hasSubgroups".into()).is_ok_and(|has| has.is_truthy())
}

/// Lets the worker handle the messages that came in.
pub(in crate::engine) async fn yield_to_host() {
    gloo_timers::future::TimeoutFuture::new(0).await;
}
