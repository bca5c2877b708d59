//! Work on several threads where there are threads, and memory for what is between two steps.

use std::cell::RefCell;

thread_local! {
    /// Scratch memory of the thread that calls the kernels: fresh pages cost more than what is computed in them.
    static SCRATCH: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Hands `len` floats of any values to `work`, and keeps them for the next call.
pub(crate) fn with_scratch<T>(len: usize, work: impl FnOnce(&mut [f32]) -> T) -> T {
    let mut buffer = SCRATCH.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    let done = work(&mut buffer[..len]);
    SCRATCH.with_borrow_mut(|buffers| buffers.push(buffer));
    done
}

/// Calls `work` with the number of each chunk of `values`, `len` long but the last, and the chunk.
#[cfg(not(target_arch = "wasm32"))]
pub fn for_each_chunk<T: Send>(values: &mut [T], len: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    use rayon::prelude::*;
    values.par_chunks_mut(len).enumerate().for_each(|(index, chunk)| work(index, chunk));
}

/// Calls `work` with the number of each chunk of `values`, `len` long but the last, and the chunk.
#[cfg(target_arch = "wasm32")]
pub fn for_each_chunk<T: Send>(values: &mut [T], len: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    for (index, chunk) in values.chunks_mut(len).enumerate() {
        work(index, chunk);
    }
}

/// How many threads share the work.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn count() -> usize {
    rayon::current_num_threads()
}

/// How many threads share the work.
#[cfg(target_arch = "wasm32")]
pub(crate) fn count() -> usize {
    1
}
