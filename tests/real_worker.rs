//! The whole spine with the real worker and networks of a few channels: phantom to report, twice, with a kill between.

mod common;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Space, worker};

fn space(worker: &Path) -> Space {
    let space = Space::with_worker(worker.to_owned());
    space.edit("[weights.low]\nlearning_rate = 0.001", "[weights.low]\nlearning_rate = 0.001\n[weights.low.from]\nformula = \"ifs\"\ncategories = 2\nsamples = 64\nbatch = 16\nmin_accuracy = 0.0");
    space.edit("[weights.low]", "[network.googlenet]\nwidth = 0.05\ncrop = 56\nepochs = 2\nbatch = 8\n[weights.low]");
    space.edit("[[compare]]", "[explain]\n[robustness]\nnoise = [5]\nrotate = [10]\n[[compare]]");
    space.edit("network = [\"alexnet\"]", "network = [\"alexnet\", \"googlenet\"]");
    space
}

fn checkpoint(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder.join("cache/jobs-v1")).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path().join("checkpoint/training.safetensors")).any(|file| file.exists())
}

#[test]
fn kills_and_the_number_of_jobs_leave_every_digest_as_it_is() {
    let Some(worker) = worker() else { return };
    let whole = space(&worker);
    whole.run_with(&["-j", "1"]);

    let broken = space(&worker);
    let mut run = broken.command(&["run", "study.toml", "-j", "3"]).stderr(Stdio::null()).spawn().expect("bgh starts");
    let began = Instant::now();
    while !checkpoint(&broken.path(".")) && run.try_wait().expect("looked at").is_none() {
        assert!(began.elapsed() < Duration::from_secs(120), "no training wrote a checkpoint");
        std::thread::sleep(Duration::from_millis(2));
    }
    run.kill().ok();
    run.wait().expect("ended");
    broken.run_with(&["-j", "3"]);
    assert_eq!(broken.digests(), whole.digests());
}

/// The exported model makes of the test exams the very scores of the study: the same steps make its images.
#[test]
fn an_exported_model_scores_the_test_exams_as_the_study_did() {
    let Some(worker) = worker() else { return };
    let space = Space::with_worker(worker);
    let phantoms = space.bgh(&["phantom", "exams", "--none", "8", "--right", "5", "--left", "5", "--matrix", "64"]);
    assert_eq!(phantoms.code, 0, "{}", phantoms.text());
    space.edit("source = \"phantom\"", "source = \"dicom\"\nroot = \"exams/dicom\"\nlabels = \"exams/labels.csv\"");
    space.edit("[cohort.phantom]\nexams = { none = 8, right = 5, left = 5 }\nmatrix = 64\n", "");
    space.edit("augment = [\"none\", \"x4\"]", "augment = [\"none\"]");
    space.edit("[[compare]]\nfactor = \"augment\"\n", "");
    space.run();
    let exported = space.bgh(&["export-model", "study.toml", "none-alexnet-low", "--to", "model.bgh"]);
    assert_eq!(exported.code, 0, "{}", exported.text());
    let classified = space.bgh(&["classify", "model.bgh", "exams/dicom"]);
    assert_eq!(classified.code, 0, "{}", classified.text());
    let table = |path: &str, column: &str| -> std::collections::BTreeMap<String, f64> {
        let mut reader = csv::Reader::from_path(space.path(path)).expect("a table");
        let header = reader.headers().expect("a header").clone();
        let at =
            |name: &str| header.iter().position(|known| known == name).unwrap_or_else(|| panic!("no {name} in {header:?}"));
        let (exam, score) = (at("exam"), at(column));
        reader
            .records()
            .map(|row| row.expect("a row"))
            .map(|row| (row[exam].to_owned(), row[score].parse().expect("a score")))
            .collect()
    };
    let (own, applied) = (table("reports/mini/scores.csv", "none-alexnet-low"), table("worklist/worklist.csv", "score"));
    assert_eq!((own.len(), applied.len()), (8, 18));
    // The report has pseudonyms, the worklist names. Other exams share the batches, so single precision rounds otherwise.
    let pseudonyms = space.pseudonyms();
    let applied: std::collections::BTreeMap<&String, f64> =
        applied.iter().map(|(name, score)| (&pseudonyms[name], *score)).collect();
    for (exam, score) in own {
        assert!((score - applied[&exam]).abs() < 1e-6, "exam {exam}: {score} and {}", applied[&exam]);
    }
}
