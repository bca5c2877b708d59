//! What a models folder holds: `manifest.json`, its entries and each model's configuration.
//!
//! Pure, so that the page can list models without Burn.

mod config;
mod entry;
mod error;

pub use config::{Backbone, MaskRcnnConfig};
pub use entry::{ModelEntry, ModelManifest, SCHEMA_VERSION};
pub use error::ManifestError;
