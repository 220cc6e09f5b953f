//! The stage `ingest` without a run around it: `cargo bench --bench ingest -- FOLDER` of exams, a folder each.
//!
//! Finds the series among the files and writes the volume in HU, into `FOLDER/../ingested`, so that the same file system takes it. The fastest
//! of [`ROUNDS`] counts; `benches/peers/ingest.py` calls it and holds pydicom beside it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bgh::artifact::Files;
use bgh::execute::keep_memory;
use bgh::labels::Slices;
use bgh::stage::ingest::{self, Params};
use rayon::prelude::*;

const ROUNDS: usize = 3;

fn main() -> Result<()> {
    keep_memory();
    // cargo passes `--bench` along.
    let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        println!("names no folder of exams: benches/peers/ingest.py makes some");
        return Ok(());
    };
    let exams = exams(Path::new(&folder))?;
    let files: usize = exams.iter().map(|exam| exam.iter().count()).sum();
    let out = Path::new(&folder).with_file_name("ingested");
    let seconds = (0..ROUNDS).map(|_| timed(&exams, &out)).collect::<Result<Vec<_>>>()?;
    let least = seconds.into_iter().min().context("BUG: there are rounds")?;
    println!("{:.4} ms a file", 1000.0 * least.as_secs_f64() / files as f64);
    Ok(())
}

fn timed(exams: &[Files], out: &Path) -> Result<Duration> {
    let began = Instant::now();
    write(exams, out)?;
    let elapsed = began.elapsed();
    std::fs::remove_dir_all(out)?;
    Ok(elapsed)
}

fn exams(folder: &Path) -> Result<Vec<Files>> {
    let entries: Vec<PathBuf> = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.iter().map(|exam| Files::of_folder(exam)).collect()
}

fn write(exams: &[Files], out: &Path) -> Result<()> {
    exams.par_iter().enumerate().try_for_each(|(at, exam)| {
        let folder = out.join(at.to_string());
        std::fs::create_dir_all(&folder)?;
        ingest::run(&Params { slices: Slices::All }, exam, &folder)
    })
}
