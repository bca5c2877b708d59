//! The slices of a series in their order, and whether they can be measured.

use std::collections::BTreeMap;

use super::choose::StudyImage;
use super::steps::even_step;
use super::vector::{Vector, axes, dot, length, minus};
use super::{Differing, StudyError};
use crate::imaging::{DicomHeader, Geometry};

/// Directions may differ by this length, spacings by this many mm.
const SAME: f64 = 1e-3;

/// One slice in its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlicePlace {
    /// Which file, as an index into the list of files.
    pub file: usize,
    /// Which frame of that file, from 0.
    pub frame: u32,
    /// Its position along the normal towards the head, in mm; patient z where the slices are not oblique. None where the
    /// file does not say where it lies, as a picture.
    pub height_mm: Option<f64>,
    /// InstanceNumber, by which viewers name the slice.
    pub instance_number: Option<i64>,
}

/// A series that can be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesPlan {
    /// The slices, the lowest (nearest to the feet) first.
    pub slices: Vec<SlicePlace>,
    /// Height of a slice in pixels.
    pub rows: usize,
    /// Width of a slice in pixels.
    pub columns: usize,
    /// The grid of the slices; none where the files do not say how large their voxels are, as pictures.
    pub geometry: Option<Geometry>,
    /// Whether the files say how the slices lie in the patient. Without it the usual view is assumed, with the patient's
    /// right on the left of the image, and which end is the head is not known.
    pub oriented: bool,
    /// SliceThickness of the first file, in mm. It only informs.
    pub slice_thickness_mm: Option<f64>,
    /// The header of the lowest slice, which names study, series and frame of reference.
    pub header: DicomHeader,
}

/// Sorts the images of a series by position along their normal, whatever their names and instance numbers, and checks
/// that they can be measured: one size, spacing, direction, patient and frame of reference; evenly spaced without gaps or
/// duplicates. The slices of a tilted gantry stay as they are: [`Geometry::slice_step_mm`] says how they are shifted. One
/// slice alone has its thickness as its spacing, or 1 mm where it states none.
///
/// # Errors
/// The [`StudyError`] that says what does not fit.
pub fn order_series(images: &[StudyImage], chosen: &[usize]) -> Result<SeriesPlan, StudyError> {
    let members: Vec<&StudyImage> = chosen.iter().filter_map(|&index| images.get(index)).collect();
    let headers: Vec<&DicomHeader> = members.iter().map(|image| &image.header).collect();
    let Some(&first) = headers.first() else {
        return Err(StudyError::TooFewSlices { found: 0, needed: 1 });
    };
    readable(&members)?;
    let orientations = each(&headers, "ImageOrientationPatient (0020,0037)", |h| h.orientation)?;
    let positions = each(&headers, "ImagePositionPatient (0020,0032)", |h| h.position)?;
    let spacings = each(&headers, "PixelSpacing (0028,0030)", |h| h.pixel_spacing_mm)?;
    same_everywhere(&headers, &orientations, &spacings)?;
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
    let mut placed: Vec<(Vector, &StudyImage)> = positions.into_iter().zip(members).collect();
    placed.sort_by(|(a, _), (b, _)| dot(*a, normal).total_cmp(&dot(*b, normal)));
    let places: Vec<Vector> = placed.iter().map(|(place, _)| *place).collect();
    let thickness = first.slice_thickness_mm.filter(|&mm| mm > 0.0);
    let slice_spacing_mm = match places.len() {
        1 => thickness.unwrap_or(1.0),
        _ => even_step(&places, normal)?,
    };
    let (origin_mm, last) = (places[0], places[places.len() - 1]);
    let slice_step_mm = match places.len() {
        1 => normal.map(|v| v * slice_spacing_mm),
        count => minus(last, origin_mm).map(|v| v / (count - 1) as f64),
    };
    let [_, _, _, d, e, f] = orientations[0];
    let column_length = length([d, e, f]);
    let lowest = &placed[0].1.header;
    Ok(SeriesPlan {
        rows: first.rows.unwrap_or_default(),
        columns: first.columns.unwrap_or_default(),
        oriented: true,
        geometry: Some(Geometry {
            slices: places.len(),
            rows: first.rows.unwrap_or_default(),
            columns: first.columns.unwrap_or_default(),
            pixel_spacing_mm,
            slice_spacing_mm,
            origin_mm,
            row_direction: row,
            column_direction: [d, e, f].map(|v| v / column_length),
            slice_step_mm,
        }),
        slice_thickness_mm: first.slice_thickness_mm,
        header: lowest.clone(),
        slices: placed
            .iter()
            .map(|&(place, image)| SlicePlace {
                file: image.file,
                frame: image.frame,
                height_mm: Some(dot(place, normal)),
                instance_number: image.header.instance_number,
            })
            .collect(),
    })
}

/// Refuses codings that are not read, and files of several images that are not described one by one.
fn readable(members: &[&StudyImage]) -> Result<(), StudyError> {
    let mut of_file: BTreeMap<usize, u32> = BTreeMap::new();
    for image in members {
        if let Some(coding) = image.header.unread_coding.clone() {
            return Err(StudyError::Coding { coding });
        }
        *of_file.entry(image.file).or_default() += 1;
    }
    let whole = |image: &&&StudyImage| of_file.get(&image.file) == Some(&image.header.frames.max(1));
    match members.iter().find(|image| !whole(image)) {
        Some(image) => Err(StudyError::MultiFrame { frames: image.header.frames }),
        None => Ok(()),
    }
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
            return mixed(Differing::Size, text(size(headers[0])), text(size(header)));
        }
        if spacing.iter().zip(&spacings[0]).any(|(a, b)| (a - b).abs() > SAME) {
            return mixed(
                Differing::PixelSpacing,
                format!("{:?} mm", spacings[0]),
                format!("{spacing:?} mm"),
            );
        }
        let (other_row, other_column) = halves(orientation);
        if length(minus(row, other_row)).max(length(minus(column, other_column))) > SAME {
            return mixed(
                Differing::Orientation,
                format!("{:?}", orientations[0]),
                format!("{orientation:?}"),
            );
        }
        if header.study_uid != headers[0].study_uid {
            return mixed(Differing::Study, "one study".into(), "another".into());
        }
        // A file that states none differs too: it may be of anyone, and where only some have lost their number the lowest
        // slice would decide whether SEG and SR name the patient.
        if header.patient != headers[0].patient {
            return mixed(Differing::Patient, "one patient".into(), "another, or none stated".into());
        }
        if header.frame_of_reference_uid != headers[0].frame_of_reference_uid {
            return mixed(Differing::FrameOfReference, "one scan".into(), "another".into());
        }
    }
    Ok(())
}
