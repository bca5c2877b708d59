//! Masks as run lengths, so that those of a whole study are small.

use lunglens::masks::Mask;

/// Neighbouring pixels of one row that are inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The row.
    pub row: u16,
    /// The first column.
    pub start: u16,
    /// The column after the last.
    pub end: u16,
}

/// A binary mask: its runs, sorted by row, then by column, not touching one another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Runs(Vec<Run>);

impl Runs {
    /// The runs of a mask of at most 65,535 rows and columns; pixels beyond are left out.
    pub fn from_mask(mask: &Mask) -> Self {
        let mut runs = Vec::new();
        let most = usize::from(u16::MAX);
        for (row, pixels) in mask.pixels.chunks(mask.columns.max(1)).enumerate().take(most) {
            let pixels = &pixels[..pixels.len().min(most)];
            let mut at = 0;
            loop {
                let start = at + alike(&pixels[at..], false);
                if start == pixels.len() {
                    break;
                }
                let end = start + alike(&pixels[start..], true);
                runs.push(Run { row: row as u16, start: start as u16, end: end as u16 });
                at = end;
            }
        }
        runs.shrink_to_fit();
        Self(runs)
    }

    /// Runs in the order of a mask: by row, then by column.
    pub fn from_sorted(runs: Vec<Run>) -> Self {
        debug_assert!(runs.windows(2).all(|w| (w[0].row, w[0].end) < (w[1].row, w[1].start)));
        Self(runs)
    }

    /// All runs.
    pub fn all(&self) -> &[Run] {
        &self.0
    }

    /// The runs of one row.
    pub fn row(&self, row: usize) -> &[Run] {
        let first = self.0.partition_point(|run| usize::from(run.row) < row);
        let count = self.0[first..].partition_point(|run| usize::from(run.row) == row);
        &self.0[first..first + count]
    }

    /// Whether a pixel is inside.
    pub fn contains(&self, row: usize, column: usize) -> bool {
        let inside = |run: &Run| usize::from(run.start) <= column && column < usize::from(run.end);
        self.row(row).iter().any(inside)
    }

    /// Number of pixels inside.
    pub fn area(&self) -> usize {
        self.0.iter().map(|run| usize::from(run.end - run.start)).sum()
    }

    /// Whether nothing is inside.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The mask, `rows` x `columns`; runs beyond are cut off.
    pub fn to_mask(&self, rows: usize, columns: usize) -> Mask {
        let mut mask = Mask::empty(rows, columns);
        for run in &self.0 {
            let row = usize::from(run.row);
            let (start, end) = (usize::from(run.start).min(columns), usize::from(run.end).min(columns));
            if row < rows {
                mask.pixels[row * columns + start..row * columns + end].fill(1);
            }
        }
        mask
    }
}

/// How many pixels at the beginning are inside, or are not: eight at a time, since those of a whole study are gone through at
/// once.
fn alike(pixels: &[u8], inside: bool) -> usize {
    let word = if inside { 0x0101_0101_0101_0101 } else { 0 };
    let (words, _) = pixels.as_chunks::<8>();
    let whole = 8 * words.iter().take_while(|eight| u64::from_ne_bytes(**eight) == word).count();
    whole + pixels[whole..].iter().take_while(|&&pixel| (pixel != 0) == inside).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn() -> Mask {
        Mask::from_bytes(3, 5, &[0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]).expect("fits")
    }

    #[test]
    fn runs_give_the_mask_back() {
        let runs = Runs::from_mask(&drawn());
        let expected = [(0, 1, 3), (0, 4, 5), (2, 0, 5)];
        assert_eq!(runs.all().iter().map(|r| (r.row, r.start, r.end)).collect::<Vec<_>>(), expected);
        assert_eq!(runs.to_mask(3, 5), drawn());
        assert_eq!(runs.area(), 8);
        assert_eq!(runs.to_mask(1, 2).pixels, [0, 1]);
    }

    #[test]
    fn runs_of_any_length_and_place_are_found() {
        for columns in [1, 7, 8, 9, 31, 64] {
            for start in 0..columns {
                for end in start..=columns {
                    // Inside is any value but 0.
                    for inside in [1, 255] {
                        let mut mask = Mask::empty(2, columns);
                        mask.pixels[columns + start..columns + end].fill(inside);
                        let run = Run { row: 1, start: start as u16, end: end as u16 };
                        let expected = if start < end { vec![run] } else { Vec::new() };
                        assert_eq!(Runs::from_mask(&mask).all(), expected, "{start} to {end} of {columns}");
                    }
                }
            }
        }
    }

    #[test]
    fn rows_and_pixels_are_found() {
        let (runs, mask) = (Runs::from_mask(&drawn()), drawn());
        assert_eq!(
            (runs.row(0).len(), runs.row(1).len(), runs.row(2).len(), runs.row(9).len()),
            (2, 0, 1, 0)
        );
        for row in 0..4 {
            for column in 0..7 {
                assert_eq!(runs.contains(row, column), mask.contains(row, column), "{row} {column}");
            }
        }
        assert!(Runs::from_mask(&Mask::empty(0, 0)).is_empty());
    }
}
