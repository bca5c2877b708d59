//! Outlines for drawing.

use super::Mask;

/// The borders of a mask as closed polygons of `[x, y]` pixel corners, the last point joined to the first.
///
/// They run along pixel borders with the inside on the right (clockwise on the screen around an 8-connected component,
/// the other way around a hole) and keep only corners. Filled by the even-odd or the non-zero rule, they give the
/// mask back. Order: by the first top border in row-major order.
pub fn outline(mask: &Mask) -> Vec<Vec<[f32; 2]>> {
    let mut traced = vec![false; mask.rows * mask.columns];
    let mut polygons = Vec::new();
    for row in 0..mask.rows {
        for column in 0..mask.columns {
            // Every closed border runs rightwards somewhere: along the top of a pixel.
            if is_top_border(mask, row, column) && !traced[row * mask.columns + column] {
                polygons.push(trace(mask, row, column, &mut traced));
            }
        }
    }
    polygons
}

fn is_top_border(mask: &Mask, row: usize, column: usize) -> bool {
    mask.contains(row, column) && (row == 0 || !mask.contains(row - 1, column))
}

/// Follows the border that starts along the top of the pixel.
fn trace(mask: &Mask, row: usize, column: usize, traced: &mut [bool]) -> Vec<[f32; 2]> {
    // Right, down, left, up on the screen.
    const STEPS: [(i64, i64); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];
    let inside = |x: i64, y: i64| match (usize::try_from(x), usize::try_from(y)) {
        (Ok(x), Ok(y)) => mask.contains(y, x),
        _ => false,
    };
    let start = (column as i64, row as i64);
    let (mut x, mut y) = start;
    let mut heading = 0;
    let mut polygon = Vec::new();
    loop {
        if heading == 0 {
            traced[y as usize * mask.columns + x as usize] = true;
        }
        x += STEPS[heading].0;
        y += STEPS[heading].1;
        // The two pixels ahead of this corner, left and right of the way.
        let ((left_x, left_y), (right_x, right_y)) = match heading {
            0 => ((x, y - 1), (x, y)),
            1 => ((x, y), (x - 1, y)),
            2 => ((x - 1, y), (x - 1, y - 1)),
            _ => ((x - 1, y - 1), (x, y - 1)),
        };
        // A left turn joins pixels that only touch at this corner.
        let next = if inside(left_x, left_y) {
            (heading + 3) % 4
        } else if inside(right_x, right_y) {
            heading
        } else {
            (heading + 1) % 4
        };
        if next != heading {
            polygon.push([x as f32, y as f32]);
        }
        heading = next;
        if (x, y) == start && heading == 0 {
            return polygon;
        }
    }
}
