//! `bgh inspect`: what ingest sees in DICOM files, a row a file, and what it takes of each exam.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use rayon::prelude::*;

use super::{Failure, contact_sheet};
use crate::artifact::Files;
use crate::dicom::{self, AxialSeries, ExamFiles, Inspection};

/// Arguments of `bgh inspect`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files, or folders whose files are meant
    #[arg(required = true)]
    paths: Vec<PathBuf>,

    /// One JSON object a file
    #[arg(long)]
    json: bool,

    /// Also write a contact sheet: each exam with thumbnails, the series that is taken and those that are left
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let files = files(&arguments.paths)?;
    let inspections: Vec<Inspection> = files.par_iter().map(|path| dicom::inspect(path)).collect();
    if arguments.json {
        for inspection in &inspections {
            outln!("{}", serde_json::to_string(inspection).map_err(anyhow::Error::from)?);
        }
        return Ok(());
    }
    outln!("{}", table(&inspections));
    let usable = inspections.iter().filter(|inspection| inspection.usable).count();
    outln!("{} files, {usable} usable as axial CT slices", inspections.len());
    inspections.iter().filter_map(shown).for_each(|told| outln!("{told}"));
    let exams = exams(&arguments.paths)?;
    exams.iter().for_each(tell);
    if let Some(path) = &arguments.html {
        std::fs::write(path, contact_sheet::page(&exams)).with_context(|| format!("cannot write {}", path.display()))?;
        outln!("{}", path.display());
    }
    Ok(())
}

/// The exams of all folders that were named, each folder's in the order of the exams' own; single files belong to none.
fn exams(paths: &[PathBuf]) -> anyhow::Result<Vec<ExamFiles>> {
    let folders = paths.iter().filter(|path| path.is_dir());
    let scanned = |folder: &PathBuf| {
        let mut exams = dicom::scan(folder)?;
        exams.sort_by(|a, b| (&a.folder, &a.study).cmp(&(&b.folder, &b.study)));
        Ok(exams)
    };
    Ok(folders.map(scanned).collect::<anyhow::Result<Vec<_>>>()?.concat())
}

/// A warning of a file whose pixels may show a name.
fn shown(file: &Inspection) -> Option<String> {
    let why = file.text.filter(|_| file.usable)?;
    Some(format!("warning: {} may show text in its pixels: {why}", file.path))
}

/// The series that ingest takes, and those that it leaves.
fn tell(exam: &ExamFiles) {
    let name = if exam.folder.is_empty() { &exam.study } else { &exam.folder };
    match AxialSeries::find(&exam.files()) {
        Ok(series) => {
            outln!("{name}: takes {}", contact_sheet::told(series.facts()));
            series.others().iter().for_each(|other| outln!("  leaves {}", contact_sheet::told(other)));
        }
        Err(error) => outln!("{name}: refused: {error:#}"),
    }
}

fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = vec![];
    for path in paths {
        if path.is_dir() {
            files.extend(Files::of_folder(path)?.iter().map(|(_, path)| path.to_owned()));
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn table(inspections: &[Inspection]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(["file", "size", "HU", "usable"]);
    for file in inspections {
        let size = match (file.rows, file.columns) {
            (Some(rows), Some(columns)) => format!("{rows} x {columns}"),
            _ => String::new(),
        };
        let hu = match (file.hu_min, file.hu_max) {
            (Some(min), Some(max)) => format!("{min} … {max}"),
            _ => String::new(),
        };
        let usable =
            if file.usable { "yes".to_owned() } else { file.reason.clone().or_else(|| file.error.clone()).unwrap_or_default() };
        table.add_row([file.path.clone(), size, hu, usable]);
    }
    table
}
