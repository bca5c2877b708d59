//! Boxes: anchors, the box codec, suppression, and the filters between the stages of the detector.

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
