//! What the files of a cohort may be. To add a format: a kind that turns the files of an exam into a volume, and its arms here.

use std::path::Path;

use anyhow::{Result, bail};

use super::ingest;
use super::{Kind, nifti, png};
use crate::artifact::Files;
use crate::dicom::{self, AxialSeries, ExamFiles};
use crate::labels::Slices;

/// A format of exams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// DICOM studies: in HU, oriented, with a patient.
    Dicom,
    /// NIfTI-1 volumes, a file an exam: oriented, in the units that the file's scale gives, without a patient.
    Nifti,
    /// PNG slices, a folder an exam: grey levels as they are, unoriented, without a patient.
    Png,
}

impl Format {
    /// As specs spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dicom => "dicom",
            Self::Nifti => "nifti",
            Self::Png => "png",
        }
    }

    /// As people spell it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Dicom => "DICOM",
            Self::Nifti => "NIfTI",
            Self::Png => "PNG",
        }
    }

    /// The first format of which there is an exam below a folder, with the exams.
    ///
    /// # Errors
    /// When there is none, or a folder cannot be listed.
    pub fn found(root: &Path) -> Result<(Self, Vec<ExamFiles>)> {
        for format in [Self::Dicom, Self::Nifti, Self::Png] {
            let exams = format.scan(root)?;
            if !exams.is_empty() {
                return Ok((format, exams));
            }
        }
        bail!("no exam below {}: it holds neither DICOM nor NIfTI nor PNG files", root.display())
    }

    /// The exams below a folder.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn scan(self, root: &Path) -> Result<Vec<ExamFiles>> {
        match self {
            Self::Dicom => dicom::scan(root),
            Self::Nifti => nifti::scan(root),
            Self::Png => png::scan(root),
        }
    }

    /// How many slices of an exam will be used, by its headers alone.
    ///
    /// # Errors
    /// Why its step would fail: no usable slice, or none that is asked for. What only the pixels tell, the step tells.
    pub fn foresee(self, files: &Files, slices: &Slices) -> Result<usize> {
        match self {
            Self::Dicom => Ok(slices.of(&AxialSeries::find(files)?.places())?.len()),
            Self::Nifti => nifti::foresee(files, slices),
            Self::Png => png::foresee(files, slices),
        }
    }

    /// The kind of step that reads an exam; its input port bears the name of the format.
    pub fn kind(self) -> &'static Kind {
        match self {
            Self::Dicom => &ingest::KIND,
            Self::Nifti => &nifti::KIND,
            Self::Png => &png::KIND,
        }
    }
}
