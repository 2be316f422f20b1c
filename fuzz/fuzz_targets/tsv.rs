//! Bodies of submissions as tables.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::tsv(data));
