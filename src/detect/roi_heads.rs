//! From the outputs of the box head to the detections of an image.

use serde::{Deserialize, Serialize};

use super::box_coder::BoxCoder;
use super::boxes::{clip_box, is_small};
use super::error::{check_finite, check_length};
use super::nms::batched_nms;
use super::{BoxXyxy, DetectError, Detection};

const STAGE: &str = "reading detections";
/// The least side of a detection in network pixels, fixed in torchvision.
const MIN_SIZE: f32 = 1e-2;

/// The limits of `RoIHeads.postprocess_detections`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoiHeadsConfig {
    /// Number of classes, background (0) included.
    pub num_classes: usize,
    /// A detection's class probability is above this.
    pub score_threshold: f32,
    /// Intersection over union above which the lower scored detection of a class is dropped.
    pub nms_threshold: f32,
    /// The most detections of an image.
    pub detections_per_image: usize,
    /// The box head's [`BoxCoder`] weights.
    pub box_weights: [f32; 4],
}

impl Default for RoiHeadsConfig {
    /// torchvision's values with LungLens's classes: background, lesion, lung.
    fn default() -> Self {
        Self {
            num_classes: 3,
            score_threshold: 0.05,
            nms_threshold: 0.5,
            detections_per_image: 100,
            box_weights: [10.0, 10.0, 5.0, 5.0],
        }
    }
}

/// The detections of an image of `[rows, columns]` network pixels, best first, as torchvision's
/// `postprocess_detections`.
///
/// `class_logits` is N x C and `box_regression` N x C*4, row-major, for N `proposals` and C `num_classes`.
/// Equal scores: lower proposal, then lower class first.
///
/// # Errors
/// [`DetectError`] if a length disagrees with N and C or a value is not finite.
pub fn postprocess_detections(
    class_logits: &[f32],
    box_regression: &[f32],
    proposals: &[BoxXyxy],
    config: &RoiHeadsConfig,
    image_size: [usize; 2],
) -> Result<Vec<Detection>, DetectError> {
    let classes = config.num_classes;
    let pairs = proposals.len().saturating_mul(classes);
    check_length(STAGE, "class logits", class_logits.len(), pairs)?;
    check_length(STAGE, "box regression", box_regression.len(), pairs.saturating_mul(4))?;
    check_finite(STAGE, "class logits", class_logits)?;
    check_finite(STAGE, "box regression", box_regression)?;
    check_finite(STAGE, "proposals", proposals.as_flattened())?;

    let coder = BoxCoder { weights: config.box_weights };
    let (deltas, _) = box_regression.as_chunks::<4>();
    let mut boxes = Vec::new();
    let mut scores = Vec::new();
    let mut labels = Vec::new();
    for (row, &proposal) in proposals.iter().enumerate() {
        let probabilities = softmax(&class_logits[row * classes..(row + 1) * classes]);
        for (label, &score) in probabilities.iter().enumerate().skip(1) {
            let bbox = clip_box(coder.decode(deltas[row * classes + label], proposal), image_size);
            if score > config.score_threshold && !is_small(&bbox, MIN_SIZE) {
                boxes.push(bbox);
                scores.push(score);
                labels.push(label);
            }
        }
    }
    let mut kept = batched_nms(&boxes, &scores, &labels, config.nms_threshold);
    kept.truncate(config.detections_per_image);
    Ok(kept.into_iter().map(|i| Detection { bbox: boxes[i], label: labels[i], score: scores[i] }).collect())
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f32> = logits.iter().map(|l| (l - largest).exp()).collect();
    let sum: f32 = exponentials.iter().sum();
    exponentials.into_iter().map(|e| e / sum).collect()
}
