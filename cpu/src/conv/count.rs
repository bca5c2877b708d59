//! Pixels as whole numbers of 16 bit, so that their products with weights of 8 bit, which are whole numbers too, are added
//! up exactly, in 32 bit. All that is lost is what a pixel is rounded by, about 2^-15 of the largest beside it.

use crate::simd::{self, Job, Lanes, Level};
use crate::threads;

/// Added to a float below 2^15, it leaves the nearest whole number in the last bits.
const ROUND: f32 = 12_582_912.0;

/// Below it the steps would be too small for a float; such pixels count as zeros.
const SMALLEST: f32 = 1e-33;

/// Writes `values` as whole numbers of at most `limit` steps, and returns a step's size: not a number where one of the
/// values is none or is infinite, so that none of what is computed from them is.
#[inline(always)]
fn count_steps(values: &[f32], limit: f32, steps: &mut [i16]) -> f32 {
    // Without their sign, floats are in the order of their bits, and what is no number comes last.
    let largest =
        values.iter().fold(0, |largest: i32, value| largest.max((value.to_bits() & 0x7FFF_FFFF) as i32));
    let largest = f32::from_bits(largest as u32);
    if !largest.is_finite() || largest < SMALLEST {
        steps.fill(0);
        return if largest.is_finite() { 0.0 } else { f32::NAN };
    }
    let per_value = limit / largest;
    for (step, value) in steps.iter_mut().zip(values) {
        *step = (value * per_value + ROUND).to_bits() as i16;
    }
    largest / limit
}

/// Counts each `group` values, as [`count_steps`] does with one of `limits` after the other, and writes its step's size.
pub(super) fn count_groups(
    level: Level,
    values: &[f32],
    limits: &[f32],
    group: usize,
    steps: &mut [i16],
    sizes: &mut [f32],
) {
    simd::run(level, CountGroups { values, limits, group, steps, sizes });
}

/// [`count_groups`] with one limit, shared by the threads.
pub(super) fn count_shared(
    level: Level,
    values: &[f32],
    limit: f32,
    group: usize,
    steps: &mut [i16],
    sizes: &mut [f32],
) {
    let groups = sizes.len().div_ceil(threads::count());
    let mut parts: Vec<_> = steps.chunks_mut(groups * group).zip(sizes.chunks_mut(groups)).collect();
    threads::for_each_chunk(&mut parts, 1, |part, target| {
        let (steps, sizes) = &mut target[0];
        let values = &values[part * groups * group..][..steps.len()];
        count_groups(level, values, &[limit], group, steps, sizes);
    });
}

struct CountGroups<'a> {
    values: &'a [f32],
    limits: &'a [f32],
    group: usize,
    steps: &'a mut [i16],
    sizes: &'a mut [f32],
}

impl Job for CountGroups<'_> {
    #[inline(always)]
    fn run<V: Lanes, const ROWS: usize>(self) {
        let groups = self.values.chunks_exact(self.group).zip(self.steps.chunks_exact_mut(self.group));
        for (((values, steps), size), &limit) in groups.zip(self.sizes).zip(self.limits.iter().cycle()) {
            *size = count_steps(values, limit, steps);
        }
    }
}
