//! Where a study came from, as far as its results refer to it.

use crate::imaging::Geometry;

/// Which way of the slices an axis of the source's grid runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    /// Across a slice, as its columns grow.
    Columns,
    /// Down a slice, as its rows grow.
    Rows,
    /// From slice to slice, towards the head.
    Slices,
}

/// One axis of the source's grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceAxis {
    /// Which way of the slices it is.
    pub along: Along,
    /// Whether it runs the other way round.
    pub reversed: bool,
}

/// The grid of voxels that the source itself has, and how the measured slices lie in it.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceGrid {
    /// Voxels along each axis of the source; the first varies fastest.
    pub shape: [usize; 3],
    /// From voxel indices to mm as NIfTI has it, growing to the patient's right, front and head (RAS); three rows of the
    /// 4 x 4 matrix.
    pub affine_ras: [[f64; 4]; 3],
    /// What each axis is in the slices.
    pub axes: [SourceAxis; 3],
}

impl SourceGrid {
    /// The grid of a series as it is: columns, rows, slices.
    pub fn of_series(geometry: &Geometry) -> Self {
        let [row_mm, column_mm] = geometry.pixel_spacing_mm;
        let ways = [
            geometry.row_direction.map(|v| v * column_mm),
            geometry.column_direction.map(|v| v * row_mm),
            geometry.slice_step_mm,
            geometry.origin_mm,
        ];
        // DICOM's x and y run the other way.
        let affine_ras = std::array::from_fn(|axis| {
            let sign = if axis < 2 { -1.0 } else { 1.0 };
            // Without negative zeros, which nobody wants to read.
            ways.map(|way| sign * way[axis] + 0.0)
        });
        let axis = |along| SourceAxis { along, reversed: false };
        Self {
            shape: [geometry.columns, geometry.rows, geometry.slices],
            affine_ras,
            axes: [axis(Along::Columns), axis(Along::Rows), axis(Along::Slices)],
        }
    }
}

/// One DICOM image of the series.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceInstance {
    /// SOPClassUID (0008,0016).
    pub sop_class_uid: String,
    /// SOPInstanceUID (0008,0018).
    pub sop_uid: String,
    /// The frame, from 1, in a file of many.
    pub frame: Option<u32>,
    /// ImagePositionPatient (0020,0032) as the file states it, in mm.
    pub position_mm: [f64; 3],
}

/// What DICOM results repeat of the study, so that a system files them with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// PatientName (0010,0010).
    pub patient_name: String,
    /// PatientID (0010,0020).
    pub patient_id: String,
    /// PatientBirthDate (0010,0030), as `19700131`.
    pub patient_birth_date: String,
    /// PatientSex (0010,0040): `M`, `F` or `O`.
    pub patient_sex: String,
    /// StudyDate (0008,0020).
    pub study_date: String,
    /// StudyTime (0008,0030).
    pub study_time: String,
    /// StudyID (0020,0010).
    pub study_id: String,
    /// AccessionNumber (0008,0050).
    pub accession_number: String,
    /// ReferringPhysicianName (0008,0090).
    pub referring_physician: String,
}

/// The series that was measured, of DICOM input.
#[derive(Debug, Clone, PartialEq)]
pub struct DicomSource {
    /// StudyInstanceUID.
    pub study_uid: String,
    /// SeriesInstanceUID.
    pub series_uid: String,
    /// FrameOfReferenceUID.
    pub frame_of_reference_uid: Option<String>,
    /// The image of each slice of the series, the lowest first, also of those that were not read.
    pub instances: Vec<SourceInstance>,
    /// Patient and study; empty texts where the files do not say.
    pub identity: Identity,
}
