//! Orientation letters at the borders of a cut.

use super::plane::Plane;
use crate::volume_view::Frame;

/// A direction's second letter is shown from this share of its length on (about 20 degrees).
const OBLIQUE: f64 = 0.34;

/// The letters of a direction in patient coordinates (LPS): R or L, A or P, F or H, the largest part first, with a second
/// one where the direction is oblique.
pub fn letters(direction: [f64; 3]) -> String {
    const LETTERS: [[char; 2]; 3] = [['R', 'L'], ['A', 'P'], ['F', 'H']];
    let mut parts: Vec<(f64, char)> = direction
        .iter()
        .zip(LETTERS)
        .map(|(&part, [below, above])| (part.abs(), if part < 0.0 { below } else { above }))
        .collect();
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    let shown = parts.iter().take(2).enumerate();
    shown.filter(|&(i, &(part, _))| i == 0 || part >= OBLIQUE).map(|(_, &(_, letter))| letter).collect()
}

/// The letters at the left, right, top and bottom border of a cut; none where the volume does not say how it lies.
pub fn borders(plane: Plane, frame: &Frame) -> Option<[String; 4]> {
    let [column, row, slice] = frame.axes?;
    let minus = |v: [f64; 3]| v.map(|part| -part);
    // Where the cut's x and y grow; coronal and sagittal cuts have the last slice at the top.
    let (across, down) = match plane {
        Plane::Axial => (column, row),
        Plane::Coronal => (column, minus(slice)),
        Plane::Sagittal => (row, minus(slice)),
    };
    Some([letters(minus(across)), letters(across), letters(minus(down)), letters(down)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume_view::Values;

    fn frame(axes: Option<[[f64; 3]; 3]>) -> Frame {
        Frame {
            rows: 1,
            columns: 1,
            len: 2,
            pixel_spacing_mm: None,
            slice_spacing_mm: None,
            axes,
            values: Values::Hounsfield,
            picture: None,
        }
    }

    #[test]
    fn usual_views_have_the_usual_letters() {
        let usual = frame(Some([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]));
        assert_eq!(borders(Plane::Axial, &usual), Some(["R", "L", "A", "P"].map(String::from)));
        assert_eq!(borders(Plane::Coronal, &usual), Some(["R", "L", "H", "F"].map(String::from)));
        assert_eq!(borders(Plane::Sagittal, &usual), Some(["A", "P", "H", "F"].map(String::from)));
        assert_eq!(borders(Plane::Axial, &frame(None)), None);
    }

    #[test]
    fn a_prone_patient_and_a_tilt_show() {
        let prone = frame(Some([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]));
        assert_eq!(borders(Plane::Axial, &prone), Some(["L", "R", "P", "A"].map(String::from)));
        let (sine, cosine) = 25f64.to_radians().sin_cos();
        assert_eq!(letters([0.0, cosine, sine]), "PH");
        let (sine, cosine) = 10f64.to_radians().sin_cos();
        assert_eq!(letters([0.0, cosine, -sine]), "P");
    }
}
