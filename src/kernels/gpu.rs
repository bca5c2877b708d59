//! What the GPU kernels share.

use burn_std::Shape;
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

/// Four neighbouring channels.
pub(crate) type Vec4 = Vector<f32, Const<4>>;

/// A tensor whose values lie in order, as all do that this crate makes.
///
/// # Panics
/// Where they do not.
pub(crate) fn in_order(tensor: CubeTensor) -> CubeTensor {
    assert!(tensor.is_contiguous() && tensor.qparams.is_none(), "values in order");
    tensor
}

/// An uninitialised contiguous tensor of `shape` beside `tensor`, of its type.
pub(crate) fn output_like(tensor: &CubeTensor, shape: Shape) -> CubeTensor {
    burn_cubecl::ops::numeric::empty_device_contiguous_dtype(
        tensor.client.clone(),
        tensor.device.clone(),
        shape,
        tensor.dtype,
    )
}

/// Invocations of a workgroup of the kernels that take one output vector an invocation.
pub(crate) const WORKGROUP: u32 = 64;

/// Workgroups for `len` invocations, spread over two axes since one may not exceed 65535.
pub(crate) fn count_for(len: usize) -> CubeCount {
    let groups = (len as u32).div_ceil(WORKGROUP);
    let width = groups.clamp(1, 1024);
    CubeCount::Static(width, groups.div_ceil(width), 1)
}
