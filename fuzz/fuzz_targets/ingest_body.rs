//! Bodies of `/ingest` as they are parsed.
#![no_main]

#[path = "../ingest.rs"]
#[expect(dead_code, reason = "each target checks one decoder")]
mod ingest;

libfuzzer_sys::fuzz_target!(|input: &[u8]| ingest::body(input));
