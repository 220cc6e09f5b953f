//! What a run leaves behind, and what is told of it while it lives, when it is over and when it was killed.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use bgh::execute::Event;
use bgh::history::{Ending, Run, Runs};
use common::{Outcome, STEPS, Space};
use serde_json::Value;

fn runs(space: &Space) -> Vec<Run> {
    Runs::at(&space.path("cache")).list().expect("the runs")
}

fn last(space: &Space) -> Run {
    runs(space).pop().expect("a run")
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// Waits for something that will happen; the test fails if it does not.
fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(120), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A run whose trainings talk and then wait for a file `go`.
struct Talking {
    space: Space,
    run: Child,
}

impl Talking {
    fn new() -> Self {
        let space = Space::new();
        space.write("misbehave", "train talk");
        let mut command = space.command(&["run", "study.toml", "-j", "2"]);
        let run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("bgh starts");
        let talking = Self { space, run };
        wait_for("a training that says how far it is", || talking.has_progress());
        talking
    }

    /// Two trainings talk, and the results of all other steps that ran are safe: until then those count as running.
    fn has_progress(&self) -> bool {
        let of = |run: &Run| {
            run.standing().is_ok_and(|now| now.running.len() == 2 && now.running.values().all(|step| step.rate.is_some()))
        };
        runs(&self.space).last().is_some_and(of)
    }

    fn end(&mut self) {
        self.space.write("go", "");
        assert!(self.run.wait().expect("ended").success());
    }
}

/// What changes from run to run, blotted out.
fn masked(text: &str) -> String {
    let words = |line: &str| line.split(' ').map(mask).collect::<Vec<_>>().join(" ").trim_end().to_owned();
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}

fn mask(word: &str) -> String {
    let is_number = word.starts_with(|c: char| c.is_ascii_digit()) && (word.len() > 2 && !word.contains('/'));
    let is_run = word.len() == 20 && word.as_bytes()[8] == b'-' && word.as_bytes()[15] == b'-';
    let is_date = word.len() == 10 && word.matches('-').count() == 2;
    if is_run {
        "RUN".to_owned()
    } else if is_date {
        "DATE".to_owned()
    } else if is_number {
        "N".to_owned()
    } else {
        word.to_owned()
    }
}

#[test]
fn a_run_leaves_its_journal_and_a_run_with_nothing_to_do_leaves_none() {
    let space = Space::new();
    let ran = space.run_with(&["--set", "network.alexnet.epochs=1"]);
    let run = last(&space);
    let header = run.header();
    assert_eq!((header.experiment.as_str(), header.spec.to_str()), ("mini", Some("study.toml")));
    assert_eq!(header.arguments, ["run", "study.toml", "--set", "network.alexnet.epochs=1"]);
    let resolved: toml::Table = header.resolved.parse().expect("the resolved spec is TOML");
    assert_eq!(resolved["network"]["alexnet"]["epochs"].as_integer(), Some(1));
    assert!(matches!(run.ending().expect("read"), Ending::Ended(summary) if summary.ran == ran.len()));
    let actions = run.actions().expect("read");
    assert!(ran.iter().all(|step| actions.contains_key(step)), "every step has its action: {actions:?}");
    let lines = run.events().read().expect("read");
    assert!(lines.windows(2).all(|pair| pair[0].at <= pair[1].at), "times do not go back");
    assert!(matches!(lines[0].event, Event::Surveyed { steps: STEPS, cached: 0 }));
    space.run_with(&["--set", "network.alexnet.epochs=1"]);
    assert_eq!(runs(&space).len(), 1, "nothing to do, nothing to tell");
}

#[test]
fn a_spec_read_again_from_the_journal_means_the_same() {
    let space = Space::new();
    space.write("more.toml", "extends = \"study.toml\"\nname = \"mini\"\n[network.alexnet]\nepochs = 1\n");
    assert_eq!(space.bgh(&["run", "more.toml", "--seed", "2"]).code, 0);
    space.write("again.toml", &last(&space).header().resolved);
    let again = space.bgh(&["run", "again.toml"]);
    assert_eq!((again.code, again.ran()), (0, vec![]), "{}", again.text());
}

#[test]
fn steps_that_were_cached_are_known_with_their_actions_and_connections() {
    let space = Space::new();
    space.run();
    space.edit("A miniature study", "A small study");
    space.run();
    let run = last(&space);
    assert_eq!(run.actions().expect("read").len(), STEPS);
    let entries = run.entries().expect("read");
    let report = entries.iter().find(|entry| entry.step == "report").expect("the report");
    assert_eq!(report.action, None, "it was not cached");
    assert!(report.producers.iter().any(|&at| entries[at].step == "compare"));
}

#[test]
fn runs_lists_how_each_ended() {
    let space = Space::new();
    space.write("misbehave", "predict report");
    space.bgh(&["run", "study.toml"]);
    space.write("misbehave", "");
    space.run();
    let listed = rows(&space.bgh(&["runs", "--json"]).stdout);
    let states: Vec<&str> = listed.iter().map(|row| row["state"].as_str().expect("a state")).collect();
    assert_eq!(states, ["failed", "done"]);
    assert!(listed[0]["failed"].as_u64().expect("a number") >= 1);
    assert_eq!(listed[1]["steps"], STEPS);
    let text = space.bgh(&["runs"]).stdout;
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.contains("mini") && text.contains("failed") && text.contains("done"), "{text}");
    assert_eq!(space.bgh(&["runs", "-n", "1", "--json"]).stdout.lines().count(), 1);
}

#[test]
fn a_living_run_shows_its_running_steps_and_a_killed_one_is_told_as_died() {
    let mut talking = Talking::new();
    let space = &talking.space;
    assert_eq!(last(space).ending().expect("read"), Ending::Running);
    let status = space.bgh(&["status", "study.toml"]).stdout;
    assert!(status.lines().all(|line| line.chars().count() <= 100), "{status}");
    let json = rows(&space.bgh(&["status", "--json"]).stdout);
    assert_eq!((json.len(), json[0]["state"].as_str()), (1, Some("running")));
    let running = json[0]["standing"]["running"].as_object().expect("steps");
    assert_eq!(running.len(), 2);
    assert!(running.values().all(|step| step["progress"]["done"] == 2 && step["kind"] == "train"), "{json:?}");
    talking.run.kill().expect("killed");
    talking.run.wait().expect("ended");
    let space = &talking.space;
    assert_eq!(last(space).ending().expect("read"), Ending::Died);
    let died = space.bgh(&["status"]).stdout;
    assert!(died.contains("died after") && died.contains("left at train["), "{died}");
    assert_eq!(rows(&space.bgh(&["runs", "--json"]).stdout)[0]["state"], "died");
    assert!(last(space).actions().expect("read").len() > 10, "what it had done is known");
    insta::assert_snapshot!("status_of_a_living_run", steps_sorted(&masked(&status)));
}

/// Which two of the trainings run is chance, and how many results are safe by then; neither is the matter.
fn steps_sorted(text: &str) -> String {
    let one = |line: &str| match line.split_once("train[") {
        Some((before, after)) => {
            format!("{before}train[…]  {}", after.split_once(']').map_or("", |(_, rest)| rest.trim_start()))
        }
        None => match line.split_once(" steps: ") {
            Some((steps, _)) if line.ends_with(" waiting") => format!("{steps} steps: … ran, 2 running, … waiting"),
            _ => line.to_owned(),
        },
    };
    text.lines().map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_followed_log_prints_what_comes_and_ends_with_the_run() {
    let mut talking = Talking::new();
    let step = last(&talking.space).standing().expect("read").running.keys().next().expect("a step").clone();
    let mut follow = talking.space.command(&["logs", &step, "--follow"]);
    let mut follow = follow.stdout(Stdio::piped()).spawn().expect("bgh starts");
    let mut lines = BufReader::new(follow.stdout.take().expect("a pipe")).lines();
    let first: Vec<String> = lines.by_ref().take(2).map(|line| line.expect("a line")).collect();
    assert_eq!(first, ["first words", "more words"]);
    talking.end();
    let rest: Vec<String> = lines.map(|line| line.expect("a line")).collect();
    assert_eq!(rest, ["last words", "done"], "nothing twice, nothing left out");
    assert!(follow.wait().expect("ended").success());
}

#[test]
fn logs_finds_a_step_by_label_kind_and_action_and_names_the_nearest() {
    let space = Space::new();
    space.write("misbehave", "predict abort");
    space.bgh(&["run", "study.toml"]);
    let failed = last(&space).standing().expect("read").failed.keys().next().expect("a step").clone();
    let by_label = space.bgh(&["logs", &failed]);
    assert!(by_label.stdout.contains("c10::Error"), "{}", by_label.text());
    let action = last(&space).actions().expect("read")[&failed].hex();
    assert_eq!(space.bgh(&["logs", &action[..10]]).stdout, by_label.stdout);
    let by_kind = space.bgh(&["logs", "predict", "--run", "last"]).stdout;
    assert!(by_kind.contains(&format!("== {failed}")), "{by_kind}");
    let status = space.bgh(&["status"]).stdout;
    assert!(status.contains(&format!("bgh logs '{failed}' --run {}", last(&space).id())), "{status}");
    let wrong = space.bgh(&["logs", "predict[none-alexnet-lwo]"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("the nearest is `predict[none-alexnet-low]`"), "{}", wrong.text());
    let no_run = space.bgh(&["logs", "predict", "--run", "19990101"]);
    assert!(
        no_run.code == 2 && no_run.stderr.contains(&format!("the nearest is `{}`", last(&space).id())),
        "{}",
        no_run.text()
    );
}

#[test]
fn two_runs_at_once_have_a_journal_each() {
    let space = Space::new();
    let start = || space.command(&["run", "study.toml"]).stderr(Stdio::piped()).spawn().expect("bgh starts");
    for run in [start(), start()] {
        let outcome = Outcome::of(run.wait_with_output().expect("ended"));
        assert_eq!(outcome.code, 0, "{}", outcome.text());
    }
    let ids: Vec<String> = runs(&space).iter().map(|run| run.id().to_owned()).collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
}

#[test]
fn progress_is_written_a_few_times_a_second_and_no_more() {
    let mut talking = Talking::new();
    talking.end();
    let lines = last(&talking.space).events().read().expect("read");
    let mut told: Vec<(f64, String)> = vec![];
    for line in &lines {
        let Event::Progressed { step, .. } = &line.event else { continue };
        let before = told.iter().rev().find(|(_, known)| known == step);
        assert!(before.is_none_or(|(at, _)| line.at - at > 0.2), "{step} twice within a fifth of a second");
        told.push((line.at, step.clone()));
    }
    assert!(told.len() >= 4, "{told:?}");
}

#[test]
fn a_cache_without_runs_says_so() {
    let space = Space::new();
    for command in ["runs", "status"] {
        let outcome = space.bgh(&[command]);
        assert!(outcome.code == 0 && outcome.stdout.contains("no run has left a journal"), "{}", outcome.text());
    }
    assert!(!space.path("cache").exists(), "nothing is made by looking");
    let outcome = space.bgh(&["logs", "train"]);
    assert!(outcome.code == 2 && outcome.stderr.contains("--cache"), "{}", outcome.text());
    fs::create_dir(space.path("cache")).expect("a folder");
    let outcome = space.bgh(&["logs", "train"]);
    assert!(outcome.code == 2 && outcome.stderr.contains("no run has left a journal"), "{}", outcome.text());
}
