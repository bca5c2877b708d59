//! Reads a volume from any bytes.

use std::rc::Rc;

use lunglens::source::{ByteSource, MemorySource};
use lunglens::volume::{VolumeReader, read_volume_header};

pub fn read(bytes: &[u8]) {
    let source: Rc<dyn ByteSource> = Rc::new(MemorySource::new(bytes));
    let Ok(Some(header)) = read_volume_header(&source) else { return };
    let Ok(volume) = VolumeReader::open(source, header) else { return };
    let geometry = &volume.header().geometry;
    for index in [0, geometry.slices / 2, geometry.slices - 1] {
        if let Ok(slice) = volume.slice(index) {
            assert_eq!(slice.values.len(), geometry.rows * geometry.columns);
            assert!(slice.values.iter().all(|v| v.is_finite()));
        }
    }
}
