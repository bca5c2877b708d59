//! The kernels that are made while the model is on its way and while nothing else is asked for.

use js_sys::Promise;
use lunglens::engine::CancelToken;
use lunglens::manifest::ModelEntry;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::engine_host;
use crate::protocol::DeviceWish;

/// Work of which nothing is awaited, and which makes room for other work between two kernels.
pub struct WarmUp {
    cancel: CancelToken,
    ended: Promise,
}

impl WarmUp {
    /// Begins for a model on a device.
    pub fn start(entry: ModelEntry, device: DeviceWish) -> Self {
        let cancel = CancelToken::default();
        let work = engine_host::prepare(entry, device, cancel.clone());
        let ended = future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        });
        Self { cancel, ended }
    }

    /// Ends after the kernel that is being made, at the latest.
    pub async fn stop(self) {
        self.cancel.cancel();
        // It never fails.
        let _ = JsFuture::from(self.ended).await;
    }
}
