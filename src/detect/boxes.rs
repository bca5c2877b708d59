//! Clipping, minimum size and overlap of boxes (torchvision's `ops/boxes.py`).

use super::BoxXyxy;

/// The part of a box inside an image of `[rows, columns]`, as `clip_boxes_to_image`.
pub fn clip_box(bbox: BoxXyxy, image_size: [usize; 2]) -> BoxXyxy {
    let height = image_size[0] as f32;
    let width = image_size[1] as f32;
    [
        bbox[0].clamp(0.0, width),
        bbox[1].clamp(0.0, height),
        bbox[2].clamp(0.0, width),
        bbox[3].clamp(0.0, height),
    ]
}

/// Whether a side is shorter than `min_size` pixels, or not a number, as `remove_small_boxes`.
pub fn is_small(bbox: &BoxXyxy, min_size: f32) -> bool {
    let long_enough = bbox[2] - bbox[0] >= min_size && bbox[3] - bbox[1] >= min_size;
    !long_enough
}

/// Intersection over union of two boxes; NaN if both have no area.
pub fn iou(a: &BoxXyxy, b: &BoxXyxy) -> f32 {
    iou_of_areas(a, b, area(a), area(b))
}

/// [`iou`] with the boxes' areas at hand.
pub(super) fn iou_of_areas(a: &BoxXyxy, b: &BoxXyxy, area_a: f32, area_b: f32) -> f32 {
    let width = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
    let height = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    let intersection = width * height;
    intersection / (area_a + area_b - intersection)
}

/// Width times height; negative or zero for a box turned inside out.
pub(super) fn area(bbox: &BoxXyxy) -> f32 {
    (bbox[2] - bbox[0]) * (bbox[3] - bbox[1])
}
