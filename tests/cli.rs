//! What each command says, and with which exit code.

mod common;

use std::fs;

use common::{STEPS, Space};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn check_tells_the_arithmetic_of_a_sound_spec() {
    let outcome = Space::new().bgh(&["check", "study.toml"]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert!(outcome.stdout.contains(&format!("4 models, {STEPS} steps")), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("2 windows x 1 geometries x 2 filters = 4"), "{}", outcome.stdout);
}

#[test]
fn check_tells_every_fault_with_its_place_and_the_nearest_name() {
    let space = Space::new();
    space.edit("crop = 63", "crpo = 63");
    space.edit("batch = 8", "batch = \"many\"");
    let outcome = space.bgh(&["check", "study.toml"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("crpo") && outcome.stderr.contains("`crop`"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("batch") && outcome.stderr.contains("^^"), "{}", outcome.stderr);
}

#[test]
fn events_are_told_as_json_in_the_form_of_the_journal() {
    let space = Space::new();
    let outcome = space.bgh(&["run", "study.toml", "--json-events"]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let told: Vec<Value> = outcome.stdout.lines().map(json).collect();
    let kinds = |lines: &[Value]| lines.iter().map(|line| line["event"].to_string()).collect::<Vec<_>>();
    assert!(told.iter().all(|line| line["at"].as_f64().is_some_and(|at| at > 1e9)), "{}", outcome.stdout);
    let run = fs::read_dir(space.path("cache/runs-v1")).expect("runs").next().expect("a run").expect("a run");
    let journal = fs::read_to_string(run.path().join("events.jsonl")).expect("the journal");
    assert_eq!(kinds(&told), kinds(&journal.lines().map(json).collect::<Vec<_>>()));
    let again = space.bgh(&["run", "study.toml", "--json-events=events.jsonl"]);
    let told: Vec<Value> = fs::read_to_string(space.path("events.jsonl")).expect("the events").lines().map(json).collect();
    assert_eq!(kinds(&told), ["\"surveyed\"", "\"ended\""]);
    assert!(again.stdout.contains(&format!("{STEPS} cached")), "{}", again.text());
}

#[test]
fn a_log_file_holds_what_happened_as_json() {
    let space = Space::new();
    space.run_with(&["--log", "info", "--log-file", "log.jsonl"]);
    let log = fs::read_to_string(space.path("log.jsonl")).expect("the log");
    let finished = log.lines().map(json).filter(|line| line["fields"]["message"] == "finished").count();
    assert_eq!(finished, STEPS);
}

#[test]
fn every_action_has_a_log_of_its_own() {
    let space = Space::new();
    let steps = space.run().len();
    let logs = fs::read_dir(space.path("cache/logs-v1")).expect("logs").count();
    assert_eq!(logs, steps);
}

#[test]
fn graph_draws_kinds_and_steps() {
    let space = Space::new();
    let kinds = space.bgh(&["graph", "study.toml"]).stdout;
    assert!(kinds.starts_with("flowchart LR") && kinds.contains("ingest × 18") && kinds.contains("k_train --> k_predict"));
    let steps = space.bgh(&["graph", "study.toml", "--steps", "--format", "dot"]).stdout;
    assert!(steps.contains("train[x4-alexnet-low]") && steps.ends_with("}\n"));
}

#[test]
fn an_unknown_step_is_told_with_the_nearest() {
    let outcome = Space::new().bgh(&["explain", "study.toml", "train[none-alexnet-lwo]"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("`train[none-alexnet-low]`"), "{}", outcome.stderr);
}

#[test]
fn phantom_writes_exams_that_inspect_can_use() {
    let space = Space::new();
    let arguments = ["phantom", "exams", "--none", "1", "--right", "1", "--left", "0", "--matrix", "64"];
    assert_eq!(space.bgh(&arguments).code, 0);
    let again = space.bgh(&arguments);
    assert_ne!(again.code, 0, "a folder that is not empty is left alone");
    let rows = space.bgh(&["inspect", "--json", "exams/dicom"]).stdout;
    let rows: Vec<Value> = rows.lines().map(json).collect();
    assert!((8..=12).contains(&rows.len()), "two exams of 4 to 6 slices: {}", rows.len());
    for row in &rows {
        assert_eq!(
            (row["ok"].as_bool(), row["usable"].as_bool(), row["rows"].as_u64()),
            (Some(true), Some(true), Some(64)),
            "{row}"
        );
        assert!(row["hu_max"].as_f64().is_some_and(|hu| (500.0..=3071.0).contains(&hu)), "bone is the brightest: {row}");
    }
    let refused = json(space.bgh(&["inspect", "--json", "exams/labels.csv"]).stdout.trim());
    assert_eq!((refused["ok"].as_bool(), refused["error"].is_string()), (Some(false), true), "{refused}");
}

#[test]
fn doctor_finds_a_missing_worker() {
    let outcome = Space::with_worker("/nowhere/bgh-torch".into()).bgh(&["doctor"]);
    assert_eq!(outcome.code, 4);
    assert!(outcome.stdout.contains("FAULT worker") && outcome.stdout.contains("ok    cache"), "{}", outcome.stdout);
}

#[test]
fn report_is_laid_out_again_only_from_what_is_cached() {
    let space = Space::new();
    let early = space.bgh(&["report", "study.toml"]);
    assert_eq!(early.code, 3);
    assert!(early.stderr.contains("`bgh run` computes what is missing"), "{}", early.stderr);
    space.run();
    fs::remove_dir_all(space.path("reports")).expect("removed");
    assert_eq!(space.bgh(&["report", "study.toml"]).code, 0);
    assert!(space.path("reports/mini/report.html").exists());
}

#[test]
fn a_report_is_rendered_once_more_from_the_cache_and_held_against_what_lies_there() {
    let space = Space::new();
    space.run();
    let verify = || space.bgh(&["verify", "report", "reports/mini"]);
    let sound = verify();
    assert_eq!(sound.code, 0, "{}", sound.text());
    for said in ["files    ok", "numbers  ok", "areas    ok", "rendered ok: once more from the cache"] {
        assert!(sound.stdout.contains(said), "{}", sound.text());
    }
    let page = fs::read_to_string(space.path("reports/mini/report.html")).expect("the page");
    fs::write(space.path("reports/mini/report.html"), page.replacen("AUC", "AUC ", 1)).expect("written");
    let changed = verify();
    assert_ne!(changed.code, 0);
    assert!(changed.stdout.contains("FAULT: report.html has other bytes"), "{}", changed.text());
    fs::rename(space.path("cache"), space.path("elsewhere")).expect("moved");
    assert!(verify().stderr.contains("note: not rendered once more: there is no cache at"), "{}", verify().text());
}

#[test]
fn cache_tells_its_size_and_collects_only_what_nobody_needs() {
    let space = Space::new();
    space.run();
    assert!(space.bgh(&["cache", "du"]).stdout.contains("phantom        18 actions"));
    assert!(space.bgh(&["cache", "gc"]).stdout.contains(&format!("0.0 B removed · {STEPS} results stay")));
    assert!(space.run().is_empty());
}

#[test]
fn weights_tells_what_a_file_holds_and_what_a_network_takes() {
    let space = Space::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/weights/tiny_v1.caffemodel");
    let answer = json(&space.bgh(&["weights", "inspect", file, "--json"]).stdout);
    assert_eq!((answer["variant"].as_str(), answer["channels"].as_str()), (Some("V1 layers"), Some("bgr")));
    assert_eq!((answer["numbers"].as_u64(), answer["network"].as_str()), (Some(108 + 4 + 72 + 4 + 48 + 3), Some("alexnet")));
    assert_eq!(answer["tensors"][0], serde_json::json!({"name": "conv1.weight", "dtype": "f32", "shape": [4, 3, 3, 3]}));
    let refused = space.bgh(&["weights", "inspect", "study.toml"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("weight file study.toml: no weight file: text"), "{}", refused.stderr);
    let unknown = space.bgh(&["weights", "inspect", file, "--network", "vgg"]);
    assert!(unknown.stderr.contains("there is no network `vgg`; known are alexnet, googlenet"), "{}", unknown.stderr);
}

#[test]
fn weights_are_converted_there_and_back() {
    let space = Space::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/weights/tiny_v2.caffemodel");
    let convert = |from: &str, to: &str, more: &[&str]| space.bgh(&[&["weights", "convert", from, "--to", to], more].concat());
    assert_eq!(convert(file, "rgb.safetensors", &["--channels", "rgb"]).code, 0);
    assert_eq!(convert("rgb.safetensors", "back.caffemodel", &[]).code, 0);
    assert_eq!(convert("back.caffemodel", "bgr.safetensors", &[]).code, 0);
    assert_eq!(convert(file, "direct.safetensors", &[]).code, 0);
    let bytes = |name: &str| fs::read(space.path(name)).expect("written");
    assert!(bytes("bgr.safetensors") == bytes("direct.safetensors") && bytes("rgb.safetensors") != bytes("direct.safetensors"));
    let wrong = convert(file, "weights.pth", &[]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("`.pth` is not written; written are .safetensors, .caffemodel, .binaryproto"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn weights_of_a_trained_model_are_exported_to_the_bit() {
    let space = Space::new();
    let export = || space.bgh(&["weights", "export", "study.toml", "none-alexnet-low", "--to", "low.safetensors"]);
    let early = export();
    assert_eq!(early.code, 3);
    assert!(early.stderr.contains("`none-alexnet-low` is not trained; `bgh run` trains it"), "{}", early.stderr);
    space.run();
    assert_eq!(export().code, 0);
    let answer = json(&space.bgh(&["weights", "inspect", "low.safetensors", "--json"]).stdout);
    assert!(answer["facts"]["model"].as_str().is_some_and(|facts| facts.contains("alexnet")), "{answer}");
    let numbers = |bytes: &[u8]| bytes[bytes.len() - 20..].to_vec();
    let exported = numbers(&fs::read(space.path("low.safetensors")).expect("exported"));
    let models: Vec<_> = blobs(&space).into_iter().filter(|bytes| bytes[8..].starts_with(b"{\"conv1.bias\"")).collect();
    assert_eq!(models.iter().filter(|bytes| numbers(bytes) == exported).count(), 1, "one of {} models", models.len());
}

/// Every blob of the cache that is longer than a header.
fn blobs(space: &Space) -> Vec<Vec<u8>> {
    let folders = fs::read_dir(space.path("cache/cas-v1")).expect("blobs").map(|entry| entry.expect("an entry").path());
    let files = folders.filter(|folder| folder.is_dir()).flat_map(|folder| fs::read_dir(folder).expect("blobs"));
    let bytes = files.map(|entry| fs::read(entry.expect("an entry").path()).expect("a blob"));
    bytes.filter(|bytes| bytes.len() > 28).collect()
}

/// Standard error that nobody reads, as of `bgh run … 2>&1 | head`, neither stops a run nor changes how a command ends.
#[test]
fn what_nobody_hears_is_no_fault() {
    let space = Space::new();
    let code = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        space.command(arguments).stderr(writer).output().expect("bgh starts").status.code()
    };
    assert_eq!(code(&["check", "missing.toml"]), Some(2));
    assert_eq!(code(&["run", "study.toml", "--until", "phantom"]), Some(0));
}
