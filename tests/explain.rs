//! After this change, what exactly is the reason? And what do people see of plans, explanations, pictures and comparisons?

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::LazyLock;

use bgh::history::Runs;
use bgh::store::{Digest, Store};
use common::{STEPS, Space};
use serde_json::{Value, json};

/// The study, run once for all tests of this file.
static STUDIED: LazyLock<Space> = LazyLock::new(|| {
    let space = Space::new();
    space.run();
    space
});

/// A folder in which the study has been run.
fn studied() -> Space {
    let space = Space::new();
    let copied = std::process::Command::new("cp").arg("-a").arg(STUDIED.path("cache")).arg(space.path("cache")).status();
    assert!(copied.expect("cp starts").success());
    space
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn explained(space: &Space, step: &str) -> Value {
    let outcome = space.bgh(&["explain", "study.toml", step, "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    objects(&outcome.stdout).remove(0)
}

/// The causes of a step that will run.
fn causes(space: &Space, step: &str) -> Value {
    let object = explained(space, step);
    assert_eq!(object["state"], "run", "{object}");
    object["causes"].clone()
}

fn action(space: &Space, step: &str) -> Digest {
    Runs::at(&space.path("cache")).find("last").expect("runs").expect("a run").actions().expect("read")[step]
}

fn record(space: &Space, action: Digest) -> PathBuf {
    let hex = action.hex();
    space.path("cache/actions-v1").join(&hex[..2]).join(&hex[2..])
}

/// No line is too long for a terminal. How long the rest will take depends on the machine.
fn narrow(text: &str) -> String {
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let masked = |line: &str| if line.starts_with("about ") { "about … of work\n".to_owned() } else { format!("{line}\n") };
    text.lines().map(masked).collect()
}

#[test]
fn what_never_ran_says_so_and_many_are_one_line() {
    let space = Space::new();
    let plan = space.bgh(&["plan", "study.toml"]);
    insta::assert_snapshot!("plan_of_a_new_study", narrow(&plan.stdout));
    assert_eq!(space.bgh(&["plan", "study.toml", "--all"]).stdout.lines().count(), STEPS + 1);
    assert_eq!(objects(&space.bgh(&["plan", "study.toml", "--json"]).stdout).len(), STEPS);
    let phantom = objects(&space.bgh(&["explain", "study.toml", "phantom", "--json"]).stdout).remove(0);
    assert_eq!(phantom["causes"], json!([{"type": "never_run"}]));
}

/// What 0.002 instead of 0.001 is to a training; weights decay in proportion unless the spec says otherwise.
fn another_rate() -> Value {
    json!([
        {"type": "parameter", "path": "solver.learning_rate", "old": 0.001, "new": 0.002},
        {"type": "parameter", "path": "solver.weight_decay", "old": 0.00001, "new": 0.00002},
    ])
}

#[test]
fn a_parameter_is_told_with_its_path_and_both_values_down_to_the_last_step() {
    let space = studied();
    space.edit("learning_rate = 0.001", "learning_rate = 0.002");
    assert_eq!(causes(&space, "train[none-alexnet-low]"), another_rate());
    let waiting = explained(&space, "report");
    let reason = "solver.learning_rate 0.001 → 0.002, solver.weight_decay 0.00001 → 0.00002";
    let root = |step: &str| json!({"step": step, "reason": reason});
    assert_eq!(waiting["roots"], json!([root("train[none-alexnet-low]"), root("train[x4-alexnet-low]")]));
    assert_eq!(explained(&space, "train[none-alexnet-high]")["state"], "cached");
    insta::assert_snapshot!("plan_after_another_learning_rate", narrow(&space.bgh(&["plan", "study.toml"]).stdout));
    insta::assert_snapshot!("explain_a_step_that_waits", narrow(&space.bgh(&["explain", "study.toml", "compare"]).stdout));
    let dry = space.bgh(&["run", "study.toml", "--plan"]);
    assert_eq!(dry.stdout, space.bgh(&["plan", "study.toml"]).stdout, "a dry run is the plan");
    assert_eq!(space.run().len(), 8, "and what it says is what runs");
    let ran = explained(&space, "train[none-alexnet-low]")["ran"].clone();
    assert_eq!(ran["causes"], another_rate(), "afterwards, too, it is known why");
    let text = space.bgh(&["explain", "study.toml", "train[none-alexnet-low]"]).stdout;
    assert!(narrow(&text).contains("  it ran in run ") && text.contains("solver.learning_rate 0.001 → 0.002"), "{text}");
}

#[test]
fn a_kind_that_makes_other_bytes_and_another_libtorch_are_told_with_both_versions() {
    let space = studied();
    let step = "train[none-alexnet-low]";
    let store = Store::open(&space.path("cache")).expect("the cache");
    let current = action(&space, step);
    // What an earlier version of the program would have left.
    let mut earlier = store.read(current).expect("its record");
    earlier.manifest.insert("version".into(), "0".into());
    earlier.manifest.insert("libtorch".into(), "\"2.0.0\"".into());
    let version = store.read(current).expect("its record").manifest["version"].clone();
    store.record(earlier.key(), &earlier).expect("recorded");
    store.set_latest("mini", step, earlier.key()).expect("remembered");
    fs::remove_file(record(&space, current)).expect("removed");
    let new = version.parse::<u64>().expect("a number");
    let libtorch = json!({"type": "libtorch", "old": "2.0.0", "new": "2.11.0"});
    assert_eq!(causes(&space, step), json!([libtorch, {"type": "kind_version", "old": 0, "new": new}]));
    let text = space.bgh(&["explain", "study.toml", step]).stdout;
    assert!(text.contains(&format!("kind version 0 → {new}")) && text.contains("libtorch \"2.0.0\" → \"2.11.0\""), "{text}");
}

#[test]
fn another_seed_is_told_as_one() {
    let space = Space::new();
    space.edit("[weights.high]", "[weights.high]\nfrom = { formula = \"ifs\", profile = \"mini\" }");
    assert_eq!(space.bgh(&["run", "study.toml", "--until", "pretrain"]).code, 0);
    let outcome = space.bgh(&["explain", "study.toml", "pretrain", "--seed", "2", "--json"]);
    assert_eq!(objects(&outcome.stdout)[0]["causes"], json!([{"type": "seed"}]), "{}", outcome.text());
}

#[test]
fn a_file_of_a_result_that_is_gone_or_damaged_is_named() {
    let space = studied();
    let (step, store) = ("train[none-alexnet-low]", Store::open(&space.path("cache")).expect("the cache"));
    let blob =
        store.blob(store.read(action(&space, step)).expect("its record").outputs["model"].0["weights.safetensors"].digest);
    let bytes = fs::read(&blob).expect("the blob");
    fs::remove_file(&blob).expect("removed");
    assert_eq!(causes(&space, step), json!([{"type": "blob_missing", "file": "weights.safetensors"}]));
    fs::write(&blob, vec![b'x'; bytes.len()]).expect("written");
    fs::set_permissions(&blob, fs::Permissions::from_mode(0o444)).expect("read-only");
    assert_eq!(causes(&space, step), json!([{"type": "blob_damaged", "file": "weights.safetensors"}]));
}

#[test]
fn a_result_that_was_removed_or_whose_record_is_damaged_did_run() {
    let space = studied();
    let record = record(&space, action(&space, "compare"));
    fs::set_permissions(&record, fs::Permissions::from_mode(0o644)).expect("writable");
    fs::write(&record, "{\"outputs\":").expect("damaged");
    assert_eq!(causes(&space, "compare")[0]["type"], "record_damaged");
    fs::remove_file(&record).expect("removed");
    assert_eq!(causes(&space, "compare"), json!([{"type": "result_removed"}]));
}

#[test]
fn a_forced_step_is_told_as_forced() {
    let space = studied();
    let plan = space.bgh(&["run", "study.toml", "--plan", "--force", "train[none-alexnet-low]"]).stdout;
    assert!(plan.contains("run     train[none-alexnet-low]  (forced)"), "{plan}");
    assert!(plan.contains("wait    compare"), "what stands on it may be spared, but nobody knows yet: {plan}");
}

#[test]
fn source_data_name_the_file_that_changed_came_or_went() {
    let space = Space::new();
    space.bgh(&["phantom", "exams", "--none", "8", "--right", "5", "--left", "5", "--matrix", "64"]);
    space.edit("source = \"phantom\"", "source = \"dicom\"\nroot = \"exams\"\nlabels = \"exams/labels.csv\"");
    space.edit("[cohort.phantom]\nexams = { none = 8, right = 5, left = 5 }\nmatrix = 64\n", "");
    assert_eq!(space.bgh(&["run", "study.toml", "--until", "window"]).code, 0);
    let folders = fs::read_dir(space.path("exams/dicom")).expect("exams").map(|entry| entry.expect("an entry").path());
    let exam = folders.filter(|path| path.is_dir()).min().expect("an exam");
    let step = format!("ingest[{}]", space.pseudonyms()[&*exam.file_name().expect("a name").to_string_lossy()]);
    let mut files: Vec<PathBuf> = fs::read_dir(&exam).expect("files").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let original = fs::read(&files[0]).expect("bytes");
    let mut bytes = original.clone();
    let middle = bytes.len() - 64 * 64;
    bytes[middle] ^= 1;
    fs::write(&files[0], &bytes).expect("edited");
    let one = causes(&space, &step);
    assert_eq!((&one[0]["type"], &one[0]["port"]), (&json!("input"), &json!("dicom")), "{one}");
    let named = one[0]["files"].as_array().expect("files").clone();
    assert_eq!((named.len(), &named[0]["change"]), (1, &json!("changed")), "{one}");
    let name = named[0]["file"].as_str().expect("a name");
    assert_eq!(name, "000001.dcm", "files are counted, for their names may be those of people");
    let plan = space.bgh(&["plan", "study.toml"]).stdout;
    assert!(plan.contains(&format!("input dicom: {name} changed")), "{plan}");
    let window = space.bgh(&["explain", "study.toml", "window"]).stdout;
    assert!(window.contains(&format!("because of {step}: input dicom: {name} changed")), "{window}");
    fs::write(&files[0], &original).expect("put back");
    fs::remove_file(files.last().expect("a file")).expect("removed");
    let gone = causes(&space, &step);
    assert_eq!(gone[0]["files"][0]["change"], "removed", "{gone}");
}

#[test]
fn the_picture_shows_what_is_cached_what_runs_and_what_waits() {
    let space = studied();
    space.edit("learning_rate = 0.001", "learning_rate = 0.002");
    let mermaid = space.bgh(&["graph", "study.toml"]).stdout;
    insta::assert_snapshot!("graph_of_kinds", mermaid);
    let svg = space.bgh(&["graph", "study.toml", "--format", "svg", "--steps"]).stdout;
    assert_eq!(svg.matches("<rect").count(), STEPS);
    assert!(svg.contains("<title>train[none-alexnet-low]: run</title>"), "{svg}");
    let drawn = resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default()).expect("an SVG that can be read");
    assert!(drawn.size().width() > 100.0);
    let dot = space.bgh(&["graph", "study.toml", "--format", "dot"]).stdout;
    assert!(dot.starts_with("digraph bgh {") && dot.contains("k_train -> k_predict;"), "{dot}");
}

#[test]
fn two_runs_differ_in_what_was_changed_and_in_what_came_of_it() {
    let space = studied();
    space.edit("learning_rate = 0.001", "learning_rate = 0.002");
    space.run();
    let json = objects(&space.bgh(&["diff", "last~1", "last", "--json"]).stdout).remove(0);
    let steps = ["train[none-alexnet-low]", "train[x4-alexnet-low]"];
    let trained = json["changes"].as_array().expect("changes").iter().find(|change| change["steps"] == json!(steps));
    assert_eq!(trained.expect("the trainings")["causes"], another_rate(), "{json}");
    assert_eq!(json["same"], STEPS - 8);
    assert_eq!(json["different"].as_array().expect("steps").len(), 8);
    assert_eq!(json["measures"].as_array().expect("models").len(), 4);
    let table = json["tables"].as_array().expect("tables").iter().find(|table| table["table"] == "tables/table1.csv");
    let cells = table.expect("the first table")["cells"].as_array().expect("cells");
    assert!(cells.iter().any(|cell| cell["column"] == "auc" && cell["row"].as_str().is_some_and(|row| row.contains("low"))));
    let same = space.bgh(&["diff", "last", "study.toml", "--json"]).stdout;
    let same = objects(&same).remove(0);
    assert_eq!((&same["changes"], &same["same"], &same["tables"]), (&json!([]), &json!(STEPS), &json!([])));
    let text = space.bgh(&["diff", "last~1", "last"]).stdout;
    let text = narrow(&text);
    let text: Vec<&str> = text.lines().skip(2).collect();
    insta::assert_snapshot!("diff_of_two_runs", text.join("\n"));
}

#[test]
fn two_specs_differ_before_anything_has_run() {
    let space = Space::new();
    space.write("more.toml", "extends = \"study.toml\"\n[cohort.phantom]\nexams = { none = 9, right = 5, left = 5 }\n");
    fs::create_dir(space.path("cache")).expect("a folder");
    let json = objects(&space.bgh(&["diff", "study.toml", "more.toml", "--json"]).stdout).remove(0);
    let only = json["only_b"].as_array().expect("steps");
    assert!(only.iter().any(|step| step.as_str().is_some_and(|step| step.starts_with("phantom["))), "{json}");
    assert_eq!((&json["same"], &json["different"]), (&json!(0), &json!([])));
    let unknown = space.bgh(&["diff", "study.toml", "last~7"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("no run has left a journal"), "{}", unknown.text());
}
