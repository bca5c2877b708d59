//! The viewer: pure parts that say what is shown, and the canvas and controls that show it.

pub mod cross;
pub mod gesture;
pub mod keys;
pub mod lesions;
pub mod model;
pub mod orientation;
pub mod part;
pub mod plane;
pub mod runs;
pub mod spoken;
pub mod strip;
pub mod viewport;
pub mod wheel;
pub mod window;
pub mod words;

#[cfg(target_arch = "wasm32")]
mod component;
#[cfg(target_arch = "wasm32")]
mod controls;
#[cfg(target_arch = "wasm32")]
mod hear;
#[cfg(target_arch = "wasm32")]
mod observer;
#[cfg(target_arch = "wasm32")]
mod paint;

#[cfg(target_arch = "wasm32")]
pub use component::{Props, Viewer};
