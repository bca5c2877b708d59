//! The models on offer and their bytes.

use lunglens::manifest::{ModelEntry, ModelManifest};
use web_sys::Url;

use super::checksum::sha256;
use super::fetch;
use crate::bridge;
use crate::protocol::{Cause, CauseKind, ModelCopy, ModelSummary, Reply};

/// Larger than any manifest.
const LARGEST_MANIFEST: usize = 1 << 20;

/// The manifest, once fetched.
#[derive(Default)]
pub struct Models {
    manifest: Option<ModelManifest>,
}

impl Models {
    /// The entry called `id` (the first without one).
    ///
    /// # Errors
    /// Why there is none.
    pub async fn entry(&mut self, id: Option<&str>) -> Result<ModelEntry, Cause> {
        let manifest = match self.manifest.take() {
            Some(manifest) => manifest,
            None => fetch_manifest().await?,
        };
        let manifest = self.manifest.insert(manifest);
        let entry = match id {
            Some(id) => manifest.models.iter().find(|m| m.id == id),
            None => manifest.models.first(),
        };
        let unknown = || Cause::new(CauseKind::WrongModel, "The page lists no such model. Reload the page.");
        Ok(entry.ok_or_else(unknown)?.clone())
    }

    /// The bytes of an entry: from the browser's cache, or fetched, with progress told to the page; and what another
    /// engine needs to load it, if the cache keeps it.
    ///
    /// # Errors
    /// Why they are not to be had.
    pub async fn bytes(entry: &ModelEntry) -> Result<(Vec<u8>, Option<ModelCopy>), Cause> {
        let (bytes, is_kept) = model_bytes(entry).await?;
        Ok((bytes, if is_kept { copy(entry) } else { None }))
    }
}

/// A model that another engine loaded, from the browser's cache alone.
///
/// # Errors
/// That the cache does not keep it.
pub async fn kept(copy: &ModelCopy) -> Result<(ModelEntry, Vec<u8>), Cause> {
    let lost = |why: String| Cause::new(CauseKind::NotFetched, why);
    let entry: ModelEntry = serde_json::from_str(&copy.entry).map_err(|e| lost(e.to_string()))?;
    let bytes = cached(&entry, &copy.url).await;
    Ok((entry, bytes.ok_or_else(|| lost("the browser does not keep the model".into()))?))
}

fn copy(entry: &ModelEntry) -> Option<ModelCopy> {
    // A worker that was started from code has no address of its own that the key could be relative to.
    let url = Url::new_with_base(&key(entry), &bridge::worker_scope().location().href()).ok()?.href();
    Some(ModelCopy { entry: serde_json::to_string(entry).ok()?, url })
}

/// The bytes of an entry that the browser's cache keeps under `key`, if they are the right ones.
async fn cached(entry: &ModelEntry, key: &str) -> Option<Vec<u8>> {
    let limit = usize::try_from(entry.bytes).unwrap_or(usize::MAX);
    let bytes = fetch::cached(key, limit).await?;
    (sha256(&bytes).await == entry.sha256).then_some(bytes)
}

/// Where a model's bytes are fetched from and kept under: its content is part of the name.
fn key(entry: &ModelEntry) -> String {
    format!("models/{}?sha256={}", entry.file, entry.sha256)
}

/// What is told when the model, or the list of models, does not come.
fn not_fetched(what: &str, why: &str) -> Cause {
    let words = format!("{what} could not be loaded ({why}). Check the connection, then try again.");
    Cause::new(CauseKind::NotFetched, words)
}

async fn fetch_manifest() -> Result<ModelManifest, Cause> {
    let failed = |why: String| not_fetched("The list of models", &why);
    let bytes = fetch::stream("models/manifest.json", LARGEST_MANIFEST, |_| {}).await.map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|e| failed(e.to_string()))?;
    let manifest = ModelManifest::from_json(&text).map_err(|e| failed(e.to_string()))?;
    let models = manifest.models.iter().map(ModelSummary::from).collect();
    bridge::reply(&Reply::Manifest { models }, Vec::new());
    Ok(manifest)
}

/// The bytes of an entry, and whether the browser's cache keeps them.
async fn model_bytes(entry: &ModelEntry) -> Result<(Vec<u8>, bool), Cause> {
    let (total, key) = (entry.bytes, key(entry));
    let told = |loaded: usize| bridge::reply(&Reply::Progress { loaded: loaded as u64, total }, Vec::new());
    told(0);
    let limit = usize::try_from(total).unwrap_or(usize::MAX);
    if let Some(bytes) = cached(entry, &key).await {
        told(bytes.len());
        return Ok((bytes, true));
    }
    // What is there is not the model.
    fetch::forget(&key).await;
    let mut shown = 0;
    let bytes = fetch::stream(&key, limit, |loaded| {
        // A message each quarter of a megabyte is smooth enough.
        if loaded - shown >= 1 << 18 || loaded == limit {
            shown = loaded;
            told(loaded);
        }
    });
    let bytes = bytes.await.map_err(|why| not_fetched("The model", &why))?;
    if sha256(&bytes).await != entry.sha256 {
        let words = "The model's file is not the one of this page: its checksum is wrong. Try again; if this happens \
                     again, there may be a newer page: close all its tabs, and open it once more.";
        return Err(Cause::new(CauseKind::WrongModel, words));
    }
    let is_kept = fetch::keep(&key, &bytes).await;
    Ok((bytes, is_kept))
}
