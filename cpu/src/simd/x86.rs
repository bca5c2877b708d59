//! x86-64.

use std::arch::x86_64::*;

use super::{Job, Lanes, lanes};

/// What every processor of this kind has.
pub(super) type Narrow = __m128;

#[target_feature(enable = "avx512f,avx512vnni")]
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
    _mm512_fmadd_ps,
    __m512i,
    _mm512_setzero_si512,
    |sums, pair, weights: *const i16| _mm512_dpwssd_epi32(
        sums,
        _mm512_set1_epi32(pair),
        _mm512_loadu_si512(weights.cast())
    ),
    _mm512_cvtepi32_ps
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
    _mm256_fmadd_ps,
    __m256i,
    _mm256_setzero_si256,
    |sums, pair, weights: *const i16| _mm256_add_epi32(
        sums,
        _mm256_madd_epi16(_mm256_set1_epi32(pair), _mm256_loadu_si256(weights.cast()))
    ),
    _mm256_cvtepi32_ps
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
    |value, factor, sum| _mm_add_ps(_mm_mul_ps(value, factor), sum),
    __m128i,
    _mm_setzero_si128,
    |sums, pair, weights: *const i16| _mm_add_epi32(
        sums,
        _mm_madd_epi16(_mm_set1_epi32(pair), _mm_loadu_si128(weights.cast()))
    ),
    _mm_cvtepi32_ps
);
