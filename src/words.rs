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
}
