//! Reads the headers of all files, one by one.

use std::collections::{HashMap, HashSet};

use super::catalogue::{Catalogue, Found, Unreadable};
use super::names::{is_called_a_picture, is_called_dicom, without_numbers};
use super::stack::Picture;
use super::volume::ScannedVolume;
use super::{FileProblem, IntakeError, NamedSource};
use crate::container::{Archive, begins_like_an_archive};
use crate::imaging::{
    DicomImage, ImagingError, ListedImage, PICTURE_HEAD, begins_like_a_picture, name_unread_picture,
    salvage_series, unknown_format,
};
use crate::source::{ByteSource, sha256};
use crate::study::{Reason, StudyImage, Unmeasurable, UnreadVolume};
use crate::volume::read_volume_header;

/// What stands between the name of an archive and that of a file in it.
pub(super) const IN_ARCHIVE: &str = " > ";
/// Archives inside of archives are opened down to this.
const MAX_ARCHIVES: usize = 2;
/// What is looked at to recognise a file, in bytes. An archive has less.
const HEAD: usize = PICTURE_HEAD;

/// How far a scan has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// Files that were read.
    pub done: usize,
    /// All files.
    pub of: usize,
}

/// The files on their way into a [`Catalogue`], so that the caller can show progress, or stop, between two files.
#[derive(Debug)]
pub struct Scan {
    files: Vec<NamedSource>,
    next: usize,
    found: Found,
}

impl Scan {
    /// A scan of `files`, whose order does not matter save for equal choices.
    pub fn new(files: Vec<NamedSource>) -> Self {
        Self { files, next: 0, found: Found::default() }
    }

    /// Reads the next file; none when all are read. The files of an archive are put behind the others.
    pub fn step(&mut self) -> Option<Scanned> {
        let file = self.files.get(self.next)?;
        let mut inside = look_into(self.next, file, &mut self.found);
        self.files.append(&mut inside);
        self.next += 1;
        Some(Scanned { done: self.next, of: self.files.len() })
    }

    /// The catalogue of the files, of which those that were not yet read are read now.
    ///
    /// # Errors
    /// [`IntakeError::Source`] if two files that may be copies cannot be compared.
    pub fn finish(mut self) -> Result<Catalogue, IntakeError> {
        while self.step().is_some() {}
        drop_copies(&self.files, &mut self.found)?;
        place_unknown(&self.files, &mut self.found);
        Ok(Catalogue::new(self.files, self.found))
    }
}

/// The catalogue of `files`. `progress` is told of each; `cancelled` is asked before each.
///
/// # Errors
/// [`IntakeError::Cancelled`], or as [`Scan::finish`]. Files that cannot be read are listed in the catalogue.
pub fn catalogue(
    files: Vec<NamedSource>,
    progress: &mut dyn FnMut(Scanned),
    cancelled: &dyn Fn() -> bool,
) -> Result<Catalogue, IntakeError> {
    let mut scan = Scan::new(files);
    loop {
        if cancelled() {
            return Err(IntakeError::Cancelled);
        }
        match scan.step() {
            Some(scanned) => progress(scanned),
            None => return scan.finish(),
        }
    }
}

/// Puts a file where it belongs; the files in it where it is an archive.
fn look_into(index: usize, file: &NamedSource, found: &mut Found) -> Vec<NamedSource> {
    let source = &file.source;
    let head = match source.read_up_to(0, HEAD) {
        Ok(head) => head,
        Err(error) => {
            found.unreadable.push(Unreadable::any(index, error.into()));
            return Vec::new();
        }
    };
    if begins_like_an_archive(&head) {
        if file.name.matches(IN_ARCHIVE).count() < MAX_ARCHIVES {
            return unpack(index, file, found);
        }
        found.put_aside(None, Reason::DeepArchive);
        return Vec::new();
    }
    if begins_like_a_picture(&head) {
        found.pictures.push(Picture::look(index, &**source));
        return Vec::new();
    }
    match read_images(index, &**source) {
        Ok(Some(Dicom::Images(mut images))) => found.images.append(&mut images),
        Ok(Some(Dicom::Directory(mut listed))) => {
            found.put_aside(None, Reason::Directory);
            found.listed.append(&mut listed);
        }
        Ok(None) => match read_volume_header(source) {
            Ok(Some(header)) => found.volumes.push(ScannedVolume::open(index, file, header)),
            Ok(None) => match name_unread_picture(&head) {
                Some(kind) => found.put_aside(None, Reason::UnreadPicture(kind)),
                None => found.unknown.push((index, unknown_format(&head))),
            },
            Err(error) => {
                let unread = UnreadVolume { name: file.name.clone(), error };
                found.put_aside(None, Reason::Unmeasurable(Unmeasurable::File(unread.into())));
            }
        },
        Err(error) => {
            let (modality, series_uid) = salvage_series(&**source);
            found.unreadable.push(Unreadable { file: index, why: error.into(), modality, series_uid });
        }
    }
    Vec::new()
}

/// The files of an archive, named by both. One that cannot be read is told as a file that cannot.
fn unpack(index: usize, file: &NamedSource, found: &mut Found) -> Vec<NamedSource> {
    let entries = match Archive::open(file.source.clone()) {
        Ok(archive) => archive.entries,
        Err(error) => {
            found.unreadable.push(Unreadable::any(index, error.into()));
            return Vec::new();
        }
    };
    let mut inside = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = format!("{}{IN_ARCHIVE}{}", file.name, entry.name);
        match entry.source {
            Ok(source) => inside.push(NamedSource { name, source }),
            Err(error) => {
                let why = FileProblem::Entry { name: entry.name, error };
                found.unreadable.push(Unreadable::any(index, why));
            }
        }
    }
    inside
}

/// Decides by their names what files are that begin like nothing that is known, as one that is empty, since its copying failed:
/// one that is called an image, or numbered like those of its folder, may be a slice that would be missed.
fn place_unknown(files: &[NamedSource], found: &mut Found) {
    let alike = |of: &mut dyn Iterator<Item = usize>| -> HashSet<String> {
        of.filter_map(|file| without_numbers(&files[file].name)).collect()
    };
    let images = alike(&mut found.images.iter().map(|image| image.file));
    let pictures = alike(&mut found.pictures.iter().map(|picture| picture.file));
    for (index, why) in std::mem::take(&mut found.unknown) {
        let name = &files[index].name;
        let is_like =
            |others: &HashSet<String>| without_numbers(name).is_some_and(|own| others.contains(&own));
        if is_called_dicom(name) || is_like(&images) {
            found.unreadable.push(Unreadable::any(index, why.into()));
        } else if is_called_a_picture(name) || is_like(&pictures) {
            // Its stack fails where it is read.
            found.pictures.push(Picture { file: index, size: None });
        } else {
            found.put_aside(None, Reason::Unknown);
        }
    }
}

enum Dicom {
    Images(Vec<StudyImage>),
    Directory(Vec<ListedImage>),
}

/// The images of a DICOM file, or what a DICOMDIR lists; none where it is no DICOM file.
fn read_images(file: usize, source: &dyn ByteSource) -> Result<Option<Dicom>, ImagingError> {
    let Some(image) = DicomImage::open(source)? else { return Ok(None) };
    if let Some(listed) = image.listed_images()? {
        return Ok(Some(Dicom::Directory(listed)));
    }
    (0..image.described_frames())
        .map(|frame| Ok(StudyImage { file, frame, header: image.header(frame)? }))
        .collect::<Result<_, _>>()
        .map(|images| Some(Dicom::Images(images)))
}

/// Sets aside files that hold the same image as an earlier one: the same bytes, or the same SOPInstanceUID with the same
/// place and pixels, as when a system changed other attributes on the way.
fn drop_copies(files: &[NamedSource], found: &mut Found) -> Result<(), IntakeError> {
    let mut by_name: HashMap<Option<String>, Vec<usize>> = HashMap::new();
    for (index, image) in found.images.iter().enumerate() {
        if image.frame == 0 {
            by_name.entry(image.header.sop_uid.clone()).or_default().push(index);
        }
    }
    let mut copies: HashSet<usize> = HashSet::new();
    for same_name in by_name.values().filter(|all| all.len() > 1) {
        let mut kept: Vec<([u8; 32], &StudyImage)> = Vec::new();
        for &index in same_name {
            let image = &found.images[index];
            let file = &files[image.file];
            let digest = sha256(&*file.source)
                .map_err(|error| IntakeError::Source { name: file.name.clone(), error })?;
            // Only one other is decoded, however many there are.
            let alike = kept.iter().find(|(_, other)| other.header == image.header);
            let is_copy = kept.iter().any(|(other, _)| *other == digest)
                || alike.is_some_and(|(_, other)| same_image(files, other, image));
            if is_copy {
                copies.insert(image.file);
            } else {
                kept.push((digest, image));
            }
        }
    }
    for image in found.images.extract_if(.., |image| copies.contains(&image.file)).collect::<Vec<_>>() {
        if image.frame == 0 {
            found.put_aside(image.header.series_uid, Reason::Copy);
        }
    }
    Ok(())
}

/// Whether two files of one name and header, of one frame each, hold the same slice.
fn same_image(files: &[NamedSource], a: &StudyImage, b: &StudyImage) -> bool {
    let slice = |image: &StudyImage| {
        let source = &*files[image.file].source;
        DicomImage::open(source).ok()??.slice(source, 0).ok()
    };
    let named = a.header.sop_uid.is_some() && a.header.frames == 1;
    named && slice(a).is_some_and(|slice_a| Some(slice_a) == slice(b))
}
