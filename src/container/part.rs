//! A range of another source.

use std::rc::Rc;

use crate::source::{ByteSource, SourceError, check_within};

/// The bytes of another source from one place to another.
pub struct PartSource {
    whole: Rc<dyn ByteSource>,
    start: u64,
    len: u64,
}

impl PartSource {
    /// The `len` bytes from `start` on.
    ///
    /// # Errors
    /// [`SourceError::Beyond`] if they do not lie within `whole`.
    pub fn new(whole: Rc<dyn ByteSource>, start: u64, len: u64) -> Result<Self, SourceError> {
        match start.checked_add(len) {
            Some(end) if end <= whole.len() => Ok(Self { whole, start, len }),
            _ => Err(SourceError::Beyond { offset: start, wanted: len, len: whole.len() }),
        }
    }
}

impl ByteSource for PartSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        check_within(self.len, offset, len)?;
        self.whole.read(self.start + offset, len)
    }
}
