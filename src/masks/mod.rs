//! Binary masks: pasting, components, holes, outlines and run lengths.

mod components;
mod error;
mod holes;
mod mask;
mod outline;
mod paste;
mod probability_map;
mod rle;
mod union;

pub use components::{Component, Labels, connected_components};
pub use error::MaskError;
pub use holes::fill_holes;
pub use mask::Mask;
pub use outline::outline;
pub use paste::{paste_averaged, paste_mask};
pub use probability_map::ProbabilityMap;
pub use rle::{MAX_RLE_PIXELS, Rle};
pub use union::Union;
