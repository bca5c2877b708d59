//! Why an archive or a compressed file cannot be read.

use thiserror::Error;

use crate::source::SourceError;

/// What went wrong with a ZIP archive or gzip file. Each message is a plain sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// The bytes themselves cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The compressed data end too early.
    #[error("The {what} is cut short: it ends at byte {at} inside its compressed data.")]
    CutShort {
        /// "gzip file" or "file in the ZIP archive".
        what: String,
        /// Where it ends, in bytes of the compressed file.
        at: u64,
    },
    /// Compressed data that make no sense, or fail their checksum.
    #[error("The {what} is damaged at byte {at}: {detail}.")]
    Damaged {
        /// "gzip file" or "file in the ZIP archive".
        what: String,
        /// Where, in bytes of the compressed file.
        at: u64,
        /// What was found there.
        detail: &'static str,
    },
    /// More data come out than are taken.
    #[error("The {what} holds more than the {limit} bytes that are expected of it.")]
    TooLarge {
        /// "gzip file" or "file in the ZIP archive".
        what: String,
        /// The most bytes that are taken.
        limit: u64,
    },
    /// The list of entries cannot be read.
    #[error("The ZIP archive is damaged or cut short: {detail}.")]
    Archive {
        /// The words of the reader of archives.
        detail: String,
    },
    /// Sizes that no archive of images has.
    #[error(
        "The ZIP archive claims to hold {declared} bytes in {stored}: no archive of images shrinks so much, and it is \
         not unpacked."
    )]
    Bomb {
        /// Bytes that its entries declare.
        declared: u64,
        /// Bytes of the archive.
        stored: u64,
    },
    /// Entries that share their bytes, as bombs do.
    #[error("Entries of the ZIP archive lie over each other, and it is not unpacked.")]
    Overlap,
    /// Too many entries.
    #[error("The ZIP archive has {found} entries; up to {limit} are read.")]
    TooMany {
        /// How many it has.
        found: usize,
        /// The most that are read.
        limit: usize,
    },
    /// An entry that needs a password. It is told behind the name.
    #[error("It is encrypted in the ZIP archive. Please unpack it with its password first.")]
    Encrypted {
        /// Name of the entry.
        name: String,
    },
    /// An entry that is compressed in another way than the usual one. It is told behind the name.
    #[error("It is compressed in the ZIP archive by {method}; only Deflate is read. Please unpack it first.")]
    Method {
        /// Name of the entry.
        name: String,
        /// Name of the compression.
        method: String,
    },
}

impl From<ContainerError> for SourceError {
    fn from(error: ContainerError) -> Self {
        match error {
            ContainerError::Source(error) => error,
            other => SourceError::Read { detail: other.to_string().trim_end_matches('.').to_owned() },
        }
    }
}
