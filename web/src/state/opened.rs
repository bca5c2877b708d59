//! The opened files: what the page calls them, and what saved files begin with.

use super::State;
use crate::format;
use crate::strings::text;

/// The most characters that saved files begin with: as many as a UID has.
const MOST_CHARACTERS: usize = 64;

/// The opened files.
#[derive(Debug, Clone, PartialEq)]
pub struct Files {
    /// For people: the name of the only one or of their folder, or that of the first one and how many more.
    pub name: String,
    /// The same without an ending and without words: the name of the only one, of their folder, or of the first one.
    pub stem: String,
    /// How many.
    pub count: usize,
}

impl Files {
    /// Files by their names, which begin with their folders where those were opened; nothing if there are none.
    pub fn of(names: &[&str]) -> Option<Self> {
        let first = *names.first()?;
        let count = names.len();
        let folder = first.split_once('/').map(|(folder, _)| folder);
        let is_of_all = |folder: &&str| names.iter().all(|name| name.split('/').next() == Some(*folder));
        if let Some(folder) = folder.filter(is_of_all) {
            return Some(Self { name: folder.to_owned(), stem: folder.to_owned(), count });
        }
        let name = match count {
            1 => first.to_owned(),
            _ => text().and_more.replace("{name}", first).replace("{count}", &(count - 1).to_string()),
        };
        Some(Self { name, stem: stem_of(first), count })
    }
}

/// The name of a file without folders and ending.
fn stem_of(path: &str) -> String {
    format::stem(path.rsplit('/').next().unwrap_or_default()).to_owned()
}

impl State {
    /// What the opened files are called; empty without any.
    pub fn name(&self) -> &str {
        self.files.as_ref().map_or("", |files| files.name.as_str())
    }

    /// What saved files begin with: of a single slice's result the name of its file, else that of what was opened.
    pub fn saved_name(&self) -> String {
        let stem = match self.slice_outcome() {
            Some(slice) => stem_of(&slice.report.input.name),
            None => self.files.as_ref().map(|files| files.stem.clone()).unwrap_or_default(),
        };
        let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        let stem: String = stem.chars().take(MOST_CHARACTERS).map(plain).collect();
        if stem.is_empty() { "study".into() } else { stem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(names: &[&str]) -> String {
        State { files: Files::of(names), ..State::default() }.saved_name()
    }

    #[test]
    fn files_are_called_by_their_folder_or_the_first_one() {
        let name = |names: &[&str]| Files::of(names).map(|files| (files.name, files.count));
        assert_eq!(name(&[]), None);
        assert_eq!(name(&["a.dcm"]), Some(("a.dcm".into(), 1)));
        assert_eq!(name(&["a.dcm", "b.dcm", "c.dcm"]), Some(("a.dcm and 2 more".into(), 3)));
        assert_eq!(name(&["study/1/a", "study/2/b"]), Some(("study".into(), 2)));
        assert_eq!(name(&["study/a", "other/b"]), Some(("study/a and 1 more".into(), 2)));
    }

    #[test]
    fn saved_files_begin_with_a_name_and_no_words() {
        assert_eq!(saved(&["IM0001", "IM0002", "IM0003"]), "IM0001");
        assert_eq!(saved(&["IM0001.dcm", "IM0002.dcm"]), "IM0001");
        assert_eq!(saved(&["chest.nii.gz"]), "chest");
        assert_eq!(saved(&["a/IM1", "b/IM1"]), "IM1");
        assert_eq!(saved(&["Chest CT 2024.05/IM1", "Chest CT 2024.05/IM2"]), "Chest-CT-2024.05");
        assert_eq!(saved(&[]), "study");
        // The end of a UID tells it from others.
        let uid = format!("1.2.840.{}", "5".repeat(56));
        assert_eq!(saved(&[&uid, "1.2.841"]), uid);
    }
}
