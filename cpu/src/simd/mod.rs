//! Vectors of f32, sums of whole numbers beside them, and the innermost loops of the matrix product: the one place with
//! the processor's own instructions.
//!
//! A [`Job`] is written once over [`Lanes`] and compiled for each [`Level`]; [`run`] takes the best that this processor
//! has. Everything that a job calls is `inline(always)`, so that it is compiled with the level's instructions.
#![allow(unsafe_code)]

#[cfg(not(any(target_arch = "x86_64", target_arch = "wasm32")))]
mod arrays;
mod level;
mod tile;
#[cfg(target_arch = "wasm32")]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use level::{COUNTS, Level, run};
pub(crate) use tile::{TILE_VECTORS, multiply_floats, multiply_pairs};

/// A vector of floats.
pub(crate) trait Lanes: Copy {
    /// Its floats.
    const COUNT: usize;
    /// As many whole numbers of 32 bit.
    type Sums: Copy;
    /// All lanes `value`.
    fn splat(value: f32) -> Self;
    /// The first floats of `values`.
    fn load(values: &[f32]) -> Self;
    /// Writes to the first floats of `target`.
    fn store(self, target: &mut [f32]);
    /// The sum.
    fn add(self, other: Self) -> Self;
    /// The difference.
    fn sub(self, other: Self) -> Self;
    /// The product.
    fn mul(self, other: Self) -> Self;
    /// `self * factor + sum`, in one step where the processor has it.
    fn mul_add(self, factor: Self, sum: Self) -> Self;
    /// The larger of each lane; what is not a number in `self` stays.
    fn max(self, other: Self) -> Self;
    /// Zeros.
    fn no_sums() -> Self::Sums;
    /// `sums` and in each lane the products of a pair with the lane's pair of `weights`. `pair` is two whole numbers of 16
    /// bit as they lie in memory.
    fn add_products(sums: Self::Sums, pair: i32, weights: &[i16]) -> Self::Sums;
    /// The sums as floats.
    fn from_sums(sums: Self::Sums) -> Self;

    /// Like [`Self::load`] where fewer floats may be left; zeros in the rest.
    #[inline(always)]
    fn load_some(values: &[f32]) -> Self {
        if values.len() >= Self::COUNT {
            return Self::load(values);
        }
        let mut buffer = [0.0; MOST_LANES];
        buffer[..values.len()].copy_from_slice(values);
        Self::load(&buffer)
    }

    /// Like [`Self::store`] where there is less room; the rest is dropped.
    #[inline(always)]
    fn store_some(self, target: &mut [f32]) {
        if target.len() >= Self::COUNT {
            return self.store(target);
        }
        let mut buffer = [0.0; MOST_LANES];
        self.store(&mut buffer);
        let count = target.len();
        target.copy_from_slice(&buffer[..count]);
    }
}

/// Lanes of the widest vector.
const MOST_LANES: usize = 16;

/// Work that is written once for every width. `run` must be `inline(always)`.
pub(crate) trait Job {
    /// Does it with vectors `V`, `ROWS` rows of a matrix product at a time.
    fn run<V: Lanes, const ROWS: usize>(self);
}

/// Writes a vector type's [`Lanes`] by its instructions.
#[cfg(any(target_arch = "x86_64", target_arch = "wasm32"))]
macro_rules! lanes {
    ($vector:ty, $count:literal, $splat:expr, $load:expr, $store:expr, $add:expr, $sub:expr, $mul:expr, $max:expr,
     $mul_add:expr, $sums:ty, $no_sums:expr, $add_products:expr, $from_sums:expr) => {
        // Some instructions are safe to call where the target always has them.
        #[allow(unused_unsafe)]
        impl Lanes for $vector {
            const COUNT: usize = $count;
            type Sums = $sums;
            #[inline(always)]
            fn splat(value: f32) -> Self {
                // SAFETY: the vector type is used by jobs of its level only, here and below.
                unsafe { $splat(value) }
            }
            #[inline(always)]
            fn load(values: &[f32]) -> Self {
                assert!(values.len() >= $count);
                // SAFETY: as many floats are there (asserted).
                unsafe { $load(values.as_ptr().cast()) }
            }
            #[inline(always)]
            fn store(self, target: &mut [f32]) {
                assert!(target.len() >= $count);
                // SAFETY: there is room for as many floats (asserted).
                unsafe { $store(target.as_mut_ptr().cast(), self) }
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                unsafe { $sub(self, other) }
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                unsafe { $mul(self, other) }
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, sum: Self) -> Self {
                unsafe { $mul_add(self, factor, sum) }
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                unsafe { $max(self, other) }
            }
            #[inline(always)]
            fn no_sums() -> Self::Sums {
                unsafe { $no_sums() }
            }
            #[inline(always)]
            fn add_products(sums: Self::Sums, pair: i32, weights: &[i16]) -> Self::Sums {
                assert!(weights.len() >= 2 * $count);
                // SAFETY: as many weights are there (asserted).
                unsafe { $add_products(sums, pair, weights.as_ptr()) }
            }
            #[inline(always)]
            fn from_sums(sums: Self::Sums) -> Self {
                unsafe { $from_sums(sums) }
            }
        }
    };
}
#[cfg(any(target_arch = "x86_64", target_arch = "wasm32"))]
use lanes;
