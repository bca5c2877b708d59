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
fn count_steps(values: impl Iterator<Item = f32> + Clone, limit: f32, steps: &mut [i16]) -> f32 {
    // Without their sign, floats are in the order of their bits, and what is no number comes last.
    let bits = values.clone().map(|value| (value.to_bits() & 0x7FFF_FFFF) as i32);
    let largest = bits.fold(0, i32::max);
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

/// Values that are counted a group at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Groups<'a> {
    /// The groups, one after the other.
    pub values: &'a [f32],
    /// Values of a group.
    pub group: usize,
    /// What each value of a group is multiplied by before it is counted; empty where that is 1.
    pub scales: &'a [f32],
    /// The most steps of the first group, of the second and so on, and from the beginning again.
    pub limits: &'a [f32],
}

/// Counts each group, as [`count_steps`] does, and writes its step's size.
pub(super) fn count_groups(level: Level, groups: Groups<'_>, steps: &mut [i16], sizes: &mut [f32]) {
    simd::run(level, CountGroups { groups, steps, sizes });
}

/// [`count_groups`] with one limit, shared by the threads.
pub(super) fn count_shared(level: Level, groups: Groups<'_>, steps: &mut [i16], sizes: &mut [f32]) {
    let count = sizes.len().div_ceil(threads::count());
    let len = count * groups.group;
    let mut parts: Vec<_> = steps.chunks_mut(len).zip(sizes.chunks_mut(count)).collect();
    threads::for_each_chunk(&mut parts, 1, |part, target| {
        let (steps, sizes) = &mut target[0];
        let values = &groups.values[part * len..][..steps.len()];
        count_groups(level, Groups { values, ..groups }, steps, sizes);
    });
}

struct CountGroups<'a> {
    groups: Groups<'a>,
    steps: &'a mut [i16],
    sizes: &'a mut [f32],
}

impl Job for CountGroups<'_> {
    #[inline(always)]
    fn run<V: Lanes, const ROWS: usize>(self) {
        let Groups { values, group, scales, limits } = self.groups;
        let targets = self.steps.chunks_exact_mut(group).zip(self.sizes).zip(limits.iter().cycle());
        for (values, ((steps, size), &limit)) in values.chunks_exact(group).zip(targets) {
            *size = if scales.is_empty() {
                count_steps(values.iter().copied(), limit, steps)
            } else {
                count_steps(values.iter().zip(scales).map(|(value, scale)| value * scale), limit, steps)
            };
        }
    }
}
