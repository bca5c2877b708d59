//! The tensors that a network has, from its configuration.

use std::collections::BTreeMap;

use super::{Weights, WeightsError};
use crate::manifest::MaskRcnnConfig;

/// The 3x3 convolutions of the semantic head, `semantic_head.N` each (the numbers between are activations).
pub const SEMANTIC_LAYERS: [usize; 3] = [0, 2, 4];
/// Its last layer.
pub const SEMANTIC_LOGITS: &str = "semantic_head.6";
/// What it tells of a pixel: lesion, and lung with the lesions in it.
pub const SEMANTIC_CLASSES: usize = 2;

/// Name and shape of every tensor of the network with BatchNorm folded, in the order of the computation.
///
/// `config` must be valid ([`MaskRcnnConfig::validate`]).
pub fn expected_tensors(config: &MaskRcnnConfig) -> Vec<(String, Vec<usize>)> {
    let mut tensors = Vec::new();
    let mut layer = |name: String, weight: Vec<usize>, outputs: usize| {
        tensors.push((format!("{name}.weight"), weight));
        tensors.push((format!("{name}.bias"), vec![outputs]));
    };

    layer("backbone.body.conv1".to_owned(), vec![config.base_width, 3, 7, 7], config.base_width);
    let mut inputs = config.base_width;
    for (stage, (blocks, outputs)) in
        config.backbone.blocks().into_iter().zip(config.stage_channels()).enumerate()
    {
        let width = outputs / 4;
        for block in 0..blocks {
            let prefix = format!("backbone.body.layer{}.{block}", stage + 1);
            layer(format!("{prefix}.conv1"), vec![width, inputs, 1, 1], width);
            layer(format!("{prefix}.conv2"), vec![width, width, 3, 3], width);
            layer(format!("{prefix}.conv3"), vec![outputs, width, 1, 1], outputs);
            if block == 0 {
                layer(format!("{prefix}.downsample.0"), vec![outputs, inputs, 1, 1], outputs);
            }
            inputs = outputs;
        }
    }

    let fpn = config.fpn_channels;
    for (index, channels) in config.stage_channels().into_iter().enumerate() {
        layer(format!("backbone.fpn.inner_blocks.{index}.0"), vec![fpn, channels, 1, 1], fpn);
        layer(format!("backbone.fpn.layer_blocks.{index}.0"), vec![fpn, fpn, 3, 3], fpn);
    }

    let anchors = config.anchors_per_position();
    layer("rpn.head.conv.0.0".to_owned(), vec![fpn, fpn, 3, 3], fpn);
    layer("rpn.head.cls_logits".to_owned(), vec![anchors, fpn, 1, 1], anchors);
    layer("rpn.head.bbox_pred".to_owned(), vec![4 * anchors, fpn, 1, 1], 4 * anchors);

    let (classes, representation) = (config.num_classes(), config.representation_size);
    let flat = fpn * config.box_roi_size * config.box_roi_size;
    layer("roi_heads.box_head.fc6".to_owned(), vec![representation, flat], representation);
    layer("roi_heads.box_head.fc7".to_owned(), vec![representation, representation], representation);
    layer("roi_heads.box_predictor.cls_score".to_owned(), vec![classes, representation], classes);
    layer("roi_heads.box_predictor.bbox_pred".to_owned(), vec![4 * classes, representation], 4 * classes);

    let mask = config.mask_channels;
    for index in 0..config.mask_layers {
        let inputs = if index == 0 { fpn } else { mask };
        layer(format!("roi_heads.mask_head.{index}.0"), vec![mask, inputs, 3, 3], mask);
    }
    layer("roi_heads.mask_predictor.conv5_mask".to_owned(), vec![mask, mask, 2, 2], mask);
    layer("roi_heads.mask_predictor.mask_fcn_logits".to_owned(), vec![classes, mask, 1, 1], classes);

    if let Some(width) = config.semantic_channels {
        let mut inputs = fpn;
        for layer_index in SEMANTIC_LAYERS {
            layer(format!("semantic_head.{layer_index}"), vec![width, inputs, 3, 3], width);
            inputs = width;
        }
        layer(SEMANTIC_LOGITS.to_owned(), vec![SEMANTIC_CLASSES, inputs, 1, 1], SEMANTIC_CLASSES);
    }
    tensors
}

/// Channels of the semantic head of a checkpoint in torchvision's or LungLens's names, none where it has no such head.
pub fn semantic_channels(weights: &Weights) -> Option<usize> {
    let first = weights.get(&format!("semantic_head.{}.weight", SEMANTIC_LAYERS[0]))?;
    first.shape.first().copied()
}

/// Checks that `weights` hold exactly the tensors of `config`.
///
/// # Errors
/// [`WeightsError::Mismatch`] names every missing, extra or mis-shaped tensor.
pub fn check(weights: &Weights, config: &MaskRcnnConfig) -> Result<(), WeightsError> {
    let expected: BTreeMap<String, Vec<usize>> = expected_tensors(config).into_iter().collect();
    let extra: Vec<String> = weights
        .iter()
        .filter(|(name, _)| !expected.contains_key(*name))
        .map(|(name, _)| name.clone())
        .collect();
    let mut missing = Vec::new();
    let mut misshaped = Vec::new();
    for (name, shape) in expected {
        match weights.get(&name) {
            None => missing.push(name),
            Some(tensor) if tensor.shape != shape => misshaped.push((name, shape, tensor.shape.clone())),
            Some(_) => {}
        }
    }
    if missing.is_empty() && extra.is_empty() && misshaped.is_empty() {
        Ok(())
    } else {
        Err(WeightsError::Mismatch { missing, extra, misshaped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Backbone;
    use crate::weights::WeightTensor;

    fn zeros(config: &MaskRcnnConfig) -> Weights {
        let mut weights = Weights::new();
        for (name, shape) in expected_tensors(config) {
            let count = shape.iter().product();
            weights.insert(name, WeightTensor::f32(shape, vec![0.0; count]));
        }
        weights
    }

    #[test]
    fn counts_are_those_of_torchvision() {
        // 53 and 104 convolutions of the body, 8 of the pyramid, 3 RPN, 4 box and 6 mask layers, two tensors each.
        assert_eq!(
            expected_tensors(&MaskRcnnConfig::new(Backbone::Resnet50)).len(),
            2 * (53 + 8 + 3 + 4 + 6)
        );
        assert_eq!(
            expected_tensors(&MaskRcnnConfig::new(Backbone::Resnet101)).len(),
            2 * (104 + 8 + 3 + 4 + 6)
        );
        let semantic =
            MaskRcnnConfig { semantic_channels: Some(64), ..MaskRcnnConfig::new(Backbone::Resnet50) };
        assert_eq!(expected_tensors(&semantic).len(), 2 * (53 + 8 + 3 + 4 + 6 + 4));
        assert_eq!(semantic_channels(&zeros(&semantic)), Some(64));
        assert_eq!(semantic_channels(&zeros(&MaskRcnnConfig::narrow(Backbone::Resnet50))), None);
    }

    #[test]
    fn every_difference_is_named() {
        let config = MaskRcnnConfig::narrow(Backbone::Resnet50);
        let mut weights = zeros(&config);
        assert!(check(&weights, &config).is_ok());
        weights.remove("rpn.head.cls_logits.bias");
        weights.remove("backbone.body.layer4.2.conv3.weight");
        weights.insert("head.extra", WeightTensor::f32(vec![1], vec![0.0]));
        weights.insert("backbone.body.conv1.bias", WeightTensor::f32(vec![3], vec![0.0; 3]));
        let text = check(&weights, &config).unwrap_err().to_string();
        for part in [
            "missing backbone.body.layer4.2.conv3.weight, rpn.head.cls_logits.bias",
            "not expected head.extra",
            "backbone.body.conv1.bias has the shape [3], expected [8]",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
