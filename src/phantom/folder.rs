//! Exams on disk: DICOM files as a scanner would export them, and the truth apart from them.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use serde::Serialize;

use super::protocol::{Protocol, Vendor};
use super::{Class, Cohort, Exam, Study, Truth};
use crate::dicom::write::{CtSeries, CtSlice, Storage, uid, write_ct};
use crate::seed::Seed;

/// A row of `labels.csv`.
#[derive(Debug, Serialize)]
struct Label {
    exam: String,
    class: Class,
    /// Larger diameter of the hemorrhage in the axial plane, cm; empty without one.
    lesion_cm: Option<f64>,
    calcified: bool,
    age: f64,
}

/// Renders `exam` into the folder `dicom` (`IM0001.dcm` on) and what is really there into `truth/truth.json`.
/// Both folders are made where they are missing. The bytes depend on the exam alone.
///
/// # Errors
/// When a folder or file cannot be written.
pub fn write(exam: &Exam, dicom: &Path, truth: &Path) -> Result<()> {
    let study = exam.render();
    write_dicom(exam, &study, dicom)?;
    made(truth)?;
    let path = truth.join("truth.json");
    let mut text = serde_json::to_string_pretty(&study.truth).context("BUG: a truth can be written as JSON")?;
    text.push('\n');
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Renders a whole cohort: a folder an exam in `folder/dicom`, its truth in `folder/truth`, and `folder/labels.csv` with class
/// and subgroups. `progress` is told how many exams are finished, of how many; it is called from several threads.
///
/// # Errors
/// When the cohort cannot be rendered, `folder` holds something already, or the disk refuses.
pub fn write_cohort(cohort: &Cohort, seed: u64, folder: &Path, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<()> {
    cohort.check().context("cannot render the phantom cohort")?;
    refuse_filled(folder)?;
    let exams = cohort.exams(Seed::root(seed));
    let done = AtomicUsize::new(0);
    let labels: Vec<Label> = exams
        .par_iter()
        .map(|exam| {
            let truth = folder.join("truth").join(&exam.id);
            write(exam, &folder.join("dicom").join(&exam.id), &truth)?;
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, exams.len());
            label(&truth)
        })
        .collect::<Result<_>>()?;
    write_labels(&folder.join("labels.csv"), &labels)
}

fn refuse_filled(folder: &Path) -> Result<()> {
    made(folder)?;
    let mut entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    if entries.next().is_some() {
        bail!("{} is not empty; name a new folder, a cohort is never mixed with other files", folder.display());
    }
    Ok(())
}

fn label(truth: &Path) -> Result<Label> {
    let path = truth.join("truth.json");
    let place = || format!("cannot read {}", path.display());
    let truth: Truth = serde_json::from_slice(&fs::read(&path).with_context(place)?).with_context(place)?;
    let lesion_cm = truth.lesion.map(|lesion| (lesion.size.largest() * 100.0).round() / 100.0);
    Ok(Label { exam: truth.exam, class: truth.class, lesion_cm, calcified: truth.calcified, age: truth.age })
}

fn write_labels(path: &Path, labels: &[Label]) -> Result<()> {
    let place = || format!("cannot write {}", path.display());
    let mut table = csv::Writer::from_path(path).with_context(place)?;
    labels.iter().try_for_each(|label| table.serialize(label)).with_context(place)?;
    table.flush().with_context(place)
}

fn made(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

fn write_dicom(exam: &Exam, study: &Study, folder: &Path) -> Result<()> {
    made(folder)?;
    let series = series(exam, study);
    for (index, slice) in study.slices.iter().enumerate() {
        let instance = CtSlice {
            instance: &uid(&exam.seed.child("instance").child(index).to_i64().to_le_bytes()),
            number: index + 1,
            location: slice.level,
            hu: &slice.hu,
        };
        let path = folder.join(format!("IM{:04}.dcm", index + 1));
        write_ct(&path, &series, &instance).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Nothing here is drawn from anything that knows the class.
fn series(exam: &Exam, study: &Study) -> CtSeries {
    let protocol = &study.protocol;
    let named = |name: &str| uid(&exam.seed.child(name).to_i64().to_le_bytes());
    let (manufacturer, model, kernel) = maker(protocol.vendor);
    CtSeries {
        patient: format!("PHANTOM{}", exam.id),
        age: study.truth.age as u32,
        study: named("study"),
        series: named("series"),
        frame_of_reference: named("frame"),
        manufacturer: manufacturer.into(),
        model: model.into(),
        kernel: kernel.into(),
        storage: storage(exam, protocol),
        windows: windows(protocol.vendor),
        matrix: exam.matrix,
        field_of_view: protocol.field_of_view,
        thickness: protocol.thickness,
        spacing: (protocol.levels[1] - protocol.levels[0]).abs(),
        tilt: protocol.tilt,
        table: protocol.table,
        current: protocol.current,
        exposure_time: protocol.exposure_time,
        exposure: protocol.exposure(),
    }
}

fn maker(vendor: Vendor) -> (&'static str, &'static str, &'static str) {
    match vendor {
        Vendor::A => ("BGH PHANTOM A", "AXIAL 16", "STANDARD"),
        Vendor::B => ("BGH PHANTOM B", "HELICAL 64", "UB"),
    }
}

/// The ways of storing HU that are met in clinical files, chosen by a stream of their own.
fn storage(exam: &Exam, protocol: &Protocol) -> Storage {
    let even = exam.seed.child("storage").to_i64() % 2 == 0;
    match (protocol.vendor, even) {
        (Vendor::A, true) => Storage::Signed { intercept: 0, padding: -1500 },
        (Vendor::A, false) => Storage::Signed { intercept: -1024, padding: -2000 },
        (Vendor::B, _) => Storage::Unsigned,
    }
}

fn windows(vendor: Vendor) -> Vec<(f64, f64)> {
    match vendor {
        Vendor::A => vec![(35.0, 90.0)],
        Vendor::B => vec![(40.0, 80.0), (40.0, 80.0)],
    }
}
