//! The operations of the network that Burn lacks or runs too slowly, each for the GPU (CubeCL) and the CPU, beside a
//! plain-Rust reference. All tensors are `[images, rows, columns, channels]`.

mod adapter;
mod bench;
mod conv;
mod cpu;
mod gpu;
mod pool;
mod roi_align;
pub(crate) mod threads;
mod top_anchors;

pub use adapter::{ConvKernel, TILED_WORKGROUP_BYTES, conv_kernel, set_conv_kernel};
pub use bench::{BenchRow, ConvShape, bench, bench_conv};
pub use conv::{ConvGeometry, ConvWeight, PreparedWeight, conv2d, conv2d_reference};
pub use pool::{max_pool2d, max_pool2d_reference};
pub use roi_align::{ROI_LEVELS, ROI_ROW, RoiAlignConfig, roi_align, roi_align_reference};
pub use top_anchors::{TOP_ROW, top_anchors, top_anchors_reference};
