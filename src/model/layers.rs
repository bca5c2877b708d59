//! A convolution or fully connected layer with its weights on the device.

use burn::tensor::{Device, Tensor, TensorData};

use crate::kernels::{ConvGeometry, conv2d};
use crate::weights::{Weights, WeightsError};

/// Input channels are padded to this, since the kernels read four at a time.
const INPUT_MULTIPLE: usize = 4;
/// Output channels are padded to this, since the kernels write eight at a time.
const OUTPUT_MULTIPLE: usize = 8;

/// One layer: `weight` `[k, k, c_in, c_out]` and `bias` `[c_out]`, channels padded with zeros.
#[derive(Debug, Clone)]
pub struct Conv {
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: ConvGeometry,
}

impl Conv {
    /// Applies the layer to `[n, rows, columns, c_in]`.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        conv2d(input, self.weight.clone(), self.bias.clone(), None, self.geometry)
    }

    /// Applies the layer and adds `residual` before the activation, enlarged by nearest neighbour where it is smaller.
    pub fn forward_add(&self, input: Tensor<4>, residual: Tensor<4>) -> Tensor<4> {
        conv2d(input, self.weight.clone(), self.bias.clone(), Some(residual), self.geometry)
    }
}

/// A dense kernel on the way to the device: `values` are `[k, k, c_in, c_out]`, unpadded.
struct Kernel {
    size: usize,
    inputs: usize,
    outputs: usize,
    values: Vec<f32>,
    bias: Vec<f32>,
}

/// Takes layers out of [`Weights`] by their torchvision names and uploads them.
pub struct LayerLoader<'a> {
    weights: &'a mut Weights,
    device: &'a Device,
}

impl<'a> LayerLoader<'a> {
    /// Reads from `weights`, which are emptied on the way, to `device`.
    pub fn new(weights: &'a mut Weights, device: &'a Device) -> Self {
        Self { weights, device }
    }

    /// `NAME.weight` `[c_out, c_in, k, k]` and `NAME.bias`, for `geometry`.
    pub fn conv(&mut self, name: &str, geometry: ConvGeometry) -> Result<Conv, WeightsError> {
        let kernel = self.oihw(name)?;
        Ok(self.upload(kernel, geometry))
    }

    /// Several 1x1 or fully connected layers on one input, side by side as one: their outputs follow each other.
    pub fn joined(&mut self, names: &[&str], geometry: ConvGeometry) -> Result<Conv, WeightsError> {
        let kernels = names.iter().map(|name| self.oihw(name)).collect::<Result<Vec<_>, _>>()?;
        let inputs = kernels[0].inputs;
        let mut joined = Kernel {
            size: 1,
            inputs,
            outputs: kernels.iter().map(|k| k.outputs).sum(),
            values: Vec::new(),
            bias: kernels.iter().flat_map(|k| k.bias.iter().copied()).collect(),
        };
        for input in 0..inputs {
            for kernel in &kernels {
                joined.values.extend_from_slice(&kernel.values[input * kernel.outputs..][..kernel.outputs]);
            }
        }
        Ok(self.upload(joined, geometry))
    }

    /// A fully connected layer whose input was flattened from `[channels, side, side]`, for input flattened from
    /// `[side, side, channels]`.
    pub fn linear_on_map(&mut self, name: &str, side: usize) -> Result<Conv, WeightsError> {
        let mut kernel = self.oihw(name)?;
        let (channels, area) = (kernel.inputs / (side * side), side * side);
        let mut values = Vec::with_capacity(kernel.values.len());
        for position in 0..area {
            for channel in 0..channels {
                let input = channel * area + position;
                values.extend_from_slice(&kernel.values[input * kernel.outputs..][..kernel.outputs]);
            }
        }
        kernel.values = values;
        Ok(self.upload(kernel, ConvGeometry::POINTWISE.relu()))
    }

    /// A transposed 2x2 convolution with stride 2 as a 1x1 convolution: its outputs are the four pixels (row, then
    /// column) of `c_out` channels each.
    pub fn transposed_2x2(&mut self, name: &str) -> Result<Conv, WeightsError> {
        let weight = self.weights.take(&format!("{name}.weight"))?;
        let bias = self.weights.take(&format!("{name}.bias"))?.into_f32();
        let (inputs, outputs) = (weight.shape[0], weight.shape[1]);
        let source = weight.into_f32();
        let mut values = Vec::with_capacity(source.len());
        for input in 0..inputs {
            for tap in 0..4 {
                values.extend((0..outputs).map(|output| source[(input * outputs + output) * 4 + tap]));
            }
        }
        let kernel = Kernel { size: 1, inputs, outputs: 4 * outputs, values, bias: bias.repeat(4) };
        Ok(self.upload(kernel, ConvGeometry::POINTWISE.relu()))
    }

    /// Reads `[c_out, c_in, k, k]` (or `[c_out, c_in]`) and turns it to `[k, k, c_in, c_out]`.
    fn oihw(&mut self, name: &str) -> Result<Kernel, WeightsError> {
        let weight = self.weights.take(&format!("{name}.weight"))?;
        let bias = self.weights.take(&format!("{name}.bias"))?.into_f32();
        let (outputs, inputs) = (weight.shape[0], weight.shape[1]);
        let size = weight.shape.get(2).copied().unwrap_or(1);
        let area = size * size;
        let source = weight.into_f32();
        let mut values = vec![0.0; source.len()];
        for (output, filter) in source.chunks_exact(inputs * area).enumerate() {
            for (input, taps) in filter.chunks_exact(area).enumerate() {
                for (tap, value) in taps.iter().enumerate() {
                    values[(tap * inputs + input) * outputs + output] = *value;
                }
            }
        }
        Ok(Kernel { size, inputs, outputs, values, bias })
    }

    fn upload(&self, mut kernel: Kernel, geometry: ConvGeometry) -> Conv {
        let inputs = kernel.inputs.next_multiple_of(INPUT_MULTIPLE);
        let outputs = kernel.outputs.next_multiple_of(OUTPUT_MULTIPLE);
        if (inputs, outputs) != (kernel.inputs, kernel.outputs) {
            let mut padded = vec![0.0; kernel.size * kernel.size * inputs * outputs];
            for (row, values) in kernel.values.chunks_exact(kernel.outputs).enumerate() {
                let (tap, input) = (row / kernel.inputs, row % kernel.inputs);
                padded[(tap * inputs + input) * outputs..][..kernel.outputs].copy_from_slice(values);
            }
            kernel.values = padded;
            kernel.bias.resize(outputs, 0.0);
        }
        let shape = [kernel.size, kernel.size, inputs, outputs];
        Conv {
            weight: Tensor::from_data(TensorData::new(kernel.values, shape), self.device),
            bias: Tensor::from_data(TensorData::new(kernel.bias, [outputs]), self.device),
            geometry,
        }
    }
}
