//! Real DICOM through the spine as a user's folder goes through it: a spec with `source = "dicom"` and a label table. Phantom exams
//! fill the parts that two real heads cannot.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use bgh::artifact::{Files, ImageSet, Volume};
use bgh::store::Store;
use common::Space;

/// The folder of real files, or `None` with a loud note.
fn real_files() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let root = std::env::var_os("BGH_SHARED").map_or_else(beside, PathBuf::from).join("data/dicom");
    if !root.is_dir() {
        eprintln!("SKIPPED: {} not found: no real DICOM exam went through a spec", root.display());
        return None;
    }
    root.canonicalize().ok()
}

/// Two real heads and 15 phantoms under one root, labelled so that every part has every class.
fn cohort(space: &Space, real: &Path) {
    space.bgh(&["phantom", "phantoms", "--none", "5", "--right", "5", "--left", "5", "--matrix", "64"]);
    fs::create_dir(space.path("exams")).expect("a folder");
    std::os::unix::fs::symlink(space.path("phantoms/dicom"), space.path("exams/phantoms")).expect("linked");
    std::os::unix::fs::symlink(real.join("head-ge-tilt"), space.path("exams/ge")).expect("linked");
    std::os::unix::fs::symlink(real.join("study-philips-tilt"), space.path("exams/philips")).expect("linked");
    let table = fs::read_to_string(space.path("phantoms/labels.csv")).expect("labels");
    let mut rows: Vec<(&str, &str)> = table.lines().skip(1).filter_map(|row| row.split_once(',')).collect();
    rows.sort_by_key(|(_, rest)| rest.split(',').next().map(str::to_owned));
    let parts = ["train", "tune", "test"];
    let phantoms = rows
        .iter()
        .enumerate()
        .map(|(at, (id, rest))| format!("{id},{},{}\n", rest.split(',').next().unwrap_or_default(), parts[at % 3]));
    let labels: String = phantoms.collect();
    space.write("labels.csv", &format!("exam,class,part\nge,none,train\nphilips,none,train\n{labels}"));
    space.edit("source = \"phantom\"", "source = \"dicom\"\nroot = \"exams\"\nlabels = \"labels.csv\"");
    space.edit("[cohort.phantom]\nexams = { none = 8, right = 5, left = 5 }\nmatrix = 64\n", "");
}

/// The files that the step of this label made at `port`.
fn output(space: &Space, kind: &str, port: &str, has: &str) -> Vec<Files> {
    let store = Store::open(&space.path("cache")).expect("the cache");
    let actions = store.actions().expect("actions").into_iter();
    let of_kind = actions.filter(|(_, result)| result.manifest["kind"] == format!("\"{kind}\""));
    let holding = of_kind.filter(|(_, result)| has.is_empty() || result.manifest.values().any(|value| value.contains(has)));
    holding.map(|(_, result)| store.files(&result.outputs[port])).collect()
}

#[test]
fn two_real_heads_go_from_a_spec_to_augmented_images() {
    let Some(real) = real_files() else { return };
    let space = Space::new();
    cohort(&space, &real);
    let outcome = space.bgh(&["run", "study.toml", "--until", "augment"]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());

    let expected: serde_json::Value =
        serde_json::from_slice(&fs::read(real.join("expected.json")).expect("facts")).expect("JSON");
    let facts = expected["files"].as_array().expect("files").iter();
    let highest = facts.filter(|fact| fact["file"].as_str().is_some_and(|file| file.starts_with("head-ge-tilt/")));
    let highest = highest.filter_map(|fact| fact["hu"]["max"].as_f64()).fold(f64::NEG_INFINITY, f64::max);
    let volumes = output(&space, "ingest", "volume", "").into_iter().map(|files| Volume::open(&files).expect("a volume"));
    let ge = volumes.into_iter().find(|volume| volume.slices.len() == 28).expect("28 slices of the GE head");
    assert_eq!(f64::from(ge.hu.iter().copied().fold(f32::NEG_INFINITY, f32::max)), highest);
    assert!((ge.slices[0].tilt_deg.abs() - 18.5).abs() < 0.05, "tilt {}", ge.slices[0].tilt_deg);

    let augmented = output(&space, "augment", "images", "").pop().expect("the augmented set");
    let set = ImageSet::open(&augmented).expect("an image set");
    let pseudonyms = space.pseudonyms();
    let of = |exam: &str| set.rows.iter().filter(|row| row.exam == pseudonyms[exam]).count();
    assert_eq!((of("ge"), of("philips")), (28 * 4, 8 * 4));
}
