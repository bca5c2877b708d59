//! Holes.

use super::Mask;

/// The mask with its holes inside: what cannot be reached from the border over pixels that share a side, as
/// `scipy.ndimage.binary_fill_holes`.
pub fn fill_holes(mask: &Mask) -> Mask {
    let (rows, columns) = (mask.rows, mask.columns);
    let mut filled = Mask { rows, columns, pixels: vec![1; rows * columns] };
    let mut stack: Vec<(usize, usize)> = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            if row == 0 || column == 0 || row + 1 == rows || column + 1 == columns {
                stack.push((row, column));
            }
        }
    }
    while let Some((row, column)) = stack.pop() {
        let index = row * columns + column;
        if filled.pixels[index] == 0 || mask.contains(row, column) {
            continue;
        }
        filled.pixels[index] = 0;
        if row > 0 {
            stack.push((row - 1, column));
        }
        if column > 0 {
            stack.push((row, column - 1));
        }
        if row + 1 < rows {
            stack.push((row + 1, column));
        }
        if column + 1 < columns {
            stack.push((row, column + 1));
        }
    }
    filled
}
