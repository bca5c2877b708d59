//! The only code that differs between the desktop and the browser.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod wasm;

#[cfg(not(target_arch = "wasm32"))]
pub(super) use native::{adapters, has_subgroups, watch, yield_to_host};
#[cfg(target_arch = "wasm32")]
pub(super) use wasm::{adapters, has_subgroups, watch, yield_to_host};
