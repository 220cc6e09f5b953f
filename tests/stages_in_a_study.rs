//! Stages of the author's own before, between and after those of a study.

mod common;

use common::Space;

/// Copies the DICOM files of each exam, then its volume, and scores the exams by what a model predicted.
const STAGES: &str = r#"
[[stage]]
name = "deface"
replaces = "dicom"
run = "printf D >> $LOG; cp -L {inputs.files}/* {outputs.files}/"
inputs = { files = { exam = "dicom" } }
outputs = { files = "files/" }
pass_env = ["LOG"]

[[stage]]
name = "smooth"
replaces = "volume"
run = "printf V >> $LOG; cp -L {inputs.volume}/* {outputs.volume}/; test -n {exam}"
inputs = { volume = { exam = "volume" } }
outputs = { volume = "volume/" }
pass_env = ["LOG"]

[[stage]]
name = "external"
run = ["/usr/bin/python3", "{inputs.script}", "{inputs.seen}/predictions.csv", "{outputs.scores}"]
inputs = { script = "score.py", seen = { step = "predict[none-alexnet-low]", output = "predictions" } }
outputs = { scores = "scores.csv" }

[[reader]]
name = "External"
scores = { stage = "external" }
column = "suspicion"
"#;

const SCRIPT: &str = r#"
import csv, sys
best = {}
for row in csv.DictReader(open(sys.argv[1])):
    best[row["exam"]] = max(best.get(row["exam"], 0), float(row["p_left"]) + float(row["p_right"]))
with open(sys.argv[2], "w") as file:
    file.write("exam,suspicion\n" + "".join(f"{exam},{score}\n" for exam, score in best.items()))
"#;

fn study() -> Space {
    let space = Space::new();
    space.write("score.py", SCRIPT);
    space.write("study.toml", &format!("{}\n{STAGES}", common::STUDY));
    space
}

fn noted(space: &Space) -> (usize, usize) {
    let text = std::fs::read_to_string(space.path("log")).unwrap_or_default();
    (text.matches('D').count(), text.matches('V').count())
}

#[test]
fn stages_stand_before_ingest_after_it_and_give_scores_to_the_comparison() {
    let space = study();
    let run = || {
        let output = space.command(&["run", "study.toml"]).env("LOG", space.path("log")).output().expect("bgh starts");
        let outcome = common::Outcome::of(output);
        assert_eq!(outcome.code, 0, "{}", outcome.text());
        outcome.ran()
    };
    let ran = run();
    assert_eq!(noted(&space), (18, 18));
    for label in ["deface[001]", "smooth[018]", "external", "compare", "report"] {
        assert!(ran.iter().any(|step| step == label), "{label} did not run: {ran:?}");
    }
    let accuracy = std::fs::read_to_string(space.path("reports/mini/report.md")).expect("the report");
    assert!(accuracy.contains("External"), "the report has the external scores");
    assert!(run().is_empty());
    space.edit("test -n {exam}", "test -n {exam}a");
    let ran = run();
    assert_eq!(noted(&space), (18, 36));
    assert!(ran.iter().all(|step| step.starts_with("smooth[")), "equal volumes spare all that stands on them: {ran:?}");
}

#[test]
fn a_table_that_lacks_an_exam_fails_the_comparison_and_says_which() {
    let space = study();
    space.write("score.py", &SCRIPT.replace("for exam, score in best.items()", "for exam, score in list(best.items())[1:]"));
    let output = space.command(&["run", "study.toml"]).env("LOG", space.path("log")).output().expect("bgh starts");
    let outcome = common::Outcome::of(output);
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(
        outcome.stderr.contains("reader `External`") && outcome.stderr.contains("no row for test exam"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_step_or_an_output_that_is_not_there_is_told_with_the_nearest() {
    let space = study();
    space.edit("step = \"predict[none-alexnet-low]\"", "step = \"predict[none-alexnet-lo]\"");
    let outcome = space.bgh(&["check", "study.toml"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("the nearest is `predict[none-alexnet-low]`"), "{}", outcome.stderr);
    space.edit("step = \"predict[none-alexnet-lo]\"", "step = \"predict[none-alexnet-low]\"");
    space.edit("output = \"predictions\" }", "output = \"prediction\" }");
    let outcome = space.bgh(&["check", "study.toml"]);
    assert!(outcome.stderr.contains("has no output `prediction`; it has: predictions"), "{}", outcome.stderr);
}
