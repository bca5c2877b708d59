//! The region proposal network's head.

use super::fpn::Pyramid;
use super::layers::{Conv, LayerLoader};
use crate::kernels::ConvGeometry;
use crate::weights::WeightsError;

/// The head that slides over every level.
#[derive(Debug, Clone)]
pub struct RpnHead {
    conv: Conv,
    predictors: Conv,
}

impl RpnHead {
    /// Takes `rpn.head.*` out of the weights.
    pub fn load(loader: &mut LayerLoader) -> Result<Self, WeightsError> {
        Ok(Self {
            conv: loader.conv("rpn.head.conv.0.0", ConvGeometry::SAME_3X3.relu())?,
            predictors: loader
                .joined(&["rpn.head.cls_logits", "rpn.head.bbox_pred"], ConvGeometry::POINTWISE)?
                .giving_f32(),
        })
    }

    /// The outputs of P2 to P6, `[1, rows, columns, c]` each: of each position one logit an anchor, then `dx, dy, dw, dh`
    /// an anchor, then padding.
    pub fn forward(&self, pyramid: &Pyramid) -> Pyramid {
        pyramid.clone().map(|level| self.predictors.forward(self.conv.forward(level)))
    }
}
