//! Contrast limited adaptive histogram equalisation, equal to OpenCV's.

use super::ImagingError;

const LEVELS: usize = 256;

/// Equalises an 8-bit image of `rows * columns` pixels as `cv2.createCLAHE(clip_limit, (tiles, tiles)).apply`.
///
/// Follows OpenCV's `modules/imgproc/src/clahe.cpp` (Zuiderveld, Graphics Gems IV, 1994): an image that the
/// tiles do not divide is extended at the right and bottom by reflection; each tile's histogram is clipped, the
/// clipped counts spread over all levels; a pixel takes the bilinear mean of its four nearest tiles' tables.
/// A `clip_limit` of 0 or less does not clip.
///
/// # Errors
/// [`ImagingError::BadSlice`] when the sizes do not match or are 0, [`ImagingError::BadSetting`] when `tiles`
/// is not in 1..=256 or `clip_limit` is not finite.
pub fn clahe(
    pixels: &[u8],
    rows: usize,
    columns: usize,
    clip_limit: f64,
    tiles: usize,
) -> Result<Vec<u8>, ImagingError> {
    if pixels.is_empty() || rows.checked_mul(columns) != Some(pixels.len()) {
        let problem = format!("{} pixels do not make {rows} rows of {columns}", pixels.len());
        return Err(ImagingError::BadSlice { problem });
    }
    if !(1..=256).contains(&tiles) {
        return Err(ImagingError::BadSetting {
            field: "clahe_tiles",
            problem: format!("is {tiles}, not in 1 to 256"),
        });
    }
    if !clip_limit.is_finite() {
        return Err(ImagingError::BadSetting {
            field: "clahe_clip_limit",
            problem: format!("is {clip_limit}"),
        });
    }

    let (mut tile_rows, mut tile_columns) = (rows / tiles, columns / tiles);
    if !rows.is_multiple_of(tiles) || !columns.is_multiple_of(tiles) {
        // OpenCV adds a whole tile count to a side that needs nothing when the other side needs something.
        tile_rows = (rows + tiles - rows % tiles) / tiles;
        tile_columns = (columns + tiles - columns % tiles) / tiles;
    }
    let area = tile_rows * tile_columns;
    let scale = (LEVELS - 1) as f32 / area as f32;
    let limit = if clip_limit > 0.0 {
        Some(((clip_limit * area as f64 / LEVELS as f64) as u32).max(1))
    } else {
        None
    };

    let mut tables = Vec::with_capacity(tiles * tiles);
    for tile in 0..tiles * tiles {
        let (top, left) = (tile / tiles * tile_rows, tile % tiles * tile_columns);
        let mut histogram = [0_u32; LEVELS];
        for y in top..top + tile_rows {
            let row = &pixels[reflect_101(y, rows) * columns..][..columns];
            for x in left..left + tile_columns {
                histogram[usize::from(row[reflect_101(x, columns)])] += 1;
            }
        }
        if let Some(limit) = limit {
            clip(&mut histogram, limit);
        }
        tables.push(table(&histogram, scale));
    }

    let across: Vec<Blend> = (0..columns).map(|x| Blend::at(x, tile_columns, tiles)).collect();
    let mut out = Vec::with_capacity(pixels.len());
    for (y, row) in pixels.chunks_exact(columns).enumerate() {
        let down = Blend::at(y, tile_rows, tiles);
        let (upper, lower) = (&tables[down.first * tiles..], &tables[down.second * tiles..]);
        for (&pixel, x) in row.iter().zip(&across) {
            let level = usize::from(pixel);
            let mean = |t: &[[u8; LEVELS]]| {
                f32::from(t[x.first][level]) * (1.0 - x.weight) + f32::from(t[x.second][level]) * x.weight
            };
            let value = mean(upper) * (1.0 - down.weight) + mean(lower) * down.weight;
            out.push(saturate(value));
        }
    }
    Ok(out)
}

/// The two tiles that a coordinate lies between, and the weight of the second.
struct Blend {
    first: usize,
    second: usize,
    weight: f32,
}

impl Blend {
    fn at(position: usize, tile_side: usize, tiles: usize) -> Self {
        // OpenCV multiplies by the reciprocal in single precision.
        let place = position as f32 * (1.0 / tile_side as f32) - 0.5;
        let floor = place.floor();
        Self {
            first: floor.max(0.0) as usize,
            second: ((floor + 1.0) as usize).min(tiles - 1),
            weight: place - floor,
        }
    }
}

/// Cuts every count to `limit` and spreads what was cut over all levels, the remainder at even steps.
fn clip(histogram: &mut [u32; LEVELS], limit: u32) {
    let mut clipped = 0;
    for count in histogram.iter_mut() {
        clipped += count.saturating_sub(limit);
        *count = (*count).min(limit);
    }
    let batch = clipped / LEVELS as u32;
    for count in histogram.iter_mut() {
        *count += batch;
    }
    let residual = clipped as usize % LEVELS;
    if let Some(step) = LEVELS.checked_div(residual) {
        for level in (0..LEVELS).step_by(step.max(1)).take(residual) {
            histogram[level] += 1;
        }
    }
}

/// The cumulative histogram as a table from old to new grey level.
fn table(histogram: &[u32; LEVELS], scale: f32) -> [u8; LEVELS] {
    let mut sum = 0_u32;
    histogram.map(|count| {
        sum += count;
        saturate(sum as f32 * scale)
    })
}

/// `cv::saturate_cast<uchar>`: to the nearest level, halves to even.
fn saturate(value: f32) -> u8 {
    value.round_ties_even().clamp(0.0, 255.0) as u8
}

/// `cv::BORDER_REFLECT_101` past the end of a side: the edge pixel is not repeated.
fn reflect_101(position: usize, side: usize) -> usize {
    if position < side {
        return position;
    }
    let period = 2 * (side - 1);
    if period == 0 {
        return 0;
    }
    let place = position % period;
    place.min(period - place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reflection_leaves_the_edge_out() {
        let seen: Vec<usize> = (0..9).map(|x| reflect_101(x, 3)).collect();
        assert_eq!(seen, [0, 1, 2, 1, 0, 1, 2, 1, 0]);
        assert_eq!(reflect_101(5, 1), 0);
    }

    #[test]
    fn clipping_keeps_the_number_of_pixels() {
        let mut histogram = [0; LEVELS];
        histogram[10] = 1000;
        histogram[200] = 24;
        clip(&mut histogram, 28);
        assert_eq!(histogram.iter().sum::<u32>(), 1024);
        // 972 clipped: 3 for each level and 204 left over, one each for levels 0 to 203.
        assert_eq!((histogram[0], histogram[10], histogram[200], histogram[255]), (4, 32, 28, 3));
    }

    #[test]
    fn wrong_sizes_are_errors() {
        assert!(matches!(clahe(&[0; 5], 2, 3, 7.0, 8), Err(ImagingError::BadSlice { .. })));
        assert!(matches!(clahe(&[], 0, 3, 7.0, 8), Err(ImagingError::BadSlice { .. })));
        assert!(matches!(clahe(&[0; 6], 2, 3, 7.0, 0), Err(ImagingError::BadSetting { .. })));
        assert!(matches!(clahe(&[0; 6], 2, 3, f64::NAN, 8), Err(ImagingError::BadSetting { .. })));
    }
}
