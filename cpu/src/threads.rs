//! Work on several threads where there are threads, and memory for what is between two steps.

use std::cell::RefCell;
use std::thread::LocalKey;

/// What scratch memory is made of.
pub(crate) trait Scratch: Copy + Default + Send + Sync + 'static {
    /// Buffers of the thread that calls the kernels: fresh pages cost more than what is computed in them.
    fn buffers() -> &'static LocalKey<RefCell<Vec<Vec<Self>>>>;
}

macro_rules! scratch {
    ($number:ty) => {
        impl Scratch for $number {
            fn buffers() -> &'static LocalKey<RefCell<Vec<Vec<Self>>>> {
                thread_local! {
                    static BUFFERS: RefCell<Vec<Vec<$number>>> = const { RefCell::new(Vec::new()) };
                }
                &BUFFERS
            }
        }
    };
}

scratch!(f32);
scratch!(i16);

/// Hands `len` numbers of any values to `work`, and keeps them for the next call.
pub(crate) fn with_scratch<N: Scratch, T>(len: usize, work: impl FnOnce(&mut [N]) -> T) -> T {
    let mut buffer = N::buffers().with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < len {
        buffer.resize(len, N::default());
    }
    let done = work(&mut buffer[..len]);
    N::buffers().with_borrow_mut(|buffers| buffers.push(buffer));
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
