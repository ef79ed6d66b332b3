//! Values under keys.
#![no_main]

#[path = "../holds.rs"]
#[expect(dead_code, reason = "each target checks one decoder")]
mod holds;

libfuzzer_sys::fuzz_target!(|input: &str| holds::key_value(input));
