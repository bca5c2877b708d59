//! Archives and compressed files as sources of bytes.
//!
//! [`Archive`] lists the entries of a ZIP archive, [`GzipSource`] is what a gzip file holds. Both give random access
//! without keeping what they inflate: of a stream they remember states of the decoder some MB apart and a few blocks.
//! Declared sizes are checked against limits first and against the data while they are read.

mod error;
mod gzip;
mod inflate;
mod part;
mod stored;
mod zip;

pub use error::ContainerError;
pub use gzip::{GzipSource, inflate_start, is_gzip};
pub use inflate::MAX_RATIO;
pub use part::PartSource;
pub use zip::{Archive, Entry, begins_like_an_archive};
