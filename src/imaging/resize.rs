//! Resizing as the references do it: OpenCV's cubic and PyTorch's bilinear.

use super::ImagingError;

/// One output position: the first input it reads and the weights from there on.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// Resizes as `cv2.resize(.., interpolation=cv2.INTER_CUBIC)` on float32: `rows * columns` values to
/// `out_rows * out_columns`, row-major.
///
/// Keys's kernel with a = -0.75 over four pixels, edge pixels repeated, no smoothing when shrinking; equal to
/// OpenCV up to the rounding of float sums.
///
/// # Errors
/// [`ImagingError::BadSlice`] when a size is 0 or the values do not match.
pub fn resize_cubic(
    values: &[f32],
    rows: usize,
    columns: usize,
    out_rows: usize,
    out_columns: usize,
) -> Result<Vec<f32>, ImagingError> {
    check(values, [rows, columns, out_rows, out_columns])?;
    Ok(separable(values, columns, &cubic_taps(rows, out_rows), &cubic_taps(columns, out_columns)))
}

/// Resizes as PyTorch's `interpolate(mode="bilinear", align_corners=False, antialias=True)`: `rows * columns`
/// values to `out_rows * out_columns`, row-major.
///
/// When enlarging this is plain bilinear interpolation; when shrinking the triangle widens by the scale, as
/// torchvision's `resize(antialias=True)` and Pillow do.
///
/// # Errors
/// [`ImagingError::BadSlice`] when a size is 0 or the values do not match.
pub fn resize_bilinear(
    values: &[f32],
    rows: usize,
    columns: usize,
    out_rows: usize,
    out_columns: usize,
) -> Result<Vec<f32>, ImagingError> {
    check(values, [rows, columns, out_rows, out_columns])?;
    if [rows, columns] == [out_rows, out_columns] {
        // Every pixel would be itself times one.
        return Ok(values.to_vec());
    }
    Ok(separable(values, columns, &triangle_taps(rows, out_rows), &triangle_taps(columns, out_columns)))
}

fn check(values: &[f32], [rows, columns, out_rows, out_columns]: [usize; 4]) -> Result<(), ImagingError> {
    let found = values.len();
    if found > 0 && rows.checked_mul(columns) == Some(found) && out_rows > 0 && out_columns > 0 {
        return Ok(());
    }
    let problem =
        format!("{found} values as {rows} x {columns} cannot be resized to {out_rows} x {out_columns}");
    Err(ImagingError::BadSlice { problem })
}

/// Columns first, then rows, as both references do.
fn separable(values: &[f32], columns: usize, down: &[Taps], across: &[Taps]) -> Vec<f32> {
    let mut narrow = Vec::with_capacity(values.len() / columns * across.len());
    for row in values.chunks_exact(columns) {
        for taps in across {
            narrow.push(taps.weights.iter().zip(&row[taps.first..]).map(|(w, v)| w * v).sum::<f32>());
        }
    }
    let mut out = vec![0.0_f32; down.len() * across.len()];
    for (taps, out_row) in down.iter().zip(out.chunks_exact_mut(across.len())) {
        for (weight, row) in taps.weights.iter().zip(narrow.chunks_exact(across.len()).skip(taps.first)) {
            for (o, v) in out_row.iter_mut().zip(row) {
                *o += weight * v;
            }
        }
    }
    out
}

/// OpenCV's `interpolateCubic` for each output position, weights past an edge added to the edge pixel.
fn cubic_taps(side: usize, out_side: usize) -> Vec<Taps> {
    const A: f64 = -0.75;
    let scale = side as f64 / out_side as f64;
    (0..out_side)
        .map(|out| {
            // In double precision, as Intel's IPP inside OpenCV; OpenCV's own loop is coarser by 0.02 HU.
            let place = (out as f64 + 0.5) * scale - 0.5;
            let floor = place.floor();
            let x = place - floor;
            let first = ((A * (x + 1.0) - 5.0 * A) * (x + 1.0) + 8.0 * A) * (x + 1.0) - 4.0 * A;
            let second = ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
            let third = ((A + 2.0) * (1.0 - x) - (A + 3.0)) * (1.0 - x) * (1.0 - x) + 1.0;
            let four = [first, second, third, 1.0 - first - second - third];
            let inside = |tap: usize| (floor as i64 - 1 + tap as i64).clamp(0, side as i64 - 1) as usize;
            let start = inside(0);
            let mut weights = vec![0.0; inside(3) - start + 1];
            for (tap, weight) in four.into_iter().enumerate() {
                weights[inside(tap) - start] += weight as f32;
            }
            Taps { first: start, weights }
        })
        .collect()
}

/// PyTorch's `_compute_weights_aa` with the triangle filter.
fn triangle_taps(side: usize, out_side: usize) -> Vec<Taps> {
    let scale = side as f64 / out_side as f64;
    let support = scale.max(1.0);
    (0..out_side)
        .map(|out| {
            let centre = scale * (out as f64 + 0.5);
            let first = (centre - support + 0.5).max(0.0) as usize;
            let last = ((centre + support + 0.5) as usize).min(side);
            let raw: Vec<f64> =
                (first..last).map(|x| (1.0 - ((x as f64 - centre + 0.5) / support).abs()).max(0.0)).collect();
            let total: f64 = raw.iter().sum();
            Taps { first, weights: raw.iter().map(|w| (w / total) as f32).collect() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_size_changes_nothing() {
        let values: Vec<f32> = (0..35).map(|v| (v * v % 17) as f32).collect();
        assert_eq!(resize_cubic(&values, 5, 7, 5, 7).unwrap(), values);
        assert_eq!(resize_bilinear(&values, 5, 7, 5, 7).unwrap(), values);
    }

    #[test]
    fn a_constant_stays_constant_at_any_size() {
        for (rows, columns, out_rows, out_columns) in
            [(1, 1, 9, 4), (3, 2, 1, 1), (2, 31, 7, 5), (64, 3, 5, 9)]
        {
            let values = vec![-700.0; rows * columns];
            for out in [
                resize_cubic(&values, rows, columns, out_rows, out_columns).unwrap(),
                resize_bilinear(&values, rows, columns, out_rows, out_columns).unwrap(),
            ] {
                assert_eq!(out.len(), out_rows * out_columns);
                assert!(out.iter().all(|v| (v + 700.0).abs() < 1e-3), "{out:?}");
            }
        }
    }

    #[test]
    fn halving_a_line_matches_values_worked_by_hand() {
        // Bilinear with antialias: the triangle over 4 pixels, 1/8 3/8 3/8 1/8, cut off and made whole at the edge.
        let line = [0.0, 8.0, 16.0, 24.0];
        let small = resize_bilinear(&line, 1, 4, 1, 2).unwrap();
        assert!((small[0] - (3.0 * 0.0 + 3.0 * 8.0 + 16.0) / 7.0).abs() < 1e-5, "{small:?}");
        // Cubic at the middle of four pixels: (-3 19 19 -3) / 32.
        let cubic = resize_cubic(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0], 1, 6, 1, 3).unwrap();
        assert!((cubic[1] - (-3.0 * 2.0 + 19.0 * 4.0 + 19.0 * 8.0 - 3.0 * 16.0) / 32.0).abs() < 1e-5);
    }
}
