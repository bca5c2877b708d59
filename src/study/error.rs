//! Why a study cannot be measured.

use std::fmt;

use thiserror::Error;

use super::{SetAside, list_reasons};
use crate::masks::MaskError;
use crate::words::counted;

/// What must be the same in all slices of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Differing {
    /// Rows and columns.
    Size,
    /// PixelSpacing.
    PixelSpacing,
    /// ImageOrientationPatient.
    Orientation,
    /// StudyInstanceUID.
    Study,
    /// The patient's name and number.
    Patient,
    /// FrameOfReferenceUID: the coordinates of one scan.
    FrameOfReference,
}

impl fmt::Display for Differing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "the size",
            Self::PixelSpacing => "the pixel spacing",
            Self::Orientation => "the orientation",
            Self::Study => "the study",
            Self::Patient => "the patient",
            Self::FrameOfReference => "the frame of reference",
        })
    }
}

/// A study that has no result. There is never a result of a part of it. Each message is one or two plain sentences.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum StudyError {
    /// No CT series is among the files.
    #[error("There is no axial CT series here: {}.", list_reasons(.set_aside))]
    NoSeries {
        /// What the files are instead.
        set_aside: Vec<SetAside>,
    },
    /// Pixels in a coding that is not read.
    #[error(
        "The CT series stores its pixels as {coding}, which LungLens does not read. Please export it uncompressed \
         (Explicit VR Little Endian)."
    )]
    Coding {
        /// Name and UID of the transfer syntax.
        coding: String,
    },
    /// Several images in one file, not placed one by one.
    #[error("The CT series holds {frames} images in one file, which does not say where each lies.")]
    MultiFrame {
        /// Value of NumberOfFrames.
        frames: u32,
    },
    /// Images that a DICOMDIR lists and that are not among the files.
    #[error(
        "The DICOMDIR lists {} of the CT series than are here. Please copy the medium whole, or leave the DICOMDIR out.",
        counted(*.missing, "more image")
    )]
    Missing {
        /// How many.
        missing: usize,
    },
    /// Files that do not say where their image lies.
    #[error(
        "{files} of {} of the CT series {} not state {what}, so volumes cannot be measured.",
        counted(*.of, "file"),
        if *.files == 1 { "does" } else { "do" }
    )]
    NoGeometry {
        /// The missing attribute, by name and tag.
        what: &'static str,
        /// How many files lack it.
        files: usize,
        /// How many the series has.
        of: usize,
    },
    /// Too few slices.
    #[error(
        "The series has {} to read; a study needs at least {needed}.",
        counted(*.found, "slice")
    )]
    TooFewSlices {
        /// Slices that would be read.
        found: usize,
        /// The least number.
        needed: usize,
    },
    /// Slices of different studies, patients, sizes, spacings, directions or coordinates.
    #[error("The slices of the CT series do not fit together: {what} differs ({first} and {other}).")]
    Mixed {
        /// What differs.
        what: Differing,
        /// The value of the first file.
        first: String,
        /// A value of another.
        other: String,
    },
    /// A direction or spacing that makes no sense.
    #[error("The CT series states {what} that cannot be used ({value}).")]
    BadGeometry {
        /// What it is.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// Slices of which the patient's sides are not known.
    #[error(
        "It cannot be told which side of the slices is the patient's right: their rows do not run from side to side, or the \
         file does not say how it lies."
    )]
    Turned,
    /// Different images at one place.
    #[error(
        "Positions of the CT series with more than one slice: {places}, the first at {height_mm:.1} mm. Scans, \
         reconstructions or pieces of a scan are mixed; please export one whole scan."
    )]
    Duplicate {
        /// Height of the first such slice, in mm.
        height_mm: f64,
        /// Number of such places.
        places: usize,
    },
    /// Missing slices.
    #[error(
        "Slices are missing between {from_mm:.1} and {to_mm:.1} mm: the step there is {step_mm:.2} mm where the others \
         have {spacing_mm:.2} mm."
    )]
    Gap {
        /// Height of the slice below, in mm.
        from_mm: f64,
        /// Height of the slice above, in mm.
        to_mm: f64,
        /// Their distance, in mm.
        step_mm: f64,
        /// The median distance, in mm.
        spacing_mm: f64,
    },
    /// Slices that are not evenly spaced.
    #[error(
        "The slices are not evenly spaced: at {at_mm:.1} mm the step is {step_mm:.2} mm where the others have \
         {spacing_mm:.2} mm."
    )]
    Uneven {
        /// Height of the lower slice, in mm.
        at_mm: f64,
        /// The step, in mm.
        step_mm: f64,
        /// The median step, in mm.
        spacing_mm: f64,
    },
    /// Slices that are shifted more than a tilted gantry does.
    #[error(
        "The slices are not stacked along their normal but {degrees:.1} degrees beside it, more than a gantry tilts."
    )]
    Tilt {
        /// Angle between the slices' normal and the line of their positions, in degrees.
        degrees: f64,
    },
    /// A slice that lies beside the line of the others.
    #[error("The slice at {height_mm:.1} mm lies {offset_mm:.1} mm beside the line of the others.")]
    Shifted {
        /// Its height, in mm.
        height_mm: f64,
        /// Its distance from the line, in mm.
        offset_mm: f64,
    },
    /// A step of no slices.
    #[error("Every 0th slice cannot be read: give 1 for all slices.")]
    Every,
    /// A boundary that is no percentage.
    #[error("The boundary {0} is not a percentage from 0 to 100.")]
    Boundary(f64),
    /// A slice that was not to come now, or is not the series'.
    #[error("Slice {index} is not the one that was to come: {problem}.")]
    WrongSlice {
        /// Its place in the series, from 0.
        index: usize,
        /// What does not fit.
        problem: String,
    },
    /// A picture of several slices, as a photo of a film.
    #[error(
        "Picture {} shows several slices, as a film does. Read its slices one by one.",
        .index + 1
    )]
    SeveralSlices {
        /// Its place in the series, from 0.
        index: usize,
    },
    /// Not all slices were measured.
    #[error(
        "Only {found} of {} {} measured, so the study has no result.",
        counted(*.needed, "slice"),
        if *.found == 1 { "was" } else { "were" }
    )]
    Incomplete {
        /// Slices measured.
        found: usize,
        /// Slices to be measured.
        needed: usize,
    },
    /// A mask of another size.
    #[error("measuring the study: {0}")]
    Mask(#[from] MaskError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_kind_is_singular() {
        let said = |error: StudyError| error.to_string();
        let missing = |missing| said(StudyError::Missing { missing });
        assert!(missing(1).starts_with("The DICOMDIR lists 1 more image of"), "{}", missing(1));
        assert!(missing(2).starts_with("The DICOMDIR lists 2 more images of"), "{}", missing(2));
        let unplaced = |files| said(StudyError::NoGeometry { what: "Rows", files, of: 3 });
        assert!(unplaced(1).starts_with("1 of 3 files of the CT series does not state Rows"));
        assert!(unplaced(3).starts_with("3 of 3 files of the CT series do not state Rows"));
        let part = |found| said(StudyError::Incomplete { found, needed: 3 });
        assert!(part(1).starts_with("Only 1 of 3 slices was measured") && part(2).contains("were measured"));
    }
}
