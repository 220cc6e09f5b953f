//! Commands as stages, through the binary: what they read, make, see and leave, and what is said when something is wrong.

mod common;
#[path = "common/pipeline.rs"]
mod pipeline;

use std::fs;

use pipeline::Pipeline;

const TWO: &str = r#"
name = "two"

[[stage]]
name = "upper"
run = "printf A >> $LOG; tr a-z A-Z < {inputs.text} > {outputs.text}"
inputs = { text = "data/{word}.txt" }
outputs = { text = "{word}.up" }
for_each = { word = "data/*.txt" }
pass_env = ["LOG"]

[[stage]]
name = "join"
run = "printf B >> $LOG; cat {inputs.all}/*/* > {outputs.joined}; ls {inputs.all} >> {outputs.joined}"
inputs = { all = { stage = "upper" } }
outputs = { joined = "joined.txt" }
pass_env = ["LOG"]
export = "results"
"#;

fn two() -> Pipeline {
    let two = Pipeline::new(TWO);
    two.write("data/one.txt", "one\n");
    two.write("data/two.txt", "two\n");
    two
}

#[test]
fn a_stage_is_fanned_out_over_files_and_gathered_again() {
    let two = two();
    assert_eq!(two.run(), "AAB");
    assert_eq!(two.read("results/joined.txt"), "ONE\nTWO\none\ntwo\n");
    assert_eq!(two.run(), "");
    two.write("data/three.txt", "three\n");
    assert_eq!(two.run(), "AB");
    assert_eq!(two.read("results/joined.txt"), "ONE\nTHREE\nTWO\none\nthree\ntwo\n");
}

#[test]
fn an_axis_that_both_have_is_matched() {
    let spec = r#"
name = "matched"
[[stage]]
name = "a"
run = "echo {x}-{y} > {outputs.o}"
outputs = { o = "o.txt" }
for_each = { x = ["1", "2"], y = ["p", "q"] }
[[stage]]
name = "b"
run = "cat {inputs.a}/*/o.txt > {outputs.o}"
inputs = { a = { stage = "a", output = "o" } }
outputs = { o = "{x}.txt" }
for_each = { x = [1, 2] }
export = "out"
"#;
    let matched = Pipeline::new(spec);
    matched.run();
    assert_eq!(matched.read("out/1/1.txt"), "1-p\n1-q\n");
    assert_eq!(matched.read("out/2/2.txt"), "2-p\n2-q\n");
}

#[test]
fn a_command_sees_its_parameters_its_environment_and_nothing_else() {
    let spec = r#"
name = "seen"
[[stage]]
name = "env"
run = ["sh", "-c", "echo \"$1|$2|$SAID|$PASSED|$HIDDEN|$LANG|$OMP_NUM_THREADS\" > seen.txt", "sh", "{params.text}", "{params.number}"]
params = { text = "two words", number = 1.5 }
env = { SAID = "{params.number} said" }
pass_env = ["PASSED"]
needs = { cpus = 1, memory = "64 MiB", time = "1 min", retries = 0 }
outputs = { seen = "seen.txt" }
export = "."
"#;
    let seen = Pipeline::new(spec);
    let output = seen.command(&["run", "spec.toml"]).env("PASSED", "on").env("HIDDEN", "off").output().expect("bgh starts");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(seen.read("seen.txt"), "two words|1.5|1.5 said|on||C.UTF-8|1\n");
}

#[test]
fn a_folder_is_an_output_and_an_input() {
    let spec = r#"
name = "folders"
[[stage]]
name = "split"
run = "cp {inputs.all}/a.txt {outputs.parts}/x.txt; mkdir {outputs.parts}/deep; cp {inputs.all}/b.txt {outputs.parts}/deep/y.txt"
inputs = { all = "data/*.txt" }
outputs = { parts = "parts/" }
[[stage]]
name = "count"
run = "find -L {inputs.parts} -type f | sort > {outputs.list}"
inputs = { parts = { stage = "split" } }
outputs = { list = "list.txt" }
export = "out"
"#;
    let folders = Pipeline::new(spec);
    folders.write("data/a.txt", "a");
    folders.write("data/b.txt", "b");
    folders.run();
    assert_eq!(folders.read("out/list.txt"), "in/parts/deep/y.txt\nin/parts/x.txt\n");
}

fn failing(run: &str, more: &str) -> (Pipeline, common::Outcome) {
    let spec = format!("name = \"failing\"\n[[stage]]\nname = \"a\"\nrun = {run:?}\noutputs = {{ o = \"o.txt\" }}\n{more}\n");
    let pipeline = Pipeline::new(&spec);
    pipeline.write("data.txt", "data");
    let outcome = pipeline.try_run(&[]);
    (pipeline, outcome)
}

#[test]
fn a_command_that_fails_is_told_with_its_last_words() {
    let (pipeline, outcome) = failing("echo first >&2; echo the reason >&2; exit 3", "");
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("code 3") && outcome.stderr.contains("first | the reason"), "{}", outcome.stderr);
    let log = pipeline.bgh(&["logs", "a"]);
    assert!(log.stdout.contains("the reason"), "{}", log.text());
}

#[test]
fn an_output_that_is_not_there_or_no_file_is_told_with_what_is() {
    let (_, outcome) = failing("echo x > other.txt", "");
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("output `o` (o.txt) is not there; it left `other.txt`"), "{}", outcome.stderr);
    let (_, outcome) = failing("mkdir o.txt", "");
    assert!(outcome.stderr.contains("output `o` (o.txt) is no file"), "{}", outcome.stderr);
    let (_, outcome) = failing("ln -s /etc/passwd o.txt", "");
    assert!(outcome.stderr.contains("output `o` (o.txt) is no file"), "{}", outcome.stderr);
}

#[test]
fn a_link_or_a_pipe_in_an_output_folder_is_refused() {
    for made in ["ln -s /etc/passwd {outputs.o}/link", "mkfifo {outputs.o}/link"] {
        let spec = format!("name = \"strange\"\n[[stage]]\nname = \"a\"\nrun = {made:?}\noutputs = {{ o = \"o/\" }}\n");
        let outcome = Pipeline::new(&spec).try_run(&[]);
        assert_eq!(outcome.code, 3);
        assert!(outcome.stderr.contains("link, which is neither file nor folder"), "{}", outcome.stderr);
    }
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let spec = "name = \"gone\"\n[[stage]]\nname = \"a\"\nrun = [\"no-such-program\"]\noutputs = { o = \"o\" }\n";
    let outcome = Pipeline::new(spec).try_run(&[]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("cannot start `no-such-program`: it is neither on the PATH"), "{}", outcome.stderr);
}

#[test]
fn what_was_not_declared_is_noticed_and_dropped() {
    let (pipeline, outcome) = failing("echo x > o.txt; echo y > extra.txt", "export = \"out\"");
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert!(outcome.stderr.contains("warning: a: the command also left `extra.txt`"), "{}", outcome.stderr);
    assert!(!pipeline.path("out/extra.txt").exists() && pipeline.path("out/o.txt").exists());
}

#[test]
fn what_was_not_declared_is_noticed_wherever_it_lies() {
    let spec = r#"
name = "deep"
[[stage]]
name = "a"
run = "mkdir -p sub/other; for f in {outputs.o} sub/extra sub/other/deep in/given/beside in/stray; do echo x > $f; done"
inputs = { given = "given.txt" }
outputs = { o = "sub/o.txt" }
"#;
    let pipeline = Pipeline::new(spec);
    pipeline.write("given.txt", "given");
    let outcome = pipeline.try_run(&[]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let told = "the command also left `in/given/beside`, `in/stray`, `sub/extra`, `sub/other`, which is dropped";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
}

#[test]
fn a_command_that_writes_through_a_link_damages_nothing_that_is_served() {
    let spec = r#"
name = "through"
[[stage]]
name = "a"
run = "echo good > {outputs.o}"
outputs = { o = "o.txt" }
[[stage]]
name = "b"
run = "chmod u+w $(readlink -f {inputs.a}); echo bad > {inputs.a}; cp {inputs.a} {outputs.o}"
inputs = { a = { stage = "a" } }
outputs = { o = "o.txt" }
export = "out"
"#;
    let through = Pipeline::new(spec);
    let outcome = through.try_run(&[]);
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(outcome.stderr.contains("o.txt") && outcome.stderr.contains("changed its input"), "{}", outcome.stderr);
    through.edit("chmod u+w $(readlink -f {inputs.a}); echo bad > {inputs.a}; ", "");
    through.run();
    assert_eq!(through.read("out/o.txt"), "good\n");
}

#[test]
fn a_command_may_change_inputs_that_were_copied() {
    let spec = r#"
name = "copied"
[[stage]]
name = "a"
run = "echo more >> {inputs.a}; cp {inputs.a} {outputs.o}"
layout = "copy"
inputs = { a = "a.txt" }
outputs = { o = "o.txt" }
export = "out"
"#;
    let copied = Pipeline::new(spec);
    copied.write("a.txt", "some\n");
    copied.run();
    assert_eq!((copied.read("a.txt").as_str(), copied.read("out/o.txt").as_str()), ("some\n", "some\nmore\n"));
}

#[test]
fn a_flood_of_output_is_cut() {
    let (pipeline, outcome) = failing("yes x | head -c 60000000; sleep 0.5; echo end; echo x > o.txt", "");
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let log = pipeline.bgh(&["logs", "a"]).stdout;
    assert!(log.len() < 40_000_000 && log.contains("[bgh cut ") && log.contains("end\n"), "{} bytes", log.len());
}

#[test]
fn a_value_of_a_stage_is_set_from_outside_by_the_name_of_the_stage() {
    let spec = "name = \"set\"\n[[stage]]\nname = \"a\"\nrun = \"echo {params.x} > {outputs.o}\"\nparams = { x = 1 }\noutputs = { o = \"o.txt\" }\nexport = \"out\"\n";
    let set = Pipeline::new(spec);
    set.run_with(&["--set", "stage.a.params.x=7"]);
    assert_eq!(set.read("out/o.txt"), "7\n");
    set.write("above.toml", "extends = \"spec.toml\"\n[[stage]]\nname = \"a\"\n[stage.params]\nx = 8\n");
    assert_eq!(set.bgh(&["run", "above.toml"]).code, 0);
    assert_eq!(set.read("out/o.txt"), "8\n");
}

#[test]
fn what_does_not_decide_the_result_reruns_nothing() {
    let two = two();
    assert_eq!(two.run(), "AAB");
    two.edit("for_each = { word", "needs = { memory = \"10 MiB\", time = \"1 h\", retries = 1 }\nfor_each = { word");
    two.edit("name = \"two\"", "name = \"renamed\"");
    assert_eq!(two.run(), "");
    let moved = two.path("moved");
    fs::create_dir(&moved).expect("a folder");
    for name in ["spec.toml", "data", "cache"] {
        fs::rename(two.path(name), moved.join(name)).expect("moves");
    }
    let outcome = common::Outcome::of(two.command(&["run", "spec.toml"]).current_dir(&moved).output().expect("bgh starts"));
    assert!(outcome.stdout.contains("3 steps: 3 cached"), "{}", outcome.text());
}

#[test]
fn every_fault_of_a_spec_of_commands_is_told_at_once() {
    let spec = r#"name = "faults"

[[stage]]
name = "train"
run = "x"
outputs = { o = "o" }

[[stage]]
name = "a"
run = "cat {inputs.b} {input.b} {outputs.p} {params.level}"
inputs = { b = { stage = "bb", output = "o" }, c = "gone.txt", d = { stage = "c" } }
outputs = { o = "../o", q = "/q" }
params = { levle = 1 }
needs = { memory = "4 GB", cpus = 0 }

[[stage]]
name = "b"
run = []
outputs = {}

[[stage]]
name = "c"
run = "x"
outputs = { o = "o", p = "p" }
inputs = { d = { stage = "d" } }

[[stage]]
name = "d"
run = "x {inputs.c}"
outputs = { o = "o" }
inputs = { c = { stage = "c", output = "r" } }
for_each = { x = "none/*.txt", y = [] }
"#;
    let outcome = Pipeline::new(spec).bgh(&["check", "spec.toml"]);
    assert_eq!(outcome.code, 2);
    insta::assert_snapshot!(outcome.stderr);
}

#[test]
fn stages_that_wait_for_each_other_and_names_of_nobody_are_faults() {
    let spec = r#"name = "faults"

[[stage]]
name = "c"
run = "x"
outputs = { o = "o", p = "p" }
inputs = { d = { stage = "d" }, e = { stage = "dd" }, f = { step = "train[x]", output = "model" } }

[[stage]]
name = "d"
run = "x {inputs.c}"
outputs = { o = "o" }
inputs = { c = { stage = "c", output = "r" }, e = { stage = "c" } }
"#;
    let pipeline = Pipeline::new(spec);
    insta::assert_snapshot!(pipeline.bgh(&["check", "spec.toml"]).stderr);
    pipeline.edit(", e = { stage = \"dd\" }, f = { step = \"train[x]\", output = \"model\" }", "");
    pipeline.edit("c = { stage = \"c\", output = \"r\" }, e = { stage = \"c\" }", "c = { stage = \"c\", output = \"o\" }");
    insta::assert_snapshot!(pipeline.bgh(&["check", "spec.toml"]).stderr);
}

#[test]
fn the_example_of_the_guide_does_what_the_guide_says() {
    let guide = include_str!("../docs/pipelines.md");
    let example = guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the first example");
    let words = Pipeline::new(example);
    words.write("texts/one.txt", "a b c\n");
    words.write("texts/two.txt", "d e\n");
    let ran = |arguments: &[&str]| {
        let outcome = words.try_run(arguments);
        assert_eq!(outcome.code, 0, "{}", outcome.text());
        outcome.ran()
    };
    assert_eq!(ran(&[]), ["count[one]", "count[two]", "total"]);
    assert_eq!(words.read("results/sorted.txt"), "2\n3\n");
    words.write("texts/three.txt", "f\n");
    assert_eq!(ran(&[]), ["count[three]", "total"]);
    words.write("texts/one.txt", "x y z\n");
    assert_eq!(ran(&[]), ["count[one]"], "as many words as before");
    assert_eq!(ran(&["--set", "stage.count.params.factor=2"]), ["count[one]", "count[three]", "count[two]", "total"]);
    assert_eq!(words.read("results/sorted.txt"), "2\n4\n6\n");
}

#[test]
fn the_output_of_standard_output_must_be_a_file() {
    let spec =
        "name = \"s\"\n[[stage]]\nname = \"a\"\nrun = \"x\"\noutputs = { list = \"l\", maps = \"m/\" }\nstdout = \"lists\"\n";
    let outcome = Pipeline::new(spec).bgh(&["check", "spec.toml"]);
    assert!(outcome.stderr.contains("`lists` is no output that is a file") && outcome.stderr.contains("did you mean `list`?"));
}

#[test]
fn outputs_of_one_name_are_exported_side_by_side_and_never_over_each_other() {
    let spec = r#"
name = "names"
[[stage]]
name = "a"
run = "echo p > a/x.csv; echo q > b/x.csv"
outputs = { p = "a/x.csv", q = "b/x.csv" }
export = "out"
"#;
    let names = Pipeline::new(spec);
    names.run();
    assert_eq!((names.read("out/a/x.csv").as_str(), names.read("out/b/x.csv").as_str()), ("p\n", "q\n"));
    let again =
        spec.split("[[stage]]").nth(1).expect("a stage").replace("\"a\"\nrun", "\"b\"\nrun").replace("echo p", "echo r");
    names.write("spec.toml", &format!("{spec}[[stage]]{again}"));
    let outcome = names.bgh(&["check", "spec.toml"]);
    assert_eq!(outcome.code, 2, "{}", outcome.text());
    assert!(outcome.stderr.contains("another output is exported to out/a/x.csv"), "{}", outcome.text());
}
