//! Seeded by `scripts/fuzz_labels.py`: tables of labels.
#![no_main]

#[global_allocator]
static FRUGAL: bgh_fuzz::Frugal = bgh_fuzz::Frugal;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bgh_fuzz::labels(bytes));
