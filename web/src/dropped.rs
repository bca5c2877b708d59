//! The files that a person drops, pastes or picks, with their folders.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransfer, File, FileList};

use crate::state::pasted_name;

#[wasm_bindgen]
extern "C" {
    /// One of the things that were dropped.
    type Item;

    /// The file or folder that it is; null of a text.
    #[wasm_bindgen(method, js_name = webkitGetAsEntry)]
    fn entry(this: &Item) -> Option<Entry>;

    /// A file or a folder.
    #[derive(Clone)]
    type Entry;

    #[wasm_bindgen(method, getter, js_name = isDirectory)]
    fn is_directory(this: &Entry) -> bool;

    #[wasm_bindgen(method, getter, js_name = fullPath)]
    fn full_path(this: &Entry) -> String;

    /// Of a file: itself.
    #[wasm_bindgen(method)]
    fn file(this: &Entry, done: &JsValue, failed: &JsValue);

    /// Of a folder: what reads it.
    #[wasm_bindgen(method, js_name = createReader)]
    fn reader(this: &Entry) -> FolderReader;

    /// Gives what a folder holds, some at a time.
    #[derive(Clone)]
    type FolderReader;

    #[wasm_bindgen(method, js_name = readEntries)]
    fn read(this: &FolderReader, done: &JsValue, failed: &JsValue);
}

/// More files than any study has; a whole disk dropped by mistake ends here.
pub const MOST_FILES: usize = 50_000;

/// A file and its name with folders.
pub type NamedFile = (String, File);

/// Why a drop has no files.
pub enum DropProblem {
    /// There are more than [`MOST_FILES`].
    TooMany,
    /// The browser may not read a file or a folder, of this name. It may be a slice of the study.
    Unreadable(String),
}

/// The files of a browser's list, named with their folders where they were picked as a folder.
pub fn listed(list: &FileList) -> Vec<NamedFile> {
    let files = (0..list.length()).filter_map(|index| list.get(index));
    let named = files.map(|file| {
        let path = Reflect::get(&file, &"webkitRelativePath".into()).ok().and_then(|path| path.as_string());
        (path.filter(|path| !path.is_empty()).unwrap_or_else(|| file.name()), file)
    });
    named.collect()
}

/// What was dropped or pasted: files, and folders that are yet to be looked through.
pub struct Drop {
    entries: Vec<Entry>,
    loose: Vec<NamedFile>,
}

impl Drop {
    /// Takes hold of what was dropped or pasted, which the browser gives only while it tells of that.
    pub fn of(data: &DataTransfer) -> Self {
        let items = Reflect::get(data, &"items".into()).map(|items| Array::from(&items)).unwrap_or_default();
        let entries: Vec<Entry> =
            items.iter().filter_map(|item| item.unchecked_into::<Item>().entry()).collect();
        let loose = match entries.is_empty() {
            true => data.files().map(|list| listed(&list)).unwrap_or_default(),
            false => Vec::new(),
        };
        Self { entries, loose }
    }

    /// What was pasted, the `count`-th of the page.
    pub fn pasted(data: &DataTransfer, count: u32) -> Self {
        let mut pasted = Self::of(data);
        for (name, _) in &mut pasted.loose {
            *name = pasted_name(name, count);
        }
        pasted
    }

    /// All files to the bottom of the folders, in the order of their names.
    ///
    /// # Errors
    /// [`DropProblem`]: then there are none.
    pub async fn files(self) -> Result<Vec<NamedFile>, DropProblem> {
        let mut found = self.loose;
        let mut left = self.entries;
        while let Some(entry) = left.pop() {
            if found.len() + left.len() > MOST_FILES {
                return Err(DropProblem::TooMany);
            }
            let path = entry.full_path().trim_start_matches('/').to_owned();
            let read = if entry.is_directory() {
                members(&entry).await.map(|members| left.extend(members))
            } else {
                file_of(&entry).await.map(|file| found.push((path.clone(), file)))
            };
            read.ok_or(DropProblem::Unreadable(path))?;
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }
}

/// What a folder holds; `None` if it cannot be read.
async fn members(folder: &Entry) -> Option<Vec<Entry>> {
    let reader = folder.reader();
    let mut all = Vec::new();
    loop {
        let reader = reader.clone();
        let batch = Array::from(&call_back(move |done, failed| reader.read(done, failed)).await?);
        // A browser gives a hundred at a time, and none at the end.
        if batch.length() == 0 {
            return Some(all);
        }
        all.extend(batch.iter().map(|entry| entry.unchecked_into::<Entry>()));
    }
}

async fn file_of(entry: &Entry) -> Option<File> {
    let entry = entry.clone();
    let got = call_back(move |done, failed| entry.file(done, failed));
    got.await?.dyn_into().ok()
}

/// Waits for one of two functions to be called: the value of the first, none with the second.
async fn call_back(ask: impl FnOnce(&JsValue, &JsValue) + 'static) -> Option<JsValue> {
    let ask = Rc::new(RefCell::new(Some(ask)));
    let promise = Promise::new(&mut |resolve, reject| {
        let done = Closure::once_into_js(move |value: JsValue| {
            let _ = resolve.call1(&JsValue::NULL, &value);
        });
        let failed = Closure::once_into_js(move |problem: JsValue| {
            let _ = reject.call1(&JsValue::NULL, &problem);
        });
        if let Some(ask) = ask.borrow_mut().take() {
            ask(&done, &failed);
        }
    });
    JsFuture::from(promise).await.ok()
}
