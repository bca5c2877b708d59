//! The viewer: pure parts that say what is shown, and the canvas and controls that show it.

pub mod lesions;
pub mod runs;
