//! Counts and measures as people write them.

use std::fmt::Display;

/// A count and what is counted, as `1 file` or `3 files`; `noun` is the singular, its plural ends in s.
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// A measure with one decimal, and what is more than nothing never as `0.0`: `12.3`, or `< 0.1` for traces.
pub fn tenths(value: f64) -> String {
    if value > 0.0 && value < 0.05 { "< 0.1".into() } else { format!("{value:.1}") }
}

/// The same beside the grade that follows from it: what is below the grade's limit is not rounded up to it.
pub fn graded_tenths(value: f64, limit: f64) -> String {
    let rounded_up = value < limit && (value * 10.0).round() >= (limit * 10.0).round();
    tenths(if rounded_up { limit - 0.1 } else { value })
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
        let written = [0.01, 24.94, 24.96, 24.9999, 25.0, 25.04].map(|value| graded_tenths(value, 25.0));
        assert_eq!(written, ["< 0.1", "24.9", "24.9", "24.9", "25.0", "25.0"]);
    }
}
