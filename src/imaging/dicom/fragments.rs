//! Compressed pixels: the fragments that each frame consists of (PS3.5, A.4).

use super::super::{FileFormat, ImagingError};
use super::elements::{ITEM, SEQUENCE_END, UNDEFINED, structure};
use crate::source::ByteSource;
use crate::words::counted;
use dicom_core::Tag;

/// The most fragments that are read.
const MOST: usize = 1 << 18;
/// What is read at once while fragments are looked for, in bytes.
const WINDOW: usize = 64 << 10;
/// Bytes of an item's tag and length.
const ITEM_HEADER: u64 = 8;

/// Where the bytes of a fragment lie in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fragment {
    at: u64,
    len: u32,
}

/// The fragments of each frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragments {
    frames: Vec<Vec<Fragment>>,
}

impl Fragments {
    /// Finds the fragments of `frames` frames behind `at`, where the value of PixelData begins.
    ///
    /// Each fragment is a frame where there are as many; else the basic offset table says which frames they make up, or,
    /// without one, the fragments in which a JPEG image begins.
    pub fn find(source: &dyn ByteSource, at: u64, frames: usize) -> Result<Self, ImagingError> {
        let mut items = list(source, at)?.into_iter();
        let table = items.next().ok_or_else(|| structure(at as usize, "its pixels have no offset table"))?;
        let fragments: Vec<Fragment> = items.collect();
        if fragments.len() < frames {
            let place = format!("after {} of {}", fragments.len(), counted(frames, "image"));
            return Err(ImagingError::CutShort { format: FileFormat::Dicom, place });
        }
        let starts = if frames == 1 {
            vec![0]
        } else if fragments.len() == frames {
            (0..frames).collect()
        } else if table.len as usize == 4 * frames {
            starts_by_table(source, table, &fragments)?
        } else {
            starts_by_content(source, &fragments)?
        };
        let ascending = starts.first() == Some(&0) && starts.windows(2).all(|pair| pair[0] < pair[1]);
        if starts.len() != frames || !ascending {
            let found = fragments.len();
            let detail =
                format!("it cannot be told which of its {found} fragments make up the {frames} images");
            return Err(structure(at as usize, &detail));
        }
        let ends = starts.iter().skip(1).copied().chain([fragments.len()]);
        let frames = starts.iter().zip(ends).map(|(&start, end)| fragments[start..end].to_vec()).collect();
        Ok(Self { frames })
    }

    /// The compressed bytes of a frame.
    pub fn read(&self, source: &dyn ByteSource, frame: usize) -> Result<Vec<u8>, ImagingError> {
        let mut bytes = Vec::new();
        for fragment in self.frames.get(frame).into_iter().flatten() {
            bytes.append(&mut source.read(fragment.at, fragment.len as usize)?);
        }
        Ok(bytes)
    }
}

/// All items up to the delimiter, the offset table first. Each lies within the file.
fn list(source: &dyn ByteSource, start: u64) -> Result<Vec<Fragment>, ImagingError> {
    let cut =
        || ImagingError::CutShort { format: FileFormat::Dicom, place: "inside its compressed pixels".into() };
    let mut items = Vec::new();
    let mut at = start;
    let mut window = (at, source.read_up_to(at, WINDOW)?);
    loop {
        if at < window.0 || at + ITEM_HEADER > window.0 + window.1.len() as u64 {
            window = (at, source.read_up_to(at, WINDOW)?);
        }
        let offset = (at - window.0) as usize;
        let Some(&[g0, g1, e0, e1, l0, l1, l2, l3]) =
            window.1.get(offset..).and_then(|rest| rest.first_chunk())
        else {
            return Err(cut());
        };
        let tag = Tag(u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1]));
        let len = u32::from_le_bytes([l0, l1, l2, l3]);
        at += ITEM_HEADER;
        match tag {
            SEQUENCE_END => return Ok(items),
            ITEM if len == UNDEFINED => {
                return Err(structure(at as usize, "a fragment of its pixels has no length"));
            }
            ITEM if at + u64::from(len) > source.len() => return Err(cut()),
            ITEM if items.len() == MOST => {
                return Err(structure(at as usize, "its pixels have too many fragments"));
            }
            ITEM => items.push(Fragment { at, len }),
            other => {
                return Err(structure(
                    at as usize,
                    &format!("{other} stands where a fragment of its pixels belongs"),
                ));
            }
        }
        at += u64::from(len);
    }
}

/// The first fragment of each frame, by the basic offset table, whose offsets count from the first fragment's item.
fn starts_by_table(
    source: &dyn ByteSource,
    table: Fragment,
    fragments: &[Fragment],
) -> Result<Vec<usize>, ImagingError> {
    let base = table.at + u64::from(table.len);
    let bytes = source.read(table.at, table.len as usize)?;
    let offsets = bytes.chunks_exact(4).map(|b| u64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]])));
    Ok(offsets
        .filter_map(|offset| fragments.binary_search_by_key(&(base + offset + ITEM_HEADER), |f| f.at).ok())
        .collect())
}

/// The fragments that begin with a start of image.
fn starts_by_content(source: &dyn ByteSource, fragments: &[Fragment]) -> Result<Vec<usize>, ImagingError> {
    let mut starts = Vec::new();
    for (index, fragment) in fragments.iter().enumerate() {
        let head = source.read_up_to(fragment.at, (fragment.len as usize).min(2))?;
        if head == [0xFF, 0xD8] || head == [0xFF, 0x4F] {
            starts.push(index);
        }
    }
    Ok(starts)
}
