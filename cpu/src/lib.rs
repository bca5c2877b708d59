//! The network's operations on the CPU, over slices of floats: what takes the time where there is no GPU.
//!
//! A crate of its own, so that it is built for speed where the rest of the page is built small; what computes is
//! `inline(never)`, since it would be built as small as who calls it. All tensors are `[images, rows, columns, channels]`.

mod conv;
mod pool;
mod roi_align;
mod simd;
mod threads;

pub use conv::{ConvGeometry, PreparedWeight, conv2d_reference};
pub use pool::{max_pool2d, max_pool2d_reference};
pub use roi_align::{ROI_LEVELS, ROI_ROW, RoiAlignConfig, RoiLevels, roi_align, roi_align_reference};
pub use threads::for_each_chunk;
