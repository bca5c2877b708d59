//! BatchNorm folded into the convolution before it.

use super::{WeightTensor, Weights, WeightsError};

/// torchvision's epsilon, of `BatchNorm2d` and `FrozenBatchNorm2d` alike.
pub const BATCH_NORM_EPS: f64 = 1e-5;

/// Folds every BatchNorm into its convolution: `w' = w * g / sqrt(v + eps)`, `b' = beta + (b - m) * g / sqrt(v + eps)`.
///
/// Follows torchvision's names: `conv1` and `bn1`, `downsample.0` and `downsample.1`. The convolution's `.weight` is
/// replaced and its `.bias` added; the four tensors of the normalisation are gone. Computed in f64.
///
/// # Errors
/// [`WeightsError::Fold`] if a normalisation is incomplete, has no convolution, another size, or a result that is not
/// finite.
pub fn fold_batch_norm(mut weights: Weights) -> Result<Weights, WeightsError> {
    const MEAN: &str = ".running_mean";
    let norms: Vec<String> =
        weights.iter().filter_map(|(name, _)| Some(name.strip_suffix(MEAN)?.to_owned())).collect();
    for norm in norms {
        fold_one(&mut weights, &norm)?;
    }
    Ok(weights)
}

fn fold_one(weights: &mut Weights, norm: &str) -> Result<(), WeightsError> {
    let fail = |problem: String| WeightsError::Fold { norm: norm.to_owned(), problem };
    let conv = convolution_of(norm).ok_or_else(|| fail("no convolution goes with that name".to_owned()))?;
    let mut take = |name: String| weights.remove(&name).ok_or_else(|| fail(format!("'{name}' is missing")));

    let gamma = take(format!("{norm}.weight"))?.into_f32();
    let beta = take(format!("{norm}.bias"))?.into_f32();
    let mean = take(format!("{norm}.running_mean"))?.into_f32();
    let variance = take(format!("{norm}.running_var"))?.into_f32();
    let kernel = take(format!("{conv}.weight"))?;
    let bias = take(format!("{conv}.bias")).map_or_else(|_| vec![0.0; mean.len()], WeightTensor::into_f32);

    let channels = kernel.shape.first().copied().unwrap_or(0);
    let lengths = [gamma.len(), beta.len(), mean.len(), variance.len(), bias.len()];
    if channels == 0 || lengths.iter().any(|&length| length != channels) {
        return Err(fail(format!("its tensors have {lengths:?} values, '{conv}' has {channels} channels")));
    }

    let shape = kernel.shape.clone();
    let mut kernel = kernel.into_f32();
    let row = kernel.len() / channels;
    let mut folded_bias = Vec::with_capacity(channels);
    for channel in 0..channels {
        let scale = f64::from(gamma[channel]) / (f64::from(variance[channel]) + BATCH_NORM_EPS).sqrt();
        for value in &mut kernel[channel * row..(channel + 1) * row] {
            *value = (f64::from(*value) * scale) as f32;
        }
        let shift = f64::from(bias[channel]) - f64::from(mean[channel]);
        folded_bias.push((f64::from(beta[channel]) + shift * scale) as f32);
    }
    if !kernel.iter().chain(&folded_bias).all(|v| v.is_finite()) {
        return Err(fail("the result is not finite".to_owned()));
    }
    weights.insert(format!("{conv}.weight"), WeightTensor::f32(shape, kernel));
    weights.insert(format!("{conv}.bias"), WeightTensor::f32(vec![channels], folded_bias));
    Ok(())
}

/// The convolution before a normalisation, by torchvision's naming.
fn convolution_of(norm: &str) -> Option<String> {
    if let Some(block) = norm.strip_suffix(".downsample.1") {
        return Some(format!("{block}.downsample.0"));
    }
    let (parent, own) = norm.rsplit_once('.')?;
    let index = own.strip_prefix("bn")?;
    Some(format!("{parent}.conv{index}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_torchvision() {
        let name = |norm| convolution_of(norm);
        assert_eq!(name("backbone.body.bn1").as_deref(), Some("backbone.body.conv1"));
        assert_eq!(name("a.layer1.0.bn3").as_deref(), Some("a.layer1.0.conv3"));
        assert_eq!(name("a.layer1.0.downsample.1").as_deref(), Some("a.layer1.0.downsample.0"));
        assert_eq!(name("a.norm"), None);
    }

    fn norm(channels: usize, variance: f32) -> Weights {
        let mut weights = Weights::new();
        for (name, value) in
            [("weight", 2.0), ("bias", 1.0), ("running_mean", 3.0), ("running_var", variance)]
        {
            weights.insert(format!("x.bn1.{name}"), WeightTensor::f32(vec![channels], vec![value; channels]));
        }
        weights.insert("x.conv1.weight", WeightTensor::f32(vec![2, 1, 1, 1], vec![1.0, -4.0]));
        weights
    }

    #[test]
    fn a_convolution_with_a_bias_keeps_it() {
        let mut weights = norm(2, 4.0 - 1e-5);
        weights.insert("x.conv1.bias", WeightTensor::f32(vec![2], vec![0.5, 3.0]));
        let folded = fold_batch_norm(weights).unwrap();
        assert_eq!(folded.len(), 2);
        assert_eq!(folded.get("x.conv1.weight").unwrap().to_f32().as_ref(), [1.0, -4.0]);
        assert_eq!(folded.get("x.conv1.bias").unwrap().to_f32().as_ref(), [-1.5, 1.0]);
    }

    #[test]
    fn incomplete_or_impossible_statistics_are_named() {
        let mut missing = norm(2, 1.0);
        missing.remove("x.bn1.running_var");
        let cases = [
            (missing, "'x.bn1.running_var' is missing"),
            (norm(3, 1.0), "2 channels"),
            (norm(2, -1.0), "not finite"),
        ];
        for (weights, message) in cases {
            let error = fold_batch_norm(weights).unwrap_err().to_string();
            assert!(error.contains("x.bn1") && error.contains(message), "{error}");
        }
    }
}
