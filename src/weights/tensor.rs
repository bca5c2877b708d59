//! Named tensors in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map;

use super::{Int4Blocks, WeightsError};

/// The values of a tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum WeightData {
    /// Plain values.
    F32(Vec<f32>),
    /// Symmetric 8-bit values: element `i` of channel `c` (dim 0) is `values[..] * scales[c]`.
    Int8 {
        /// -127 to 127.
        values: Vec<i8>,
        /// One a channel of dim 0.
        scales: Vec<f32>,
    },
    /// 4-bit values in blocks.
    Int4(Int4Blocks),
}

/// One tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightTensor {
    /// Sizes, outermost first: (out, in, height, width) of a convolution, (in, out, height, width) of a transposed
    /// one, (out, in) of a fully connected layer, (n) of a vector.
    pub shape: Vec<usize>,
    /// The product of `shape` values.
    pub data: WeightData,
}

impl WeightTensor {
    /// A plain tensor. `values` holds the product of `shape` values.
    pub fn f32(shape: Vec<usize>, values: Vec<f32>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { shape, data: WeightData::F32(values) }
    }

    /// Number of values.
    pub fn element_count(&self) -> usize {
        match &self.data {
            WeightData::F32(values) => values.len(),
            WeightData::Int8 { values, .. } => values.len(),
            WeightData::Int4(_) => self.shape.iter().product(),
        }
    }

    /// The values as f32: borrowed if plain, else unpacked.
    pub fn to_f32(&self) -> Cow<'_, [f32]> {
        match &self.data {
            WeightData::F32(values) => Cow::Borrowed(values),
            WeightData::Int8 { values, scales } => {
                let row = (values.len() / scales.len().max(1)).max(1);
                let rows = values.chunks_exact(row).zip(scales);
                Cow::Owned(
                    rows.flat_map(|(row, &scale)| row.iter().map(move |&v| f32::from(v) * scale)).collect(),
                )
            }
            WeightData::Int4(blocks) => {
                let outputs = self.shape.first().copied().unwrap_or(0);
                let inputs = self.element_count() / (outputs * blocks.taps).max(1);
                Cow::Owned(blocks.to_f32(outputs, inputs))
            }
        }
    }

    /// The values as f32, without a copy if they are plain.
    pub fn into_f32(self) -> Vec<f32> {
        match self.data {
            WeightData::F32(values) => values,
            _ => self.to_f32().into_owned(),
        }
    }
}

/// Tensors by name, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    tensors: BTreeMap<String, WeightTensor>,
}

impl Weights {
    /// No tensors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tensor; the one of that name before, if any, is given back.
    pub fn insert(&mut self, name: impl Into<String>, tensor: WeightTensor) -> Option<WeightTensor> {
        self.tensors.insert(name.into(), tensor)
    }

    /// The tensor called `name`.
    pub fn get(&self, name: &str) -> Option<&WeightTensor> {
        self.tensors.get(name)
    }

    /// Takes the tensor called `name` out, so that its memory is freed once it is on the device.
    pub fn remove(&mut self, name: &str) -> Option<WeightTensor> {
        self.tensors.remove(name)
    }

    /// Like [`Self::remove`], with an error that names the tensor.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] if there is none.
    pub fn take(&mut self, name: &str) -> Result<WeightTensor, WeightsError> {
        self.remove(name).ok_or_else(|| WeightsError::Mismatch {
            missing: vec![name.to_owned()],
            extra: Vec::new(),
            misshaped: Vec::new(),
        })
    }

    /// All tensors by name.
    pub fn iter(&self) -> btree_map::Iter<'_, String, WeightTensor> {
        self.tensors.iter()
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there is no tensor.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }
}

impl IntoIterator for Weights {
    type Item = (String, WeightTensor);
    type IntoIter = btree_map::IntoIter<String, WeightTensor>;

    fn into_iter(self) -> Self::IntoIter {
        self.tensors.into_iter()
    }
}

impl<'a> IntoIterator for &'a Weights {
    type Item = (&'a String, &'a WeightTensor);
    type IntoIter = btree_map::Iter<'a, String, WeightTensor>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
