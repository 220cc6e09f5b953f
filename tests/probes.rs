//! Fourteen questions that orchestrators answer differently, each with the right answer: source -> A -> B, and a log that counts which
//! commands really ran.

mod common;
#[path = "common/pipeline.rs"]
mod pipeline;

use std::fs::{self, FileTimes};
use std::time::{Duration, SystemTime};

use pipeline::Pipeline;

const SPEC: &str = r#"
name = "probe"

[[stage]]
name = "a"
run = ["sh", "-c", "printf A >> $LOG; test ! -e $LOG.hold || { touch $LOG.held; while test -e $LOG.hold; do sleep 0.01; done; }; head -c 4 $1 > mid.txt; echo $2 $3 >> mid.txt", "sh", "{inputs.source}", "{params.rate}", "{params.decay}"]
inputs = { source = "source.txt" }
params = { rate = 1, decay = 2 }
outputs = { mid = "mid.txt" }
pass_env = ["LOG"]
export = "out"

[[stage]]
name = "b"
run = "printf B >> $LOG; cat {inputs.mid} {inputs.mid} > {outputs.last}"
inputs = { mid = { stage = "a" } }
outputs = { last = "last.txt" }
pass_env = ["LOG"]
export = "out"
"#;

fn probe() -> Pipeline {
    let probe = Pipeline::new(SPEC);
    probe.write("source.txt", "12345678");
    assert_eq!(probe.run(), "AB");
    assert_eq!(probe.run(), "");
    probe
}

#[test]
fn p1_p2_a_touched_source_runs_nothing_whatever_its_size() {
    let probe = Pipeline::new(SPEC);
    for size in [8, 4 << 20] {
        probe.write("source.txt", &"x".repeat(size));
        probe.run();
        let later = FileTimes::new().set_modified(SystemTime::now() + Duration::from_secs(5));
        fs::File::options().write(true).open(probe.path("source.txt")).expect("opens").set_times(later).expect("touched");
        assert_eq!(probe.run(), "", "{size} bytes");
    }
}

#[test]
fn p3_other_content_with_an_older_time_runs_both() {
    let probe = probe();
    probe.write("backup.txt", "abcdefgh");
    let old = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
    fs::File::options().write(true).open(probe.path("backup.txt")).expect("opens").set_times(old).expect("aged");
    fs::rename(probe.path("backup.txt"), probe.path("source.txt")).expect("replaced");
    assert_eq!(probe.run(), "AB");
    assert!(probe.read("out/last.txt").starts_with("abcd"));
}

#[test]
fn p4_an_edit_with_size_and_time_put_back_runs_both() {
    let probe = probe();
    let modified = fs::metadata(probe.path("source.txt")).and_then(|meta| meta.modified()).expect("a time");
    probe.write("source.txt", "87654321");
    let times = FileTimes::new().set_modified(modified);
    fs::File::options().write(true).open(probe.path("source.txt")).expect("opens").set_times(times).expect("put back");
    assert_eq!(probe.run(), "AB");
    assert!(probe.read("out/last.txt").starts_with("8765"));
}

#[test]
fn p5_an_intermediate_that_comes_out_equal_spares_what_stands_on_it() {
    let probe = probe();
    probe.write("source.txt", "1234xxxx");
    assert_eq!(probe.run(), "A");
}

#[test]
fn p6_p7_p8_what_was_laid_out_is_put_right_and_never_read() {
    let probe = probe();
    let (mid, last) = (probe.read("out/mid.txt"), probe.read("out/last.txt"));
    probe.write("out/mid.txt", "tampered");
    probe.write("out/last.txt", "tampered");
    assert_eq!(probe.run(), "");
    assert_eq!((probe.read("out/mid.txt"), probe.read("out/last.txt")), (mid.clone(), last));
    fs::remove_file(probe.path("out/mid.txt")).expect("deleted");
    assert_eq!(probe.run(), "");
    assert_eq!(probe.read("out/mid.txt"), mid);
}

#[test]
fn p9_a_parameter_set_back_finds_its_earlier_result() {
    let probe = probe();
    let first = probe.read("out/last.txt");
    probe.edit("rate = 1", "rate = 5");
    assert_eq!(probe.run(), "AB");
    probe.edit("rate = 5", "rate = 1");
    assert_eq!(probe.run(), "");
    assert_eq!(probe.read("out/last.txt"), first);
}

#[test]
fn p10_parameters_that_swap_values_run_both_and_their_order_runs_nothing() {
    let probe = probe();
    probe.edit("rate = 1, decay = 2", "rate = 2, decay = 1");
    assert_eq!(probe.run(), "AB");
    probe.edit("rate = 2, decay = 1", "decay = 1, rate = 2");
    assert_eq!(probe.run(), "");
}

#[test]
fn inputs_that_swap_are_another_action() {
    let spec = r#"
name = "swap"
[[stage]]
name = "a"
run = "printf A >> $LOG; cat {inputs.x} {inputs.y} > {outputs.o}"
inputs = { x = "1.txt", y = "2.txt" }
outputs = { o = "o.txt" }
pass_env = ["LOG"]
export = "out"
"#;
    let swap = Pipeline::new(spec);
    swap.write("1.txt", "alpha ");
    swap.write("2.txt", "beta ");
    assert_eq!(swap.run(), "A");
    swap.edit("x = \"1.txt\", y = \"2.txt\"", "x = \"2.txt\", y = \"1.txt\"");
    assert_eq!(swap.run(), "A");
    assert_eq!(swap.read("out/o.txt"), "beta alpha ");
}

#[test]
fn p11_white_space_between_arguments_and_around_a_text_runs_nothing() {
    let probe = probe();
    probe.edit("\"sh\", \"{inputs.source}\", \"{params.rate}\"", "\"sh\",\n   \"{inputs.source}\",    \"{params.rate}\"");
    probe.edit("run = \"printf B", "run = \"  printf B");
    assert_eq!(probe.run(), "");
}

#[test]
fn p12_after_a_kill_in_the_middle_a_plain_run_does_the_rest() {
    let probe = Pipeline::new(SPEC);
    probe.write("source.txt", "12345678");
    probe.write("log.hold", "");
    let mut first = probe.spawn(&["run", "spec.toml"]);
    probe.await_file("log.held");
    first.kill().expect("killed");
    first.wait().expect("ended");
    fs::remove_file(probe.path("log.hold")).expect("released");
    assert_eq!(probe.run(), "AAB");
    assert_eq!(probe.read("out/last.txt"), "12341 2\n12341 2\n");
    assert_eq!(probe.run(), "");
}

#[test]
fn p13_a_second_run_waits_for_the_first_and_shares_its_work() {
    let probe = Pipeline::new(SPEC);
    probe.write("source.txt", "12345678");
    probe.write("log.hold", "");
    let first = probe.spawn(&["run", "spec.toml"]);
    probe.await_file("log.held");
    let second = probe.spawn(&["run", "spec.toml"]);
    fs::remove_file(probe.path("log.hold")).expect("released");
    for run in [first, second] {
        let outcome = common::Outcome::of(run.wait_with_output().expect("ended"));
        assert_eq!(outcome.code, 0, "{}", outcome.text());
    }
    assert_eq!(probe.noted(), "AB");
}

#[test]
fn p14_a_dry_run_names_the_change_and_what_may_follow() {
    let probe = probe();
    probe.edit("rate = 1", "rate = 3");
    let plan = probe.bgh(&["plan", "spec.toml"]);
    let line =
        |label: &str| plan.stdout.lines().find(|line| line.split_whitespace().any(|word| word == label)).unwrap_or_default();
    assert!(line("a").starts_with("run") && line("a").contains("rate 1 → 3"), "{}", plan.text());
    assert!(line("b").starts_with("wait"), "{}", plan.text());
    assert_eq!(probe.noted(), "");
    assert_eq!(probe.run(), "AB");
}
