//! Real files through the reader, against values that independent decoders agree on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bgh_field::artifact::{Files, Volume};
use bgh_field::dicom::{self, AxialSeries, Header, inspect};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::{FileDicomObject, InMemDicomObject, open_file};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The folder of real files, or `None` with a loud note.
fn real_files() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = std::env::var_os("BGH_SHARED").map_or_else(beside, PathBuf::from).join("data/dicom");
    if !root.is_dir() {
        eprintln!("SKIPPED: {} not found: no real DICOM file was read", root.display());
        return None;
    }
    Some(root)
}

fn expected(root: &Path) -> Result<Value> {
    Ok(serde_json::from_slice(&std::fs::read(root.join("expected.json"))?)?)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn only(root: &Path, names: &[&str]) -> Files {
    names.iter().map(|name| ((*name).to_owned(), root.join(name))).collect()
}

/// The files that are decoded by nobody here, though another decoder makes an image of them, and what is said of each.
const BEYOND: [(&str, &str); 1] = [("notct/ct_smiley_jpeg_color.dcm", "JPEG with subsampled colours is not read")];

fn sha256(stored: &[i32]) -> String {
    let bytes: Vec<u8> = stored.iter().flat_map(|value| value.to_le_bytes()).collect();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_file_is_right_or_refused_with_a_reason() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let (mut exact, mut near, mut refused) = (0, 0, 0);
    for fact in list(&expected(&root)?["files"]) {
        let name = fact["file"].as_str().context("a file has a name")?;
        let seen = inspect(&root.join(name));
        let beyond = BEYOND.iter().find(|(file, _)| *file == name);
        assert_eq!(seen.ok, fact["kind"] == "image" && beyond.is_none(), "{name}: {seen:?}");
        assert_eq!(seen.usable, seen.reason.is_none(), "{name}");
        if !seen.ok {
            let error = seen.error.unwrap_or_default();
            assert!(error.len() > 10 && error.contains(beyond.map_or("", |(_, told)| told)), "{name}: `{error}`");
            refused += 1;
            continue;
        }
        let stored = dicom::stored(&root.join(name))?;
        if fact["header_contradicts_codestream"] == true {
            let truth = &fact["hu_if_signed_as_the_codestream_says"];
            assert_eq!((seen.hu_min, seen.hu_max), (truth["min"].as_f64(), truth["max"].as_f64()), "{name}");
            exact += 1;
            continue;
        }
        // Lossy JPEG: decoders may differ by one in their rounding.
        let lossy = fact["transfer_syntax"] == "1.2.840.10008.1.2.4.51";
        if lossy {
            let mean = stored.iter().map(|&value| f64::from(value)).sum::<f64>() / stored.len() as f64;
            let expected = fact["stored"]["mean"].as_f64().context("a mean")?;
            assert!((mean - expected).abs() < 0.05, "{name}: mean {mean}, not {expected}");
            near += 1;
        } else {
            assert_eq!(sha256(&stored), fact["stored_sha256_i32le"], "{name}: stored values");
            exact += 1;
        }
        if fact["hu"].is_null() {
            assert_eq!(seen.hu_min, None, "{name}: has HU");
            continue;
        }
        let slack = if lossy { 1.5 * fact["RescaleSlope"].as_f64().unwrap_or(1.0) } else { 1e-4 };
        for (key, hu) in [("min", seen.hu_min), ("max", seen.hu_max), ("mean", seen.hu_mean)] {
            let (hu, expected) = (hu.with_context(|| name.to_owned())?, fact["hu"][key].as_f64().context("has HU")?);
            assert!((hu - expected).abs() <= slack, "{name}: {key} {hu}, not {expected}");
        }
    }
    assert_eq!((exact, near, refused), (100, 2, 21), "files that were exact, near and refused");
    Ok(())
}

/// The tags of every file that has any, as another reader told them.
#[test]
fn headers_say_what_others_read() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let mut compared = 0;
    for fact in list(&expected(&root)?["files"]) {
        let name = fact["file"].as_str().context("a file has a name")?;
        let Ok(header) = Header::read(&root.join(name)) else { continue };
        let text = |key: &str| fact[key].as_str().unwrap_or_default().to_owned();
        let uids = [&header.study, &header.series, &header.instance, &header.modality, &header.photometric];
        let keys = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "Modality", "PhotometricInterpretation"];
        for (uid, expected) in uids.iter().zip(keys.map(text)) {
            assert!(expected.is_empty() || **uid == expected, "{name}: {uid}, not {expected}");
        }
        let frame = header.frame(0);
        let numbers = [
            ("Rows", header.rows.map(f64::from)),
            ("BitsStored", header.bits_stored.map(f64::from)),
            ("HighBit", header.high_bit.map(f64::from)),
            ("SliceThickness", frame.thickness),
        ];
        for (key, number) in numbers {
            let expected = fact[key].as_f64();
            assert!(expected.is_none() || expected == number, "{name}: {key} {number:?}, not {expected:?}");
        }
        compared += 1;
    }
    assert!(compared > 100, "{compared} headers were compared");
    Ok(())
}

#[test]
fn pixels_stand_where_they_should_and_padding_is_air() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let mut probed = 0;
    for fact in list(&expected(&root)?["files"]) {
        let name = fact["file"].as_str().context("a file has a name")?;
        if !inspect(&root.join(name)).usable {
            continue;
        }
        let volume = AxialSeries::find(&only(&root, &[name]))?.volume(&[0])?;
        // Volumes have the front on top, whatever the file has.
        let turned = fact["ImageOrientationPatient"][4].as_f64().is_some_and(|down| down < 0.0);
        for probe in list(&fact["hu_probes"]) {
            let [row, column, expected] = [0, 1, 2].map(|part| probe[part].as_f64().unwrap_or(f64::NAN));
            let row = if turned { volume.rows - 1 - row as usize } else { row as usize };
            let hu = f64::from(volume.hu[row * volume.columns + column as usize]);
            let is_padding = fact["PixelPaddingValue"].as_f64().is_some_and(|stored| {
                let stored = if stored > 32767.0 { stored - 65536.0 } else { stored };
                let facts =
                    [&fact["RescaleSlope"], &fact["RescaleIntercept"]].map(|number| number.as_f64().unwrap_or(f64::NAN));
                facts[0] * stored + facts[1] == expected
            });
            let expected = if is_padding { f64::from(dicom::AIR) } else { expected };
            assert!((hu - expected).abs() < 1e-3, "{name}: {hu} at {row}, {column}, not {expected}");
            probed += 1;
        }
    }
    assert!(probed > 300, "only {probed} probes");
    Ok(())
}

#[test]
fn refusals_name_their_reason() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    for (name, reason) in [
        ("study-philips-tilt/DICOMDIR", "has no pixel data"),
        ("study-philips-tilt/S1000/I10", "ImageType is ORIGINAL\\PRIMARY\\LOCALIZER"),
        ("study-philips-tilt/S4010/I10", "REF_SURVIEW: not a slice"),
        ("study-philips-tilt/S4010/I30", "PATIENT_INFO: not a slice"),
        ("geometry/two-orientations/1.dcm", "Modality is MR, not CT"),
        ("syntax/ct-chest_JPEGProcess6_8.dcm", "(a retired JPEG process) is not read"),
        ("multiframe/enhanced_ct_2frames.dcm", "RescaleType is US, not HU"),
        ("multiframe/enhanced_ct_2frames.dcm", "RescaleType is US, not HU"),
        ("notct/ct_smiley_jpeg_color.dcm", "PhotometricInterpretation is YBR_FULL_422: colours are not HU"),
        ("broken/declares_3GB.dcm", "declares 3221225472 bytes where"),
        ("broken/bad_vr_numbers.dcm", "NumberOfFrames is `1A`, not a whole number"),
        ("broken/no_meta.dcm", "is not a DICOM file"),
        ("nondicom/zipMR.gz", "is not a DICOM file"),
    ] {
        let seen = inspect(&root.join(name));
        let told = [seen.reason.as_deref(), seen.error.as_deref()].map(Option::unwrap_or_default).join(" | ");
        assert!(!seen.usable && told.contains(reason), "{name}: `{told}` does not say `{reason}`");
    }
    Ok(())
}

#[test]
fn slices_are_ordered_along_their_normal() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let mut checked = 0;
    for fact in list(&expected(&root)?["series"]) {
        let order: Vec<&str> = list(&fact["order_along_normal"]).iter().filter_map(Value::as_str).collect();
        let Ok(series) = AxialSeries::find(&only(&root, &order)) else { continue };
        if order.len() < 3 || series.len() != order.len() {
            continue;
        }
        assert_eq!(series.names().collect::<Vec<_>>(), order);
        let volume = series.volume(&(0..series.len()).collect::<Vec<_>>())?;
        let gaps = volume.slices.windows(2).map(|pair| pair[1].position_mm - pair[0].position_mm);
        for (gap, expected) in gaps.zip(list(&fact["gaps_along_normal_mm"])) {
            let expected = expected.as_f64().context("a gap is a number")?;
            assert!((gap - expected).abs() < 2e-3, "{}: {gap} mm, not {expected}", order[0]);
        }
        let tilt = fact["tilt_from_vectors_deg"].as_f64().context("has a tilt")?;
        assert!(volume.slices.iter().all(|slice| (slice.tilt_deg - tilt.abs()).abs() < 0.06), "{}: tilt", order[0]);
        checked += 1;
    }
    assert_eq!(checked, 6, "series of at least three slices");
    Ok(())
}

#[test]
fn a_folder_as_it_comes_is_scanned_into_exams() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let exams = dicom::scan(&root)?;
    let philips = exams.iter().find(|exam| exam.folder == "study-philips-tilt").context("the Philips study is found")?;
    assert!(philips.is_called("study-philips-tilt") && philips.is_called(&philips.study) && !philips.is_called(""));
    assert_eq!(philips.files().iter().filter(|(name, _)| name.starts_with("S2010/I")).count(), 8);
    let series = AxialSeries::find(&philips.files())?;
    assert!(series.len() == 8 && series.names().all(|name| name.starts_with("S2010/")));
    assert_eq!(exams, dicom::scan(&root)?, "the order depends on the machine's mood");
    Ok(())
}

/// Damage after the header reaches the decoders of compressed pixels.
#[test]
fn damaged_compressed_pixels_never_panic() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    for name in
        ["syntax/ct-chest_JPEGProcess14SV1.dcm", "syntax/ct-chest_JPEGProcess14.dcm", "syntax/ct_rle_many_fragments.dcm"]
    {
        let whole = std::fs::read(root.join(name))?;
        let path = folder.path().join("damaged.dcm");
        for step in 0..30 {
            let mut damaged = whole.clone();
            // Dense over the codec's own headers, sparse over the data.
            let at = whole.len() / 200 + step * if step < 20 { 16 } else { whole.len() / 40 };
            damaged[at..at + 16].fill([0x00, 0xFF, 0x55][step % 3]);
            damaged.truncate(whole.len() - (step % 2) * (step * whole.len() / 60));
            std::fs::write(&path, damaged)?;
            let seen = inspect(&path);
            assert_eq!(seen.ok, seen.error.is_none());
        }
    }
    Ok(())
}

fn series_of(root: &Path, folder: &str) -> Result<AxialSeries> {
    AxialSeries::find(&Files::of_folder(&root.join(folder))?)
}

fn whole(series: &AxialSeries) -> Result<Volume> {
    series.volume(&(0..series.len()).collect::<Vec<_>>())
}

/// One slice in many syntaxes: the lossless ones are one image, the lossy ones lie at the same place and are no second slice.
#[test]
fn copies_of_one_slice_are_one_image() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let files: Files = Files::of_folder(&root.join("syntax"))?
        .iter()
        .filter(|(name, _)| name.starts_with("ct-chest_"))
        .map(|(name, path)| (name.to_owned(), path.to_owned()))
        .collect();
    let series = AxialSeries::find(&files)?;
    assert_eq!(series.len(), 1);
    assert!(
        series.facts().notes.iter().any(|note| note.contains("stacks of its series at the same places")),
        "{:?}",
        series.facts()
    );
    Ok(())
}

/// Enhanced and classic objects of one volume: rescale and geometry lie in functional groups or in the file.
#[test]
fn frames_of_an_enhanced_object_are_slices() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let enhanced = AxialSeries::find(&only(&root, &["multiframe/enhanced_ct_3frames.dcm"]))?;
    let (enhanced, classic) = (whole(&enhanced)?, whole(&series_of(&root, "multiframe/classic_ct_same_volume")?)?);
    assert_eq!(enhanced.hu, classic.hu);
    assert_eq!((enhanced.slices.len(), enhanced.rows, enhanced.columns), (3, 38, 23));
    assert!(enhanced.slices.iter().zip(&classic.slices).all(|(a, b)| (a.position_mm - b.position_mm).abs() < 1e-3));
    Ok(())
}

#[test]
fn gaps_and_changes_of_thickness_are_told() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let notes = |folder: &str| series_of(&root, folder).map(|series| series.facts().notes.clone());
    assert_eq!(notes("head-ge-tilt")?, ["slices of several thicknesses: 14 x 4 mm, 14 x 7 mm"]);
    assert_eq!(notes("geometry/missing-slice")?, ["a gap of 10.00 mm between slices 2 and 3"]);
    assert_eq!(notes("study-philips-tilt")?, Vec::<String>::new());
    Ok(())
}

/// Of a real exam, copies as other patient positions would have given them: the patient's right is on the image's left in all.
#[test]
fn flipped_feet_first_and_prone_copies_become_the_same_volume() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let expected = whole(&series_of(&root, "head-ge-tilt")?)?;
    for (position, columns, rows) in
        [("HFS flipped", true, false), ("FFS", true, false), ("HFP", true, true), ("FFP", false, true)]
    {
        let folder = tempfile::tempdir()?;
        for (name, path) in Files::of_folder(&root.join("head-ge-tilt"))?.iter() {
            turned(path, position, columns, rows)?.write_to_file(folder.path().join(format!("x{name}")))?;
        }
        let volume = whole(&AxialSeries::find(&Files::of_folder(folder.path())?)?)?;
        assert!(volume.hu == expected.hu, "{position}: other pixels");
        let places = volume.slices.iter().zip(&expected.slices).map(|(a, b)| (a.position_mm - b.position_mm).abs());
        assert!(places.fold(0.0, f64::max) < 1e-3, "{position}: other places");
    }
    Ok(())
}

/// The file with its pixels and its geometry turned: the same patient, stored the other way round.
fn turned(path: &Path, position: &str, columns: bool, rows: bool) -> Result<FileDicomObject<InMemDicomObject>> {
    let mut object = open_file(path)?;
    let numbers = |tag: Tag| -> Result<Vec<f64>> { Ok(object.element(tag)?.to_multi_float64()?) };
    let mut orientation = numbers(tags::IMAGE_ORIENTATION_PATIENT)?;
    let mut corner = numbers(tags::IMAGE_POSITION_PATIENT)?;
    let spacing = numbers(tags::PIXEL_SPACING)?;
    let mut pixels: Vec<u16> = object.element(tags::PIXEL_DATA)?.to_multi_int()?;
    let side = 512;
    for (is_turned, from, step) in [(columns, 0, spacing[1]), (rows, 3, spacing[0])] {
        if is_turned {
            for axis in 0..3 {
                corner[axis] += orientation[from + axis] * step * f64::from(side - 1);
                orientation[from + axis] *= -1.0;
            }
        }
    }
    if columns {
        pixels.chunks_exact_mut(side as usize).for_each(<[u16]>::reverse);
    }
    if rows {
        pixels = pixels.chunks_exact(side as usize).rev().flatten().copied().collect();
    }
    let decimals = |numbers: &[f64]| PrimitiveValue::Strs(numbers.iter().map(|number| format!("{number:.6}")).collect());
    object.put(DataElement::new(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, decimals(&orientation)));
    object.put(DataElement::new(tags::IMAGE_POSITION_PATIENT, VR::DS, decimals(&corner)));
    object.put(DataElement::new(tags::PATIENT_POSITION, VR::CS, PrimitiveValue::from(&position[..3])));
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels.into())));
    Ok(object)
}
