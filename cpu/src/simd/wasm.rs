//! WebAssembly with SIMD128.

use std::arch::wasm32::*;

use super::{Lanes, lanes};

/// What every browser has.
pub(super) type Narrow = v128;

lanes!(
    v128,
    4,
    f32x4_splat,
    v128_load,
    v128_store,
    f32x4_add,
    f32x4_sub,
    f32x4_mul,
    // One instruction, where `f32x4_max` takes several.
    f32x4_pmax,
    |value, factor, sum| f32x4_add(f32x4_mul(value, factor), sum),
    v128,
    || i32x4_splat(0),
    |sums, pair, weights: *const i16| i32x4_add(
        sums,
        i32x4_dot_i16x8(i32x4_splat(pair), v128_load(weights.cast()))
    ),
    f32x4_convert_i32x4
);
