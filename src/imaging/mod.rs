//! From the bytes of a file to the values that the network reads, and back to source pixels.
//!
//! [`decode`] recognises a file by its content, [`preprocess`] makes the network's input of it, and
//! [`Letterbox`] brings boxes back. [`read_dicom_header`] says where an image lies in its study. The page, the command line, evaluation and the export for training all
//! call these same functions.

mod clahe;
mod decode;
mod dicom;
mod display;
mod error;
mod geometry;
mod letterbox;
mod lung_crop;
mod photo;
mod picture;
mod preprocess;
mod resize;
mod slice;

pub use clahe::clahe;
pub use decode::{
    MAX_SIDE, PICTURE_HEAD, begins_like_a_picture, decode, decode_part, name_unread_picture, unknown_format,
};
pub(crate) use dicom::entry_of as dicom_entry;
pub use dicom::{
    AIR_HU, DicomHeader, DicomIdentity, DicomImage, ListedImage, LossyCompression, UNKNOWN_CODING,
    read_dicom_header, salvage_series,
};
pub use display::{LUNG_WINDOW, display_grey};
pub use error::ImagingError;
pub use geometry::{Geometry, Vector};
pub use letterbox::Letterbox;
pub use lung_crop::LungCrop;
pub use photo::{Photo, pairs_of_lungs};
pub use picture::{MAX_PICTURE_SIDE, MIN_PART_SIDE, PicturePart, PictureReading, picture_size};
pub use preprocess::{ClaheMode, NetworkInput, PreparedSlice, Preprocessing, prepare, preprocess};
pub use resize::{resize_bilinear, resize_cubic};
pub use slice::{CtSlice, FileFormat, PixelSpacing, ValueScale};
