//! Seeded by `scripts/fuzz_corpus.py`: headers.
#![no_main]

#[global_allocator]
static FRUGAL: bgh_fuzz::Frugal = bgh_fuzz::Frugal;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bgh_fuzz::header(bytes));
