//! Binary masks: pasting, components, outlines and run lengths.

mod mask;

pub use mask::Mask;
