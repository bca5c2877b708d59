//! Values to a device and back, and shapes.
//!
//! Burn's tensors may be quantized, so each of its own operations on them brings along the kernels that quantize, reduce and
//! lay out anew: a tenth of what a browser would download. The network's tensors are floats in order, which need none of it.

use burn::backend::ops::{FloatTensorOps, IntTensorOps};
use burn::backend::{Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor};
use burn::tensor::{Device, ExecutionError, Int, Tensor, TensorData};
use burn_flex::FlexTensor;
use burn_std::Shape;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::server::CopyDescriptor;
use half::f16;

use super::adapter::Precision;
use super::cpu::values;
use super::gpu::in_order;

/// Floats as a tensor on a device.
///
/// # Panics
/// Where there are not as many as `shape` says; here and below.
pub fn upload<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    let data = TensorData::new(values, shape);
    Tensor::from_dispatch(<Dispatch as FloatTensorOps<Dispatch>>::float_from_data(data, device.as_dispatch()))
}

/// Zeros, kept as `precision` says.
pub fn zeros<const D: usize>(shape: [usize; D], precision: Precision, device: &Device) -> Tensor<D> {
    let count = shape.iter().product();
    let data = match precision {
        Precision::F32 => TensorData::new(vec![0.0f32; count], shape),
        Precision::F16 => TensorData::new(vec![f16::ZERO; count], shape),
    };
    Tensor::from_dispatch(<Dispatch as FloatTensorOps<Dispatch>>::float_from_data(data, device.as_dispatch()))
}

/// Whole numbers as a tensor on a device.
pub fn upload_words<const D: usize>(values: Vec<i32>, shape: [usize; D], device: &Device) -> Tensor<D, Int> {
    let data = TensorData::new(values, shape);
    Tensor::from_dispatch(<Dispatch as IntTensorOps<Dispatch>>::int_from_data(data, device.as_dispatch()))
}

/// The values of tensors of one device, 32 bit each, in one read.
///
/// # Errors
/// Where the device fails.
pub async fn download<const D: usize>(tensors: Vec<Tensor<D>>) -> Result<Vec<Vec<f32>>, ExecutionError> {
    let failed = |reason: &dyn std::fmt::Display| ExecutionError::with_context(reason.to_string());
    let mut client = None;
    let (mut found, mut places, mut reads) = (Vec::with_capacity(tensors.len()), Vec::new(), Vec::new());
    for tensor in tensors {
        if let Ok(tensor) = tensor.clone().try_into_primitive::<Flex>() {
            found.push(values(&tensor).to_vec());
            continue;
        }
        let tensor = tensor.try_into_primitive::<CubeBackend>();
        let tensor: CubeTensor = in_order(tensor.map_err(|error| failed(&format!("{error:?}")))?);
        let (shape, strides) = (tensor.meta.shape().clone(), tensor.meta.strides().clone());
        reads.push(CopyDescriptor::new(tensor.handle.binding(), shape, strides, tensor.dtype.size()));
        places.push(found.len());
        found.push(Vec::new());
        client = Some(tensor.client);
    }
    if let Some(client) = client {
        let read = client.read_tensor_async(reads).await.map_err(|error| failed(&error))?;
        for (place, bytes) in places.into_iter().zip(read) {
            found[place] = bytes.as_chunks::<4>().0.iter().map(|float| f32::from_ne_bytes(*float)).collect();
        }
    }
    Ok(found)
}

/// The backends that give a tensor another shape.
#[backend_extension(Cube, Flex)]
pub trait ShapeOps: Backend {
    /// See [`reshape`].
    fn reshape_in_order(input: FloatTensor<Self>, shape: Shape) -> FloatTensor<Self>;
}

/// The same values in another shape.
pub fn reshape<const D: usize, const E: usize>(input: Tensor<D>, shape: [usize; E]) -> Tensor<E> {
    assert_eq!(input.shape().num_elements(), shape.iter().product::<usize>(), "values of a shape");
    Tensor::from_dispatch(<Dispatch as ShapeOps>::reshape_in_order(input.into_dispatch(), Shape::from(shape)))
}

impl ShapeOps for Flex {
    fn reshape_in_order(input: FloatTensor<Self>, shape: Shape) -> FloatTensor<Self> {
        let layout = input.layout().reshape(shape).expect("values in order");
        FlexTensor::from_arc(input.data_arc(), layout, input.dtype())
    }
}

impl ShapeOps for CubeBackend {
    fn reshape_in_order(input: FloatTensor<Self>, shape: Shape) -> FloatTensor<Self> {
        let CubeTensor { client, handle, device, dtype, .. } = in_order(input);
        CubeTensor::new_contiguous(client, device, shape, handle, dtype)
    }
}
