//! The box head and the mask head.

use burn::tensor::{Device, Tensor};

use super::fpn::Pyramid;
use super::layers::{Conv, LayerLoader};
use crate::detect::{BoxXyxy, level_of_box};
use crate::kernels::{ConvGeometry, ROI_LEVELS, ROI_ROW, RoiAlignConfig, reshape, roi_align, upload};
use crate::manifest::MaskRcnnConfig;
use crate::weights::WeightsError;

/// Network pixels a feature of P2 to P5.
pub(super) const STRIDES: [usize; ROI_LEVELS] = [4, 8, 16, 32];
/// The pyramid's levels that boxes are pooled from.
const LEVELS: [usize; 2] = [2, 5];

/// Boxes whose masks are computed at once: enlarged they are four times their features, 20 MB for these.
pub(super) const MASKS_AT_ONCE: usize = 25;

/// Both heads.
#[derive(Debug, Clone)]
pub struct RoiHeads {
    fc6: Conv,
    fc7: Conv,
    box_predictor: Conv,
    mask_head: Vec<Conv>,
    conv5_mask: Conv,
    mask_fcn_logits: Conv,
    box_align: RoiAlignConfig,
    mask_align: RoiAlignConfig,
}

impl RoiHeads {
    /// Takes `roi_heads.*` out of the weights.
    pub fn load(loader: &mut LayerLoader, config: &MaskRcnnConfig) -> Result<Self, WeightsError> {
        let align = |output_size| RoiAlignConfig {
            output_size,
            sampling_ratio: config.roi_sampling_ratio,
            strides: STRIDES,
        };
        Ok(Self {
            fc6: loader.linear_on_map("roi_heads.box_head.fc6", config.box_roi_size)?,
            fc7: loader.conv("roi_heads.box_head.fc7", ConvGeometry::POINTWISE.relu())?,
            box_predictor: loader
                .joined(
                    &["roi_heads.box_predictor.cls_score", "roi_heads.box_predictor.bbox_pred"],
                    ConvGeometry::POINTWISE,
                )?
                .giving_f32(),
            mask_head: (0..config.mask_layers)
                .map(|i| loader.conv(&format!("roi_heads.mask_head.{i}.0"), ConvGeometry::SAME_3X3.relu()))
                .collect::<Result<_, _>>()?,
            conv5_mask: loader.transposed_2x2("roi_heads.mask_predictor.conv5_mask")?,
            mask_fcn_logits: loader
                .conv("roi_heads.mask_predictor.mask_fcn_logits", ConvGeometry::POINTWISE)?
                .giving_f32(),
            box_align: align(config.box_roi_size),
            mask_align: align(config.mask_roi_size),
        })
    }

    /// RoIAlign for the box head: `[n, side, side, c]`.
    pub fn box_features(&self, pyramid: &Pyramid, boxes: &[BoxXyxy], device: &Device) -> Tensor<4> {
        pool(pyramid, boxes, self.box_align, device)
    }

    /// The box head's representation, `[1, 1, n, r]`.
    pub fn box_head(&self, features: Tensor<4>) -> Tensor<4> {
        let [count, rows, columns, channels] = features.dims();
        let rows = reshape(features, [1, 1, count, rows * columns * channels]);
        self.fc7.forward(self.fc6.forward(rows))
    }

    /// Class logits and box offsets of each box in one row `[n, c]`: `classes`, then `4 * classes`, then padding.
    pub fn predict_boxes(&self, representation: Tensor<4>) -> Tensor<2> {
        let output = self.box_predictor.forward(representation);
        let [_, _, count, channels] = output.dims();
        reshape(output, [count, channels])
    }

    /// RoIAlign for the mask head: `[n, side, side, c]`.
    pub fn mask_features(&self, pyramid: &Pyramid, boxes: &[BoxXyxy], device: &Device) -> Tensor<4> {
        pool(pyramid, boxes, self.mask_align, device)
    }

    /// Mask logits as `[n * side * side, 4, c]`, of `c` the classes and then padding: the four are the 2x2 pixels (row, then column) that the
    /// transposed convolution makes of each position.
    pub fn mask_logits(&self, features: Tensor<4>) -> Tensor<3> {
        let mut x = features;
        for conv in &self.mask_head {
            x = conv.forward(x);
        }
        let x = self.conv5_mask.forward(x);
        let [count, rows, columns, channels] = x.dims();
        let positions = count * rows * columns;
        let logits = self.mask_fcn_logits.forward(reshape(x, [1, positions, 4, channels / 4]));
        let [_, _, _, channels] = logits.dims();
        reshape(logits, [positions, 4, channels])
    }
}

fn pool(pyramid: &Pyramid, boxes: &[BoxXyxy], config: RoiAlignConfig, device: &Device) -> Tensor<4> {
    let mut rows = Vec::with_capacity(boxes.len() * ROI_ROW);
    for bbox in boxes {
        rows.push(level_of_box(bbox, LEVELS[0], LEVELS[1]) as f32);
        rows.extend_from_slice(bbox);
    }
    let rois = upload(rows, [boxes.len(), ROI_ROW], device);
    let [p2, p3, p4, p5, _] = pyramid.clone();
    roi_align(&[p2, p3, p4, p5], rois, config)
}

/// The mask of one detection, `[2 * side, 2 * side]` probabilities, out of the values of [`RoiHeads::mask_logits`], of which
/// each pixel has `channels`.
pub fn mask_probabilities(
    logits: &[f32],
    detection: usize,
    label: usize,
    side: usize,
    channels: usize,
) -> Vec<f32> {
    let size = 2 * side;
    let mut mask = vec![0.0; size * size];
    for (index, value) in mask.iter_mut().enumerate() {
        let (y, x) = (index / size, index % size);
        let position = (detection * side + y / 2) * side + x / 2;
        let logit = logits[(position * 4 + y % 2 * 2 + x % 2) * channels + label];
        *value = 1.0 / (1.0 + (-logit).exp());
    }
    mask
}
