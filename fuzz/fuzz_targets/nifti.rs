#![no_main]

use libfuzzer_sys::fuzz_target;

mod volume;

fuzz_target!(|bytes: &[u8]| volume::read(bytes));
