//! Boxes as offsets from a reference box.

use serde::{Deserialize, Serialize};

use super::BoxXyxy;

/// The largest log scale that [`BoxCoder::decode`] applies: ln(1000 / 16).
pub const BBOX_XFORM_CLIP: f32 = 4.135_166_6;

/// torchvision's `BoxCoder`: `(dx, dy, dw, dh)` relative to a proposal or anchor, scaled by `weights`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BoxCoder {
    /// Scales of `(dx, dy, dw, dh)`: `(1, 1, 1, 1)` for the proposals, `(10, 10, 5, 5)` for the box head.
    pub weights: [f32; 4],
}

impl BoxCoder {
    /// The box that `deltas` describe, relative to `anchor`.
    ///
    /// Finite deltas and anchors give no NaN as long as no weight is zero; a centre may overflow to infinity, which
    /// clipping to the image brings back.
    pub fn decode(&self, deltas: [f32; 4], anchor: BoxXyxy) -> BoxXyxy {
        let [wx, wy, ww, wh] = self.weights;
        let width = anchor[2] - anchor[0];
        let height = anchor[3] - anchor[1];
        let centre_x = anchor[0] + 0.5 * width;
        let centre_y = anchor[1] + 0.5 * height;
        let dw = (deltas[2] / ww).min(BBOX_XFORM_CLIP);
        let dh = (deltas[3] / wh).min(BBOX_XFORM_CLIP);
        let x = deltas[0] / wx * width + centre_x;
        let y = deltas[1] / wy * height + centre_y;
        let half_width = 0.5 * (dw.exp() * width);
        let half_height = 0.5 * (dh.exp() * height);
        [x - half_width, y - half_height, x + half_width, y + half_height]
    }

    /// The deltas that [`Self::decode`] turns into `reference`, relative to `proposal`.
    pub fn encode(&self, reference: BoxXyxy, proposal: BoxXyxy) -> [f32; 4] {
        let [wx, wy, ww, wh] = self.weights;
        let width = proposal[2] - proposal[0];
        let height = proposal[3] - proposal[1];
        let centre_x = proposal[0] + 0.5 * width;
        let centre_y = proposal[1] + 0.5 * height;
        let reference_width = reference[2] - reference[0];
        let reference_height = reference[3] - reference[1];
        let reference_x = reference[0] + 0.5 * reference_width;
        let reference_y = reference[1] + 0.5 * reference_height;
        [
            wx * (reference_x - centre_x) / width,
            wy * (reference_y - centre_y) / height,
            ww * (reference_width / width).ln(),
            wh * (reference_height / height).ln(),
        ]
    }
}
