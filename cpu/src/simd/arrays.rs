//! Other processors (64-bit Arm has these as its baseline): the compiler makes vectors of arrays of four.

use super::Lanes;

/// What every processor has.
pub(super) type Narrow = [f32; 4];

impl Lanes for [f32; 4] {
    const COUNT: usize = 4;
    type Sums = [i32; 4];
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
    #[inline(always)]
    fn no_sums() -> Self::Sums {
        [0; 4]
    }
    #[inline(always)]
    fn add_products(sums: Self::Sums, pair: i32, weights: &[i16]) -> Self::Sums {
        let [a, b, c, d] = pair.to_ne_bytes();
        let pair = [[a, b], [c, d]].map(i16::from_ne_bytes);
        let product = |i: usize| i32::from(pair[i % 2]) * i32::from(weights[i]);
        std::array::from_fn(|i| sums[i] + product(2 * i) + product(2 * i + 1))
    }
    #[inline(always)]
    fn from_sums(sums: Self::Sums) -> Self {
        sums.map(|sum| sum as f32)
    }
}
