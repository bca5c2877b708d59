//! Gzip files (RFC 1952), of one member or several.

use std::rc::Rc;

use super::ContainerError;
use super::inflate::{Framing, Inflated, Packed, start};
use crate::source::{ByteSource, SourceError};

const MAGIC: [u8; 2] = [0x1F, 0x8B];
const TRAILER: u64 = 8;
/// The longest file name or comment that a header may have.
const LONGEST_TEXT: usize = 64 << 10;

/// Whether a file begins as gzip files do.
pub fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&MAGIC)
}

/// What a gzip file holds, with random access.
pub struct GzipSource(Inflated);

impl GzipSource {
    /// Goes through the whole file once and checks it.
    ///
    /// # Errors
    /// [`ContainerError`] if it is no whole gzip file, or holds more than `limit` bytes.
    pub fn open(source: Rc<dyn ByteSource>, limit: u64) -> Result<Self, ContainerError> {
        Inflated::open(packed(source), limit).map(Self)
    }
}

impl ByteSource for GzipSource {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        self.0.read(offset, len)
    }
}

/// The first bytes of what a gzip file holds, at most `most`, without reading the rest; what can be had of a damaged one.
///
/// # Errors
/// [`ContainerError`] if it has no header or cannot be read.
pub fn inflate_start(source: Rc<dyn ByteSource>, most: usize) -> Result<Vec<u8>, ContainerError> {
    start(&packed(source), most)
}

fn packed(source: Rc<dyn ByteSource>) -> Packed {
    let end = source.len();
    Packed { source, start: 0, end, framing: Framing::Gzip, what: "gzip file".to_owned() }
}

/// What is known of a member's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trailer {
    /// CRC-32.
    pub crc: u32,
    /// Number of bytes, modulo 2^32.
    pub len: u32,
}

/// Where the compressed data of the member that begins at `at` begin.
pub(super) fn after_header(packed: &Packed, at: u64) -> Result<u64, ContainerError> {
    let cut = |at: u64| ContainerError::CutShort { what: packed.what.clone(), at: at - packed.start };
    let damaged =
        |detail| Err(ContainerError::Damaged { what: packed.what.clone(), at: at - packed.start, detail });
    let head = packed.source.read_up_to(at, 10)?;
    let &[magic0, magic1, method, flags, ..] = head.as_slice() else {
        return Err(cut(at + head.len() as u64));
    };
    if [magic0, magic1] != MAGIC || method != 8 || flags & 0xE0 != 0 {
        return damaged("there is no header of a gzip member");
    }
    if head.len() < 10 {
        return Err(cut(at + head.len() as u64));
    }
    let mut next = at + 10;
    if flags & 0x04 != 0 {
        let len = packed.source.read(next, 2)?;
        next += 2 + u64::from(u16::from_le_bytes([len[0], len[1]]));
    }
    // File name, then comment, each ended by a zero.
    for flag in [0x08, 0x10] {
        if flags & flag != 0 {
            let text = packed.source.read_up_to(next, LONGEST_TEXT)?;
            match text.iter().position(|&byte| byte == 0) {
                Some(zero) => next += zero as u64 + 1,
                None => return damaged("a text in its header has no end"),
            }
        }
    }
    if flags & 0x02 != 0 {
        next += 2;
    }
    if next > packed.end { Err(cut(packed.end)) } else { Ok(next) }
}

/// The trailer at `at`.
pub(super) fn trailer(packed: &Packed, at: u64) -> Result<Trailer, ContainerError> {
    if packed.end < at + TRAILER {
        let at = packed.end - packed.start;
        return Err(ContainerError::CutShort { what: packed.what.clone(), at });
    }
    let bytes = packed.source.read(at, TRAILER as usize)?;
    let word = |i: usize| u32::from_le_bytes([bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]);
    Ok(Trailer { crc: word(0), len: word(4) })
}

/// Where the data of the member behind the trailer at `at` begin, or none if there is no other. Zeros may follow the
/// last one, as on tapes.
pub(super) fn next_member(packed: &Packed, at: u64) -> Result<Option<u64>, ContainerError> {
    let at = at + TRAILER;
    let head = packed.source.read_up_to(at, 512)?;
    if head.iter().all(|&byte| byte == 0) {
        return Ok(None);
    }
    after_header(packed, at).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemorySource;

    /// `printf 'lung' | gzip -n`.
    const PLAIN: [u8; 24] = [
        0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0xcb, 0x29, 0xcd, 0x4b, 0x07, 0, 0xce, 0x8f, 0x26, 0x2a, 4,
        0, 0, 0,
    ];

    fn open(bytes: &[u8]) -> Result<Vec<u8>, ContainerError> {
        let source = GzipSource::open(Rc::new(MemorySource::new(bytes)), 1000)?;
        Ok(source.read_all(1000)?)
    }

    #[test]
    fn members_follow_each_other() {
        assert_eq!(open(&PLAIN).as_deref(), Ok(b"lung".as_slice()));
        let twice = [&PLAIN[..], &PLAIN[..], &[0; 30]].concat();
        assert_eq!(open(&twice).as_deref(), Ok(b"lunglung".as_slice()));
        assert!(open(&[&PLAIN[..], b"rest"].concat()).is_err());
        let source = GzipSource::open(Rc::new(MemorySource::new(twice)), 7);
        assert!(matches!(source.err(), Some(ContainerError::TooLarge { limit: 7, .. })));
    }

    #[test]
    fn every_damage_is_noticed() {
        for end in 0..PLAIN.len() {
            assert!(open(&PLAIN[..end]).is_err(), "cut at {end}");
        }
        // Time, system and the bits behind the last block mean nothing here.
        for at in (0..PLAIN.len()).filter(|at| ![3, 4, 5, 6, 7, 8, 9, 15].contains(at)) {
            let mut damaged = PLAIN;
            damaged[at] ^= 0x04;
            assert!(open(&damaged).is_err(), "byte {at}");
        }
    }
}
