//! An entry of an archive that is stored as it is.

use std::cell::OnceCell;
use std::rc::Rc;

use super::ContainerError;
use super::part::PartSource;
use crate::source::{ByteSource, SourceError, check_within};

/// Bytes that are read at once for the checksum.
const PIECE: usize = 1 << 20;

/// The bytes of an entry. Their checksum is compared once, before the first of them are given.
pub(super) struct StoredEntry {
    part: PartSource,
    crc: u32,
    start: u64,
    /// What it is called in errors.
    what: String,
    checked: OnceCell<Result<(), SourceError>>,
}

impl StoredEntry {
    /// The `len` bytes from `start` on, of the CRC-32 `crc`.
    ///
    /// # Errors
    /// [`SourceError::Beyond`] if they do not lie within `whole`.
    pub fn new(
        whole: Rc<dyn ByteSource>,
        start: u64,
        len: u64,
        crc: u32,
        what: String,
    ) -> Result<Self, SourceError> {
        let part = PartSource::new(whole, start, len)?;
        Ok(Self { part, crc, start, what, checked: OnceCell::new() })
    }

    fn check(&self) -> Result<(), SourceError> {
        let mut crc = crc32fast::Hasher::new();
        let mut at = 0;
        while at < self.part.len() {
            let piece = self.part.read_up_to(at, PIECE)?;
            at += piece.len() as u64;
            crc.update(&piece);
        }
        if crc.finalize() == self.crc {
            return Ok(());
        }
        let (what, at) = (self.what.clone(), self.start);
        Err(ContainerError::Damaged { what, at, detail: "its checksum does not fit" }.into())
    }
}

impl ByteSource for StoredEntry {
    fn len(&self) -> u64 {
        self.part.len()
    }

    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        check_within(self.len(), offset, len)?;
        self.checked.get_or_init(|| self.check()).clone()?;
        self.part.read(offset, len)
    }
}
