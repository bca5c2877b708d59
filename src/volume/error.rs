//! Why a volume cannot be read.

use thiserror::Error;

use super::VolumeFormat;
use crate::container::ContainerError;
use crate::source::SourceError;
use crate::words::counted;

/// What went wrong with a volume. Each message is one or two plain sentences for the user.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// Its bytes cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Its bytes cannot be inflated.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// The file has fewer bytes than its header calls for.
    #[error(
        "The {format} file is cut short or damaged: its header calls for {}, and it holds {at_most} at most.",
        counted(*.needed, "byte")
    )]
    CutShort {
        /// The format of the file.
        format: VolumeFormat,
        /// Bytes of the inflated file that are needed.
        needed: u128,
        /// Bytes that it has, or can have at most.
        at_most: u64,
    },
    /// A field that makes no sense.
    #[error("The {format} file's {field} {problem}.")]
    BadField {
        /// The format of the file.
        format: VolumeFormat,
        /// Name of the field in the format's description.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Something that the format has and LungLens does not read.
    #[error("The {format} file {what}, which LungLens does not read. {instead}.")]
    Unread {
        /// The format of the file.
        format: VolumeFormat,
        /// What it has: "stores complex numbers".
        what: String,
        /// What to do.
        instead: &'static str,
    },
    /// Sizes that no CT volume has.
    #[error("The {format} volume has {shape:?} voxels; LungLens reads up to {limit}.")]
    TooLarge {
        /// The format of the file.
        format: VolumeFormat,
        /// Voxels along each axis of the file.
        shape: [u64; 3],
        /// The limit, in words.
        limit: &'static str,
    },
    /// Axes that are no axes of the patient.
    #[error(
        "The {format} volume lies {how} in the patient; LungLens reads axial slices that can be told by left and right."
    )]
    Oblique {
        /// The format of the file.
        format: VolumeFormat,
        /// How it lies: "turned by more than 45 degrees".
        how: &'static str,
    },
    /// A volume of labels, as segmentations have.
    #[error(
        "The {format} volume holds labels ({distinct} different values from {low} to {high}), not a CT. Please choose the \
         images themselves."
    )]
    Labels {
        /// The format of the file.
        format: VolumeFormat,
        /// How many values there are.
        distinct: usize,
        /// The lowest value.
        low: f64,
        /// The highest value.
        high: f64,
    },
    /// Values that are neither Hounsfield units nor grey levels.
    #[error(
        "The {format} volume has values from {low} to {high}: neither Hounsfield units, of which air has about -1000, nor \
         grey levels from 0 to 255. If they are shifted, please export it in Hounsfield units."
    )]
    UnknownScale {
        /// The format of the file.
        format: VolumeFormat,
        /// The lowest value that was seen.
        low: f64,
        /// The highest.
        high: f64,
    },
    /// A value that is no number, or beyond the range.
    #[error("Slice {slice} of the {format} volume has the value {value} at row {row}, column {column}.")]
    BadValue {
        /// The format of the file.
        format: VolumeFormat,
        /// The slice, from 1, the lowest first.
        slice: usize,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The value.
        value: f32,
    },
    /// A slice that the volume does not have.
    #[error("The volume has {}; slice {index} (from 0) is not there.", counted(*.slices, "slice"))]
    NoSlice {
        /// The slice that was asked for, from 0.
        index: usize,
        /// How many there are.
        slices: usize,
    },
}
