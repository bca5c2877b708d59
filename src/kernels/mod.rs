//! The operations of the network that Burn lacks or runs too slowly, each for the GPU (CubeCL) and the CPU
//! (`lunglens_cpu`), beside a plain-Rust reference. All tensors are `[images, rows, columns, channels]`.

mod adapter;
mod bench;
mod conv;
mod cpu;
mod gpu;
mod pool;
mod roi_align;
mod top_anchors;
mod transfer;

pub use adapter::{
    ConvKernel, Precision, SUBGROUP_MOST, SUBGROUP_READERS, TILED_WORKGROUP_BYTES, conv_kernel,
    set_conv_kernel,
};
pub use bench::{BenchRow, BenchWeights, ConvShape, bench, bench_conv};
pub use conv::{ConvWeight, Residual, conv2d, smallest_alike};
pub use lunglens_cpu::{
    ConvGeometry, PreparedWeight, ROI_LEVELS, ROI_ROW, RoiAlignConfig, conv2d_reference,
    max_pool2d_reference, roi_align_reference,
};
pub use pool::max_pool2d;
pub use roi_align::roi_align;
pub use top_anchors::{TOP_ROW, top_anchors, top_anchors_reference};
pub use transfer::{download, reshape, upload, upload_words, zeros};
