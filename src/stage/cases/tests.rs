use std::fs;

use super::super::digest;
use super::*;
use crate::artifact::{ImageRow, Prediction, SliceRow, Why};

/// Exam, slice, class, P(none), P(left).
const PREDICTED: [(&str, usize, &str, [f64; 2]); 8] = [
    ("a", 0, "left", [0.2, 0.8]),
    ("a", 1, "left", [0.1, 0.9]),
    ("b", 0, "left", [0.05, 0.95]),
    ("b", 1, "left", [0.75, 0.25]),
    ("c", 0, "none", [0.3, 0.7]),
    ("d", 0, "left", [0.9, 0.1]),
    ("e", 0, "none", [0.8, 0.2]),
    ("f", 0, "none", [0.25, 0.75]),
];

struct World {
    root: tempfile::TempDir,
    volumes: BTreeMap<String, Files>,
    predictions: Files,
    images: Files,
}

fn world() -> Result<World> {
    let root = tempfile::tempdir()?;
    let folder = |name: &str| -> Result<std::path::PathBuf> {
        let folder = root.path().join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    };
    let row = |(exam, slice, class, p): (&str, usize, &str, [f64; 2])| Prediction {
        exam: exam.into(),
        slice,
        class: class.into(),
        probabilities: p.to_vec(),
    };
    let predictions = folder("predictions")?;
    let classes = vec!["none".into(), "left".into()];
    Predictions { classes, rows: PREDICTED.map(row).to_vec() }.write(&predictions)?;
    let images = folder("images")?;
    let mut writer = ImageSetWriter::create(&images, PREDICTED.len(), 4, 4)?;
    for (at, (exam, slice, class, _)) in PREDICTED.into_iter().enumerate() {
        writer.push(ImageRow { image: 0, exam: exam.into(), slice, class: class.into(), variant: 0 }, &[at as u8; 16])?;
    }
    writer.finish()?;
    let mut volumes = BTreeMap::new();
    for exam in ["a", "b", "c", "d", "e", "f"] {
        let folder = folder(exam)?;
        let slice = |slice| SliceRow {
            slice,
            position_mm: slice as f64,
            row_spacing_mm: 0.5,
            column_spacing_mm: 0.5,
            thickness_mm: None,
            tilt_deg: 0.0,
        };
        let slices = (0..2).map(slice).collect();
        crate::artifact::Volume { slices, rows: 8, columns: 8, hu: vec![0.0; 128], series: BTreeMap::new() }.write(&folder)?;
        volumes.insert(exam.to_owned(), Files::of_folder(&folder)?);
    }
    Ok(World { volumes, predictions: Files::of_folder(&predictions)?, images: Files::of_folder(&images)?, root })
}

fn params(exams: &[&str], confident: usize, wrong: usize) -> Params {
    let exams = exams.iter().map(|exam| (*exam).to_owned()).collect();
    Params { positive: vec!["left".into()], fit: Fit::Squash, exams, confident, wrong, marks: vec![] }
}

fn picked(world: &World, params: &Params, marks: Option<&str>) -> Result<(Cases, String)> {
    let marks = marks.map(|text| {
        let path = world.root.path().join("marks.csv");
        fs::write(&path, text)?;
        Marked::read(&path)
    });
    let params = Params { marks: marks.transpose()?.unwrap_or_default(), ..params.clone() };
    let inputs =
        Inputs { predictions: &world.predictions, images: &world.images, volumes: &world.volumes, truth: &BTreeMap::new() };
    let out = tempfile::tempdir()?;
    run(&params, &inputs, out.path())?;
    Ok((Cases::open(&Files::of_folder(out.path())?)?, digest(out.path())?))
}

fn told(cases: &Cases) -> Vec<(&str, usize, &str, Why)> {
    cases.rows.iter().map(|case| (case.exam.as_str(), case.slice, case.named.as_str(), case.why)).collect()
}

#[test]
fn asked_confident_and_wrong_exams_are_picked_once_each_by_their_most_suspicious_slice() -> Result<()> {
    let world = world()?;
    let (cases, _) = picked(&world, &params(&["e", "c"], 1, 2), None)?;
    let expected = [
        ("e", 0, "none", Why::Asked),
        ("c", 0, "left", Why::Asked),
        ("a", 1, "left", Why::Confident),
        ("d", 0, "none", Why::Wrong),
    ];
    // `d` is wrong with 0.9, `f` with 0.75, `c` is there already and `b` is right with 0.6.
    assert_eq!(told(&cases), [&expected[..], &[("f", 0, "left", Why::Wrong)]].concat());
    assert_eq!(cases.images.image(2), &[1; 16]);
    assert!((cases.rows[2].probability - 0.85).abs() < 1e-15 && cases.rows[2].place().is_none());
    Ok(())
}

#[test]
fn a_mark_decides_the_slice_and_comes_in_pixels_of_the_image() -> Result<()> {
    let marks = "exam,slice,column,row,radius,mark\na,1,2,5,1,\na,2,6.5,2.5,0.5,\nc,1,1,1,2,lesion\nf,1,3,3,2,pallidum\n";
    let world = world()?;
    let (cases, _) = picked(&world, &params(&[], 1, 9), Some(marks))?;
    let marked: Vec<_> =
        cases.rows.iter().map(|case| (case.exam.as_str(), case.slice, case.mark.as_deref(), case.place())).collect();
    let a = ("a", 0, Some("lesion"), Some([0.75, 2.25, 0.5]));
    // A lesion of an exam without one is no mark of it; a mimic is.
    let rest = [("d", 0, None, None), ("f", 0, Some("pallidum"), Some([1.25, 1.25, 1.0])), ("c", 0, None, None)];
    assert_eq!(marked, [&[a][..], &rest].concat());
    assert_eq!(cases.rows[0].pixel_mm, 1.0);
    Ok(())
}

#[test]
fn no_case_at_all_is_an_artifact_as_well() -> Result<()> {
    assert!(picked(&world()?, &params(&[], 0, 0), None)?.0.rows.is_empty());
    Ok(())
}

#[test]
fn an_exam_that_is_no_test_exam_is_named() -> Result<()> {
    let fault = picked(&world()?, &params(&["z"], 0, 0), None).expect_err("unknown").to_string();
    assert_eq!(fault, "exam `z` is to be explained, but it is no test exam");
    Ok(())
}

#[test]
fn version_2_writes_these_bytes() -> Result<()> {
    let (_, digest) = picked(&world()?, &params(&[], 1, 1), Some("exam,slice,column,row,radius\na,1,2,5,1\n"))?;
    assert_eq!((KIND.version, digest.as_str()), (2, "e6d1c2a6f4870865"));
    Ok(())
}
