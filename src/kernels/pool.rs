//! Max pooling over `[images, rows, columns, channels]`.

use burn::backend::{Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use burn_std::Shape;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::ir::ElemType;
use cubecl::prelude::*;

use super::{
    ConvGeometry,
    cpu::{filled4, shape4, values},
    gpu::{Stored, Vec4, element, in_order, output_beside},
};

/// The backends that pool.
#[backend_extension(Cube, Flex)]
pub trait PoolOps: Backend {
    /// See [`max_pool2d`].
    fn max_pool2d_nhwc(input: FloatTensor<Self>, geometry: ConvGeometry) -> FloatTensor<Self>;
}

/// The largest value of each window; `input` is `[n, rows, columns, c]` with `c` a multiple of 4. Padding never wins.
pub fn max_pool2d(input: Tensor<4>, geometry: ConvGeometry) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as PoolOps>::max_pool2d_nhwc(input.into_dispatch(), geometry))
}

impl PoolOps for Flex {
    fn max_pool2d_nhwc(input: FloatTensor<Self>, geometry: ConvGeometry) -> FloatTensor<Self> {
        let input: FlexTensor = input;
        let [images, rows, columns, channels] = shape4(&input);
        let [output_rows, output_columns] = geometry.output_size(rows, columns);
        let shape = [images, output_rows, output_columns, channels];
        filled4(shape, |output| {
            lunglens_cpu::max_pool2d(values(&input), [images, rows, columns, channels], geometry, output);
        })
    }
}

#[derive(CubeLaunch, CubeType, Clone)]
struct PoolSizes {
    rows: u32,
    columns: u32,
    vectors: u32,
    output_rows: u32,
    output_columns: u32,
    output_len: u32,
    kernel_size: u32,
    stride: u32,
    padding: u32,
}

#[cube(launch_unchecked)]
fn max_pool2d_kernel<E: Float>(
    input: &[Stored<E>],
    output: &mut [Stored<E>],
    sizes: PoolSizes,
    #[define(E)] _element: ElemType,
) {
    let at = ABSOLUTE_POS_Y * CUBE_DIM_X * CUBE_COUNT_X + ABSOLUTE_POS_X;
    if at >= sizes.output_len {
        terminate!();
    }
    let vector = at % sizes.vectors;
    let pixel = at / sizes.vectors;
    let column = pixel % sizes.output_columns;
    let line = pixel / sizes.output_columns;
    let row = line % sizes.output_rows;
    let image = line / sizes.output_rows;
    let top = (row * sizes.stride) as i32 - sizes.padding as i32;
    let left = (column * sizes.stride) as i32 - sizes.padding as i32;
    let mut best = Vec4::new(f32::new(-3.4e38f32));
    for ky in 0..sizes.kernel_size {
        for kx in 0..sizes.kernel_size {
            let y = top + ky as i32;
            let x = left + kx as i32;
            if y >= 0 && y < sizes.rows as i32 && x >= 0 && x < sizes.columns as i32 {
                let position = (image * sizes.rows + y as u32) * sizes.columns + x as u32;
                best = max(best, Vec4::cast_from(input[(position * sizes.vectors + vector) as usize]));
            }
        }
    }
    output[at as usize] = Stored::<E>::cast_from(best);
}

impl PoolOps for CubeBackend {
    fn max_pool2d_nhwc(input: FloatTensor<Self>, geometry: ConvGeometry) -> FloatTensor<Self> {
        let input: CubeTensor = in_order(input);
        let [images, rows, columns, channels] = input.meta.shape().dims();
        let [output_rows, output_columns] = geometry.output_size(rows, columns);
        let shape = Shape::new([images, output_rows, output_columns, channels]);
        let output = output_beside(&input, shape, input.dtype);
        let output_len = images * output_rows * output_columns * channels / 4;
        let client = input.client.clone();
        let element = element(input.dtype);
        // SAFETY: the kernel writes below `output_len` and reads inside the image only.
        #[allow(unsafe_code)]
        unsafe {
            max_pool2d_kernel::launch_unchecked(
                &client,
                super::gpu::count_for(output_len),
                CubeDim::new_1d(super::gpu::WORKGROUP),
                input.into_buffer_arg(),
                output.clone().into_buffer_arg(),
                PoolSizesLaunch::new(
                    rows as u32,
                    columns as u32,
                    (channels / 4) as u32,
                    output_rows as u32,
                    output_columns as u32,
                    output_len as u32,
                    geometry.kernel_size as u32,
                    geometry.stride as u32,
                    geometry.padding as u32,
                ),
                element,
            );
        }
        output
    }
}
