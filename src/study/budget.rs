//! How much of a series fits into a time.

use super::builder::LEAST_SLICES;

/// The least `n` so that every `n`-th of `slices` is read within `budget_s`, at `slice_s` seconds a slice; never so large
/// that fewer slices are left than a study needs, though the time be exceeded.
pub fn every_within(slices: usize, slice_s: f64, budget_s: f64) -> usize {
    let most = (slices.saturating_sub(1) / (LEAST_SLICES - 1)).max(1);
    let fits = |every: &usize| slices.div_ceil(*every) as f64 * slice_s <= budget_s;
    (1..=most).find(fits).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::every_within;

    #[test]
    fn the_least_step_within_the_time_is_taken() {
        assert_eq!(every_within(30, 1.0, 30.0), 1);
        assert_eq!(every_within(30, 1.0, 29.0), 2);
        assert_eq!(every_within(30, 1.0, 15.0), 2);
        assert_eq!(every_within(31, 1.0, 15.0), 3);
        assert_eq!(every_within(600, 0.5, 60.0), 5);
    }

    #[test]
    fn three_slices_are_left_at_least() {
        assert_eq!(every_within(30, 1.0, 0.0), 14);
        assert_eq!(30usize.div_ceil(14), 3);
        assert_eq!(every_within(3, 9.0, 1.0), 1);
        assert_eq!(every_within(0, 9.0, 1.0), 1);
    }
}
