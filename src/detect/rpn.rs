//! From the outputs of the region proposal network to the proposals of an image.

use serde::{Deserialize, Serialize};

use super::box_coder::BoxCoder;
use super::boxes::{clip_box, is_small};
use super::error::{check_finite, check_length};
use super::nms::batched_nms;
use super::{BoxXyxy, DetectError};

const STAGE: &str = "filtering proposals";

/// The limits of `RegionProposalNetwork.filter_proposals`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RpnConfig {
    /// The most anchors of a level that are looked at.
    pub pre_nms_top_n: usize,
    /// The most proposals of an image.
    pub post_nms_top_n: usize,
    /// Intersection over union above which the lower scored proposal of a level is dropped.
    pub nms_threshold: f32,
    /// The least objectness (a probability) of a proposal.
    pub score_threshold: f32,
    /// The least side of a proposal in network pixels.
    pub min_size: f32,
}

impl Default for RpnConfig {
    /// torchvision's values for inference.
    fn default() -> Self {
        Self {
            pre_nms_top_n: 1000,
            post_nms_top_n: 1000,
            nms_threshold: 0.7,
            score_threshold: 0.0,
            min_size: 1e-3,
        }
    }
}

/// The candidates of one pyramid level: all its anchors, or its best by objectness.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RpnLevel {
    /// The anchors, in network pixels.
    pub anchors: Vec<BoxXyxy>,
    /// One logit an anchor.
    pub objectness: Vec<f32>,
    /// One box offset an anchor.
    pub deltas: Vec<[f32; 4]>,
}

/// The proposals of an image of `[rows, columns]` network pixels, best first, as torchvision's `filter_proposals`.
///
/// Per level the best `pre_nms_top_n` by logit are decoded (weights 1), clipped and suppressed; over all levels the
/// best `post_nms_top_n` by probability stay. Equal scores: lower level, then lower index first.
///
/// # Errors
/// [`DetectError`] if the lengths of a level disagree or a value is not finite.
pub fn filter_proposals(
    levels: &[RpnLevel],
    config: &RpnConfig,
    image_size: [usize; 2],
) -> Result<Vec<BoxXyxy>, DetectError> {
    let coder = BoxCoder { weights: [1.0; 4] };
    let mut boxes = Vec::new();
    let mut scores = Vec::new();
    let mut groups = Vec::new();
    for (group, level) in levels.iter().enumerate() {
        check_length(STAGE, "objectness", level.objectness.len(), level.anchors.len())?;
        check_length(STAGE, "box deltas", level.deltas.len(), level.anchors.len())?;
        check_finite(STAGE, "objectness", &level.objectness)?;
        check_finite(STAGE, "box deltas", level.deltas.as_flattened())?;
        check_finite(STAGE, "anchors", level.anchors.as_flattened())?;
        let mut order: Vec<usize> = (0..level.anchors.len()).collect();
        order.sort_by(|&a, &b| level.objectness[b].total_cmp(&level.objectness[a]));
        order.truncate(config.pre_nms_top_n);
        for index in order {
            let bbox = clip_box(coder.decode(level.deltas[index], level.anchors[index]), image_size);
            let score = sigmoid(level.objectness[index]);
            if !is_small(&bbox, config.min_size) && score >= config.score_threshold {
                boxes.push(bbox);
                scores.push(score);
                groups.push(group);
            }
        }
    }
    let mut kept = batched_nms(&boxes, &scores, &groups, config.nms_threshold);
    kept.truncate(config.post_nms_top_n);
    Ok(kept.into_iter().map(|i| boxes[i]).collect())
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}
