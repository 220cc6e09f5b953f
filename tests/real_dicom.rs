//! Real files through the reader and the stages, against values that independent decoders agree on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bgh::artifact::{Files, ImageSet, Volume};
use bgh::dicom::{self, AxialSeries, inspect};
use bgh::imaging::{Filter, Fit, Geometry, Recipe, Window};
use bgh::stage::{augment, ingest, window};
use serde_json::Value;

/// The folder of real files, or `None` with a loud note.
fn real_files() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
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

const DECODED: [&str; 7] = ["1.2.840.10008.1.2", ".1", ".2", ".1.99", ".5", ".4.57", ".4.70"];

/// Whether this reader promises to decode a file that the reference decoded.
fn is_promised(fact: &Value) -> bool {
    let syntax = fact["transfer_syntax"].as_str().unwrap_or_default().trim_start_matches(DECODED[0]);
    let bits = fact["BitsAllocated"].as_f64();
    fact["kind"] == "image" && (syntax.is_empty() || DECODED[1..].contains(&syntax)) && [Some(8.0), Some(16.0)].contains(&bits)
}

#[test]
fn every_file_is_right_or_refused_with_a_reason() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let expected = expected(&root)?;
    let mut compared = 0;
    for fact in list(&expected["files"]) {
        let name = fact["file"].as_str().context("a file has a name")?;
        let seen = inspect(&root.join(name));
        assert_eq!(seen.ok, is_promised(fact), "{name}: {seen:?}");
        assert!(seen.ok || seen.error.as_ref().is_some_and(|error| error.len() > 10), "{name}: refused without a reason");
        assert_eq!(seen.usable, seen.reason.is_none(), "{name}");
        if !(seen.ok && fact["rescale_source"] == "tags") {
            continue;
        }
        for (key, hu) in [("min", seen.hu_min), ("max", seen.hu_max), ("mean", seen.hu_mean)] {
            let (hu, expected) = (hu.with_context(|| name.to_owned())?, fact["hu"][key].as_f64().context("has HU")?);
            assert!((hu - expected).abs() < 1e-4, "{name}: {key} {hu}, not {expected}");
        }
        compared += 1;
    }
    assert_eq!(compared, 64, "files whose HU were compared");
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
        for probe in list(&fact["hu_probes"]) {
            let [row, column, expected] = [0, 1, 2].map(|part| probe[part].as_f64().unwrap_or(f64::NAN));
            let hu = f64::from(volume.hu[row as usize * volume.columns + column as usize]);
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
        ("multiframe/enhanced_ct_2frames.dcm", "has 2 frames"),
        ("syntax/ct-chest_JPEG2000LosslessOnly.dcm", "(JPEG 2000 Lossless) is not read"),
        ("syntax/ct-chest_JPEGProcess1.dcm", "(JPEG Baseline, lossy) is not read"),
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

fn ingested(root: &Path, exam: &str, out: &Path) -> Result<Files> {
    let params = ingest::Params { slices: ingest::Slices::All };
    ingest::run(&params, &Files::of_folder(&root.join(exam))?, out)?;
    Files::of_folder(out)
}

fn windowed(volumes: &BTreeMap<String, Files>, window: Window, out: &Path) -> Result<Files> {
    let label = |(id, class): (&str, &str)| window::ExamLabel { id: id.into(), class: class.into() };
    let exams = [("philips", "none"), ("ge", "left")].map(label).to_vec();
    window::run(&window::Params { window, size: 256, fit: Fit::Squash, exams }, volumes, out)?;
    Files::of_folder(out)
}

#[test]
fn two_real_heads_go_through_ingest_window_and_augment() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let made = |name: &str| -> Result<PathBuf> {
        let path = folder.path().join(name);
        std::fs::create_dir(&path)?;
        Ok(path)
    };
    let ge = ingested(&root, "head-ge-tilt", &made("ge")?)?;
    let philips = ingested(&root, "study-philips-tilt", &made("philips")?)?;
    let volume = Volume::open(&ge)?;
    assert_eq!((volume.slices.len(), volume.rows, volume.columns), (28, 512, 512));
    assert_eq!(volume.hu.iter().copied().fold(f32::INFINITY, f32::min), -1024.0, "the padding of -1500 became air");
    assert_eq!(volume.series["ConvolutionKernel"], "STD+");
    assert!(!volume.series.keys().any(|keyword| keyword.contains("Patient") && keyword != "PatientPosition"));

    let volumes = BTreeMap::from([("ge".to_owned(), ge), ("philips".to_owned(), philips)]);
    let windows = [(80.0, 35.0), (220.0, 95.0), (27.0, 33.0)].map(|(width, level)| Window { width, level });
    let sets = ["brain", "blood", "stroke"].iter().zip(windows).map(|(name, window)| windowed(&volumes, window, &made(name)?));
    let sets = sets.collect::<Result<Vec<_>>>()?;
    let brain = ImageSet::open(&sets[0])?;
    assert_eq!((brain.rows.len(), brain.height, brain.width), (36, 256, 256));
    assert_eq!((brain.rows[0].exam.as_str(), brain.rows[8].exam.as_str(), brain.rows[8].slice), ("philips", "ge", 0));
    let grey = brain.image(8 + 20).iter().filter(|&&grey| (1..255).contains(&grey)).count();
    assert!(grey > 256 * 256 / 8, "only {grey} pixels of a slice at the ventricles are grey in the brain window");

    let geometry = vec![Geometry::Identity, Geometry::Zoom(1.1), Geometry::Rotate(15.0), Geometry::Rotate(30.0)];
    let filter = vec![vec![], vec![Filter::Blur(2.0)], vec![Filter::Sharpen], vec![Filter::Blur(2.0), Filter::Sharpen]];
    let recipe = Recipe { windows: windows.to_vec(), geometry, filter };
    let out = made("augmented")?;
    assert_eq!(augment::run(&augment::Params(recipe), &sets, &out)?, 48);
    let augmented = ImageSet::open(&Files::of_folder(&out)?)?;
    assert_eq!(augmented.rows.len(), 36 * 48);
    assert_eq!(augmented.image(9 * 48), brain.image(9), "variant 0 is the unaugmented image");
    assert_eq!(augmented.image(9 * 48 + 16), ImageSet::open(&sets[1])?.image(9), "variant 16 is the second window");
    assert!(augmented.rows.iter().enumerate().all(|(at, row)| row.variant == at % 48 && row.exam == brain.rows[at / 48].exam));
    Ok(())
}
