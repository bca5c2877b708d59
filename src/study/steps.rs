//! Whether slices lie evenly along one line.

use super::StudyError;
use super::vector::{Vector, dot, length, minus, plus};

/// Slices nearer to each other than this lie at the same place, in mm.
const SAME_PLACE_MM: f64 = 0.01;
/// A step this many times the median means a missing slice.
const GAP: f64 = 1.5;
/// How far a step may be from the median, as a share of it. Positions are often rounded to 0.1 mm.
const UNEVEN: f64 = 0.2;
/// The most that a gantry is tilted, in degrees; scanners reach 30.
const MAX_TILT_DEGREES: f64 = 31.0;
/// How far a slice may lie beside the line from the first to the last, in mm.
const SHIFT_MM: f64 = 1.0;

/// The mean step in mm of two or more places that are sorted by their height along `normal`, if they lie evenly on a line
/// along it, or beside it by a tilted gantry. Single steps are compared with the median.
pub fn even_step(places: &[Vector], normal: Vector) -> Result<f64, StudyError> {
    let heights: Vec<f64> = places.iter().map(|&place| dot(place, normal)).collect();
    let steps: Vec<f64> = heights.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut equal = steps.iter().zip(&heights).filter(|&(&step, _)| step < SAME_PLACE_MM);
    if let Some((_, &height_mm)) = equal.next() {
        return Err(StudyError::Duplicate { height_mm, places: 1 + equal.count() });
    }
    straight(places, &heights, normal)?;
    let spacing_mm = median(&steps);
    for (pair, &step_mm) in heights.windows(2).zip(&steps) {
        let [from_mm, to_mm] = [pair[0], pair[1]];
        if step_mm > GAP * spacing_mm {
            return Err(StudyError::Gap { from_mm, to_mm, step_mm, spacing_mm });
        }
        if (step_mm - spacing_mm).abs() > UNEVEN * spacing_mm {
            return Err(StudyError::Uneven { at_mm: from_mm, step_mm, spacing_mm });
        }
    }
    Ok((heights[heights.len() - 1] - heights[0]) / steps.len() as f64)
}

/// Checks that the places lie on a line not far from the normal.
fn straight(places: &[Vector], heights: &[f64], normal: Vector) -> Result<(), StudyError> {
    let (Some(&first), Some(&last)) = (places.first(), places.last()) else { return Ok(()) };
    let way = minus(last, first);
    let whole = dot(way, normal);
    let degrees = length(plus(way, -whole, normal)).atan2(whole).to_degrees();
    if degrees > MAX_TILT_DEGREES {
        return Err(StudyError::Tilt { degrees });
    }
    for (&place, &height_mm) in places.iter().zip(heights) {
        let along = (height_mm - heights[0]) / whole;
        let offset_mm = length(minus(minus(place, first), way.map(|v| v * along)));
        if offset_mm > SHIFT_MM {
            return Err(StudyError::Shifted { height_mm, offset_mm });
        }
    }
    Ok(())
}

/// The middle value, or the mean of the two middle ones.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: Vector = [0.0, 0.0, 1.0];

    fn column(heights: &[f64]) -> Vec<Vector> {
        heights.iter().map(|&z| [-10.0, 5.0, z]).collect()
    }

    #[test]
    fn the_step_is_the_mean() {
        assert_eq!(even_step(&column(&[0.0, 1.0, 2.1, 3.0]), UP), Ok(1.0));
        // Rounded to 0.1 mm, as scanners write a spacing of 0.625 mm.
        assert_eq!(even_step(&column(&[0.0, 0.6, 1.3, 1.9, 2.5]), UP), Ok(0.625));
    }

    #[test]
    fn gaps_and_uneven_steps_are_refused() {
        let gap = even_step(&column(&[0.0, 2.0, 4.0, 8.0, 10.0]), UP);
        assert_eq!(gap, Err(StudyError::Gap { from_mm: 4.0, to_mm: 8.0, step_mm: 4.0, spacing_mm: 2.0 }));
        let uneven = even_step(&column(&[0.0, 2.0, 4.0, 5.0, 7.0]), UP);
        assert!(matches!(uneven, Err(StudyError::Uneven { .. })), "{uneven:?}");
        let twice = even_step(&column(&[0.0, 2.0, 2.0, 4.0]), UP);
        assert_eq!(twice, Err(StudyError::Duplicate { height_mm: 2.0, places: 1 }));
    }

    #[test]
    fn a_tilted_gantry_is_taken_and_a_steep_line_is_not() {
        let tilted = |degrees: f64| -> Vec<Vector> {
            let across = degrees.to_radians().tan();
            (0..9).map(|k| [0.0, f64::from(k) * 2.0 * across, f64::from(k) * 2.0]).collect()
        };
        // The step is along the normal: what a voxel's volume is made of.
        assert_eq!(even_step(&tilted(30.0), UP), Ok(2.0));
        let steep = even_step(&tilted(33.0), UP);
        assert!(
            matches!(steep, Err(StudyError::Tilt { degrees }) if (degrees - 33.0).abs() < 1e-9),
            "{steep:?}"
        );
    }

    #[test]
    fn a_slice_beside_the_line_is_refused() {
        let mut places = column(&[0.0, 2.0, 4.0, 6.0]);
        places[1][0] += 3.0;
        let shifted = even_step(&places, UP);
        assert!(matches!(shifted, Err(StudyError::Shifted { .. })), "{shifted:?}");
    }
}
