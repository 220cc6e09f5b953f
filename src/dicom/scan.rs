//! Which exams lie below a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use anyhow::Result;
use rayon::prelude::*;

use super::Header;
use crate::artifact::Files;

/// The files of one exam (a DICOM Study).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExamFiles {
    /// Study Instance UID.
    pub study: String,
    /// Patient ID; may be empty.
    pub patient: String,
    /// Accession Number; may be empty.
    pub accession: String,
    /// The innermost folder that holds all its files, from the root, `/` between the parts; empty for the root itself.
    pub folder: String,
    /// Its series by UID.
    pub series: Vec<SeriesFiles>,
}

/// The files of one series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesFiles {
    /// Series Instance UID; may be empty.
    pub uid: String,
    /// Modality; may be empty.
    pub modality: String,
    /// Series Description; may be empty.
    pub description: String,
    /// Name within the exam's folder and path, in the order of the names.
    pub files: Vec<(String, PathBuf)>,
    /// How many of them ingest could take although their pixels may show text ([`Header::shows_text`]).
    pub texts: usize,
}

impl ExamFiles {
    /// All files by their name within the exam's folder: the input of an ingest. Names do not change when the cohort is moved.
    pub fn files(&self) -> Files {
        self.series.iter().flat_map(|series| series.files.iter().cloned()).collect()
    }

    /// Whether a label may mean this exam: its Study Instance UID, Patient ID, Accession Number, its folder, or the name of a folder
    /// on the way to it. Several exams can answer to one name (a patient with two exams): that is for the caller to refuse.
    pub fn is_called(&self, name: &str) -> bool {
        let names = [&self.study, &self.patient, &self.accession, &self.folder];
        !name.is_empty() && (names.iter().any(|own| *own == name) || self.folder.split('/').any(|part| part == name))
    }
}

/// Headers that this process has read while it looked for exams, and files that it has begun to look at: for whoever shows how far it is.
static READ: AtomicUsize = AtomicUsize::new(0);
static ALL: AtomicUsize = AtomicUsize::new(0);

/// How many headers this process has read in all of its scans so far, of how many files.
pub fn scanned() -> (usize, usize) {
    (READ.load(Relaxed), ALL.load(Relaxed))
}

/// Finds every exam below `root` by the headers of its files, in parallel, in the order of the study UIDs. Files that are not DICOM
/// or belong to no study are passed over.
///
/// # Errors
/// When a folder cannot be listed.
pub fn scan(root: &Path) -> Result<Vec<ExamFiles>> {
    let files = Files::of_folder(root)?;
    let files: Vec<_> = files.iter().collect();
    ALL.fetch_add(files.len(), Relaxed);
    let read = |path: &Path| {
        let header = Header::read(path).ok();
        READ.fetch_add(1, Relaxed);
        header
    };
    let headers: Vec<_> = files.par_iter().map(|(_, path)| read(path)).collect();
    let mut studies = BTreeMap::<String, Vec<Found>>::new();
    for ((name, path), header) in files.into_iter().zip(headers) {
        if let Some(header) = header.filter(|header| !header.study.is_empty()) {
            studies.entry(header.study.clone()).or_default().push(Found { name, path, header });
        }
    }
    Ok(studies.into_iter().map(|(study, found)| exam(study, &found)).collect())
}

struct Found<'a> {
    name: &'a str,
    path: &'a Path,
    header: Header,
}

fn exam(study: String, found: &[Found]) -> ExamFiles {
    let folder = common_folder(found.iter().map(|found| found.name));
    let first = |fact: fn(&Header) -> &String| {
        found.iter().map(|found| fact(&found.header)).find(|text| !text.is_empty()).cloned().unwrap_or_default()
    };
    let mut series = BTreeMap::<&str, Vec<&Found>>::new();
    for found in found {
        series.entry(&found.header.series).or_default().push(found);
    }
    let series = series.into_values().map(|found| series_files(&found, &folder)).collect();
    ExamFiles { study, patient: first(|header| &header.patient), accession: first(|header| &header.accession), folder, series }
}

fn series_files(found: &[&Found], folder: &str) -> SeriesFiles {
    let within = |name: &str| name[folder.len()..].trim_start_matches('/').to_owned();
    let header = &found[0].header;
    SeriesFiles {
        uid: header.series.clone(),
        modality: header.modality.clone(),
        description: header.description.clone(),
        texts: found.iter().filter(|found| found.header.shows_text().is_some() && found.header.unusable().is_none()).count(),
        files: found.iter().map(|found| (within(found.name), found.path.to_owned())).collect(),
    }
}

fn common_folder<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let folders = names.map(|name| name.rsplit_once('/').map_or("", |(folder, _)| folder).split('/').collect::<Vec<_>>());
    let shared = |a: Vec<&'a str>, b: Vec<&'a str>| a.into_iter().zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    folders.reduce(shared).unwrap_or_default().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_folder_is_cut_between_names() {
        let common = |names: &[&str]| common_folder(names.iter().copied());
        assert_eq!(common(&["a/exam1/s1/x", "a/exam1/s2/x"]), "a/exam1");
        assert_eq!(common(&["a/exam1/x", "a/exam12/x"]), "a");
        assert_eq!(common(&["x", "a/y"]), "");
        assert_eq!(common(&["a/y"]), "a");
    }
}
