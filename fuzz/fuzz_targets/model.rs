#![no_main]

use libfuzzer_sys::fuzz_target;
use lunglens::weights::{read_packed, read_safetensors, write_safetensors};

fuzz_target!(|bytes: &[u8]| {
    let _ = read_packed(bytes);
    if let Ok(weights) = read_safetensors(bytes) {
        // What was read can be written and is the same again.
        let written = write_safetensors(&weights).expect("weights can be written");
        assert_eq!(read_safetensors(&written).ok().as_ref(), Some(&weights));
    }
});
