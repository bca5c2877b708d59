//! From the bytes of a file to the values that the network reads, and back to source pixels.

mod slice;

pub use slice::{CtSlice, FileFormat, PixelSpacing, ValueScale};
