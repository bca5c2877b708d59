//! Non-maximum suppression.

use super::BoxXyxy;
use super::boxes::{area, iou_of_areas};

/// Indices of the boxes that no better box overlaps by more than `threshold` (intersection over union), best first,
/// as torchvision's `nms` on the CPU.
///
/// Equal scores: the lower index is the better. A box whose score is NaN is left out, as is one without a score.
pub fn nms(boxes: &[BoxXyxy], scores: &[f32], threshold: f32) -> Vec<usize> {
    suppress(boxes, scores, None, threshold)
}

/// [`nms`] within each group (class or pyramid level), best first over all groups.
///
/// Equal to torchvision's per-group `_batched_nms_vanilla`; its coordinate trick for few boxes gives the same up to
/// rounding of the shifted corners.
pub fn batched_nms(boxes: &[BoxXyxy], scores: &[f32], groups: &[usize], threshold: f32) -> Vec<usize> {
    suppress(boxes, scores, Some(groups), threshold)
}

fn suppress(boxes: &[BoxXyxy], scores: &[f32], groups: Option<&[usize]>, threshold: f32) -> Vec<usize> {
    let count = boxes.len().min(scores.len()).min(groups.map_or(usize::MAX, <[usize]>::len));
    let group = |i: usize| groups.map_or(0, |g| g[i]);
    let areas: Vec<f32> = boxes[..count].iter().map(area).collect();
    // Best first within each group; the stable sort keeps the lower index first.
    let mut order: Vec<usize> = (0..count).filter(|&i| !scores[i].is_nan()).collect();
    order.sort_by(|&a, &b| group(a).cmp(&group(b)).then(scores[b].total_cmp(&scores[a])));

    let mut kept = Vec::new();
    let mut suppressed = vec![false; order.len()];
    for at in 0..order.len() {
        if suppressed[at] {
            continue;
        }
        let best = order[at];
        kept.push(best);
        for later in at + 1..order.len() {
            let other = order[later];
            if group(other) != group(best) {
                break;
            }
            if suppressed[later] {
                continue;
            }
            // Strictly greater, and false for NaN, as in torchvision.
            suppressed[later] =
                iou_of_areas(&boxes[best], &boxes[other], areas[best], areas[other]) > threshold;
        }
    }
    kept.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    kept
}
