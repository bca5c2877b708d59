//! Bytes in memory.

use std::rc::Rc;

use super::{ByteSource, SourceError, check_within};

/// Bytes that are in memory, shared by its clones.
#[derive(Debug, Clone)]
pub struct MemorySource(Rc<[u8]>);

impl MemorySource {
    /// Takes the bytes.
    pub fn new(bytes: impl Into<Rc<[u8]>>) -> Self {
        Self(bytes.into())
    }
}

impl ByteSource for MemorySource {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        BorrowedSource(&self.0).read(offset, len)
    }
}

/// Bytes that another owns.
#[derive(Debug, Clone, Copy)]
pub struct BorrowedSource<'a>(pub &'a [u8]);

impl ByteSource for BorrowedSource<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        check_within(self.len(), offset, len)?;
        let start = offset as usize;
        Ok(self.0[start..start + len].to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_lie_within_the_bytes() {
        let source = MemorySource::new(vec![1, 2, 3, 4, 5]);
        assert_eq!(source.read(1, 3), Ok(vec![2, 3, 4]));
        assert_eq!(source.read(5, 0), Ok(Vec::new()));
        assert_eq!(source.read(3, 3), Err(SourceError::Beyond { offset: 3, wanted: 3, len: 5 }));
        assert!(source.read(u64::MAX, usize::MAX).is_err());
        assert_eq!(source.read_up_to(3, 100), Ok(vec![4, 5]));
        assert_eq!(source.read_up_to(9, 100), Ok(Vec::new()));
        assert_eq!(source.read_all(5).map(|all| all.len()), Ok(5));
        assert_eq!(source.read_all(4), Err(SourceError::TooLarge { len: 5, limit: 4 }));
    }
}
