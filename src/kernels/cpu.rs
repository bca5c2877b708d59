//! What the CPU kernels share.

use burn::tensor::TensorData;
use burn_flex::FlexTensor;

/// The sizes of a tensor with four axes.
pub(crate) fn shape4(tensor: &FlexTensor) -> [usize; 4] {
    tensor.layout().shape().dims()
}

/// The values of a contiguous tensor.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    let count = tensor.layout().num_elements();
    &tensor.storage::<f32>()[start..start + count]
}

/// A tensor that owns `values`.
pub(crate) fn tensor4(values: Vec<f32>, shape: [usize; 4]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// `c += a * b` with `a` `[m, k]`, `b` `[k, n]` and `c` `[m, n]`, all row-major.
pub(crate) fn gemm(a: &[f32], b: &[f32], c: &mut [f32], m: usize, k: usize, n: usize) {
    assert!(a.len() >= m * k && b.len() >= k * n && c.len() >= m * n, "sizes of a matrix product");
    #[cfg(target_arch = "wasm32")]
    let parallelism = gemm::Parallelism::None;
    #[cfg(not(target_arch = "wasm32"))]
    let parallelism = gemm::Parallelism::Rayon(0);
    // SAFETY: the slices hold m*k, k*n and m*n values (asserted), and `c` is borrowed mutably.
    #[allow(unsafe_code)]
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            n as isize,
            true,
            a.as_ptr(),
            1,
            k as isize,
            b.as_ptr(),
            1,
            n as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            parallelism,
        );
    }
}
