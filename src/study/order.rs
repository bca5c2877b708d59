//! The slices of a series in their order, and whether they can be measured.

use super::StudyError;
use super::choose::StudyFile;
use super::steps::even_step;
use super::vector::{Vector, axes, dot, length, minus};
use crate::imaging::DicomHeader;

/// The least number of slices: one a zone.
const LEAST_SLICES: usize = 3;
/// Directions may differ by this length, spacings by this many mm.
const SAME: f64 = 1e-3;

/// One slice in its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlicePlace {
    /// Which file, as an index into the list of files.
    pub file: usize,
    /// Its position along the normal towards the head, in mm; patient z where the slices are not oblique.
    pub height_mm: f64,
    /// InstanceNumber, by which viewers name the slice.
    pub instance_number: Option<i64>,
}

/// A series that can be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesPlan {
    /// The slices, the lowest (nearest to the feet) first.
    pub slices: Vec<SlicePlace>,
    /// Height of each slice in pixels.
    pub rows: usize,
    /// Width of each slice in pixels.
    pub columns: usize,
    /// Between rows, then between columns, in mm.
    pub pixel_spacing_mm: [f64; 2],
    /// The median distance of neighbouring slices, by their positions, in mm.
    pub slice_spacing_mm: f64,
    /// SliceThickness of the first file, in mm. It only informs.
    pub slice_thickness_mm: Option<f64>,
    /// The header of the first file, which names study, series and frame of reference.
    pub header: DicomHeader,
}

/// Sorts the files of a series by position along their normal, whatever their names and instance numbers, and checks
/// that they can be measured: one size, spacing, direction and frame of reference; evenly spaced without gaps or
/// duplicates; not tilted.
///
/// # Errors
/// The [`StudyError`] that says what does not fit.
pub fn order_series(files: &[StudyFile], chosen: &[usize]) -> Result<SeriesPlan, StudyError> {
    let members: Vec<(usize, &DicomHeader)> =
        chosen.iter().filter_map(|&i| files.get(i)?.header.as_ref().map(|header| (i, header))).collect();
    let headers: Vec<&DicomHeader> = members.iter().map(|(_, header)| *header).collect();
    let Some(&first) = headers.first() else {
        return Err(StudyError::TooFewSlices { found: 0, needed: LEAST_SLICES });
    };
    readable(&headers)?;
    let orientations = each(&headers, "ImageOrientationPatient (0020,0037)", |h| h.orientation)?;
    let positions = each(&headers, "ImagePositionPatient (0020,0032)", |h| h.position)?;
    let spacings = each(&headers, "PixelSpacing (0028,0030)", |h| h.pixel_spacing_mm)?;
    same_everywhere(&headers, &orientations, &spacings)?;
    if members.len() < LEAST_SLICES {
        return Err(StudyError::TooFewSlices { found: members.len(), needed: LEAST_SLICES });
    }
    let pixel_spacing_mm = spacings[0];
    if pixel_spacing_mm.iter().any(|&mm| mm <= 0.0) {
        let value = format!("{pixel_spacing_mm:?}");
        return Err(StudyError::BadGeometry { what: "a PixelSpacing (0028,0030)", value });
    }
    let Some((row, normal)) = axes(orientations[0]) else {
        let value = format!("{:?}", orientations[0]);
        return Err(StudyError::BadGeometry { what: "an ImageOrientationPatient (0020,0037)", value });
    };
    if row[0].abs() <= row[1].abs().max(row[2].abs()) {
        return Err(StudyError::Turned);
    }
    let mut placed: Vec<(Vector, SlicePlace)> = members
        .iter()
        .zip(&positions)
        .map(|(&(file, header), &position)| {
            let height_mm = dot(position, normal);
            (position, SlicePlace { file, height_mm, instance_number: header.instance_number })
        })
        .collect();
    placed.sort_by(|(_, a), (_, b)| a.height_mm.total_cmp(&b.height_mm));
    let places: Vec<Vector> = placed.iter().map(|(place, _)| *place).collect();
    Ok(SeriesPlan {
        slice_spacing_mm: even_step(&places, normal)?,
        slices: placed.into_iter().map(|(_, slice)| slice).collect(),
        rows: first.rows.unwrap_or_default(),
        columns: first.columns.unwrap_or_default(),
        pixel_spacing_mm,
        slice_thickness_mm: first.slice_thickness_mm,
        header: first.clone(),
    })
}

/// Refuses compressed pixels and several images a file.
fn readable(headers: &[&DicomHeader]) -> Result<(), StudyError> {
    for header in headers {
        if let Some(coding) = header.unread_coding.clone() {
            return Err(StudyError::Coding { coding });
        }
        if header.frames > 1 {
            return Err(StudyError::MultiFrame { frames: header.frames });
        }
    }
    Ok(())
}

/// An attribute of every file, or the error that some lack it.
fn each<T>(
    headers: &[&DicomHeader],
    what: &'static str,
    get: impl Fn(&DicomHeader) -> Option<T>,
) -> Result<Vec<T>, StudyError> {
    let of = headers.len();
    let found: Vec<T> = headers.iter().filter_map(|header| get(header)).collect();
    if found.len() < of {
        return Err(StudyError::NoGeometry { what, files: of - found.len(), of });
    }
    Ok(found)
}

/// Refuses slices of which one differs from the first in what all must share.
fn same_everywhere(
    headers: &[&DicomHeader],
    orientations: &[[f64; 6]],
    spacings: &[[f64; 2]],
) -> Result<(), StudyError> {
    let mixed = |what, first: String, other: String| Err(StudyError::Mixed { what, first, other });
    let size = |h: &DicomHeader| (h.rows.unwrap_or_default(), h.columns.unwrap_or_default());
    let text = |(rows, columns): (usize, usize)| format!("{columns} x {rows} pixels");
    let halves = |o: [f64; 6]| ([o[0], o[1], o[2]], [o[3], o[4], o[5]]);
    let (row, column) = halves(orientations[0]);
    for ((header, &orientation), &spacing) in headers.iter().zip(orientations).zip(spacings) {
        if size(header) != size(headers[0]) {
            return mixed("the size", text(size(headers[0])), text(size(header)));
        }
        if spacing.iter().zip(&spacings[0]).any(|(a, b)| (a - b).abs() > SAME) {
            return mixed("the pixel spacing", format!("{:?} mm", spacings[0]), format!("{spacing:?} mm"));
        }
        let (other_row, other_column) = halves(orientation);
        if length(minus(row, other_row)).max(length(minus(column, other_column))) > SAME {
            return mixed("the orientation", format!("{:?}", orientations[0]), format!("{orientation:?}"));
        }
        if header.study_uid != headers[0].study_uid {
            return mixed("the study", "one study".into(), "another".into());
        }
        if header.frame_of_reference_uid != headers[0].frame_of_reference_uid {
            return mixed("the frame of reference", "one scan".into(), "another".into());
        }
    }
    Ok(())
}
