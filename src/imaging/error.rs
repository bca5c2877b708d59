//! What can go wrong between the bytes of a file and the network's input.

use super::{FileFormat, MIN_PART_SIDE};
use crate::source::SourceError;
use crate::words::counted;

/// Why a file could not be read or prepared. Each message is one or two plain sentences for the user.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ImagingError {
    /// The file has no bytes.
    #[error("The file is empty.")]
    Empty,
    /// The bytes could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The content is none of the formats that are read.
    #[error(
        "This file looks like {looks_like}. A slice is read from a PNG, JPEG, WebP or BMP picture or a DICOM CT image; volumes \
         and archives are read as a study."
    )]
    UnknownFormat {
        /// What the first bytes suggest, with its article: "a PDF document".
        looks_like: &'static str,
    },
    /// The picture could not be decoded.
    #[error("The {format} picture could not be decoded; the file is damaged or incomplete ({detail}).")]
    Picture {
        /// Which decoder.
        format: FileFormat,
        /// The decoder's own words.
        detail: String,
    },
    /// A picture of several frames, of which any may be meant.
    #[error("The {format} file is an animation. Please save the picture that you mean as PNG or JPEG.")]
    Animated {
        /// The format of the file.
        format: FileFormat,
    },
    /// The file ends before its content does.
    #[error("The {format} file is cut short: it ends {place}. Please copy or export it again.")]
    CutShort {
        /// The format of the file.
        format: FileFormat,
        /// Where it ends: "inside the element (0028,0010) Rows".
        place: String,
    },
    /// More pixels than any CT slice has.
    #[error("The {format} image is {columns} x {rows} pixels; LungLens reads up to {limit} on a side.")]
    TooLarge {
        /// The format of the file.
        format: FileFormat,
        /// Height that the file states, in pixels.
        rows: u64,
        /// Width that the file states, in pixels.
        columns: u64,
        /// The longest side that is read, in pixels.
        limit: usize,
    },
    /// A picture that would take more memory than its file warrants, or a phone has.
    #[error(
        "The {format} picture claims {columns} x {rows} pixels in {bytes} bytes, more than LungLens decodes of such a file. \
         Save it smaller, or only the slice in it."
    )]
    TooManyPixels {
        /// The format of the file.
        format: FileFormat,
        /// Width that the file states, in pixels.
        columns: u32,
        /// Height that the file states, in pixels.
        rows: u32,
        /// Bytes of the file.
        bytes: usize,
    },
    /// A picture whose colours are more than a photo's tint or a few marks.
    #[error(
        "The {format} picture is strongly coloured ({percent} % of it), so it shows no plain CT slice. LungLens reads \
         grey slices and photos of them: cut a photo to the slice, and open it again."
    )]
    Coloured {
        /// The format of the file.
        format: FileFormat,
        /// The share of its pixels that are strongly coloured.
        percent: u32,
    },
    /// A part of a picture that it has not, or that is too small.
    #[error(
        "The part from {},{} to {},{} leaves less than {MIN_PART_SIDE} pixels on a side of the picture, which has {} x {}.",
        area[0],
        area[1],
        area[2],
        area[3],
        size[0],
        size[1]
    )]
    BadPart {
        /// What was asked for, `[x0, y0, x1, y1]` in pixels.
        area: [u32; 4],
        /// Width and height of the picture in pixels.
        size: [u32; 2],
    },
    /// A part of a file that is no picture.
    #[error("Only of a PNG, JPEG, WebP or BMP picture can a part be read, or one be turned.")]
    NoPicture,
    /// The structure of a DICOM file makes no sense.
    #[error("The DICOM file is damaged at byte {offset}: {detail}.")]
    DicomStructure {
        /// Position in the file, in bytes.
        offset: usize,
        /// What was found there.
        detail: String,
    },
    /// Pixel data in a coding that is not read, usually a compressed one.
    #[error(
        "The DICOM file stores its pixels as {name} (transfer syntax {uid}), which LungLens does not read. \
         Please export the slice uncompressed (Explicit VR Little Endian)."
    )]
    TransferSyntax {
        /// The name in the standard, or "an unknown coding".
        name: &'static str,
        /// The value of (0002,0010).
        uid: String,
    },
    /// An element that the image cannot be read without.
    #[error("The DICOM file has no {name} {tag}, so {consequence}.")]
    MissingElement {
        /// The tag as (gggg,eeee).
        tag: String,
        /// The name in the standard.
        name: &'static str,
        /// Why it is needed.
        consequence: &'static str,
    },
    /// An element whose value cannot be used.
    #[error("The DICOM element {name} {tag} {problem}.")]
    BadElement {
        /// The tag as (gggg,eeee).
        tag: String,
        /// The name in the standard.
        name: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
    /// A DICOM image of another modality.
    #[error("The DICOM file holds an image of modality {modality:?} (0008,0060), not a CT slice (CT).")]
    NotCt {
        /// The value of Modality.
        modality: String,
    },
    /// A DICOM file with several images.
    #[error(
        "The DICOM file holds {frames} images (0028,0008): read it as a study instead of a single slice."
    )]
    MultiFrame {
        /// The value of NumberOfFrames.
        frames: i64,
    },
    /// Compressed pixels that cannot be decoded.
    #[error("The DICOM file's pixels, stored as {coding}, cannot be decoded: {detail}.")]
    Compressed {
        /// How they are stored.
        coding: &'static str,
        /// What is wrong with them.
        detail: String,
    },
    /// Pixel data of another length than rows, columns and bits say.
    #[error(
        "The DICOM file's PixelData (7FE0,0010) has {} where {} of {} need {expected}: the file is cut short or damaged.",
        counted(*.found, "byte"),
        counted(*.rows, "row"),
        counted(*.columns, "pixel")
    )]
    PixelLength {
        /// Value of Rows.
        rows: usize,
        /// Value of Columns.
        columns: usize,
        /// Bytes needed.
        expected: usize,
        /// Bytes present.
        found: usize,
    },
    /// A slice whose numbers do not fit together.
    #[error("Preparing the slice: {problem}.")]
    BadSlice {
        /// What does not fit.
        problem: String,
    },
    /// A preprocessing setting that cannot be used.
    #[error("The model's preprocessing setting {field} {problem}.")]
    BadSetting {
        /// The field of [`super::Preprocessing`].
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}
