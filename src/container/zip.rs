//! ZIP archives: their entries as sources of bytes.

use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use zip::{CompressionMethod, ZipArchive};

use super::ContainerError;
use super::gzip::Trailer;
use super::inflate::{Framing, Inflated, MAX_RATIO, Packed};
use super::stored::StoredEntry;
use crate::source::{ByteSource, SourceError, check_within};

/// The most entries that are read; studies have some thousands.
const MAX_ENTRIES: usize = 100_000;
/// Archives of images hold some times their own size; more than this is a bomb.
const BOMB_RATIO: u64 = 200;
/// What any archive may hold, so that small ones of text may shrink well.
const BOMB_FLOOR: u64 = 64 << 20;
/// What an entry is called in errors, which are told behind its name.
const IN_ARCHIVE: &str = "file in the ZIP archive";
/// Bytes that are read at once for the list of entries.
const WINDOW: usize = 16 << 10;

/// Whether a file begins as ZIP archives do, empty ones included.
pub fn begins_like_an_archive(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// A file in an archive.
pub struct Entry {
    /// Its path in the archive.
    pub name: String,
    /// Its bytes, or why they cannot be read.
    pub source: Result<Rc<dyn ByteSource>, ContainerError>,
}

/// A ZIP archive whose list of entries was read and checked.
pub struct Archive {
    /// The files in it, in the order of its list; no folders.
    pub entries: Vec<Entry>,
}

impl Archive {
    /// Reads the list of entries. What they hold is inflated, and checked, when it is read, one entry at a time.
    ///
    /// # Errors
    /// [`ContainerError`] if it is no archive, or one of those that are made to fill memory.
    pub fn open(source: Rc<dyn ByteSource>) -> Result<Self, ContainerError> {
        let stored = source.len();
        let mut archive = ZipArchive::new(Window::new(source.clone())).map_err(failed)?;
        if archive.len() > MAX_ENTRIES {
            return Err(ContainerError::TooMany { found: archive.len(), limit: MAX_ENTRIES });
        }
        if archive.has_overlapping_files().map_err(failed)? {
            return Err(ContainerError::Overlap);
        }
        let open = Rc::new(RefCell::new(None));
        let (mut entries, mut declared) = (Vec::new(), 0_u64);
        for index in 0..archive.len() {
            let file = archive.by_index_raw(index).map_err(failed)?;
            if !file.is_file() {
                continue;
            }
            declared = declared.saturating_add(file.size());
            let name = file.name().map_or_else(|_| format!("entry {index}"), |name| name.into_owned());
            let start = file
                .data_start()
                .ok_or_else(|| ContainerError::Archive { detail: format!("{name} has no data") })?;
            let place = Place {
                start,
                stored: file.compressed_size(),
                len: file.size(),
                crc: file.crc32(),
                encrypted: file.encrypted(),
                method: file.compression(),
            };
            entries.push(Entry { source: place.source(&source, &name, index, &open), name });
        }
        if declared > BOMB_FLOOR.max(stored.saturating_mul(BOMB_RATIO)) {
            return Err(ContainerError::Bomb { declared, stored });
        }
        Ok(Self { entries })
    }
}

/// Where an entry lies and what is said of it.
struct Place {
    start: u64,
    stored: u64,
    len: u64,
    crc: u32,
    encrypted: bool,
    method: CompressionMethod,
}

impl Place {
    fn source(
        &self,
        whole: &Rc<dyn ByteSource>,
        name: &str,
        index: usize,
        open: &OpenEntry,
    ) -> Result<Rc<dyn ByteSource>, ContainerError> {
        let (name, what) = (name.to_owned(), IN_ARCHIVE.to_owned());
        if self.encrypted {
            return Err(ContainerError::Encrypted { name });
        }
        let end = self.start.saturating_add(self.stored);
        match self.method {
            CompressionMethod::Stored if self.len == self.stored => {
                Ok(Rc::new(StoredEntry::new(whole.clone(), self.start, self.stored, self.crc, what)?))
            }
            CompressionMethod::Stored => {
                let detail = "it is stored as it is, but states another length";
                Err(ContainerError::Damaged { what, at: self.start, detail })
            }
            CompressionMethod::Deflated if end > whole.len() => {
                Err(ContainerError::CutShort { what, at: whole.len() })
            }
            CompressionMethod::Deflated if self.len / MAX_RATIO > self.stored => {
                Err(ContainerError::Bomb { declared: self.len, stored: self.stored })
            }
            CompressionMethod::Deflated => {
                let framing = Framing::Raw(Trailer { crc: self.crc, len: self.len as u32 });
                let packed = Packed { source: whole.clone(), start: self.start, end, framing, what };
                Ok(Rc::new(DeflatedEntry { index, len: self.len, packed, open: open.clone() }))
            }
            method => Err(ContainerError::Method { name, method: name_method(method) }),
        }
    }
}

/// The name of a way to compress that is not read (APPNOTE.TXT of ZIP, 4.4.5); its number where it is rare.
fn name_method(method: CompressionMethod) -> String {
    let names = [
        (CompressionMethod::DEFLATE64, "Deflate64"),
        (CompressionMethod::BZIP2, "bzip2"),
        (CompressionMethod::LZMA, "LZMA"),
        (CompressionMethod::ZSTD, "Zstandard"),
        (CompressionMethod::XZ, "XZ"),
        (CompressionMethod::PPMD, "PPMd"),
    ];
    let name = names.iter().find(|(known, _)| *known == method);
    // What the reader of archives does not know it writes as `Unsupported(7)`.
    let number = || format!("{method:?}").chars().filter(char::is_ascii_digit).collect::<String>();
    name.map_or_else(|| format!("method {}", number()), |(_, name)| (*name).to_owned())
}

/// The one entry of an archive that is being read: the others keep nothing in memory.
type OpenEntry = Rc<RefCell<Option<(usize, Inflated)>>>;

struct DeflatedEntry {
    index: usize,
    len: u64,
    packed: Packed,
    open: OpenEntry,
}

impl ByteSource for DeflatedEntry {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        check_within(self.len, offset, len)?;
        let mut open = self.open.borrow_mut();
        if let Some((index, inflated)) = open.as_ref()
            && *index == self.index
        {
            return inflated.read(offset, len);
        }
        *open = None;
        let inflated = Inflated::open(self.packed.clone(), self.len)?;
        open.insert((self.index, inflated)).1.read(offset, len)
    }
}

fn failed(error: zip::result::ZipError) -> ContainerError {
    ContainerError::Archive { detail: error.to_string() }
}

/// A source as a file that the reader of archives moves about in.
struct Window {
    source: Rc<dyn ByteSource>,
    at: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    fn new(source: Rc<dyn ByteSource>) -> Self {
        Self { source, at: 0, start: 0, bytes: Vec::new() }
    }
}

impl Read for Window {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let end = self.start + self.bytes.len() as u64;
        if self.at < self.start || self.at >= end {
            self.bytes = self.source.read_up_to(self.at, WINDOW).map_err(io::Error::other)?;
            self.start = self.at;
        }
        let from = self.bytes.get((self.at - self.start) as usize..).unwrap_or_default();
        let len = from.len().min(out.len());
        out[..len].copy_from_slice(&from[..len]);
        self.at += len as u64;
        Ok(len)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.source.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at =
            place.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a place before the start"))?;
        Ok(self.at)
    }
}
