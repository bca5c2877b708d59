//! Volumes in one file, NIfTI and NRRD, and stacks of pictures.
//!
//! [`read_volume_header`] says what a file holds, [`VolumeReader`] hands out its slices one by one: axial, the lowest first,
//! as radiologists view them (the patient's right on the left of the image, the front on top). [`SourceGrid`] is the way
//! back to the file's own voxels.
//!
//! The formats do not say what their values mean: a volume with air is in Hounsfield units, one from 0 to 255 has grey
//! levels, and anything else is refused. A header states sizes; they are checked against the file before they are used.

mod element;
mod error;
mod grid;
mod header;
mod nifti;
mod nrrd;
mod orient;
mod reader;
mod scale;
mod stack;

pub use error::VolumeError;
pub use grid::{Along, SourceAxis, SourceGrid};
pub use header::{VolumeFormat, VolumeHeader, read_volume_header};
pub use reader::VolumeReader;
pub use stack::natural_order;
