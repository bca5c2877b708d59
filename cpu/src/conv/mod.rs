//! The convolution: matrix products and Winograd's way over weights that are laid out beforehand.

mod finish;
mod geometry;
mod layer;
mod product;
mod reference;
mod simd;
mod stored;
#[cfg(test)]
mod tests;
mod winograd;

pub use geometry::ConvGeometry;
pub use layer::PreparedWeight;
pub use reference::conv2d_reference;
