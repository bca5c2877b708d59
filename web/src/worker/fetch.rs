//! Files of the page's own origin: streamed with progress, and models kept in the browser's cache.

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, CacheStorage, ReadableStreamDefaultReader, Response};

use crate::bridge::worker_scope;

/// Name of the browser's cache that keeps models.
const CACHE: &str = "lunglens-models";

/// Fetches `url`, at most `limit` bytes; `progress` hears the bytes so far.
///
/// # Errors
/// A few words: no connection, a status, or more bytes than announced.
pub async fn stream(url: &str, limit: usize, mut progress: impl FnMut(usize)) -> Result<Vec<u8>, String> {
    let response =
        JsFuture::from(worker_scope().fetch_with_str(url)).await.map_err(|_| "no answer".to_owned())?;
    let response: Response = response.unchecked_into();
    if !response.ok() {
        return Err(format!("HTTP status {}", response.status()));
    }
    read(&response, limit, &mut progress).await
}

/// The bytes of an answer, at most `limit`, piece by piece: as a whole they would be there twice.
async fn read(response: &Response, limit: usize, progress: &mut dyn FnMut(usize)) -> Result<Vec<u8>, String> {
    let body = response.body().ok_or("an empty answer")?;
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut bytes: Vec<u8> = Vec::new();
    // A vector that grows needs the old room beside the new.
    bytes.try_reserve_exact(limit).map_err(|_| "not enough memory")?;
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(|_| "the connection broke off".to_owned())?;
        let done = Reflect::get(&chunk, &"done".into()).is_ok_and(|d| d.is_truthy());
        if done {
            return Ok(bytes);
        }
        let chunk: Uint8Array = Reflect::get(&chunk, &"value".into())
            .map_err(|_| "an unreadable answer".to_owned())?
            .unchecked_into();
        let start = bytes.len();
        let end = start + chunk.length() as usize;
        if end > limit {
            return Err("more bytes than announced".into());
        }
        bytes.resize(end, 0);
        chunk.copy_to(&mut bytes[start..]);
        progress(end);
    }
}

/// The bytes kept under `key`, at most `limit`, if the browser has a cache and it has them.
pub async fn cached(key: &str, limit: usize) -> Option<Vec<u8>> {
    let found = JsFuture::from(cache().await?.match_with_str(key)).await.ok()?;
    let response: Response = found.dyn_into().ok()?;
    read(&response, limit, &mut |_| {}).await.ok()
}

/// Keeps bytes under `key`, and forgets other bytes of the same file, whose keys end otherwise; whether they are kept. A
/// browser without room or without a cache just fetches again next time.
pub async fn keep(key: &str, bytes: &[u8]) -> bool {
    let Some(cache) = cache().await else { return false };
    let is_kept = match Response::new_with_opt_js_u8_array(Some(&Uint8Array::from(bytes))) {
        Ok(response) => JsFuture::from(cache.put_with_str(key, &response)).await.is_ok(),
        Err(_) => false,
    };
    let Ok(kept) = JsFuture::from(cache.keys()).await else { return is_kept };
    let file = key.split('?').next().unwrap_or(key);
    for request in js_sys::Array::from(&kept).iter().filter_map(|r| r.dyn_into::<web_sys::Request>().ok()) {
        let url = request.url();
        if url.split('?').next().is_some_and(|path| path.ends_with(file)) && !url.ends_with(key) {
            let _ = JsFuture::from(cache.delete_with_request(&request)).await;
        }
    }
    is_kept
}

/// Forgets the bytes under `key`.
pub async fn forget(key: &str) {
    if let Some(cache) = cache().await {
        let _ = JsFuture::from(cache.delete_with_str(key)).await;
    }
}

async fn cache() -> Option<Cache> {
    // Absent where the page is neither on https nor on localhost.
    let storage: JsValue = Reflect::get(&worker_scope(), &"caches".into()).ok()?;
    let storage: CacheStorage = storage.dyn_into().ok()?;
    JsFuture::from(storage.open(CACHE)).await.ok()?.dyn_into().ok()
}
