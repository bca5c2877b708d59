//! What the CPU kernels share.

use std::ops::Range;

use burn_flex::FlexTensor;

/// The sizes of a tensor with four axes.
pub(crate) fn shape4(tensor: &FlexTensor) -> [usize; 4] {
    tensor.layout().shape().dims()
}

/// The values of a tensor, which lie in order in all that this crate makes.
///
/// # Panics
/// Where they do not.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    &tensor.storage::<f32>()[place(tensor)]
}

/// [`values`] of a tensor of whole numbers.
pub(crate) fn words(tensor: &FlexTensor) -> &[i32] {
    &tensor.storage::<i32>()[place(tensor)]
}

fn place(tensor: &FlexTensor) -> Range<usize> {
    assert!(tensor.is_contiguous(), "values in order");
    let start = tensor.layout().start_offset();
    start..start + tensor.layout().num_elements()
}

/// A tensor of which `fill` writes every value.
#[cfg(target_arch = "wasm32")]
pub(crate) fn filled4(shape: [usize; 4], fill: impl FnOnce(&mut [f32])) -> FlexTensor {
    let mut values = vec![0.0; shape.iter().product()];
    fill(&mut values);
    FlexTensor::from_data(burn::tensor::TensorData::new(values, shape))
}

/// A tensor of which `fill` writes every value.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn filled4(shape: [usize; 4], fill: impl FnOnce(&mut [f32])) -> FlexTensor {
    native::filled4(shape, fill)
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    //! Memory of outputs is used again: the system's fresh pages cost more than many a layer computes in them.

    use std::cell::RefCell;

    use burn::tensor::TensorData;
    use burn_flex::{FlexTensor, Layout};
    use burn_std::Shape;

    /// Bytes that are kept at most, of those in use and those for the next outputs.
    const MOST_BYTES: usize = 1 << 29;

    thread_local! {
        /// Buffers that this thread gave out; those that no tensor holds any more are free.
        static BUFFERS: RefCell<Vec<FlexTensor>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn filled4(shape: [usize; 4], fill: impl FnOnce(&mut [f32])) -> FlexTensor {
        let count = shape.iter().product();
        let mut buffer = BUFFERS.with_borrow_mut(|buffers| take(buffers, count));
        match buffer.try_storage_mut::<f32>() {
            Some(values) => fill(&mut values[..count]),
            None => unreachable!("a buffer that was taken has one holder"),
        }
        let filled =
            FlexTensor::from_arc(buffer.data_arc(), Layout::contiguous(Shape::from(shape)), buffer.dtype());
        BUFFERS.with_borrow_mut(|buffers| buffers.push(buffer));
        filled
    }

    /// The smallest free buffer of `count` floats to twice as many, or a new one.
    fn take(buffers: &mut Vec<FlexTensor>, count: usize) -> FlexTensor {
        let floats = |buffer: &FlexTensor| buffer.layout().num_elements();
        let free = buffers.iter().enumerate().filter(|(_, buffer)| buffer.is_unique());
        let fitting = free.filter(|(_, buffer)| (count..=2 * count).contains(&floats(buffer)));
        if let Some((index, _)) = fitting.min_by_key(|(_, buffer)| floats(buffer)) {
            return buffers.swap_remove(index);
        }
        if buffers.iter().map(floats).sum::<usize>() + count > MOST_BYTES / size_of::<f32>() {
            buffers.retain(|buffer| !buffer.is_unique());
        }
        FlexTensor::from_data(TensorData::new(vec![0.0f32; count], [count]))
    }
}
