//! A DICOM file whose frames are read one by one.

use std::cell::OnceCell;
use std::ops::Range;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

use super::super::decode::check_size;
use super::super::{CtSlice, FileFormat, ImagingError, ValueScale};
use super::attributes::{Attributes, NEEDED, bad, missing};
use super::codec;
use super::deflated::inflate;
use super::directory::{self, ListedImage};
use super::elements::{self, Element, PixelStart, Syntax, structure};
use super::fragments::Fragments;
use super::header::{self, DicomHeader};
use super::identity::{self, DicomIdentity};
use super::lossy::{self, LossyCompression};
use super::pixels::{Layout, patient_right_is_image_left, pixel_spacing};
use super::syntax::{Coding, TransferSyntax};
use super::{Start, describe_tag, read_meta, recognise};
use crate::source::{BorrowedSource, ByteSource};
use crate::words::counted;

/// What is read of a file at first, in bytes: most headers have less.
pub(super) const FIRST_PIECE: usize = 16 << 10;
/// The longest header that is read, in bytes.
const LARGEST_HEADER: usize = 64 << 20;
/// The most frames that a file may describe one by one.
const MAX_FRAMES: usize = 10_000;

/// The header of a DICOM file and where its frames are.
#[derive(Debug)]
pub struct DicomImage {
    transfer_syntax: TransferSyntax,
    syntax: Syntax,
    /// The bytes up to the pixels, or more.
    head: Vec<u8>,
    /// Whether `head` is the whole data set, which the file has in another form.
    inflated: bool,
    /// Where the data set begins in `head`.
    start: usize,
    pixels: Option<PixelStart>,
    frames: u32,
    /// What holds for all frames: of the shared functional group, then of the data set. Found once, since there may be many
    /// frames.
    common: Vec<Place>,
    /// The functional group of each frame.
    per_frame: Vec<Group>,
    fragments: OnceCell<Fragments>,
}

/// A functional group: an item's bytes in `head`.
#[derive(Debug, Clone)]
struct Group {
    range: Range<usize>,
    syntax: Syntax,
}

/// An element's place in `head`.
#[derive(Debug, Clone)]
struct Place {
    tag: Tag,
    range: Range<usize>,
    inner: Syntax,
}

/// The elements that are read of a functional group.
fn in_group<'a>(item: &'a [u8], syntax: Syntax, found: &mut Vec<Element<'a>>) -> Result<(), ImagingError> {
    let wanted = [NEEDED.as_slice(), &header::WANTED].concat();
    for sequence in elements::walk(item, 0, syntax, &MACROS)?.0 {
        if let Some(item) = elements::items(&sequence)?.first() {
            found.extend(elements::walk(item, 0, sequence.inner, &wanted)?.0);
        }
    }
    Ok(())
}

/// Sequences inside functional groups that are read (PS3.3, C.7.6.16.2).
const MACROS: [Tag; 5] = [
    tags::PIXEL_MEASURES_SEQUENCE,
    tags::PLANE_POSITION_SEQUENCE,
    tags::PLANE_ORIENTATION_SEQUENCE,
    tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    tags::CT_IMAGE_FRAME_TYPE_SEQUENCE,
];

impl DicomImage {
    /// Reads the header of a file, of which the pixels are left where they are; `None` for what is no DICOM file.
    ///
    /// # Errors
    /// An [`ImagingError`] that names the tag or offset.
    pub fn open(source: &dyn ByteSource) -> Result<Option<Self>, ImagingError> {
        let mut size = FIRST_PIECE;
        loop {
            let bytes = source.read_up_to(0, size)?;
            let whole = bytes.len() as u64 == source.len();
            let Some(start) = recognise(&bytes) else { return Ok(None) };
            let may_grow = !whole && size < LARGEST_HEADER;
            match Self::read(source, bytes, start) {
                Err(ImagingError::CutShort { .. }) if may_grow => {}
                // The piece may end between two elements.
                Ok(image) if image.pixels.is_none() && !image.inflated && may_grow => {}
                result => return result.map(Some),
            }
            size *= 4;
        }
    }

    fn read(source: &dyn ByteSource, bytes: Vec<u8>, start: Start) -> Result<Self, ImagingError> {
        let (transfer_syntax, sop_class, start) = match start {
            Start::DataSet(syntax) => (TransferSyntax::bare(syntax), None, 0),
            Start::Meta(at) => {
                let meta = read_meta(&bytes, at)?;
                (TransferSyntax::of(&meta.transfer_syntax), meta.sop_class, meta.end)
            }
        };
        if start >= bytes.len() {
            return Err(elements::cut("behind its file meta information, before the image".into()));
        }
        let inflated = transfer_syntax.deflated;
        let (head, start) = if inflated { (inflate(source, start as u64)?, 0) } else { (bytes, start) };
        let Some(syntax) = transfer_syntax.data_set else {
            // An unknown coding may do anything with the data set.
            return Ok(Self {
                transfer_syntax,
                syntax: Syntax::EXPLICIT_LITTLE,
                head: Vec::new(),
                inflated: true,
                start: 0,
                pixels: None,
                frames: 1,
                common: Vec::new(),
                per_frame: Vec::new(),
                fragments: OnceCell::new(),
            });
        };
        let groups = [tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE];
        let wanted = [groups.as_slice(), &[tags::NUMBER_OF_FRAMES], &NEEDED, &header::WANTED].concat();
        let (found, pixels) = elements::walk(&head, start, syntax, &wanted)?;
        let pixels_are_missing = pixels.is_none() && is_ct_image(sop_class.as_deref(), &found);
        let (sequences, top): (Vec<Element>, Vec<Element>) =
            found.into_iter().partition(|element| groups.contains(&element.tag));
        let of_frames: Vec<Element> =
            top.iter().filter(|element| element.tag == tags::NUMBER_OF_FRAMES).copied().collect();
        let frames = match Attributes::read(&of_frames, syntax)?.integer(tags::NUMBER_OF_FRAMES)? {
            None => 1,
            Some(frames) => u32::try_from(frames)
                .map_err(|_| bad(tags::NUMBER_OF_FRAMES, format!("is {frames}, no number of images")))?,
        };
        // Every part lies in `head`.
        let range = |part: &[u8]| {
            let from = part.as_ptr() as usize - head.as_ptr() as usize;
            from..from + part.len()
        };
        let (mut common, mut per_frame) = (Vec::new(), Vec::new());
        for sequence in &sequences {
            let items = elements::items(sequence)?;
            if sequence.tag == groups[0] {
                if let Some(item) = items.first() {
                    in_group(item, sequence.inner, &mut common)?;
                }
            } else if items.len() > MAX_FRAMES {
                let problem = format!("describes {} images; LungLens reads up to {MAX_FRAMES}", items.len());
                return Err(bad(sequence.tag, problem));
            } else {
                let group = |item: &&[u8]| Group { range: range(item), syntax: sequence.inner };
                per_frame = items.iter().map(group).collect();
            }
        }
        common.extend(top);
        let place =
            |element: Element| Place { tag: element.tag, range: range(element.value), inner: element.inner };
        let common: Vec<Place> = common.into_iter().map(place).collect();
        if !per_frame.is_empty() && per_frame.len() != frames.max(1) as usize {
            let problem = format!("is {frames}, with {} described", counted(per_frame.len(), "image"));
            return Err(bad(tags::NUMBER_OF_FRAMES, problem));
        }
        // Whatever else lacks pixels need not have any, as a report or a DICOMDIR.
        if pixels_are_missing {
            return Err(elements::cut(format!("before {}", describe_tag(tags::PIXEL_DATA))));
        }
        Ok(Self {
            transfer_syntax,
            syntax,
            head,
            inflated,
            start,
            pixels,
            frames: frames.max(1),
            common,
            per_frame,
            fragments: OnceCell::new(),
        })
    }

    /// The images that a DICOMDIR lists; none where it is no such file.
    ///
    /// # Errors
    /// An [`ImagingError`] if its records are damaged.
    pub fn listed_images(&self) -> Result<Option<Vec<ListedImage>>, ImagingError> {
        let wanted = [tags::DIRECTORY_RECORD_SEQUENCE];
        let (found, _) = elements::walk(&self.head, self.start, self.syntax, &wanted)?;
        found.first().map(|sequence| directory::listed_images(&self.head, sequence, self.syntax)).transpose()
    }

    /// Number of frames, 1 where the file does not say.
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// Number of frames that the file places in the patient one by one; 1 for a file of many that does not.
    pub fn described_frames(&self) -> u32 {
        (self.per_frame.len() as u32).max(1)
    }

    /// What the file says of a frame, from 0.
    ///
    /// # Errors
    /// An [`ImagingError`] that names the tag.
    pub fn header(&self, frame: u32) -> Result<DicomHeader, ImagingError> {
        let elements = self.elements(frame, &header::WANTED)?;
        let unread = (self.transfer_syntax.coding == Coding::Unread).then(|| self.transfer_syntax.describe());
        let mut header = DicomHeader::read(&elements, self.syntax, self.frames, unread)?;
        if self.frames > 1 {
            header.instance_number = Some(i64::from(frame) + 1);
        }
        Ok(header)
    }

    /// The elements of `wanted` that hold for a frame: of its own functional group, the shared one, then the data set.
    fn elements(&self, frame: u32, wanted: &[Tag]) -> Result<Vec<Element<'_>>, ImagingError> {
        let mut all: Vec<Element> = Vec::new();
        if let Some(group) = self.per_frame.get(frame as usize) {
            let item = &self.head[group.range.clone()];
            in_group(item, group.syntax, &mut all)?;
        }
        all.extend(self.common.iter().map(|place| Element {
            tag: place.tag,
            value: &self.head[place.range.clone()],
            end: place.range.end,
            inner: place.inner,
        }));
        // The first of each tag holds; `Attributes` expects no other.
        let mut seen = Vec::new();
        all.retain(|element| {
            wanted.contains(&element.tag) && !seen.contains(&element.tag) && {
                seen.push(element.tag);
                true
            }
        });
        Ok(all)
    }

    /// Whose image it is.
    ///
    /// # Errors
    /// An [`ImagingError`] if the data set is damaged.
    pub fn identity(&self) -> Result<DicomIdentity, ImagingError> {
        let (found, _) = elements::walk(&self.head, self.start, self.syntax, &identity::WANTED)?;
        Ok(DicomIdentity::read(&found))
    }

    /// What its images lost by compression, now or before; none where they lost nothing.
    ///
    /// # Errors
    /// An [`ImagingError`] if the data set is damaged.
    pub fn lossy_compression(&self) -> Result<Option<LossyCompression>, ImagingError> {
        let (found, _) = elements::walk(&self.head, self.start, self.syntax, &lossy::WANTED)?;
        LossyCompression::read(&found, self.syntax, &self.transfer_syntax)
    }

    /// Decodes a frame, from 0, of the CT image in `source`, the file that was opened.
    ///
    /// # Errors
    /// An [`ImagingError`] that says what cannot be read. Declared sizes are checked before anything is allocated.
    pub fn slice(&self, source: &dyn ByteSource, frame: u32) -> Result<CtSlice, ImagingError> {
        let TransferSyntax { uid, name, coding, .. } = &self.transfer_syntax;
        if *coding == Coding::Unread {
            return Err(ImagingError::TransferSyntax { name, uid: uid.clone() });
        }
        let elements = self.elements(frame, &NEEDED)?;
        let attributes = Attributes::read(&elements, self.syntax)?;
        let modality = attributes.text(tags::MODALITY);
        if let Some(modality) = modality.clone().filter(|m| m != "CT") {
            return Err(ImagingError::NotCt { modality });
        }
        let Some(pixels) = self.pixels else {
            return Err(missing(tags::PIXEL_DATA, "there is no image in it"));
        };
        if modality.is_none() {
            return Err(missing(tags::MODALITY, "it cannot be told whether this is a CT slice"));
        }
        if pixels.tag != tags::PIXEL_DATA {
            return Err(bad(
                pixels.tag,
                "holds pixels as floating point numbers, which LungLens does not read".into(),
            ));
        }
        let in_fragments = pixels.length.is_none();
        if in_fragments == (*coding == Coding::Native) {
            let detail = match in_fragments {
                true => "its pixels are stored in fragments although it says that they are uncompressed",
                false => "its pixels are not stored in fragments although it says that they are compressed",
            };
            return Err(structure(pixels.at, detail));
        }
        let layout = Layout::read(&attributes)?;
        check_size(FileFormat::Dicom, layout.rows as u64, layout.columns as u64)?;
        let inflated = BorrowedSource(&self.head);
        let source = if self.inflated { &inflated } else { source };
        let words = match (*coding, pixels.length) {
            (Coding::Native, Some(declared)) => {
                self.native(source, pixels.at as u64, declared, frame, &layout)?
            }
            _ => {
                let fragments = match self.fragments.get() {
                    Some(fragments) => fragments,
                    None => {
                        let found = Fragments::find(source, pixels.at as u64, self.frames as usize)?;
                        self.fragments.get_or_init(|| found)
                    }
                };
                codec::decode(*coding, &fragments.read(source, frame as usize)?, &layout)?
            }
        };
        let values = layout.hounsfield(&words, &attributes)?;
        Ok(CtSlice {
            rows: layout.rows,
            columns: layout.columns,
            values,
            scale: ValueScale::Hounsfield,
            pixel_spacing: pixel_spacing(&attributes)?,
            patient_right_is_image_left: patient_right_is_image_left(&attributes)?,
            format: FileFormat::Dicom,
            picture: None,
        })
    }

    /// The stored words of a frame of uncompressed pixels.
    fn native(
        &self,
        source: &dyn ByteSource,
        at: u64,
        declared: u32,
        frame: u32,
        layout: &Layout,
    ) -> Result<Vec<u16>, ImagingError> {
        let one = layout.frame_bytes();
        let all = one as u64 * u64::from(self.frames);
        let (found, declared) = (source.len().saturating_sub(at).min(declared.into()), u64::from(declared));
        // An odd number of bytes is followed by one byte of padding.
        if found < all || (declared != all && declared != all + all % 2) {
            let found = if found < all { found } else { declared };
            let Layout { rows, columns, .. } = *layout;
            return Err(ImagingError::PixelLength {
                rows,
                columns,
                expected: all as usize,
                found: found as usize,
            });
        }
        if layout.bits_allocated == 8 && self.syntax.big_endian {
            let problem = "is 8 in a big endian file, whose order of pixels is not certain";
            return Err(bad(tags::BITS_ALLOCATED, problem.to_owned()));
        }
        let bytes = source.read(at + one as u64 * u64::from(frame), one)?;
        Ok(match layout.bits_allocated {
            8 => bytes.into_iter().map(u16::from).collect(),
            _ => bytes.chunks_exact(2).map(|pair| self.syntax.u16([pair[0], pair[1]])).collect(),
        })
    }
}

/// Whether a file is an image of a CT scanner by its own word, and so has pixels: by SOPClassUID, else by the file meta
/// information.
fn is_ct_image(meta: Option<&str>, found: &[Element]) -> bool {
    let own = found.iter().find(|element| element.tag == tags::SOP_CLASS_UID);
    let own = own.map(|element| String::from_utf8_lossy(element.value));
    let class = own.as_deref().or(meta).unwrap_or_default().trim_matches(['\0', ' ']);
    [
        uids::CT_IMAGE_STORAGE,
        uids::ENHANCED_CT_IMAGE_STORAGE,
        uids::LEGACY_CONVERTED_ENHANCED_CT_IMAGE_STORAGE,
    ]
    .contains(&class)
}
