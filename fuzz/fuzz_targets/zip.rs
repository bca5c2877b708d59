#![no_main]

use std::rc::Rc;

use libfuzzer_sys::fuzz_target;
use lunglens::container::Archive;
use lunglens::source::MemorySource;

fuzz_target!(|bytes: &[u8]| {
    let Ok(archive) = Archive::open(Rc::new(MemorySource::new(bytes))) else { return };
    for entry in &archive.entries {
        let Ok(source) = &entry.source else { continue };
        let _ = source.read_up_to(source.len() / 2, 100);
        if let Ok(all) = source.read_all(1 << 20) {
            assert_eq!(all.len() as u64, source.len());
        }
    }
});
