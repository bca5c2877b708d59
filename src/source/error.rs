//! Why bytes cannot be read.

use crate::words::counted;

/// What went wrong with the bytes of a file. Each message is a plain sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A piece that does not lie within the file.
    #[error(
        "The file is cut short: {} {} needed from byte {offset} on, and it has {}.",
        counted(*.wanted, "byte"),
        if *.wanted == 1 { "is" } else { "are" },
        counted(*.len, "byte")
    )]
    Beyond {
        /// Where the piece begins.
        offset: u64,
        /// Its length in bytes.
        wanted: u64,
        /// The length of the file in bytes.
        len: u64,
    },
    /// More bytes than are read at once.
    #[error("The file is too large to be read at once: {len} bytes, more than {limit}.")]
    TooLarge {
        /// The length of the file in bytes.
        len: u64,
        /// The most that is read.
        limit: u64,
    },
    /// The system, the browser or an archive did not give the bytes.
    #[error("The file could not be read ({detail}).")]
    Read {
        /// Its own words.
        detail: String,
    },
}
