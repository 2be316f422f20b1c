//! Bodies of `POST /graphql`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::graphql(data));
