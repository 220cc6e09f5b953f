//! A finding as a DICOM Structured Report: Basic Text SR (PS3.3 A.35.1), which every archive stores and most workstations show.

use std::path::Path;

use anyhow::{Context, Result};
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use super::write::uid;

/// What is said of one exam.
#[derive(Debug, Clone)]
pub struct Finding<'a> {
    /// Study Instance UID.
    pub study: &'a str,
    /// Patient ID; may be empty.
    pub patient: &'a str,
    /// Accession Number; may be empty.
    pub accession: &'a str,
    /// What was looked for, and by whom.
    pub title: String,
    /// One text item each.
    pub lines: Vec<String>,
}

/// Writes the report into a file. Equal findings give equal bytes: the UIDs follow from the content, dates are left empty.
///
/// # Errors
/// When the file cannot be written.
pub fn write_report(path: &Path, finding: &Finding<'_>) -> Result<()> {
    let content = format!("{}\n{}\n{}", finding.study, finding.title, finding.lines.join("\n"));
    let (instance, series) = (uid(content.as_bytes()), uid(format!("series of {content}").as_bytes()));
    let mut report = InMemDicomObject::new_empty();
    let rows = [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::SOP_CLASS_UID, VR::UI, uids::BASIC_TEXT_SR_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, &instance),
        (tags::STUDY_DATE, VR::DA, ""),
        (tags::CONTENT_DATE, VR::DA, ""),
        (tags::STUDY_TIME, VR::TM, ""),
        (tags::CONTENT_TIME, VR::TM, ""),
        (tags::ACCESSION_NUMBER, VR::SH, finding.accession),
        (tags::MODALITY, VR::CS, "SR"),
        (tags::MANUFACTURER, VR::LO, "bgh"),
        (tags::REFERRING_PHYSICIAN_NAME, VR::PN, ""),
        (tags::SERIES_DESCRIPTION, VR::LO, "Automated reading order"),
        (tags::PATIENT_NAME, VR::PN, ""),
        (tags::PATIENT_ID, VR::LO, finding.patient),
        (tags::PATIENT_BIRTH_DATE, VR::DA, ""),
        (tags::PATIENT_SEX, VR::CS, ""),
        (tags::STUDY_INSTANCE_UID, VR::UI, finding.study),
        (tags::SERIES_INSTANCE_UID, VR::UI, &series),
        (tags::STUDY_ID, VR::SH, ""),
        (tags::SERIES_NUMBER, VR::IS, "900"),
        (tags::INSTANCE_NUMBER, VR::IS, "1"),
        (tags::VALUE_TYPE, VR::CS, "CONTAINER"),
        (tags::CONTINUITY_OF_CONTENT, VR::CS, "SEPARATE"),
        (tags::COMPLETION_FLAG, VR::CS, "COMPLETE"),
        (tags::VERIFICATION_FLAG, VR::CS, "UNVERIFIED"),
    ];
    rows.iter().for_each(|(tag, vr, value)| text(&mut report, *tag, *vr, value));
    // Codes of PS3.16: 18748-4 (LOINC) Diagnostic imaging report, 121071 (DCM) Finding.
    sequence(&mut report, tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code("18748-4", "LN", "Diagnostic imaging report")]);
    sequence(&mut report, tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, vec![]);
    sequence(&mut report, tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, vec![]);
    let items = [&finding.title].into_iter().chain(&finding.lines).map(|line| item(line)).collect();
    sequence(&mut report, tags::CONTENT_SEQUENCE, items);
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let place = || format!("cannot write {}", path.display());
    report.with_meta(meta).with_context(place)?.write_to_file(path).with_context(place)
}

fn item(line: &str) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    text(&mut item, tags::RELATIONSHIP_TYPE, VR::CS, "CONTAINS");
    text(&mut item, tags::VALUE_TYPE, VR::CS, "TEXT");
    text(&mut item, tags::TEXT_VALUE, VR::UT, line);
    sequence(&mut item, tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code("121071", "DCM", "Finding")]);
    item
}

fn code(value: &str, scheme: &str, meaning: &str) -> InMemDicomObject {
    let mut code = InMemDicomObject::new_empty();
    text(&mut code, tags::CODE_VALUE, VR::SH, value);
    text(&mut code, tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme);
    text(&mut code, tags::CODE_MEANING, VR::LO, meaning);
    code
}

fn text(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

fn sequence(object: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}
