//! The sizes and limits that define one Mask R-CNN.

use serde::{Deserialize, Serialize};

use super::ManifestError;
use crate::detect::{AnchorGenerator, RoiHeadsConfig, RpnConfig};

/// Number of pyramid levels, P2 to P6.
const PYRAMID_LEVELS: usize = 5;
/// The largest channel count or count of boxes that a configuration may ask for.
const MAX_COUNT: usize = 8192;
/// Layers with other channel counts would be padded to another count than the next layer reads.
const CHANNEL_MULTIPLE: usize = 8;
/// The largest RoIAlign output on a side.
const MAX_ROI_SIZE: usize = 32;

/// The depth of the ResNet, He et al. 2016, with the stride on the 3x3 convolution as in torchvision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backbone {
    /// ResNet-50.
    Resnet50,
    /// ResNet-101.
    Resnet101,
}

impl Backbone {
    /// Bottleneck blocks of layer1 to layer4.
    pub fn blocks(self) -> [usize; 4] {
        match self {
            Self::Resnet50 => [3, 4, 6, 3],
            Self::Resnet101 => [3, 4, 23, 3],
        }
    }

    /// torchvision's name of the backbone.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resnet50 => "resnet50",
            Self::Resnet101 => "resnet101",
        }
    }
}

/// Everything that defines a Mask R-CNN beside its weights; torchvision's defaults but for LungLens's classes, input
/// size, anchors and number of proposals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskRcnnConfig {
    /// The ResNet's depth.
    pub backbone: Backbone,
    /// Channels of the stem; layer1 to layer4 give 4, 8, 16 and 32 times as many. 64 but in narrow test models.
    pub base_width: usize,
    /// Side of the square input in pixels, a multiple of 32.
    pub input_size: usize,
    /// Channels of every pyramid level.
    pub fpn_channels: usize,
    /// Anchor sizes of P2 to P6 and their ratios.
    pub anchors: AnchorGenerator,
    /// The limits of the proposals.
    pub rpn: RpnConfig,
    /// RoIAlign samples per bin and side.
    pub roi_sampling_ratio: usize,
    /// RoIAlign's output side for the box head.
    pub box_roi_size: usize,
    /// Outputs of the box head's two fully connected layers.
    pub representation_size: usize,
    /// The classes and the limits of the detections.
    pub roi_heads: RoiHeadsConfig,
    /// RoIAlign's output side for the mask head; masks are twice as large.
    pub mask_roi_size: usize,
    /// Number of 3x3 convolutions of the mask head.
    pub mask_layers: usize,
    /// Channels of the mask head.
    pub mask_channels: usize,
    /// Channels of the head that tells lesion and lung pixel by pixel, where the model has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semantic_channels: Option<usize>,
}

impl MaskRcnnConfig {
    /// The configuration that LungLens trains and ships, but for the semantic head, which a checkpoint has or has not.
    pub fn new(backbone: Backbone) -> Self {
        Self {
            backbone,
            base_width: 64,
            input_size: 320,
            fpn_channels: 256,
            anchors: AnchorGenerator {
                sizes: vec![12.0, 24.0, 48.0, 96.0, 192.0],
                aspect_ratios: vec![0.5, 1.0, 2.0],
            },
            rpn: RpnConfig { pre_nms_top_n: 300, post_nms_top_n: 300, ..RpnConfig::default() },
            roi_sampling_ratio: 2,
            box_roi_size: 7,
            representation_size: 1024,
            roi_heads: RoiHeadsConfig::default(),
            mask_roi_size: 14,
            mask_layers: 4,
            mask_channels: 256,
            semantic_channels: None,
        }
    }

    /// The narrow configuration of the parity fixtures (`tests/parity/make_fixtures.py`).
    pub fn narrow(backbone: Backbone) -> Self {
        Self {
            base_width: 8,
            input_size: 64,
            fpn_channels: 16,
            anchors: AnchorGenerator {
                sizes: vec![8.0, 16.0, 32.0, 64.0, 128.0],
                aspect_ratios: vec![0.5, 1.0, 2.0],
            },
            rpn: RpnConfig { pre_nms_top_n: 100, post_nms_top_n: 20, ..RpnConfig::default() },
            representation_size: 32,
            roi_heads: RoiHeadsConfig { detections_per_image: 10, ..RoiHeadsConfig::default() },
            mask_channels: 16,
            ..Self::new(backbone)
        }
    }

    /// Number of classes, background included.
    pub fn num_classes(&self) -> usize {
        self.roi_heads.num_classes
    }

    /// Output channels of layer1 to layer4 (C2 to C5).
    pub fn stage_channels(&self) -> [usize; 4] {
        [4, 8, 16, 32].map(|factor| factor * self.base_width)
    }

    /// Anchors at each position of a level.
    pub fn anchors_per_position(&self) -> usize {
        self.anchors.anchors_per_position()
    }

    /// Side of the predicted masks, before they are pasted.
    pub fn mask_size(&self) -> usize {
        2 * self.mask_roi_size
    }

    /// Checks every value against what the network can be built and run with.
    ///
    /// # Errors
    /// [`ManifestError::Config`] names the first bad field.
    pub fn validate(&self) -> Result<(), ManifestError> {
        let channels = [
            ("base_width", self.base_width, MAX_COUNT / 32),
            ("fpn_channels", self.fpn_channels, MAX_COUNT),
            ("representation_size", self.representation_size, MAX_COUNT),
            ("mask_channels", self.mask_channels, MAX_COUNT),
            ("semantic_channels", self.semantic_channels.unwrap_or(CHANNEL_MULTIPLE), MAX_COUNT),
        ];
        let counts = [
            ("mask_layers", self.mask_layers, 16),
            ("roi_sampling_ratio", self.roi_sampling_ratio, 8),
            ("box_roi_size", self.box_roi_size, MAX_ROI_SIZE),
            ("mask_roi_size", self.mask_roi_size, MAX_ROI_SIZE),
            ("input_size", self.input_size, 4096),
            ("anchors.aspect_ratios", self.anchors.aspect_ratios.len(), 16),
            ("rpn.pre_nms_top_n", self.rpn.pre_nms_top_n, MAX_COUNT),
            ("rpn.post_nms_top_n", self.rpn.post_nms_top_n, MAX_COUNT),
            ("roi_heads.num_classes", self.roi_heads.num_classes, 256),
            ("roi_heads.detections_per_image", self.roi_heads.detections_per_image, MAX_COUNT),
        ];
        for (field, value, most) in channels.into_iter().chain(counts) {
            require((1..=most).contains(&value), field, || format!("is {value}, expected 1 to {most}"))?;
        }
        for (field, value, _) in channels {
            require(value.is_multiple_of(CHANNEL_MULTIPLE), field, || {
                format!("is {value}, expected a multiple of {CHANNEL_MULTIPLE}")
            })?;
        }
        let size = self.input_size;
        require(size.is_multiple_of(32), "input_size", || format!("is {size}, expected a multiple of 32"))?;
        require(self.num_classes() >= 2, "roi_heads.num_classes", || "is below 2".to_owned())?;
        let levels = self.anchors.sizes.len();
        require(levels == PYRAMID_LEVELS, "anchors.sizes", || {
            format!("has {levels} values, expected {PYRAMID_LEVELS}")
        })?;

        let positive = |value: &f32| value.is_finite() && *value > 0.0;
        let fraction = |value: &f32| (0.0..=1.0).contains(value);
        let heads = &self.roi_heads;
        let numbers = [
            ("anchors.sizes", self.anchors.sizes.iter().all(positive)),
            ("anchors.aspect_ratios", self.anchors.aspect_ratios.iter().all(positive)),
            ("roi_heads.box_weights", heads.box_weights.iter().all(positive)),
            ("rpn.nms_threshold", fraction(&self.rpn.nms_threshold)),
            ("rpn.score_threshold", fraction(&self.rpn.score_threshold)),
            ("rpn.min_size", self.rpn.min_size.is_finite() && self.rpn.min_size >= 0.0),
            ("roi_heads.score_threshold", fraction(&heads.score_threshold)),
            ("roi_heads.nms_threshold", fraction(&heads.nms_threshold)),
        ];
        for (field, good) in numbers {
            require(good, field, || "is out of range".to_owned())?;
        }
        Ok(())
    }
}

fn require(good: bool, field: &'static str, problem: impl FnOnce() -> String) -> Result<(), ManifestError> {
    if good { Ok(()) } else { Err(ManifestError::Config { field, problem: problem() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut MaskRcnnConfig);

    #[test]
    fn shipped_and_narrow_configurations_are_valid() {
        for backbone in [Backbone::Resnet50, Backbone::Resnet101] {
            assert!(MaskRcnnConfig::new(backbone).validate().is_ok());
            assert!(MaskRcnnConfig::narrow(backbone).validate().is_ok());
        }
        assert_eq!(MaskRcnnConfig::new(Backbone::Resnet50).stage_channels(), [256, 512, 1024, 2048]);
        assert_eq!(MaskRcnnConfig::narrow(Backbone::Resnet50).stage_channels(), [32, 64, 128, 256]);
    }

    #[test]
    fn json_round_trip_keeps_everything() {
        let config = MaskRcnnConfig::narrow(Backbone::Resnet101);
        let text = serde_json::to_string(&config).unwrap();
        assert!(text.contains("\"backbone\":\"resnet101\""));
        assert_eq!(serde_json::from_str::<MaskRcnnConfig>(&text).unwrap(), config);
        assert!(serde_json::from_str::<MaskRcnnConfig>(&text.replace("base_width", "width")).is_err());
    }

    #[test]
    fn bad_values_are_named() {
        let spoil: [(&str, Change); 10] = [
            ("base_width", |c| c.base_width = 0),
            ("base_width", |c| c.base_width = usize::MAX),
            ("fpn_channels", |c| c.fpn_channels = 20),
            ("semantic_channels", |c| c.semantic_channels = Some(4)),
            ("input_size", |c| c.input_size = 100),
            ("anchors.sizes", |c| c.anchors.sizes.truncate(4)),
            ("anchors.sizes", |c| c.anchors.sizes[2] = f32::NAN),
            ("roi_heads.num_classes", |c| c.roi_heads.num_classes = 1),
            ("rpn.nms_threshold", |c| c.rpn.nms_threshold = 1.5),
            ("roi_heads.box_weights", |c| c.roi_heads.box_weights[3] = 0.0),
        ];
        for (name, change) in spoil {
            let mut config = MaskRcnnConfig::new(Backbone::Resnet50);
            change(&mut config);
            match config.validate() {
                Err(ManifestError::Config { field, .. }) => assert_eq!(field, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
