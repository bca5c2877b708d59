//! Vectors of f32 and the innermost loop of the matrix product: the one place with the processor's own instructions.
//!
//! A [`Job`] is written once over [`Lanes`] and compiled for each [`Level`]; [`run`] takes the best that this processor
//! has. Everything that a job calls is `inline(always)`, so that it is compiled with the level's instructions.
#![allow(unsafe_code)]

/// Vectors of a tile's row.
pub(super) const TILE_VECTORS: usize = 2;

/// A vector of floats.
pub(super) trait Lanes: Copy {
    /// Its floats.
    const COUNT: usize;
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
pub(super) trait Job {
    /// Does it with vectors `V`, `ROWS` rows of a matrix product at a time.
    fn run<V: Lanes, const ROWS: usize>(self);
}

/// What the processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// 16 floats, fused multiply and add.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 8 floats, fused multiply and add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 4 floats: SSE2, SIMD128 or what the compiler makes of arrays.
    Narrow,
}

impl Level {
    /// The best level of this processor.
    pub(super) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if std::is_x86_feature_detected!("avx512f") {
                return Self::Avx512;
            }
            if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Narrow
    }

    /// Every level of this processor.
    #[cfg(test)]
    pub(super) fn all() -> Vec<Self> {
        let mut levels = vec![Self::Narrow];
        #[cfg(target_arch = "x86_64")]
        if Self::best() != Self::Narrow {
            // Each processor with AVX-512 has AVX2.
            levels.push(Self::Avx2);
        }
        if !levels.contains(&Self::best()) {
            levels.push(Self::best());
        }
        levels
    }

    /// Columns of a tile of the matrix product.
    pub(super) fn tile_columns(self) -> usize {
        TILE_VECTORS
            * match self {
                #[cfg(target_arch = "x86_64")]
                Self::Avx512 => 16,
                #[cfg(target_arch = "x86_64")]
                Self::Avx2 => 8,
                Self::Narrow => 4,
            }
    }
}

/// Runs `job` compiled for `level`, which comes from [`Level::best`].
pub(super) fn run(level: Level, job: impl Job) {
    match level {
        // SAFETY: `Level::best` found the instructions on this processor.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::run_avx512(job) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::run_avx2(job) },
        Level::Narrow => job.run::<Narrow, 4>(),
    }
}

/// `sums += rows * panel`: each row has as many floats as the panel has rows of two vectors.
#[inline(always)]
pub(super) fn multiply<V: Lanes, const ROWS: usize>(
    rows: [&[f32]; ROWS],
    panel: &[f32],
    sums: &mut [[V; TILE_VECTORS]; ROWS],
) {
    let depth = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == depth), "rows of a tile are of one length");
    assert!(panel.len() >= depth * TILE_VECTORS * V::COUNT, "a panel is as deep as its rows");
    let rows = rows.map(<[f32]>::as_ptr);
    let mut columns = panel.as_ptr();
    let mut local = *sums;
    for k in 0..depth {
        // SAFETY: `k` is below each row's length, and the panel holds two vectors for each `k` (both asserted).
        let vectors: [V; TILE_VECTORS] = unsafe {
            let vectors = [
                V::load(std::slice::from_raw_parts(columns, V::COUNT)),
                V::load(std::slice::from_raw_parts(columns.add(V::COUNT), V::COUNT)),
            ];
            columns = columns.add(TILE_VECTORS * V::COUNT);
            vectors
        };
        for (row, sum) in rows.iter().zip(&mut local) {
            // SAFETY: as above.
            let value = V::splat(unsafe { *row.add(k) });
            sum[0] = value.mul_add(vectors[0], sum[0]);
            sum[1] = value.mul_add(vectors[1], sum[1]);
        }
    }
    *sums = local;
}

/// Writes a vector type's [`Lanes`] by its instructions.
macro_rules! lanes {
    ($vector:ty, $count:literal, $splat:expr, $load:expr, $store:expr, $add:expr, $sub:expr, $mul:expr, $max:expr, $mul_add:expr) => {
        // Some instructions are safe to call where the target always has them.
        #[allow(unused_unsafe)]
        impl Lanes for $vector {
            const COUNT: usize = $count;
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
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Job, Lanes};

    #[target_feature(enable = "avx512f")]
    pub(super) fn run_avx512(job: impl Job) {
        job.run::<__m512, 12>();
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn run_avx2(job: impl Job) {
        job.run::<__m256, 6>();
    }

    lanes!(
        __m512,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_mul_ps,
        |value, other| _mm512_max_ps(other, value),
        _mm512_fmadd_ps
    );
    lanes!(
        __m256,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        _mm256_mul_ps,
        |value, other| _mm256_max_ps(other, value),
        _mm256_fmadd_ps
    );
    lanes!(
        __m128,
        4,
        _mm_set1_ps,
        _mm_loadu_ps,
        _mm_storeu_ps,
        _mm_add_ps,
        _mm_sub_ps,
        _mm_mul_ps,
        |value, other| _mm_max_ps(other, value),
        |value, factor, sum| _mm_add_ps(_mm_mul_ps(value, factor), sum)
    );
}

#[cfg(target_arch = "x86_64")]
type Narrow = std::arch::x86_64::__m128;

#[cfg(target_arch = "wasm32")]
mod wasm {
    use std::arch::wasm32::*;

    use super::Lanes;

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
        |value, factor, sum| f32x4_add(f32x4_mul(value, factor), sum)
    );
}

#[cfg(target_arch = "wasm32")]
type Narrow = std::arch::wasm32::v128;

/// On other processors (64-bit Arm has these as its baseline) the compiler makes vectors of arrays of four.
#[cfg(not(any(target_arch = "x86_64", target_arch = "wasm32")))]
type Narrow = [f32; 4];

#[cfg(not(any(target_arch = "x86_64", target_arch = "wasm32")))]
impl Lanes for [f32; 4] {
    const COUNT: usize = 4;
    #[inline(always)]
    fn splat(value: f32) -> Self {
        [value; 4]
    }
    #[inline(always)]
    fn load(values: &[f32]) -> Self {
        [values[0], values[1], values[2], values[3]]
    }
    #[inline(always)]
    fn store(self, target: &mut [f32]) {
        target[..4].copy_from_slice(&self);
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] + other[i])
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] - other[i])
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] * other[i])
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, sum: Self) -> Self {
        std::array::from_fn(|i| self[i] * factor[i] + sum[i])
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        std::array::from_fn(|i| if self[i] < other[i] { other[i] } else { self[i] })
    }
}
