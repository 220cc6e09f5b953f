//! `bgh phantom`: a cohort to try things on, written as a scanner would.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use super::progress::bar;
use crate::phantom::{self, Cohort};

/// Arguments of `bgh phantom`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder to write, empty or not there yet
    folder: PathBuf,

    /// Exams without hemorrhage
    #[arg(long, default_value_t = 75)]
    none: usize,

    /// Exams with a hemorrhage of the right basal ganglia
    #[arg(long, default_value_t = 48)]
    right: usize,

    /// Exams with a hemorrhage of the left basal ganglia
    #[arg(long, default_value_t = 47)]
    left: usize,

    /// Side of the image matrix, pixels
    #[arg(long, default_value_t = 512)]
    matrix: usize,

    /// Seed of the cohort
    #[arg(long, default_value_t = 2017)]
    seed: u64,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let counts = [("none", arguments.none), ("right", arguments.right), ("left", arguments.left)];
    let exams = counts.map(|(class, count)| (class.to_owned(), count)).into();
    let cohort = Cohort { exams, matrix: arguments.matrix, ..Cohort::default() };
    let total = counts.iter().map(|(_, count)| count).sum::<usize>();
    let bar = bar(total as u64);
    phantom::write_cohort(&cohort, arguments.seed, &arguments.folder, &|_, _| bar.inc(1))?;
    bar.finish_and_clear();
    outln!("{total} exams and labels.csv in {}", arguments.folder.display());
    Ok(())
}
