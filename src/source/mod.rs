//! Random access to the bytes of files, so that large ones are read piece by piece.
//!
//! The command line gives files of the disk, the page files that a person dropped, tests and archives bytes in memory.

mod error;
mod memory;
#[cfg(not(target_arch = "wasm32"))]
mod native;

pub use error::SourceError;
pub use memory::{BorrowedSource, MemorySource};
#[cfg(not(target_arch = "wasm32"))]
pub use native::FileSource;

use sha2::{Digest, Sha256};

/// The bytes of one file. Reading does not move anything: pieces may be read in any order.
pub trait ByteSource {
    /// Number of bytes.
    fn len(&self) -> u64;

    /// The `len` bytes from `offset` on; all of them or an error.
    ///
    /// # Errors
    /// [`SourceError`] if they do not lie within the file (nothing is allocated then), or cannot be read.
    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError>;

    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At most `most` bytes from `offset` on: fewer where the file ends before, none beyond its end.
    ///
    /// # Errors
    /// [`SourceError`] if they cannot be read.
    fn read_up_to(&self, offset: u64, most: usize) -> Result<Vec<u8>, SourceError> {
        let rest = self.len().saturating_sub(offset);
        match usize::try_from(rest).unwrap_or(usize::MAX).min(most) {
            0 => Ok(Vec::new()),
            len => self.read(offset, len),
        }
    }

    /// All bytes, of a file that has no more than `limit`.
    ///
    /// # Errors
    /// [`SourceError`] if there are more, or they cannot be read.
    fn read_all(&self, limit: usize) -> Result<Vec<u8>, SourceError> {
        match usize::try_from(self.len()) {
            Ok(len) if len <= limit => self.read(0, len),
            _ => Err(SourceError::TooLarge { len: self.len(), limit: limit as u64 }),
        }
    }
}

/// The SHA-256 of all bytes, read piece by piece.
///
/// # Errors
/// [`SourceError`] if they cannot be read.
pub fn sha256(source: &dyn ByteSource) -> Result<[u8; 32], SourceError> {
    const PIECE: usize = 1 << 20;
    let mut sha = Sha256::new();
    let mut at = 0;
    while at < source.len() {
        let piece = source.read_up_to(at, PIECE)?;
        at += piece.len() as u64;
        sha.update(&piece);
    }
    Ok(sha.finalize().into())
}

/// Checks that a piece lies within a source of `len` bytes, for implementations of [`ByteSource::read`].
///
/// # Errors
/// [`SourceError::Beyond`] if it does not.
pub fn check_within(len: u64, offset: u64, wanted: usize) -> Result<(), SourceError> {
    match offset.checked_add(wanted as u64) {
        Some(end) if end <= len => Ok(()),
        _ => Err(SourceError::Beyond { offset, wanted: wanted as u64, len }),
    }
}
