//! Real files through the reader, against values that independent decoders agree on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bgh_field::artifact::Files;
use bgh_field::dicom::{self, AxialSeries, Header, inspect};
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
