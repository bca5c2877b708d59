//! Boxes: anchors, the box codec, suppression, and the filters between the stages of the detector.
//!
//! Everything follows torchvision's `models/detection` and `ops/boxes.py`, in the same order of operations.

mod anchors;
mod box_coder;
mod boxes;
mod error;
mod levels;
mod nms;
mod roi_heads;
mod rpn;

pub use anchors::AnchorGenerator;
pub use box_coder::{BBOX_XFORM_CLIP, BoxCoder};
pub use boxes::{clip_box, iou, is_small};
pub use error::DetectError;
pub use levels::level_of_box;
pub use nms::{batched_nms, nms};
pub use roi_heads::{RoiHeadsConfig, postprocess_detections};
pub use rpn::{RpnConfig, RpnLevel, filter_proposals};

/// A box as `[x0, y0, x1, y1]` in pixels, as in torchvision.
pub type BoxXyxy = [f32; 4];

/// One detected instance in network or source pixels, without its mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// The box, `[x0, y0, x1, y1]`.
    pub bbox: BoxXyxy,
    /// The class index: 1 lesion, 2 lung.
    pub label: usize,
    /// The class probability, 0 to 1.
    pub score: f32,
}
