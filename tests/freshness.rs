//! After this change, what exactly runs again?

mod common;

use std::fs;

use common::Space;

const NOTHING: [&str; 0] = [];

#[test]
fn the_same_again_runs_nothing() {
    let space = Space::new();
    assert!(space.run().len() > 40, "the first run does everything");
    assert_eq!(space.run(), NOTHING);
}

#[test]
fn a_comment_a_touch_and_another_order_run_nothing() {
    let space = Space::new();
    space.run();
    space.edit("seed = 1", "# the only seed\nseed = 1");
    space.edit("width = 0.05\ncrop = 63", "crop = 63\nwidth = 0.05");
    assert_eq!(space.run(), NOTHING);
}

#[test]
fn a_learning_rate_reruns_one_train_one_predict_compare_and_report() {
    let space = Space::new();
    space.run();
    space.edit("weights = [\"low\", \"high\"]", "weights = [\"low\", \"high\"]\n");
    space.edit("learning_rate = 0.001", "learning_rate = 0.002");
    let two = space.run();
    assert_eq!(two.len(), 8, "two models share this rate: {two:?}");
    space.edit("augment = [\"none\", \"x4\"]\nnetwork", "augment = [\"none\"]\nnetwork");
    space.edit("[[compare]]\nfactor = \"augment\"", "[[compare]]\nfactor = \"weights\"");
    space.run();
    space.edit("learning_rate = 0.002", "learning_rate = 0.004");
    let predictions = ["predict[none-alexnet-low]", "predict[tuning/none-alexnet-low]"];
    assert_eq!(space.run(), [&["compare"], &predictions[..], &["report", "train[none-alexnet-low]"]].concat());
}

#[test]
fn a_value_put_back_runs_nothing() {
    let space = Space::new();
    space.run();
    space.edit("learning_rate = 0.001", "learning_rate = 0.002");
    space.run();
    space.edit("learning_rate = 0.002", "learning_rate = 0.001");
    assert_eq!(space.run(), NOTHING);
}

#[test]
fn two_values_that_swap_rerun_both_models() {
    let space = Space::new();
    space.run();
    space.edit("0.001", "swap");
    space.edit("0.01", "0.001");
    space.edit("swap", "0.01");
    assert!(space.run().iter().all(|label| !label.starts_with("train")), "both results are known under the other's name");
}

/// A weight file that holds one bias of the narrow network.
fn weight_file(value: &str) -> String {
    let header = r#"{"conv1.bias":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
    format!("{}{}{header}{value}", char::from(header.len() as u8), "\0".repeat(7))
}

#[test]
fn another_content_of_a_weight_file_reruns_its_models_and_another_path_none() {
    let space = Space::new();
    space.edit("[weights.high]", "[weights.high]\nfrom = { file = \"{network}.safetensors\" }");
    space.write("alexnet.safetensors", &weight_file("a"));
    space.run();
    fs::rename(space.path("alexnet.safetensors"), space.path("moved-alexnet.safetensors")).expect("moved");
    fs::create_dir(space.path("weights")).expect("a folder");
    fs::rename(space.path("moved-alexnet.safetensors"), space.path("weights/alexnet.safetensors")).expect("moved");
    space.edit("{network}.safetensors", "weights/{network}.safetensors");
    assert_eq!(space.run(), NOTHING);
    space.write("weights/alexnet.safetensors", &weight_file("b"));
    let again = space.run();
    let trained: Vec<_> = again.iter().filter(|label| label.starts_with("train")).collect();
    assert_eq!(trained, ["train[none-alexnet-high]", "train[x4-alexnet-high]"]);
    space.edit("safetensors\"", "safetensors\", classifiers = \"fitting\"");
    assert_eq!(space.run().iter().filter(|label| label.starts_with("train")).count(), 2);
}

#[test]
fn a_title_reruns_the_report_alone() {
    let space = Space::new();
    space.run();
    space.edit("A miniature study", "A small study");
    assert_eq!(space.run(), ["report"]);
}

#[test]
fn another_operating_rule_compares_again_and_predicts_nothing() {
    let space = Space::new();
    space.run();
    space.edit("[design]", "[evaluate]\noperating_point = { specificity = 0.8 }\n\n[design]");
    assert_eq!(space.run(), ["compare", "report"]);
}

#[test]
fn subgroups_and_their_limits_compare_again_and_train_nothing() {
    let space = Space::new();
    space.run();
    space.edit("[[compare]]", "[[subgroup]]\nby = \"diameter_cm\"\ncuts = [1.5]\n\n[[compare]]");
    assert_eq!(space.run(), ["compare", "report"]);
    space.edit("cuts = [1.5]", "cuts = [1.5, 2.5]");
    assert_eq!(space.run(), ["compare", "report"]);
}

/// Ids of the test exams of the last run, from its scores.
fn test_exams(space: &Space) -> Vec<String> {
    let scores = fs::read_to_string(space.path("reports/mini/scores.csv")).expect("the scores");
    scores.lines().skip(1).filter_map(|line| Some(line.split_once(',')?.0.to_owned())).collect()
}

#[test]
fn a_reader_is_in_the_key_by_content_and_trains_nothing() {
    let space = Space::new();
    space.run();
    let exams = test_exams(&space);
    let table = |score: usize| {
        let rows = exams.iter().enumerate().map(|(at, exam)| format!("{exam},{}", (at + score) % 2));
        format!("exam,score\n{}\n", rows.collect::<Vec<_>>().join("\n"))
    };
    space.write("readers.csv", &table(0));
    space.edit("[[compare]]", "[[reader]]\nname = \"Reader 1\"\nfile = \"readers.csv\"\n\n[[compare]]");
    assert_eq!(space.run(), ["compare", "report"]);
    let page = fs::read_to_string(space.path("reports/mini/report.md")).expect("the report");
    assert!(page.contains("Readers and models.") && page.contains("Reader 1"), "{page}");
    space.write("readers.csv", &table(0));
    assert_eq!(space.run(), NOTHING);
    space.write("readers.csv", &table(1));
    assert_eq!(space.run(), ["compare", "report"]);
}

#[test]
fn every_fault_of_a_reader_is_told_with_its_row() {
    let space = Space::new();
    space.run();
    let exams = test_exams(&space);
    space.write("readers.csv", &format!("exam,score\n{},high\nnobody,1\n{},1\n{1},0\n", exams[0], exams[1]));
    space.edit("[[compare]]", "[[reader]]\nname = \"Reader 1\"\nfile = \"readers.csv\"\n\n[[compare]]");
    let outcome = space.bgh(&["check", "study.toml"]);
    assert_eq!(outcome.code, 2, "{}", outcome.text());
    let text = outcome.text();
    assert!(text.contains("readers.csv:2: `score` is `high`, not a number"), "{text}");
    assert!(text.contains("readers.csv:3: exam `nobody` is not in the cohort"), "{text}");
    assert!(text.contains(&format!("readers.csv:5: exam `{}` is there twice", exams[1])), "{text}");
    assert!(text.contains("readers.csv: no row for test exam") && text.contains("and 1 more"), "{text}");
}

#[test]
fn a_canary_adds_its_steps_and_reruns_nothing_else() {
    let space = Space::new();
    space.run();
    space.edit("[[compare]]", "[canary]\npermute_labels = true\nmodels = [\"none-alexnet-low\"]\n\n[[compare]]");
    let ran = space.run();
    let own = ["predict[canary/none-alexnet-low]", "train[canary/none-alexnet-low]"];
    let windows = ["window[canary/train-w80l35]", "window[canary/tune-w80l35]"];
    assert_eq!(ran, [&["compare", own[0], "report", own[1]], &windows[..]].concat());
    assert!(fs::read_to_string(space.path("reports/mini/report.md")).expect("the report").contains("Leakage canary"));
}

#[test]
fn seeds_train_and_predict_on_their_own_and_are_one_model() {
    let space = Space::new();
    space.run();
    space.edit("weights = [\"low\", \"high\"]", "weights = [\"low\"]\nseed = [1, 2]");
    let ran = space.run();
    assert!(ran.contains(&"train[none-alexnet-low-2]".to_owned()), "{ran:?}");
    assert!(!ran.iter().any(|label| label.ends_with("-1]")), "seed 1 is the one that ran before: {ran:?}");
    let page = fs::read_to_string(space.path("reports/mini/report.md")).expect("the report");
    assert!(page.contains("AUC of the mean score"), "{page}");
}

#[test]
fn a_moved_folder_runs_nothing() {
    let space = Space::new();
    space.run();
    let moved = space.path("moved");
    fs::create_dir(&moved).expect("a folder");
    for name in ["cache", "reports", "study.toml"] {
        fs::rename(space.path(name), moved.join(name)).expect("moved");
    }
    let outcome = common::Outcome::of(space.command(&["run", "study.toml"]).current_dir(&moved).output().expect("bgh starts"));
    assert_eq!((outcome.code, outcome.ran()), (0, vec![]), "{}", outcome.text());
}

#[test]
fn a_copied_cache_runs_nothing() {
    let space = Space::new();
    space.run();
    let status = std::process::Command::new("cp").arg("-r").arg(space.path("cache")).arg(space.path("copy")).status();
    assert!(status.expect("cp starts").success());
    assert_eq!(space.run_with(&["--cache", "copy"]), NOTHING);
}

#[test]
fn more_test_exams_train_nothing() {
    let space = Space::new();
    space.bgh(&["phantom", "exams", "--none", "9", "--right", "5", "--left", "5", "--matrix", "64"]);
    let table = fs::read_to_string(space.path("exams/labels.csv")).expect("labels");
    let mut rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split(',').take(2).collect()).collect();
    rows.sort_by_key(|row| row[1].to_owned());
    let part = |at: usize| ["test", "train", "tune"][at % 3];
    let lines = |skip: Option<usize>| {
        let kept = rows.iter().enumerate().filter(|(at, _)| Some(*at) != skip);
        kept.map(|(at, row)| format!("{},{},{}", row[0], row[1], part(at))).collect::<Vec<_>>()
    };
    let new = (0..rows.len()).find(|&at| part(at) == "test" && rows[at][1] == "none").expect("a test exam");
    let write = |lines: Vec<String>| space.write("labels.csv", &format!("exam,class,part\n{}\n", lines.join("\n")));
    write(lines(Some(new)));
    space.edit("source = \"phantom\"", "source = \"dicom\"\nroot = \"exams\"\nlabels = \"labels.csv\"\nunlabelled = \"skip\"");
    space.edit("[cohort.phantom]\nexams = { none = 8, right = 5, left = 5 }\nmatrix = 64\n", "");
    space.run();
    write(lines(None));
    let ran = space.run();
    let id = &space.pseudonyms()[rows[new][0]];
    let predictions = ["none-alexnet-high", "none-alexnet-low", "x4-alexnet-high", "x4-alexnet-low"];
    let mut expected: Vec<String> = predictions.iter().map(|model| format!("predict[{model}]")).collect();
    expected.extend(["characteristics", "compare", "disjoint", "report", "window[test-w80l35]"].map(String::from));
    expected.push(format!("ingest[{id}]"));
    expected.sort();
    assert_eq!(ran, expected);
}

#[test]
fn a_source_file_edited_with_size_and_time_put_back_is_noticed() {
    let space = Space::new();
    space.bgh(&["phantom", "exams", "--none", "8", "--right", "5", "--left", "5", "--matrix", "64"]);
    space.edit("source = \"phantom\"", "source = \"dicom\"\nroot = \"exams\"\nlabels = \"exams/labels.csv\"");
    space.edit("[cohort.phantom]\nexams = { none = 8, right = 5, left = 5 }\nmatrix = 64\n", "");
    space.run();
    let exam = fs::read_dir(space.path("exams/dicom")).expect("exams").filter_map(Result::ok).map(|entry| entry.path());
    let exam = exam.filter(|path| path.is_dir()).min().expect("an exam");
    let file = fs::read_dir(&exam).expect("files").filter_map(Result::ok).map(|entry| entry.path()).min().expect("a file");
    let (mut bytes, time) =
        (fs::read(&file).expect("bytes"), fs::metadata(&file).and_then(|meta| meta.modified()).expect("mtime"));
    let middle = bytes.len() - 64 * 64;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).expect("edited");
    let times = fs::FileTimes::new().set_modified(time);
    fs::File::options().write(true).open(&file).and_then(|file| file.set_times(times)).expect("time put back");
    let ran = space.run();
    let id = &space.pseudonyms()[&*exam.file_name().expect("a name").to_string_lossy()];
    assert!(ran.contains(&format!("ingest[{id}]")), "{ran:?}");
}

#[test]
fn an_edited_report_is_put_right_and_reruns_nothing() {
    let space = Space::new();
    space.run();
    let page = space.path("reports/mini/report.html");
    let original = fs::read_to_string(&page).expect("the report");
    fs::write(&page, "tampered").expect("edited");
    assert_eq!(space.run(), NOTHING);
    assert_eq!(fs::read_to_string(&page).expect("the report"), original);
}

#[test]
fn explain_names_the_value_with_old_and_new() {
    let space = Space::new();
    space.run();
    space.edit("learning_rate = 0.001", "learning_rate = 0.002");
    let outcome = space.bgh(&["explain", "study.toml", "train[none-alexnet-low]"]);
    assert!(outcome.stdout.contains("solver.learning_rate 0.001 → 0.002"), "{}", outcome.text());
    let plan = space.bgh(&["plan", "study.toml"]);
    assert!(plan.stdout.contains("wait    predict[none-alexnet-low]"), "{}", plan.text());
    assert!(space.bgh(&["run", "study.toml", "--plan"]).ran().is_empty());
}

#[test]
fn a_forced_step_that_makes_the_same_bytes_reruns_nothing_below() {
    let space = Space::new();
    space.run();
    assert_eq!(space.run_with(&["--force", "train[none-alexnet-low]"]), ["train[none-alexnet-low]"]);
}
