//! Stacks of pictures.

use std::cmp::Ordering;

/// The order of names in which people count: `slice2` before `slice10`. Names that differ only in zeros before a number or
/// in capitals are told apart by their characters.
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let order = match (left.chars().next(), right.chars().next()) {
            (None, None) => return a.cmp(b),
            (None, _) => Ordering::Less,
            (_, None) => Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (x, y) = (digits(&mut left), digits(&mut right));
                x.len().cmp(&y.len()).then_with(|| x.cmp(y))
            }
            (Some(x), Some(y)) => {
                left = &left[x.len_utf8()..];
                right = &right[y.len_utf8()..];
                x.to_lowercase().cmp(y.to_lowercase())
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Takes the digits at the start of `text`, without zeros before the number.
fn digits<'a>(text: &mut &'a str) -> &'a str {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    *text = rest;
    number.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_as_numbers() {
        let mut names = [
            "s/im10.png",
            "s/im2.png",
            "s/IM1.png",
            "s/im02.png",
            "s/im.png",
            "s2/im1.png",
            "s/im2b.png",
            "s/ö.png",
        ];
        names.sort_by(|a, b| natural_order(a, b));
        let order = [
            "s/im.png",
            "s/IM1.png",
            "s/im02.png",
            "s/im2.png",
            "s/im2b.png",
            "s/im10.png",
            "s/ö.png",
            "s2/im1.png",
        ];
        assert_eq!(names, order);
        assert_eq!(natural_order("7", "007").reverse(), natural_order("007", "7"));
        assert_eq!(natural_order("a1", "a1"), Ordering::Equal);
    }
}
