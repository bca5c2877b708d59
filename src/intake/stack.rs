//! Pictures of one folder as slices.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::open::SliceReader;
use super::{IntakeError, NamedSource};
use crate::imaging::{self, CtSlice};
use crate::study::StudyError;
use crate::volume::natural_order;

/// Fewer pictures of one folder are single ones.
const LEAST: usize = 3;
/// No picture of a slice has more bytes.
const LARGEST_PICTURE: usize = 256 << 20;

/// Sorts pictures into stacks, by folder, in the natural order of their names; a folder of few gives them one by one.
pub(super) fn group(files: &[NamedSource], pictures: &[usize]) -> Vec<Vec<usize>> {
    let mut folders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &file in pictures {
        let name = files[file].name.as_str();
        let folder = name.rfind(['/', '\\']).map_or("", |at| &name[..at]);
        folders.entry(folder).or_default().push(file);
    }
    let mut groups = Vec::new();
    for (_, mut members) in folders {
        members.sort_by(|&a, &b| natural_order(&files[a].name, &files[b].name));
        if members.len() < LEAST {
            groups.extend(members.into_iter().map(|file| vec![file]));
        } else {
            groups.push(members);
        }
    }
    // In the order of their first files.
    groups.sort_by_key(|group| group.iter().min().copied());
    groups
}

/// Gives pictures as slices.
pub(super) struct Pictures {
    pub files: Vec<NamedSource>,
    /// Rows and columns of the first that was read: all must have them.
    pub size: Cell<Option<[usize; 2]>>,
}

impl SliceReader for Pictures {
    fn slice(&self, index: usize) -> Result<CtSlice, IntakeError> {
        let file = &self.files[index];
        let of_source = |error| IntakeError::Source { name: file.name.clone(), error };
        let bytes = file.source.read_all(LARGEST_PICTURE).map_err(of_source)?;
        let slice =
            imaging::decode(&bytes).map_err(|error| IntakeError::File { name: file.name.clone(), error })?;
        let size = [slice.rows, slice.columns];
        let first = self.size.get().unwrap_or(size);
        self.size.set(Some(first));
        if size != first {
            let text = |[rows, columns]: [usize; 2]| format!("{columns} x {rows} pixels");
            let (first, other) = (text(first), text(size));
            return Err(StudyError::Mixed { what: "the size", first, other }.into());
        }
        Ok(slice)
    }

    fn file(&self, index: usize) -> &NamedSource {
        &self.files[index]
    }
}
