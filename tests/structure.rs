//! The shape that the documentation promises: imports run downwards only, and `bgh` does not link libtorch.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Modules from the top down; each may import from those below it and from none above. Modules on one line know nothing of
/// each other.
const LAYERS: [&[&str]; 11] = [
    &["cli"],
    &["care", "serve"],
    &["history"],
    &["execute"],
    &["remote", "slurm"],
    &["plan"],
    &["report", "site", "spec"],
    &["stage", "store"],
    &["labels", "phantom"],
    &["artifact", "dicom", "imaging", "stats", "table"],
    &["document", "seed", "weights"],
];

/// Imports within a line that are meant: the store lays out files of artifacts, and ingest turns DICOM into artifacts.
const MEANT: [(&str, &str); 1] = [("dicom", "artifact")];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("sources").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&entry).expect("a source");
            found.push((entry.to_string_lossy().into_owned(), text));
        }
    }
}

fn imported(text: &str) -> impl Iterator<Item = &str> {
    let until_tests = text.split("#[cfg(test)]").next().unwrap_or(text);
    let code = until_tests.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.split(|character: char| !character.is_alphanumeric() && character != '_').next().unwrap_or(rest))
}

#[test]
fn imports_run_downwards() {
    let depth: BTreeMap<&str, usize> =
        LAYERS.iter().enumerate().flat_map(|(depth, layer)| layer.iter().map(move |module| (*module, depth))).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut upwards = vec![];
    for (module, own) in &depth {
        let mut files = vec![];
        let folder = root.join(module);
        if folder.is_dir() {
            sources(&folder, &mut files);
        }
        for (file, text) in files {
            for target in imported(&text).filter(|target| target != module) {
                let Some(other) = depth.get(target) else { continue };
                if other <= own && !MEANT.contains(&(module, target)) {
                    upwards.push(format!("{file}: `{module}` imports `{target}`"));
                }
            }
        }
    }
    assert!(upwards.is_empty(), "{}", upwards.join("\n"));
}

#[test]
fn bgh_does_not_link_libtorch() {
    let output = std::process::Command::new("ldd").arg(env!("CARGO_BIN_EXE_bgh")).output().expect("ldd starts");
    let libraries = String::from_utf8_lossy(&output.stdout);
    assert!(libraries.contains("libc.so"), "ldd lists libraries: {libraries}");
    assert!(!libraries.contains("torch") && !libraries.contains("c10"), "{libraries}");
}
