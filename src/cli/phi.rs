//! `bgh doctor --phi DIR --in DIR`: whether identifiers of DICOM files have got into artifacts, reports or logs.

use std::path::PathBuf;

use super::{Exit, Failure};
use crate::dicom::Identifiers;

/// Searches each folder of `places` for the identifiers below `folder`. Values are never printed, only where they are and of which
/// attribute.
pub(super) fn examine(folder: &std::path::Path, places: &[PathBuf]) -> Result<(), Failure> {
    let identifiers = Identifiers::of_folder(folder)?;
    if identifiers.is_empty() {
        let fact = format!("no file below {} is DICOM with an identifier: nothing was searched for", folder.display());
        return Err(Failure::new(Exit::Environment, fact));
    }
    let mut clean = true;
    for place in places {
        for leak in identifiers.leaks(place)? {
            clean = false;
            let keywords: Vec<_> = leak.keywords.into_iter().collect();
            outln!("FAULT {}: holds {}", place.join(&leak.file).display(), keywords.join(", "));
        }
    }
    if clean {
        outln!("ok    none of {} identifiers was found", identifiers.len());
        return Ok(());
    }
    Err(Failure::new(Exit::Environment, "identifiers of patients were found: keep these files where the DICOM files are kept"))
}
