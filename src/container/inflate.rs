//! Random access to a deflate stream.

use std::cell::RefCell;
use std::rc::Rc;

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use super::ContainerError;
use super::gzip::{self, Trailer};
use crate::source::{ByteSource, SourceError, check_within};

/// The most that Deflate can shrink data, so that a small file cannot hold a large one (1032 to 1).
pub const MAX_RATIO: u64 = 1032;

/// Bytes between two remembered states of the decoder. A state has 43 KB.
const BLOCK: usize = 4 << 20;
/// Blocks that are held: slices are read from the middle outwards, up and down in turn, and some lie in two.
const HELD: usize = 3;
/// Compressed bytes that are read at once.
const CHUNK: usize = 128 << 10;
/// Inflated bytes that are asked for at once.
const STEP: usize = 64 << 10;

/// How a stream is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Members with header and trailer, one after the other.
    Gzip,
    /// Deflate alone, with what is known from elsewhere.
    Raw(Trailer),
}

/// Compressed bytes: a range of a source.
#[derive(Clone)]
pub(super) struct Packed {
    pub source: Rc<dyn ByteSource>,
    pub start: u64,
    pub end: u64,
    pub framing: Framing,
    /// What it is called in errors.
    pub what: String,
}

/// What a deflate stream holds, checked once as a whole, then read in any order.
pub(super) struct Inflated {
    packed: Packed,
    len: u64,
    /// The decoder before each block.
    marks: Vec<Cursor>,
    /// The blocks that were read last, the latest at the end.
    blocks: RefCell<Vec<(usize, Vec<u8>)>>,
}

impl Inflated {
    /// Goes through the stream once, checks its checksums, and remembers the decoder's states. Holds no more than a
    /// block, and stops once more than `limit` bytes come out.
    pub fn open(packed: Packed, limit: u64) -> Result<Self, ContainerError> {
        let mut cursor = Cursor::start(&packed)?;
        let (mut marks, mut len, mut block) = (vec![cursor.clone()], 0, Vec::new());
        loop {
            block.clear();
            cursor.fill(&packed, &mut block, BLOCK, true)?;
            len += block.len() as u64;
            if len > limit {
                return Err(ContainerError::TooLarge { what: packed.what, limit });
            }
            if cursor.ended {
                break;
            }
            marks.push(cursor.clone());
        }
        let last = (marks.len() - 1, block);
        Ok(Self { packed, len, marks, blocks: RefCell::new(vec![last]) })
    }

    /// Makes a block the last of those that are held.
    fn hold(&self, blocks: &mut Vec<(usize, Vec<u8>)>, index: usize) -> Result<(), ContainerError> {
        let block = match blocks.iter().position(|(held, _)| *held == index) {
            Some(place) => blocks.remove(place),
            None => {
                // An old block goes before the new one comes.
                if blocks.len() == HELD {
                    blocks.remove(0);
                }
                (index, self.inflate_block(index)?)
            }
        };
        blocks.push(block);
        Ok(())
    }

    fn inflate_block(&self, index: usize) -> Result<Vec<u8>, ContainerError> {
        let mut cursor = self.marks[index].clone();
        let mut bytes = Vec::new();
        cursor.fill(&self.packed, &mut bytes, BLOCK, false)?;
        Ok(bytes)
    }
}

impl ByteSource for Inflated {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        check_within(self.len, offset, len)?;
        let mut out = Vec::with_capacity(len);
        while out.len() < len {
            let at = offset + out.len() as u64;
            let (index, inside) = ((at / BLOCK as u64) as usize, (at % BLOCK as u64) as usize);
            let mut blocks = self.blocks.borrow_mut();
            self.hold(&mut blocks, index)?;
            let bytes = blocks.last().and_then(|(_, bytes)| bytes.get(inside..)).unwrap_or_default();
            let take = bytes.len().min(len - out.len());
            if take == 0 {
                // Only if the source gives other bytes than the first time.
                return Err(SourceError::Read { detail: format!("the {} has changed", self.packed.what) });
            }
            out.extend_from_slice(&bytes[..take]);
        }
        Ok(out)
    }
}

/// At most `most` bytes from the start of the stream, unchecked by checksums: fewer where it ends or is damaged before.
pub(super) fn start(packed: &Packed, most: usize) -> Result<Vec<u8>, ContainerError> {
    let mut bytes = Vec::new();
    match Cursor::start(packed)?.fill(packed, &mut bytes, most, false) {
        Err(error @ ContainerError::Source(_)) => Err(error),
        _ => Ok(bytes),
    }
}

/// A place in a stream.
#[derive(Clone)]
struct Cursor {
    state: Box<InflateState>,
    /// The next compressed byte.
    at: u64,
    ended: bool,
    /// Of the current member's bytes so far.
    crc: crc32fast::Hasher,
    member_len: u64,
}

impl Cursor {
    fn start(packed: &Packed) -> Result<Self, ContainerError> {
        let at = match packed.framing {
            Framing::Gzip => gzip::after_header(packed, packed.start)?,
            Framing::Raw(_) => packed.start,
        };
        Ok(Self::at(at))
    }

    fn at(at: u64) -> Self {
        let (state, crc) = (InflateState::new_boxed(DataFormat::Raw), crc32fast::Hasher::new());
        Self { state, at, ended: false, crc, member_len: 0 }
    }

    /// Appends inflated bytes until `out` has `target` of them or the stream ends.
    fn fill(
        &mut self,
        packed: &Packed,
        out: &mut Vec<u8>,
        target: usize,
        check: bool,
    ) -> Result<(), ContainerError> {
        let damaged =
            |at, detail| ContainerError::Damaged { what: packed.what.clone(), at: at - packed.start, detail };
        let (mut chunk, mut used) = (Vec::new(), 0);
        while out.len() < target && !self.ended {
            if used == chunk.len() {
                let rest = usize::try_from(packed.end.saturating_sub(self.at)).unwrap_or(CHUNK);
                chunk = packed.source.read_up_to(self.at, rest.min(CHUNK))?;
                used = 0;
            }
            let had = out.len();
            out.resize(target.min(had + STEP), 0);
            let done = inflate(&mut self.state, &chunk[used..], &mut out[had..], MZFlush::None);
            out.truncate(had + done.bytes_written);
            used += done.bytes_consumed;
            self.at += done.bytes_consumed as u64;
            if check {
                self.crc.update(&out[had..]);
                self.member_len += done.bytes_written as u64;
            }
            let stuck = done.bytes_consumed == 0 && done.bytes_written == 0;
            match done.status {
                Ok(MZStatus::StreamEnd) => {
                    self.end_member(packed, check)?;
                    (chunk, used) = (Vec::new(), 0);
                }
                _ if stuck && chunk.is_empty() => {
                    let at = self.at - packed.start;
                    return Err(ContainerError::CutShort { what: packed.what.clone(), at });
                }
                Ok(_) if !stuck => {}
                _ => return Err(damaged(self.at, "its compressed data make no sense")),
            }
        }
        Ok(())
    }

    /// Checks a member that has ended and goes to the next.
    fn end_member(&mut self, packed: &Packed, check: bool) -> Result<(), ContainerError> {
        let trailer = match packed.framing {
            Framing::Raw(trailer) => trailer,
            Framing::Gzip => gzip::trailer(packed, self.at)?,
        };
        let damaged = |detail| {
            let (what, at) = (packed.what.clone(), self.at - packed.start);
            Err(ContainerError::Damaged { what, at, detail })
        };
        if check && self.member_len as u32 != trailer.len {
            return damaged("its length differs from the one it states");
        }
        if check && self.crc.clone().finalize() != trailer.crc {
            return damaged("its checksum does not fit");
        }
        let next = match packed.framing {
            Framing::Raw(_) => None,
            Framing::Gzip => gzip::next_member(packed, self.at)?,
        };
        match next {
            Some(at) => *self = Self::at(at),
            None => self.ended = true,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::Write;

    use super::*;
    use crate::source::MemorySource;

    /// Counts the compressed bytes that are read.
    struct Counted(MemorySource, Rc<Cell<u64>>);

    impl ByteSource for Counted {
        fn len(&self) -> u64 {
            self.0.len()
        }

        fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
            self.1.set(self.1.get() + len as u64);
            self.0.read(offset, len)
        }
    }

    #[test]
    fn reading_from_the_middle_outwards_inflates_once() {
        let slice = 300_000;
        let count = 5 * BLOCK / slice;
        let bytes: Vec<u8> = (0..count * slice).map(|at| ((at * at) >> 7) as u8).collect();
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        let deflated = encoder.finish().unwrap();
        let (end, read) = (deflated.len() as u64, Rc::new(Cell::new(0)));
        let source: Rc<dyn ByteSource> = Rc::new(Counted(MemorySource::new(deflated), read.clone()));
        let trailer = Trailer { crc: crc32fast::hash(&bytes), len: bytes.len() as u32 };
        let packed =
            Packed { source, start: 0, end, framing: Framing::Raw(trailer), what: "stream".to_owned() };
        let inflated = Inflated::open(packed, bytes.len() as u64).unwrap();
        read.set(0);
        let middle = count / 2;
        for step in 0..count {
            let away = step.div_ceil(2);
            let index = if step % 2 == 0 { middle - away } else { middle + away };
            let Some(expected) = bytes.chunks_exact(slice).nth(index) else { continue };
            assert_eq!(inflated.read((index * slice) as u64, slice).unwrap(), expected);
        }
        assert!(read.get() < 2 * end, "{} of {end} bytes", read.get());
    }
}
