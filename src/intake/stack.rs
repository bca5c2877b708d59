//! Pictures of one folder as slices.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::open::SliceReader;
use super::scan::IN_ARCHIVE;
use super::{IntakeError, NamedSource};
use crate::imaging::{self, CtSlice, DicomHeader, PicturePart, picture_size};
use crate::source::ByteSource;
use crate::study::{Differing, SeriesPlan, SlicePlace, StudyError};
use crate::volume::natural_order;

/// Fewer pictures of one folder are single ones.
const LEAST: usize = 3;
/// What is looked at to tell the size of a picture, in bytes; all of it where its metadata are longer.
const HEAD: usize = 64 << 10;
/// No picture of a slice has more bytes.
const LARGEST_PICTURE: usize = 256 << 20;

/// A file that begins like a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Picture {
    pub file: usize,
    /// Rows and columns that its header states; none where it cannot be read.
    pub size: Option<[usize; 2]>,
}

impl Picture {
    /// Looks at the beginning of a file.
    pub fn look(file: usize, source: &dyn ByteSource) -> Self {
        let size = source.read_up_to(0, HEAD).ok().and_then(|head| picture_size(&head));
        let whole = || source.read_all(LARGEST_PICTURE).ok().and_then(|bytes| picture_size(&bytes));
        Self { file, size: size.or_else(whole) }
    }
}

/// The folder of a file by its name, or the archive; empty for none.
pub(super) fn folder(name: &str) -> &str {
    let in_folder = name.rfind(['/', '\\']);
    let in_archive = name.rfind(IN_ARCHIVE);
    in_folder.max(in_archive).map_or("", |at| &name[..at])
}

/// Sorts pictures into stacks, by folder, in the natural order of their names; a folder of few gives them one by one.
pub(super) fn group(files: &[NamedSource], pictures: &[Picture]) -> Vec<Vec<Picture>> {
    let mut folders: BTreeMap<&str, Vec<Picture>> = BTreeMap::new();
    for &picture in pictures {
        folders.entry(folder(&files[picture.file].name)).or_default().push(picture);
    }
    let mut groups = Vec::new();
    for (_, mut members) in folders {
        members.sort_by(|a, b| natural_order(&files[a.file].name, &files[b.file].name));
        if members.len() < LEAST {
            groups.extend(members.into_iter().map(|picture| vec![picture]));
        } else {
            groups.push(members);
        }
    }
    // In the order of their first files.
    groups.sort_by_key(|group| group.iter().map(|picture| picture.file).min());
    groups
}

/// Pictures as slices in the order of their names. They do not say where they lie.
///
/// # Errors
/// [`StudyError::Mixed`] where their sizes differ. One whose size cannot be told fails when it is read.
pub(super) fn plan(files: &[NamedSource], pictures: &[Picture]) -> Result<SeriesPlan, StudyError> {
    let sized = || pictures.iter().filter_map(|picture| picture.size.map(|size| (picture, size)));
    let (rows, columns) = match sized().next() {
        Some((_, [rows, columns])) => (rows, columns),
        None => (0, 0),
    };
    if let Some((picture, size)) = sized().find(|&(_, size)| size != [rows, columns]) {
        let name = &files[picture.file].name;
        let name = name[folder(name).len()..].trim_start_matches(IN_ARCHIVE).trim_start_matches(['/', '\\']);
        return Err(mixed([rows, columns], size, Some(name)));
    }
    let place = |picture: &Picture| SlicePlace {
        file: picture.file,
        frame: 0,
        height_mm: None,
        instance_number: None,
    };
    Ok(SeriesPlan {
        slices: pictures.iter().map(place).collect(),
        rows,
        columns,
        geometry: None,
        oriented: false,
        slice_thickness_mm: None,
        header: DicomHeader::default(),
    })
}

/// Pictures of two sizes, rows and columns, and the name of the second.
fn mixed(first: [usize; 2], other: [usize; 2], name: Option<&str>) -> StudyError {
    let text = |[rows, columns]: [usize; 2]| format!("{columns} x {rows} pixels");
    let name = name.map(|name| format!(" in {name}")).unwrap_or_default();
    StudyError::Mixed { what: Differing::Size, first: text(first), other: text(other) + &name }
}

/// Gives pictures as slices.
pub(super) struct Pictures {
    files: Vec<NamedSource>,
    /// Which part of each is read.
    part: PicturePart,
    /// Rows and columns of the first that was read: all must have them.
    size: Cell<Option<[usize; 2]>>,
    /// The one that was read last: the page asks for a photo several times, and decoding takes longest.
    last: RefCell<Option<(usize, CtSlice)>>,
}

impl Pictures {
    /// Pictures, each read whole.
    pub fn new(files: Vec<NamedSource>) -> Self {
        Self { files, part: PicturePart::default(), size: Cell::new(None), last: RefCell::new(None) }
    }
}

impl SliceReader for Pictures {
    fn slice(&self, index: usize) -> Result<CtSlice, IntakeError> {
        if let Some((_, slice)) = self.last.borrow().as_ref().filter(|(last, _)| *last == index) {
            return Ok(slice.clone());
        }
        let file = &self.files[index];
        let of_source = |error| IntakeError::Source { name: file.name.clone(), error };
        let bytes = file.source.read_all(LARGEST_PICTURE).map_err(of_source)?;
        let slice = imaging::decode_part(&bytes, self.part)
            .map_err(|error| IntakeError::File { name: file.name.clone(), error })?;
        let size = [slice.rows, slice.columns];
        let first = self.size.get().unwrap_or(size);
        self.size.set(Some(first));
        if size != first {
            return Err(mixed(first, size, None).into());
        }
        *self.last.borrow_mut() = Some((index, slice.clone()));
        Ok(slice)
    }

    fn read_part(&mut self, part: Option<PicturePart>) {
        self.part = part.unwrap_or_default();
        self.size.set(None);
        self.last.replace(None);
    }

    fn file(&self, index: usize) -> &NamedSource {
        &self.files[index]
    }
}
