//! Files of the disk.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{ByteSource, SourceError, check_within};

/// A file of the disk. It is opened for each piece that is read, so that a study may have more files than may be open.
#[derive(Debug, Clone)]
pub struct FileSource {
    path: PathBuf,
    len: u64,
}

impl FileSource {
    /// The file at `path`, whose length is taken now.
    ///
    /// # Errors
    /// [`SourceError::Read`] if it is no file or cannot be opened.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let metadata = File::open(path).and_then(|file| file.metadata()).map_err(failed)?;
        if !metadata.is_file() {
            return Err(SourceError::Read { detail: "it is no file".to_owned() });
        }
        Ok(Self { path: path.to_path_buf(), len: metadata.len() })
    }
}

impl ByteSource for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        check_within(self.len, offset, len)?;
        let mut file = File::open(&self.path).map_err(failed)?;
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut bytes = vec![0; len];
        file.read_exact(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }
}

fn failed(error: std::io::Error) -> SourceError {
    SourceError::Read { detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_file_are_its_bytes() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let all = std::fs::read(&path).expect("the file is there");
        let source = FileSource::open(&path).expect("it can be opened");
        assert_eq!(source.len(), all.len() as u64);
        assert_eq!(source.read(10, 20).as_deref(), Ok(&all[10..30]));
        assert!(source.read(all.len() as u64 - 1, 2).is_err());
        assert!(FileSource::open(Path::new(env!("CARGO_MANIFEST_DIR"))).is_err());
        assert!(FileSource::open(&path.join("missing")).is_err());
    }
}
