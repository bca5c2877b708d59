//! The LungLens page and its workers.
//!
//! The page (binary `app`) draws and never computes; the reader (binary `reader`) opens files and measures studies; the
//! engine (binary `worker`, feature `engine`) loads the model and runs it on slices, and may have helpers. They talk through the typed messages of [`protocol`]. [`state`], [`protocol`], [`volume_view`] and most of
//! [`viewer`] also build natively, where their tests run.

pub mod causes;
pub mod format;
pub mod outcome;
pub mod protocol;
pub mod state;
pub mod strings;
pub mod view;
pub mod viewer;
pub mod volume_view;

#[cfg(target_arch = "wasm32")]
pub mod bridge;
#[cfg(target_arch = "wasm32")]
pub mod browser;
#[cfg(target_arch = "wasm32")]
pub mod components;
#[cfg(target_arch = "wasm32")]
pub mod dropped;
#[cfg(target_arch = "wasm32")]
pub mod reader;

#[cfg(all(target_arch = "wasm32", feature = "engine"))]
pub mod worker;
