//! Files as they are opened, loose and in an archive.

use std::io::{Cursor, Write};
use std::path::Path;

use lunglens::intake::{Catalogue, NamedSource, catalogue};
use lunglens::source::MemorySource;
use zip::write::SimpleFileOptions;

pub fn file(name: &str, bytes: Vec<u8>) -> NamedSource {
    NamedSource::new(name, MemorySource::new(bytes))
}

pub fn find(files: Vec<NamedSource>) -> Catalogue {
    catalogue(files, &mut |_| {}, &|| false).unwrap()
}

/// The five slices of the fixture `reversed`.
pub fn slices() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/study/reversed");
    (0..5).map(|k| (format!("{k}.dcm"), std::fs::read(folder.join(format!("{k}.dcm"))).unwrap())).collect()
}

/// An archive of which every second file is stored as it is.
pub fn zipped(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (index, (name, bytes)) in files.iter().enumerate() {
        let method =
            if index % 2 == 0 { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
        archive.start_file(name.as_str(), SimpleFileOptions::default().compression_method(method)).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
