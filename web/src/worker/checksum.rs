//! The checksum of a model's file.

use js_sys::{Reflect, Uint8Array};
use sha2::{Digest, Sha256};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Crypto, SubtleCrypto};

use crate::bridge::worker_scope;

/// SHA-256 in lower-case hexadecimal: by the browser, which takes a fraction of the time, where it offers that.
pub async fn sha256(bytes: &[u8]) -> String {
    match by_browser(bytes).await {
        Some(digest) => hexadecimal(&digest),
        None => hexadecimal(&Sha256::digest(bytes)),
    }
}

async fn by_browser(bytes: &[u8]) -> Option<Vec<u8>> {
    let crypto: Crypto = worker_scope().crypto().ok()?;
    // Absent where the page is neither on https nor on localhost.
    let subtle: JsValue = Reflect::get(&crypto, &"subtle".into()).ok()?;
    let subtle: SubtleCrypto = subtle.dyn_into().ok()?;
    let digest = subtle.digest_with_str_and_u8_array("SHA-256", bytes).ok()?;
    Some(Uint8Array::new(&JsFuture::from(digest).await.ok()?).to_vec())
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
