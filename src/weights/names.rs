//! torchvision's parameter names through its versions, brought to those of 0.13 and later.

use super::{Weights, WeightsError};

/// Renames tensors of torchvision before 0.13 to the later names, for instance
/// `backbone.fpn.inner_blocks.0.weight` to `backbone.fpn.inner_blocks.0.0.weight`.
///
/// # Errors
/// [`WeightsError::Duplicate`] if a tensor is there under both names.
pub fn canonical_names(weights: Weights) -> Result<Weights, WeightsError> {
    let mut renamed = Weights::new();
    for (name, tensor) in weights {
        let name = canonical_name(&name).unwrap_or(name);
        if renamed.insert(name.clone(), tensor).is_some() {
            return Err(WeightsError::Duplicate(name));
        }
    }
    Ok(renamed)
}

/// The later name, if `name` is an earlier one.
fn canonical_name(name: &str) -> Option<String> {
    for blocks in ["backbone.fpn.inner_blocks.", "backbone.fpn.layer_blocks."] {
        if let Some((index, parameter)) = name.strip_prefix(blocks).and_then(|rest| rest.split_once('.')) {
            return is_parameter(parameter).then(|| format!("{blocks}{index}.0.{parameter}"));
        }
    }
    if let Some(parameter) = name.strip_prefix("rpn.head.conv.") {
        return is_parameter(parameter).then(|| format!("rpn.head.conv.0.0.{parameter}"));
    }
    let (number, parameter) = name.strip_prefix("roi_heads.mask_head.mask_fcn")?.split_once('.')?;
    let index = number.parse::<usize>().ok()?.checked_sub(1)?;
    is_parameter(parameter).then(|| format!("roi_heads.mask_head.{index}.0.{parameter}"))
}

fn is_parameter(name: &str) -> bool {
    name == "weight" || name == "bias"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::WeightTensor;

    #[test]
    fn earlier_names_become_later_ones() {
        let pairs = [
            ("backbone.fpn.inner_blocks.3.weight", "backbone.fpn.inner_blocks.3.0.weight"),
            ("backbone.fpn.layer_blocks.0.bias", "backbone.fpn.layer_blocks.0.0.bias"),
            ("rpn.head.conv.weight", "rpn.head.conv.0.0.weight"),
            ("roi_heads.mask_head.mask_fcn4.bias", "roi_heads.mask_head.3.0.bias"),
        ];
        for (early, late) in pairs {
            assert_eq!(canonical_name(early).as_deref(), Some(late));
            assert_eq!(canonical_name(late), None);
        }
        assert_eq!(canonical_name("rpn.head.cls_logits.weight"), None);
        assert_eq!(canonical_name("roi_heads.mask_head.mask_fcn0.bias"), None);
    }

    #[test]
    fn both_names_of_a_tensor_are_an_error() {
        let mut weights = Weights::new();
        weights.insert("rpn.head.conv.weight", WeightTensor::f32(vec![1], vec![1.0]));
        weights.insert("rpn.head.conv.0.0.weight", WeightTensor::f32(vec![1], vec![2.0]));
        let error = canonical_names(weights).unwrap_err();
        assert!(matches!(error, WeightsError::Duplicate(name) if name == "rpn.head.conv.0.0.weight"));
    }
}
