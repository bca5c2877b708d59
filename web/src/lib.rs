//! The LungLens page and its worker.
//!
//! The page (binary `app`) draws and never computes; the worker (binary `worker`, feature `engine`) loads the model
//! and runs it. They talk through the typed messages of [`protocol`]. [`state`], [`protocol`], [`volume_view`] and most of
//! [`viewer`] also build natively, where their tests run.

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

#[cfg(all(target_arch = "wasm32", feature = "engine"))]
pub mod worker;
