//! From weights to quantized weights: which layers get how many bits, and biases that make up for the mean error.

use super::blocks::LARGEST;
use super::{
    BLOCK, Quantization, WeightData, WeightTensor, Weights, WeightsError, quantize_blocks,
    quantize_per_channel,
};

/// The layers whose outputs are scores, boxes and masks: in f16, where fewer bits would show most.
const LAST_LAYERS: [&str; 6] = [
    "rpn.head.cls_logits.weight",
    "rpn.head.bbox_pred.weight",
    "roi_heads.box_predictor.cls_score.weight",
    "roi_heads.box_predictor.bbox_pred.weight",
    "roi_heads.mask_predictor.mask_fcn_logits.weight",
    "semantic_head.6.weight",
];
/// The layer that everything passes, and that is small.
const FIRST_LAYER: &str = "backbone.body.conv1.weight";
/// In 8 bit where the others have 4: what chooses regions, and what draws masks.
const FINER_LAYERS: [&str; 2] = ["rpn.head.conv.0.0.weight", "roi_heads.mask_predictor.conv5_mask.weight"];

/// How one tensor is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// 32 bit.
    F32,
    /// 16 bit.
    F16,
    /// 8 bit with a scale a channel of dim 0.
    Int8,
    /// 4 bit with a scale a block.
    Int4,
}

/// How the tensor called `name` is stored under `quantization`.
pub fn storage_of(name: &str, tensor: &WeightTensor, quantization: Quantization) -> Storage {
    if tensor.shape.len() < 2 || tensor.element_count() == 0 {
        return Storage::F32;
    }
    match quantization {
        Quantization::F32 => Storage::F32,
        Quantization::F16 => Storage::F16,
        _ if LAST_LAYERS.contains(&name) => Storage::F16,
        Quantization::Int8 => Storage::Int8,
        Quantization::Int4 if name == FIRST_LAYER => Storage::F16,
        Quantization::Int4 if FINER_LAYERS.contains(&name) || tensor.shape[1] < BLOCK => Storage::Int8,
        Quantization::Int4 => Storage::Int4,
    }
}

/// What the inputs of the layers were on calibration slices: for the layer `NAME` the tensors `NAME.mean` and
/// `NAME.mean_square`, with a value an input channel.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Calibration {
    tensors: Weights,
}

impl Calibration {
    /// Takes the tensors of a calibration file.
    ///
    /// # Errors
    /// [`WeightsError::Calibration`] if a tensor is not one of those named above, no vector, or a mean square is negative.
    pub fn new(tensors: Weights) -> Result<Self, WeightsError> {
        for (name, tensor) in &tensors {
            let wrong = |problem: &str| {
                Err(WeightsError::Calibration { name: name.clone(), problem: problem.to_owned() })
            };
            let is_square = name.ends_with(".mean_square");
            if !is_square && !name.ends_with(".mean") {
                return wrong("is neither a mean nor a mean square");
            }
            if tensor.shape.len() != 1 {
                return wrong("is no vector");
            }
            if is_square && tensor.to_f32().iter().any(|&value| value < 0.0) {
                return wrong("is negative");
            }
        }
        Ok(Self { tensors })
    }

    /// A statistic of `layer` for each value of a row of its weight, whose inputs have `taps` places each.
    fn of_row(
        &self,
        layer: &str,
        what: &str,
        row: usize,
        taps: usize,
    ) -> Result<Option<Vec<f32>>, WeightsError> {
        let name = format!("{layer}.{what}");
        let Some(tensor) = self.tensors.get(&name) else { return Ok(None) };
        let known = tensor.to_f32();
        if known.len() == row {
            return Ok(Some(known.into_owned()));
        }
        if known.len() * taps == row {
            return Ok(Some(known.iter().flat_map(|&value| std::iter::repeat_n(value, taps)).collect()));
        }
        let problem = format!("has {} values, the layer has {row} inputs of {taps} places", known.len());
        Err(WeightsError::Calibration { name, problem })
    }
}

/// How well a layer is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerError {
    /// The layer.
    pub name: String,
    /// How it is stored.
    pub storage: Storage,
    /// The root of the squared error over that of the squared weights.
    pub weight_error: f64,
    /// The same of what the layer computes, its inputs taken as independent; none without calibration.
    pub output_error: Option<f64>,
}

/// Weights that are ready to be written, and what that cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantized {
    /// The weights.
    pub weights: Weights,
    /// The layers in 8 or 4 bit, in the order of their names.
    pub errors: Vec<LayerError>,
}

/// Brings every matrix to the bits that `quantization` gives it.
///
/// With `calibration` each block's scale is the best for what the layer computes (the squared error is weighed by the
/// inputs' mean square), and the bias takes over the mean error of the output (Nagel et al. 2019, arXiv 1906.04721).
///
/// # Errors
/// [`WeightsError::Calibration`] if a statistic has another length than its layer has inputs, [`WeightsError::NotFinite`] if
/// a value is too large for 4 bit.
pub fn quantize(
    weights: &Weights,
    quantization: Quantization,
    calibration: Option<&Calibration>,
) -> Result<Quantized, WeightsError> {
    let mut quantized = Weights::new();
    let mut errors = Vec::new();
    let mut shifts = Vec::new();
    for (name, tensor) in weights {
        let storage = storage_of(name, tensor, quantization);
        let as_it_is = matches!(
            (storage, &tensor.data),
            (Storage::F32 | Storage::F16, WeightData::F32(_))
                | (Storage::Int8, WeightData::Int8 { .. })
                | (Storage::Int4, WeightData::Int4(_))
        );
        if as_it_is {
            quantized.insert(name.clone(), tensor.clone());
            continue;
        }
        if matches!(storage, Storage::F32 | Storage::F16) {
            let plain = WeightTensor::f32(tensor.shape.clone(), tensor.to_f32().into_owned());
            quantized.insert(name.clone(), plain);
            continue;
        }
        if storage == Storage::Int4 && tensor.to_f32().iter().any(|value| value.abs() > LARGEST) {
            return Err(WeightsError::NotFinite { doing: "packing to 4 bit", name: name.clone() });
        }
        let layer = name.strip_suffix(".weight").unwrap_or(name);
        let row = tensor.element_count() / tensor.shape[0];
        let taps = taps_of(name, tensor, weights);
        // A transposed convolution has its inputs first, so that what is known of them does not fit a row.
        let calibration = calibration.filter(|_| !name.contains("conv5_mask"));
        let known = |what| match calibration {
            Some(calibration) => calibration.of_row(layer, what, row, taps),
            None => Ok(None),
        };
        let (mean, square) = (known("mean")?, known("mean_square")?);
        let packed = match storage {
            Storage::Int4 => quantize_blocks(tensor, taps, square.as_deref()),
            _ => quantize_per_channel(tensor),
        };
        let (before, after) = (tensor.to_f32(), packed.to_f32());
        errors.push(LayerError {
            name: layer.to_owned(),
            storage,
            weight_error: relative_error(&before, &after, None),
            output_error: square.as_deref().map(|square| relative_error(&before, &after, Some(square))),
        });
        if let Some(mean) = mean {
            let rows = before.chunks_exact(row).zip(after.chunks_exact(row));
            let shift: Vec<f64> = rows
                .map(|(before, after)| {
                    let terms = before.iter().zip(after).zip(&mean);
                    terms.map(|((&b, &a), &m)| (f64::from(b) - f64::from(a)) * f64::from(m)).sum()
                })
                .collect();
            shifts.push((format!("{layer}.bias"), shift));
        }
        quantized.insert(name.clone(), packed);
    }
    for (name, shift) in shifts {
        let bias = quantized.take(&name)?;
        let moved = bias.to_f32().iter().zip(shift).map(|(&b, s)| (f64::from(b) + s) as f32).collect();
        quantized.insert(name, WeightTensor::f32(bias.shape, moved));
    }
    Ok(Quantized { weights: quantized, errors })
}

/// The places that share an input channel: those of the kernel, or of the map that the box head's first layer reads.
fn taps_of(name: &str, tensor: &WeightTensor, weights: &Weights) -> usize {
    if tensor.shape.len() > 2 {
        return tensor.shape[2..].iter().product();
    }
    let map_channels = weights.get("backbone.fpn.layer_blocks.0.0.weight").map_or(0, |layer| layer.shape[0]);
    match tensor.shape[1].checked_div(map_channels) {
        Some(taps) if name == "roi_heads.box_head.fc6.weight" && taps * map_channels == tensor.shape[1] => {
            taps
        }
        _ => 1,
    }
}

fn relative_error(before: &[f32], after: &[f32], weights: Option<&[f32]>) -> f64 {
    let row = weights.map_or(1, <[f32]>::len);
    let (mut error, mut whole) = (0.0, 0.0);
    for (at, (&before, &after)) in before.iter().zip(after).enumerate() {
        let weight = weights.map_or(1.0, |weights| f64::from(weights[at % row]));
        let (before, after) = (f64::from(before), f64::from(after));
        error += weight * (before - after) * (before - after);
        whole += weight * before * before;
    }
    if whole > 0.0 { (error / whole).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 1x1 layer whose inputs have the means 0.5, 1.5, ... in turn.
    fn layer() -> (Weights, Calibration, Vec<f32>) {
        let mut weights = Weights::new();
        let values = (0..8 * 64).map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0).collect();
        weights.insert("a.weight", WeightTensor::f32(vec![8, 64, 1, 1], values));
        weights.insert("a.bias", WeightTensor::f32(vec![8], vec![1.0; 8]));
        let mean: Vec<f32> = (0..64).map(|i| (i % 4) as f32 + 0.5).collect();
        let mut known = Weights::new();
        known.insert("a.mean", WeightTensor::f32(vec![64], mean.clone()));
        known
            .insert("a.mean_square", WeightTensor::f32(vec![64], mean.iter().map(|m| 2.0 * m * m).collect()));
        (weights, Calibration::new(known).unwrap(), mean)
    }

    fn mean_outputs(weights: &Weights, mean: &[f32]) -> Vec<f64> {
        let (weight, bias) =
            (weights.get("a.weight").unwrap().to_f32(), weights.get("a.bias").unwrap().to_f32());
        let dot = |row: &[f32]| row.iter().zip(mean).map(|(&w, &m)| f64::from(w) * f64::from(m)).sum::<f64>();
        weight.chunks(64).zip(bias.iter()).map(|(row, &bias)| dot(row) + f64::from(bias)).collect()
    }

    #[test]
    fn the_bias_takes_over_the_mean_error() {
        let (weights, calibration, mean) = layer();
        let exact = mean_outputs(&weights, &mean);
        let off = |quantized: &Weights| {
            let found = mean_outputs(quantized, &mean);
            exact.iter().zip(found).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        let blind = quantize(&weights, Quantization::Int4, None).unwrap();
        let seeing = quantize(&weights, Quantization::Int4, Some(&calibration)).unwrap();
        assert!(off(&blind.weights) > 0.05, "{}", off(&blind.weights));
        assert!(off(&seeing.weights) < 1e-5, "{}", off(&seeing.weights));
        let [error] = &seeing.errors[..] else { panic!("{:?}", seeing.errors) };
        assert_eq!((error.name.as_str(), error.storage), ("a", Storage::Int4));
        assert!((0.01..0.2).contains(&error.weight_error), "{error:?}");
        assert!(error.output_error.unwrap() <= blind.errors[0].weight_error * 1.2);
        // What is in 4 bit stays as it is.
        let again = quantize(&seeing.weights, Quantization::Int4, None).unwrap();
        assert_eq!(again.weights, seeing.weights);
    }

    #[test]
    fn sensitive_layers_keep_more_bits() {
        let wide = WeightTensor::f32(vec![2, 64], vec![0.0; 128]);
        let narrow = WeightTensor::f32(vec![2, 16], vec![0.0; 32]);
        let vector = WeightTensor::f32(vec![64], vec![0.0; 64]);
        let of = |name, tensor| storage_of(name, tensor, Quantization::Int4);
        assert_eq!(of("roi_heads.box_head.fc7.weight", &wide), Storage::Int4);
        assert_eq!(of("roi_heads.box_head.fc7.weight", &narrow), Storage::Int8);
        assert_eq!(of("roi_heads.box_predictor.bbox_pred.weight", &wide), Storage::F16);
        assert_eq!(of("backbone.body.conv1.weight", &wide), Storage::F16);
        assert_eq!(of("rpn.head.conv.0.0.weight", &wide), Storage::Int8);
        assert_eq!(of("roi_heads.box_head.fc7.bias", &vector), Storage::F32);
        assert_eq!(storage_of("backbone.body.conv1.weight", &wide, Quantization::Int8), Storage::Int8);
    }

    #[test]
    fn statistics_that_do_not_fit_are_named() {
        let (weights, _, _) = layer();
        let told = |name: &str, tensor: WeightTensor| {
            let mut tensors = Weights::new();
            tensors.insert(name, tensor);
            let calibration = Calibration::new(tensors)?;
            quantize(&weights, Quantization::Int4, Some(&calibration)).map(|_| ())
        };
        let vector = |values: Vec<f32>| WeightTensor::f32(vec![values.len()], values);
        let error = told("a.mean", vector(vec![0.0; 3])).unwrap_err().to_string();
        assert!(error.contains("'a.mean' has 3 values") && error.contains("64 inputs"), "{error}");
        assert!(told("a.max", vector(vec![0.0; 64])).unwrap_err().to_string().contains("neither a mean"));
        assert!(told("a.mean_square", vector(vec![-1.0; 64])).unwrap_err().to_string().contains("negative"));
        assert!(told("b.mean", vector(vec![0.0; 3])).is_ok(), "a layer that is not there");
    }
}
