//! Counts as people write them.

use std::fmt::Display;

/// A count and what is counted, as `1 file` or `3 files`; `noun` is the singular, its plural ends in s.
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{ending}")
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
}
