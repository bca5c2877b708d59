#![no_main]

use libfuzzer_sys::fuzz_target;
use lunglens::imaging::{decode, read_dicom_header};
use lunglens::intake::{NamedSource, catalogue};
use lunglens::source::MemorySource;

fuzz_target!(|bytes: &[u8]| {
    let _ = read_dicom_header(bytes);
    if let Ok(slice) = decode(bytes) {
        assert_eq!(slice.values.len(), slice.rows * slice.columns);
        assert!(slice.values.iter().all(|v| v.is_finite()));
    }
    // The way of the program, which takes frames and directories too.
    let file = NamedSource::new("file", MemorySource::new(bytes));
    let Ok(catalogue) = catalogue(vec![file], &mut |_| (), &|| false) else { return };
    for series in 0..catalogue.series().len() {
        if let Ok(open) = catalogue.open(series) {
            let _ = (0..open.len().min(3)).map(|index| open.slice(index)).count();
        }
    }
});
