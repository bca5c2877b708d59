//! The convolution: matrix products and Winograd's way over weights that are laid out beforehand. With weights of 8 bit
//! the products are of whole numbers, where the processor is quicker with these.

mod count;
mod finish;
mod geometry;
mod layer;
mod product;
mod reference;
mod stored;
#[cfg(test)]
mod tests;
mod winograd;

pub use geometry::ConvGeometry;
pub use layer::PreparedWeight;
pub use reference::conv2d_reference;
