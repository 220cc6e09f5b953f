//! Seeded with the `.safetensors` files of `tests/weights`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bgh_fuzz::exercise(bytes));
