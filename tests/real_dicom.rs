//! Real files through the reader and the stages, against values that independent decoders agree on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use bgh::artifact::{Files, ImageSet, Volume};
use bgh::imaging::{Filter, Fingerprint, Fit, Geometry, Image, Recipe, Window};
use bgh::stage::{augment, ingest, window};

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

fn ingested(root: &Path, exam: &str, out: &Path) -> Result<Files> {
    let params = ingest::Params { slices: bgh::labels::Slices::All };
    ingest::run(&params, &Files::of_folder(&root.join(exam))?, out)?;
    Files::of_folder(out)
}

fn windowed(volumes: &BTreeMap<String, Files>, window: Window, out: &Path) -> Result<Files> {
    let label = |(id, class): (&str, &str)| window::ExamLabel { id: id.into(), class: class.into() };
    let exams = [("philips", "none"), ("ge", "left")].map(label).to_vec();
    window::run(&window::Params { window, size: 256, fit: Fit::Squash, exams, order: window::Order::Listed }, volumes, out)?;
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

/// How alike slices of real heads are, against the 0.95 from which `[leakage]` takes two images for copies. What it prints is what
/// `docs/cohorts.md` tells.
#[test]
fn two_real_heads_are_no_copies_of_each_other() -> Result<()> {
    let Some(root) = real_files() else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let mut volumes = BTreeMap::new();
    for (name, exam) in [("ge", "head-ge-tilt"), ("philips", "study-philips-tilt")] {
        let out = folder.path().join(name);
        std::fs::create_dir(&out)?;
        volumes.insert(name.to_owned(), ingested(&root, exam, &out)?);
    }
    for (width, level) in [(80.0, 35.0), (220.0, 95.0), (4000.0, 400.0)] {
        let out = folder.path().join(format!("{width}"));
        std::fs::create_dir(&out)?;
        let set = ImageSet::open(&windowed(&volumes, Window { width, level }, &out)?)?;
        let image = |at: usize| Image::new(set.width, set.height, set.image(at).to_vec());
        let prints: Vec<_> = (0..set.rows.len()).map(|at| (&set.rows[at], Fingerprint::of(&image(at)))).collect();
        let (mut near, mut within, mut between) = (vec![], vec![], vec![]);
        for (at, (row, print)) in prints.iter().enumerate() {
            for (other, twin) in &prints[at + 1..] {
                let (Some(print), Some(twin)) = (print, twin) else { continue };
                let alike = print.correlation(twin, -1.0).expect("no limit");
                match (row.exam == other.exam, row.slice.abs_diff(other.slice)) {
                    (true, 1) => near.push(alike),
                    (true, _) => within.push(alike),
                    (false, _) => between.push(alike),
                }
            }
        }
        let most = |alike: &[f32]| alike.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        near.sort_by(f32::total_cmp);
        eprintln!(
            "width {width}, level {level}: {} neighbours {:.2} in the median, {:.2} at most; other slices of one head {:.2}; of two heads {:.2}",
            near.len(),
            near[near.len() / 2],
            most(&near),
            most(&within),
            most(&between)
        );
        assert!(!between.is_empty() && most(&between) < 0.95, "{}", most(&between));
    }
    Ok(())
}
