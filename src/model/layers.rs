//! A convolution or fully connected layer with its weights on the device.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};

use crate::kernels::{ConvGeometry, ConvWeight, Precision, PreparedWeight, conv2d, upload, upload_words};
use crate::weights::{WeightData, WeightTensor, Weights, WeightsError};

/// Input channels are padded to this, since the kernels read four at a time.
pub(super) const INPUT_MULTIPLE: usize = 4;
/// Output channels are padded to this, since the kernels write eight at a time.
pub(super) const OUTPUT_MULTIPLE: usize = 8;

/// Filters that are turned together, whose lines stay in the cache meanwhile.
const FILTERS_AT_ONCE: usize = 16;

/// How weights are kept on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightStorage {
    /// As 32 bit floats.
    Dense,
    /// As the CPU's kernels read them, those of 8 bit not widened; for the CPU only.
    Prepared,
    /// Those of 8 bit as they are, a quarter of the memory; the kernels unpack them.
    Packed,
}

/// One layer, channels padded with zeros.
#[derive(Debug, Clone)]
pub struct Conv {
    weight: ConvWeight,
    bias: Tensor<1>,
    geometry: ConvGeometry,
    precision: Precision,
}

impl Conv {
    /// Applies the layer to `[n, rows, columns, c_in]`.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        self.convolve(input, None)
    }

    /// Applies the layer and adds `residual` before the activation, enlarged by nearest neighbour where it is smaller.
    pub fn forward_add(&self, input: Tensor<4>, residual: Tensor<4>) -> Tensor<4> {
        self.convolve(input, Some(residual))
    }

    /// The same layer with its output in 32 bit, for what is ranked or read back.
    pub fn giving_f32(self) -> Self {
        Self { precision: Precision::F32, ..self }
    }

    fn convolve(&self, input: Tensor<4>, residual: Option<Tensor<4>>) -> Tensor<4> {
        conv2d(input, &self.weight, self.bias.clone(), residual, self.geometry, self.precision)
    }
}

/// A kernel on the way to the device: `values` are `[k, k, c_in, c_out]`, unpadded.
struct Kernel<T> {
    size: usize,
    inputs: usize,
    outputs: usize,
    values: Vec<T>,
    bias: Vec<f32>,
}

impl<T: Copy + Default> Kernel<T> {
    /// Turns `[c_out, c_in, k, k]` (or `[c_out, c_in]`) to `[k, k, c_in, c_out]`.
    fn from_oihw(shape: &[usize], source: &[T], bias: Vec<f32>) -> Self {
        let (outputs, inputs) = (shape[0], shape[1]);
        let size = shape.get(2).copied().unwrap_or(1);
        let area = size * size;
        let mut values = vec![T::default(); source.len()];
        // Block by block, since each value of a filter goes to another row.
        let filter_len = inputs * area;
        for first in (0..outputs).step_by(FILTERS_AT_ONCE) {
            let last = outputs.min(first + FILTERS_AT_ONCE);
            for input in 0..inputs {
                for tap in 0..area {
                    let row = &mut values[(tap * inputs + input) * outputs..][first..last];
                    let place = input * area + tap;
                    for (value, filter) in row.iter_mut().zip(source[first * filter_len..].chunks(filter_len))
                    {
                        *value = filter[place];
                    }
                }
            }
        }
        Self { size, inputs, outputs, values, bias }
    }

    /// Turns `[c_in, c_out, 2, 2]` to `[1, 1, c_in, 4 * c_out]`, as [`LayerLoader::transposed_2x2`] says.
    fn from_transposed(shape: &[usize], source: &[T], bias: Vec<f32>) -> Self {
        let (inputs, outputs) = (shape[0], shape[1]);
        let mut values = Vec::with_capacity(source.len());
        for filter in source.chunks_exact(4 * outputs) {
            for tap in 0..4 {
                values.extend(filter.iter().skip(tap).step_by(4));
            }
        }
        Self { size: 1, inputs, outputs: 4 * outputs, values, bias: bias.repeat(4) }
    }

    /// Reorders inputs that were flattened from `[channels, side, side]` to `[side, side, channels]`.
    fn flatten_channels_last(mut self, side: usize) -> Self {
        let (channels, area) = (self.inputs / (side * side), side * side);
        let mut values = Vec::with_capacity(self.values.len());
        for position in 0..area {
            for channel in 0..channels {
                let input = channel * area + position;
                values.extend_from_slice(&self.values[input * self.outputs..][..self.outputs]);
            }
        }
        self.values = values;
        self
    }

    /// Pads the channels with zeros to what the kernels read and write at once.
    fn padded(mut self) -> Self {
        let inputs = self.inputs.next_multiple_of(INPUT_MULTIPLE);
        let outputs = self.outputs.next_multiple_of(OUTPUT_MULTIPLE);
        if (inputs, outputs) == (self.inputs, self.outputs) {
            return self;
        }
        let mut padded = vec![T::default(); self.size * self.size * inputs * outputs];
        for (row, values) in self.values.chunks_exact(self.outputs).enumerate() {
            let (tap, input) = (row / self.inputs, row % self.inputs);
            padded[(tap * inputs + input) * outputs..][..self.outputs].copy_from_slice(values);
        }
        self.bias.resize(outputs, 0.0);
        Self { inputs, outputs, values: padded, ..self }
    }

    fn shape(&self) -> [usize; 4] {
        [self.size, self.size, self.inputs, self.outputs]
    }
}

/// Takes layers out of [`Weights`] by their torchvision names and uploads them.
pub struct LayerLoader<'a> {
    weights: &'a mut Weights,
    device: &'a Device,
    storage: WeightStorage,
    precision: Precision,
}

impl<'a> LayerLoader<'a> {
    /// Reads from `weights`, which are emptied on the way, to `device`; `precision` is for the layers' outputs.
    pub fn new(
        weights: &'a mut Weights,
        device: &'a Device,
        storage: WeightStorage,
        precision: Precision,
    ) -> Self {
        Self { weights, device, storage, precision }
    }

    /// `NAME.weight` `[c_out, c_in, k, k]` and `NAME.bias`, for `geometry`.
    pub fn conv(&mut self, name: &str, geometry: ConvGeometry) -> Result<Conv, WeightsError> {
        self.layer(name, geometry, None)
    }

    /// A fully connected layer whose input was flattened from `[channels, side, side]`, for input flattened from
    /// `[side, side, channels]`.
    pub fn linear_on_map(&mut self, name: &str, side: usize) -> Result<Conv, WeightsError> {
        self.layer(name, ConvGeometry::POINTWISE.relu(), Some(side))
    }

    /// Several 1x1 or fully connected layers on one input, side by side as one: their outputs follow each other.
    pub fn joined(&mut self, names: &[&str], geometry: ConvGeometry) -> Result<Conv, WeightsError> {
        let kernels = names.iter().map(|name| self.dense(name)).collect::<Result<Vec<_>, _>>()?;
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

    /// A transposed 2x2 convolution with stride 2 as a 1x1 convolution: its outputs are the four pixels (row, then
    /// column) of `c_out` channels each.
    pub fn transposed_2x2(&mut self, name: &str) -> Result<Conv, WeightsError> {
        let (WeightTensor { shape, data }, bias) = self.take(name)?;
        let geometry = ConvGeometry::POINTWISE.relu();
        Ok(match data {
            WeightData::Int8 { values, scales } if self.storage == WeightStorage::Prepared => {
                self.prepare_by_input(Kernel::from_transposed(&shape, &values, bias), scales, geometry)
            }
            data => {
                let weight = WeightTensor { shape, data };
                self.upload(Kernel::from_transposed(&weight.shape, &weight.to_f32(), bias), geometry)
            }
        })
    }

    fn take(&mut self, name: &str) -> Result<(WeightTensor, Vec<f32>), WeightsError> {
        let weight = self.weights.take(&format!("{name}.weight"))?;
        Ok((weight, self.weights.take(&format!("{name}.bias"))?.into_f32()))
    }

    fn dense(&mut self, name: &str) -> Result<Kernel<f32>, WeightsError> {
        let (weight, bias) = self.take(name)?;
        Ok(Kernel::from_oihw(&weight.shape, &weight.to_f32(), bias))
    }

    fn layer(
        &mut self,
        name: &str,
        geometry: ConvGeometry,
        flattened_side: Option<usize>,
    ) -> Result<Conv, WeightsError> {
        let (WeightTensor { shape, data }, bias) = self.take(name)?;
        Ok(match data {
            WeightData::Int8 { values, scales } if self.storage != WeightStorage::Dense => {
                let mut kernel = Kernel::from_oihw(&shape, &values, bias);
                drop(values);
                if let Some(side) = flattened_side {
                    kernel = kernel.flatten_channels_last(side);
                }
                self.upload_steps(kernel, scales, geometry)
            }
            data => {
                let weight = WeightTensor { shape, data };
                let mut kernel = Kernel::from_oihw(&weight.shape, &weight.to_f32(), bias);
                if let Some(side) = flattened_side {
                    kernel = kernel.flatten_channels_last(side);
                }
                self.upload(kernel, geometry)
            }
        })
    }

    fn upload(&self, kernel: Kernel<f32>, geometry: ConvGeometry) -> Conv {
        let kernel = kernel.padded();
        let (shape, outputs) = (kernel.shape(), kernel.outputs);
        let weight = if self.storage == WeightStorage::Prepared {
            ConvWeight::Prepared(Arc::new(PreparedWeight::new(&kernel.values, shape, geometry)))
        } else {
            ConvWeight::Dense(self.keep(upload, kernel.values, shape))
        };
        let bias = self.keep(upload, kernel.bias, [outputs]);
        Conv { weight, bias, geometry, precision: self.precision }
    }

    /// Values on the device, apart from the memory that runs use.
    fn keep<V: Send, const D: usize, T: Send>(
        &self,
        upload: fn(Vec<V>, [usize; D], &Device) -> T,
        values: Vec<V>,
        shape: [usize; D],
    ) -> T {
        self.device.memory_persistent_allocations(values, |values| upload(values, shape, self.device))
    }

    fn upload_steps(&self, kernel: Kernel<i8>, mut scales: Vec<f32>, geometry: ConvGeometry) -> Conv {
        let kernel = kernel.padded();
        let (shape, outputs) = (kernel.shape(), kernel.outputs);
        scales.resize(outputs, 0.0);
        let mut bias = kernel.bias;
        let weight = if self.storage == WeightStorage::Prepared {
            ConvWeight::Prepared(Arc::new(PreparedWeight::quantized(&kernel.values, scales, shape, geometry)))
        } else {
            bias.append(&mut scales);
            let words: Vec<i32> = kernel
                .values
                .as_chunks::<4>()
                .0
                .iter()
                .map(|bytes| i32::from_le_bytes(bytes.map(i8::cast_unsigned)))
                .collect();
            let [k, _, inputs, _] = shape;
            ConvWeight::Packed(self.keep(upload_words, words, [k, k, inputs, outputs / 4]))
        };
        let bias_len = bias.len();
        let bias = self.keep(upload, bias, [bias_len]);
        Conv { weight, bias, geometry, precision: self.precision }
    }

    /// Steps whose scales are of their input channels, as the CPU reads them.
    fn prepare_by_input(&self, kernel: Kernel<i8>, mut scales: Vec<f32>, geometry: ConvGeometry) -> Conv {
        let kernel = kernel.padded();
        let (shape, outputs) = (kernel.shape(), kernel.outputs);
        scales.resize(kernel.inputs, 0.0);
        let weight = PreparedWeight::quantized_by_input(&kernel.values, scales, shape, geometry);
        let bias = self.keep(upload, kernel.bias, [outputs]);
        Conv { weight: ConvWeight::Prepared(Arc::new(weight)), bias, geometry, precision: self.precision }
    }
}
