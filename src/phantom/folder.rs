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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phantom::Difficulty;
    use dicom_dictionary_std::tags;
    use dicom_object::open_file;

    fn exam(class: Class, calcified: bool) -> Exam {
        let seed = Seed::root(8).child("h");
        Exam { id: "007".into(), class, seed, matrix: 64, calcified, difficulty: Difficulty::default() }
    }

    fn files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
        let mut names: Vec<_> = fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
        names.sort();
        names.into_iter().map(|path| Ok((path.display().to_string(), fs::read(&path)?))).collect()
    }

    fn without_folder(files: Vec<(String, Vec<u8>)>, folder: &Path) -> Vec<(String, Vec<u8>)> {
        files.into_iter().map(|(name, bytes)| (name.replace(&folder.display().to_string(), ""), bytes)).collect()
    }

    #[test]
    fn an_exam_has_the_same_bytes_every_time() -> Result<()> {
        let (one, two, truth) = (tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?);
        for folder in [&one, &two] {
            write(&exam(Class::Left, false), folder.path(), truth.path())?;
        }
        let [one, two] = [one, two].map(|f| files(f.path()).map(|files| without_folder(files, f.path())));
        let (one, two) = (one?, two?);
        assert!((4..=6).contains(&one.len()) && one == two);
        Ok(())
    }

    /// The same patient with and without blood or calcium: every attribute but the pixels is the same.
    #[test]
    fn no_attribute_tells_the_class() -> Result<()> {
        let truth = tempfile::tempdir()?;
        let header = |exam: Exam| -> Result<Vec<String>> {
            let folder = tempfile::tempdir()?;
            write(&exam, folder.path(), truth.path())?;
            let all = files(folder.path())?;
            all.iter().map(|(path, _)| header(Path::new(path))).collect()
        };
        let none = header(exam(Class::None, false))?;
        assert!(none.iter().all(|text| text.contains("PHANTOM007")));
        assert_eq!(none, header(exam(Class::None, true))?);
        assert_eq!(none, header(exam(Class::Left, false))?);
        assert_eq!(none, header(exam(Class::Right, false))?);
        Ok(())
    }

    fn header(path: &Path) -> Result<String> {
        let mut object = open_file(path)?;
        object.remove_element(tags::PIXEL_DATA);
        Ok(format!("{:?} {:?}", object.meta(), object.iter().collect::<Vec<_>>()))
    }

    #[test]
    fn a_cohort_is_a_folder_an_exam_and_a_table_of_labels() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let exams = [("none", 2), ("right", 1), ("left", 1)].map(|(class, n)| (class.to_owned(), n)).into();
        let cohort = Cohort { exams, matrix: 64, calcified: Some(1), difficulty: Difficulty::default() };
        let told = AtomicUsize::new(0);
        write_cohort(&cohort, 5, folder.path(), &|done, total| {
            assert!(done <= total && total == 4);
            told.fetch_add(1, Ordering::Relaxed);
        })?;
        assert_eq!(told.into_inner(), 4);
        let table = fs::read_to_string(folder.path().join("labels.csv"))?;
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(rows[0], ["exam", "class", "lesion_cm", "calcified", "age"]);
        assert_eq!(rows[1..].iter().map(|row| row[0]).collect::<Vec<_>>(), ["001", "002", "003", "004"]);
        assert!(rows[1..].iter().all(|row| row[2].is_empty() == (row[1] == "none")));
        assert_eq!(rows[1..].iter().filter(|row| row[3] == "true").count(), 1);
        assert!(folder.path().join("dicom/004/IM0004.dcm").is_file() && folder.path().join("truth/004/truth.json").is_file());
        let refused = write_cohort(&cohort, 5, folder.path(), &|_, _| ()).expect_err("not empty");
        assert!(refused.to_string().contains("is not empty"), "{refused}");
        Ok(())
    }
}
