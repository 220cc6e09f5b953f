//! What names a patient in DICOM files, and whether it has got into files that must not have it.
//!
//! Values stay in here: nothing that leaves this module prints one. Which attributes count follows the Basic Application Level
//! Confidentiality Profile (PS3.15 table E.1-1), of which the ones are taken that can be told from other text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use rayon::prelude::*;

use super::Fault;
use super::dataset::{Dataset, Extent};
use super::file::{Source, text, with_head};
use super::leak::Search;
use crate::artifact::Files;

/// Attributes that identify a person, an examination or a place.
const IDENTIFYING: [(Tag, &str); 17] = [
    (tags::PATIENT_NAME, "PatientName"),
    (tags::PATIENT_ID, "PatientID"),
    (tags::PATIENT_BIRTH_DATE, "PatientBirthDate"),
    (tags::PATIENT_ADDRESS, "PatientAddress"),
    (tags::ACCESSION_NUMBER, "AccessionNumber"),
    (tags::STUDY_DATE, "StudyDate"),
    (tags::SERIES_DATE, "SeriesDate"),
    (tags::ACQUISITION_DATE, "AcquisitionDate"),
    (tags::CONTENT_DATE, "ContentDate"),
    (tags::STUDY_INSTANCE_UID, "StudyInstanceUID"),
    (tags::SERIES_INSTANCE_UID, "SeriesInstanceUID"),
    (tags::SOP_INSTANCE_UID, "SOPInstanceUID"),
    (tags::FRAME_OF_REFERENCE_UID, "FrameOfReferenceUID"),
    (tags::REFERRING_PHYSICIAN_NAME, "ReferringPhysicianName"),
    (tags::PERFORMING_PHYSICIAN_NAME, "PerformingPhysicianName"),
    (tags::INSTITUTION_NAME, "InstitutionName"),
    (tags::INSTITUTION_ADDRESS, "InstitutionAddress"),
];

/// Shorter values occur by chance.
const SHORTEST: usize = 5;

/// The identifiers of some DICOM files.
pub struct Identifiers(BTreeMap<String, &'static str>);

/// Tells how many there are and none of them.
impl std::fmt::Debug for Identifiers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} identifiers", self.0.len())
    }
}

/// A file that holds identifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Its name below the folder that was searched.
    pub file: String,
    /// Keywords of the attributes whose values were found, in its bytes or in its name.
    pub keywords: BTreeSet<&'static str>,
}

impl Identifiers {
    /// Reads the identifiers of every DICOM file below `folder`. What is not DICOM has none.
    ///
    /// # Errors
    /// When the folder cannot be listed or a file cannot be read.
    pub fn of_folder(folder: &Path) -> Result<Self> {
        let files = Files::of_folder(folder)?;
        let paths: Vec<_> = files.iter().map(|(_, path)| path).collect();
        let of_file = |file: &File| with_head(file, |bytes| of_dataset(&Source::of(bytes)?.dataset(Extent::Header)?));
        let read = |path: &&Path| match File::open(path).map_err(Fault::from).and_then(|file| of_file(&file)) {
            Err(Fault::Io(failure)) => Err(failure).with_context(|| format!("cannot read {}", path.display())),
            told => Ok(told.unwrap_or_default()),
        };
        let all: Vec<Vec<(String, &'static str)>> = paths.par_iter().map(read).collect::<Result<_>>()?;
        Ok(Self(all.into_iter().flatten().collect()))
    }

    /// The same and these texts, each with what it is: names of files and whatever else a label table knows of a patient.
    #[must_use]
    pub fn and(mut self, texts: impl IntoIterator<Item = (String, &'static str)>) -> Self {
        self.0.extend(texts);
        self
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The files below `folder` that hold any of them, compressed or not.
    ///
    /// # Errors
    /// When the folder cannot be listed, a file cannot be read, or the identifiers are too many to search for.
    pub fn leaks(&self, folder: &Path) -> Result<Vec<Leak>> {
        let search = Search::of(self.0.iter().map(|(text, keyword)| (text.clone(), *keyword)))?;
        let files = Files::of_folder(folder)?;
        let files: Vec<_> = files.iter().collect();
        let leak = |&(name, path): &(&str, &Path)| {
            let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let keywords = &search.kinds(&bytes) | &search.kinds(name.as_bytes());
            Ok((!keywords.is_empty()).then(|| Leak { file: name.to_owned(), keywords }))
        };
        let leaks: Vec<Option<Leak>> = files.par_iter().map(leak).collect::<Result<_>>()?;
        Ok(leaks.into_iter().flatten().collect())
    }
}

fn of_dataset(dataset: &Dataset) -> Result<Vec<(String, &'static str)>, Fault> {
    let told = IDENTIFYING.iter().map(|&(tag, keyword)| (dataset.bytes(tag).map(text).unwrap_or_default(), keyword));
    Ok(told.flat_map(|(value, keyword)| spellings(&value).into_iter().map(move |text| (text, keyword))).collect())
}

/// How a value may be written elsewhere: as it is, a date with hyphens, the parts of a name.
fn spellings(value: &str) -> Vec<String> {
    let is_date = value.len() == 8 && value.bytes().all(|byte| byte.is_ascii_digit());
    let mut texts = vec![value.to_owned()];
    if is_date {
        texts.push(format!("{}-{}-{}", &value[..4], &value[4..6], &value[6..]));
    }
    if value.contains('^') {
        texts.extend(value.split('^').map(|part| part.trim().to_owned()));
    }
    texts.retain(|text| text.len() >= SHORTEST);
    texts
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::Synthetic;
    use super::*;

    #[test]
    fn values_have_the_spellings_that_others_give_them() {
        assert_eq!(spellings("19500203"), ["19500203", "1950-02-03"]);
        assert_eq!(spellings("Sample^Jane^M"), ["Sample^Jane^M", "Sample"]);
        assert_eq!(spellings("7"), Vec::<String>::new());
    }

    #[test]
    fn leaks_tell_the_file_and_the_keyword_and_not_the_value() -> Result<()> {
        let (dicom, out) = (tempfile::tempdir()?, tempfile::tempdir()?);
        std::fs::write(dicom.path().join("1"), Synthetic::new("1.2.3.4.5").bytes())?;
        std::fs::write(dicom.path().join("notes.txt"), "no DICOM")?;
        let identifiers = Identifiers::of_folder(dicom.path())?;
        assert_eq!(format!("{identifiers:?}"), "1 identifiers");
        std::fs::write(out.path().join("clean"), "1.2.3.4")?;
        std::fs::write(out.path().join("told"), "instance 1.2.3.4.5")?;
        let leak = Leak { file: "told".into(), keywords: BTreeSet::from(["SOPInstanceUID"]) };
        assert_eq!(identifiers.leaks(out.path())?, [leak]);
        Ok(())
    }
}
