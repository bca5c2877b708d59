//! Counts and measures as people write them.

use std::fmt::Display;

/// A count and what is counted, as `1 file` or `3 files`; `noun` is the singular, its plural ends in s.
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// What is less, but more than nothing, would be rounded to `0.0`.
const TRACE: f64 = 0.05;

/// A measure with one decimal, and what is more than nothing never as `0.0`: `12.3`, or `< 0.1` for traces.
pub fn tenths(value: f64) -> String {
    if value > 0.0 && value < TRACE { "< 0.1".into() } else { format!("{value:.1}") }
}

/// The same beside grades that follow from it: what is below a limit, where a grade begins, is not rounded up to it.
pub fn graded_tenths(value: f64, limits: &[f64]) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    if limits.iter().any(|&limit| value < limit && rounded >= limit) {
        // Below the first tenth is a trace.
        return tenths(((value * 10.0).floor() / 10.0).max(value.min(TRACE / 2.0)));
    }
    tenths(value)
}

/// A percentage: `12.3 %`, or `< 0.1 %` for traces.
pub fn percent(value: f64) -> String {
    format!("{} %", tenths(value))
}

/// The same beside grades that follow from it, see [`graded_tenths`].
pub fn graded_percent(value: f64, limits: &[f64]) -> String {
    format!("{} %", graded_tenths(value, limits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        assert_eq!(counted(0_usize, "file"), "0 files");
        assert_eq!(counted(1_u64, "more image"), "1 more image");
        assert_eq!(counted(12_u32, "slice"), "12 slices");
    }

    #[test]
    fn traces_are_no_zero() {
        let written = [0.0, 0.0001, 0.0499, 0.05, 0.26, 12.34].map(tenths);
        assert_eq!(written, ["0.0", "< 0.1", "< 0.1", "0.1", "0.3", "12.3"]);
    }

    #[test]
    fn a_figure_does_not_contradict_its_grade() {
        let written = [0.01, 24.94, 24.96, 24.9999, 25.0, 25.04].map(|value| graded_tenths(value, &[25.0]));
        assert_eq!(written, ["< 0.1", "24.9", "24.9", "24.9", "25.0", "25.0"]);
        let several = [24.96, 49.96, 74.96, 74.94, 99.96].map(|value| graded_tenths(value, &[75.0, 50.0]));
        assert_eq!(several, ["25.0", "49.9", "74.9", "74.9", "100.0"]);
        // Limits that are no tenths, and some of which a trace is below.
        let near = [(24.96, 24.97), (25.01, 25.04), (0.07, 0.1), (0.06, 0.08), (0.04, 0.05), (0.0, 0.1)];
        let written = near.map(|(value, limit)| graded_tenths(value, &[limit]));
        assert_eq!(written, ["24.9", "25.0", "< 0.1", "< 0.1", "< 0.1", "0.0"]);
        assert_eq!([percent(24.96), graded_percent(24.96, &[25.0])], ["25.0 %", "24.9 %"]);
    }
}
