//! Reads the headers of all files, one by one.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::catalogue::{Catalogue, Found};
use super::{IntakeError, NamedSource};
use crate::imaging::{begins_like_a_picture, read_dicom_header_of};
use crate::source::ByteSource;
use crate::study::{Reason, StudyImage};

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

    /// Reads the next file; none when all are read.
    pub fn step(&mut self) -> Option<Scanned> {
        let file = self.files.get(self.next)?;
        look_into(self.next, file, &mut self.found);
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

fn look_into(index: usize, file: &NamedSource, found: &mut Found) {
    let source = &*file.source;
    let head = match source.read_up_to(0, 16) {
        Ok(head) => head,
        Err(error) => return found.unreadable.push((index, error.to_string())),
    };
    if begins_like_a_picture(&head) {
        return found.pictures.push(index);
    }
    match read_dicom_header_of(source) {
        Ok(None) => found.put_aside(None, Reason::Unknown),
        Ok(Some(header)) => found.images.push(StudyImage { file: index, frame: 0, header }),
        Err(error) => found.unreadable.push((index, error.to_string())),
    }
}

/// Sets aside files with the bytes of another one. Only files of the same image and length are compared.
fn drop_copies(files: &[NamedSource], found: &mut Found) -> Result<(), IntakeError> {
    let key = |image: &StudyImage| (image.header.sop_uid.clone(), files[image.file].source.len());
    let mut counts: HashMap<(Option<String>, u64), usize> = HashMap::new();
    for image in &found.images {
        *counts.entry(key(image)).or_default() += 1;
    }
    let mut seen = std::collections::HashSet::new();
    let mut kept = Vec::with_capacity(found.images.len());
    for image in std::mem::take(&mut found.images) {
        let file = &files[image.file];
        if counts.get(&key(&image)).is_some_and(|&count| count > 1) {
            let digest = digest(&*file.source)
                .map_err(|error| IntakeError::Source { name: file.name.clone(), error })?;
            if !seen.insert(digest) {
                found.put_aside(image.header.series_uid, Reason::Copy);
                continue;
            }
        }
        kept.push(image);
    }
    found.images = kept;
    Ok(())
}

fn digest(source: &dyn ByteSource) -> Result<[u8; 32], crate::source::SourceError> {
    const PIECE: usize = 1 << 20;
    let mut sha = Sha256::new();
    let mut at = 0;
    while at < source.len() {
        let piece = source.read_up_to(at, PIECE)?;
        at += piece.len() as u64;
        sha.update(&piece);
    }
    Ok(sha.finalize().into())
}
