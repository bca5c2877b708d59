//! What the GPU kernels share.

use burn_std::{DType, Shape};
use burn_wgpu::CubeTensor;
use cubecl::ir::{ElemType, FloatKind};
use cubecl::prelude::*;

/// Four neighbouring channels, as kernels compute with them.
pub(crate) type Vec4 = Vector<f32, Const<4>>;
/// Four neighbouring channels, as they are kept in memory.
pub(crate) type Stored<E> = Vector<E, Const<4>>;

/// ReLU that keeps NaN, as `max` with 0 would not: what overflowed in 16 bit ends as an error then and not as zeros.
#[cube]
pub(crate) fn relu_of(value: Vec4) -> Vec4 {
    (value + value.abs()) * Vec4::new(0.5f32)
}

/// A tensor whose values lie in order, as all do that this crate makes.
///
/// # Panics
/// Where they do not.
pub(crate) fn in_order(tensor: CubeTensor) -> CubeTensor {
    assert!(tensor.is_contiguous() && tensor.qparams.is_none(), "values in order");
    tensor
}

/// An uninitialised contiguous tensor of `shape` beside `tensor`.
pub(crate) fn output_beside(tensor: &CubeTensor, shape: Shape, dtype: DType) -> CubeTensor {
    let (client, device) = (tensor.client.clone(), tensor.device.clone());
    burn_cubecl::ops::numeric::empty_device_contiguous_dtype(client, device, shape, dtype)
}

/// The element type of a kernel for a tensor of `dtype`: 16 or 32 bit floats.
pub(crate) fn element(dtype: DType) -> ElemType {
    ElemType::Float(if dtype == DType::F16 { FloatKind::F16 } else { FloatKind::F32 })
}

/// Invocations of a workgroup of the kernels that take one output vector an invocation.
pub(crate) const WORKGROUP: u32 = 64;

/// Workgroups for `len` invocations, spread over two axes since one may not exceed 65535.
pub(crate) fn count_for(len: usize) -> CubeCount {
    let groups = (len as u32).div_ceil(WORKGROUP);
    let width = groups.clamp(1, 1024);
    CubeCount::Static(width, groups.div_ceil(width), 1)
}
