//! The built worker on small synthetic images: what it learns, what it answers, and that a killed training ends with the bytes of
//! one that ran through.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bgh::artifact::{Curves, Files, ImageRow, ImageSetWriter, Predictions, TrainingRecord};
use bgh::seed::Seed;
use bgh::stage::job::{JobFolder, JobResult, JobSpec, Progress};
use bgh::weights::Left;
use rand::{Rng, RngExt};
use serde_json::{Value, json};

const SIZE: usize = 64;
const CLASSES: [&str; 3] = ["left", "none", "right"];

/// Noise with a bright disc in the left or the right half, or none.
fn picture(class: &str, rng: &mut impl Rng) -> Vec<u8> {
    let mut pixels: Vec<u8> = (0..SIZE * SIZE).map(|_| rng.random_range(40..120)).collect();
    let column = if class == "left" { rng.random_range(12..22) } else { rng.random_range(42..52) };
    let row = rng.random_range(20..44);
    for (y, x) in (0..SIZE).flat_map(|y| (0..SIZE).map(move |x| (y, x))) {
        let distance = (y as i64 - row).pow(2) + (x as i64 - column).pow(2);
        if class != "none" && distance < 50 {
            pixels[y * SIZE + x] = pixels[y * SIZE + x].saturating_add(90);
        }
    }
    pixels
}

fn images(folder: &Path, count: usize, seed: u64) -> Files {
    fs::create_dir_all(folder).expect("folder");
    let mut rng = Seed::root(seed).rng();
    let mut writer = ImageSetWriter::create(folder, count, SIZE, SIZE).expect("writes");
    for number in 0..count {
        let class = CLASSES[number % 3];
        let row = ImageRow { image: 0, exam: format!("{number:03}"), slice: 0, class: class.into(), variant: 0 };
        writer.push(row, &picture(class, &mut rng)).expect("fits");
    }
    writer.finish().expect("complete");
    Files::of_folder(folder).expect("lists")
}

fn job(folder: PathBuf, kind: &str, params: Value, inputs: BTreeMap<String, Files>) -> JobFolder {
    fs::create_dir_all(&folder).expect("folder");
    let job = JobFolder::new(folder);
    let spec = JobSpec { kind: kind.into(), params, seed: Seed::root(17), inputs, device: "cpu".into(), threads: 1 };
    job.write_spec(&spec).expect("writes");
    job
}

fn spawn(job: &JobFolder) -> Child {
    let log = fs::File::options().create(true).append(true).open(job.stderr()).expect("log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bgh-torch"));
    command.arg(job.path()).env_remove("LD_LIBRARY_PATH").stdout(Stdio::null()).stderr(log).spawn().expect("starts")
}

fn run(job: &JobFolder) -> JobResult {
    assert!(spawn(job).wait().expect("waits").success(), "{}", fs::read_to_string(job.stderr()).expect("log"));
    job.result().expect("sound").expect("a result")
}

fn assert_done(job: &JobFolder) {
    let result = run(job);
    assert!(matches!(result, JobResult::Done { peak_memory, .. } if peak_memory > 0), "{result:?}");
}

fn port(job: &JobFolder, port: &str) -> Files {
    Files::of_folder(&job.out().join(port)).expect("port")
}

fn training(network: &str, epochs: usize, learning_rate: f64) -> Value {
    json!({
        "network": {"name": network, "width": 0.125, "crop": 56},
        "classes": CLASSES,
        "epochs": epochs,
        "batch": 16,
        "start": "untrained",
        "solver": {
            "rule": {"sgd": {"momentum": 0.9}},
            "learning_rate": learning_rate,
            "schedule": {"step": {"share": 0.33, "gamma": 0.5}},
            "warm_up": 0.0,
            "weight_decay": 1e-4,
            "clip": null,
        },
        "select": "tune_loss",
        "patience": null,
        "sampling": "reshuffle",
        "matched": null,
        "mirror": null,
        "precision": "fp32",
    })
}

fn both_sets(root: &Path, count: usize) -> BTreeMap<String, Files> {
    let sets = [("train", images(&root.join("train"), count, 1)), ("tune", images(&root.join("tune"), 48, 2))];
    sets.into_iter().map(|(name, files)| (name.to_owned(), files)).collect()
}

fn outputs(job: &JobFolder) -> BTreeMap<String, Vec<u8>> {
    let files = Files::of_folder(&job.out()).expect("outputs");
    files.iter().map(|(name, path)| (name.to_owned(), fs::read(path).expect("reads"))).collect()
}

/// Trains, checks that it learnt, and predicts images that it has not seen.
fn learns(network: &str, epochs: usize, learning_rate: f64) {
    let root = tempfile::tempdir().expect("folder");
    let train = job(root.path().join("job"), "train", training(network, epochs, learning_rate), both_sets(root.path(), 192));
    assert_done(&train);
    let curves = Curves::open(&port(&train, "curves")).expect("curves").0;
    let record = TrainingRecord::open(&port(&train, "record")).expect("record");
    assert_eq!((curves.len(), curves[0].train_loss, record.updates), (epochs + 1, None, epochs * 12));
    let least = curves[1..].iter().map(|curve| curve.tune_loss).fold(f64::INFINITY, f64::min);
    assert_eq!(record.best_tune_loss, least);
    assert!(least < 0.35 && least < curves[0].tune_loss, "{curves:#?}");

    for eval in ["center_crop", "squash"] {
        let inputs = [("model", port(&train, "model")), ("images", images(&root.path().join("test"), 45, 3))];
        let inputs = inputs.into_iter().map(|(name, files)| (name.to_owned(), files)).collect();
        let predict = job(root.path().join(eval), "predict", json!({"eval": eval}), inputs);
        assert_done(&predict);
        let predictions = Predictions::open(&port(&predict, "predictions")).expect("predictions");
        assert_eq!((predictions.rows.len(), &predictions.classes), (45, &CLASSES.map(String::from).to_vec()));
        let right = predictions.rows.iter().filter(|row| {
            assert!((row.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let best = row.probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).expect("classes").0;
            CLASSES[best] == row.class
        });
        let right = right.count();
        assert!(right >= 40, "{eval}: {right} of 45");
    }
}

#[test]
fn alexnet_learns_where_the_disc_is() {
    learns("alexnet", 12, 0.01);
}

#[test]
fn googlenet_learns_where_the_disc_is() {
    learns("googlenet", 12, 0.01);
}

#[test]
fn resnet_learns_where_the_disc_is() {
    learns("resnet18", 12, 0.02);
}

fn short_training(root: &Path, name: &str) -> JobFolder {
    job(root.join(name), "train", training("alexnet", 6, 0.01), both_sets(root, 96))
}

/// Waits until the job's checkpoint changes `times` times.
fn await_checkpoints(job: &JobFolder, times: usize) {
    let path = job.path().join("checkpoint/training.safetensors");
    let written = || fs::metadata(&path).and_then(|facts| facts.modified()).ok();
    let (start, mut last, mut seen) = (Instant::now(), None, 0);
    while seen < times {
        assert!(start.elapsed() < Duration::from_secs(300), "no checkpoint in five minutes");
        std::thread::sleep(Duration::from_millis(2));
        if written() != last {
            (last, seen) = (written(), seen + 1);
        }
    }
}

/// Changes a training's parameters by the keys of `changes`.
fn changed(mut params: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().expect("an object") {
        params[key] = value.clone();
    }
    params
}

/// A training of few channels, for tests of many trainings.
fn tiny(network: &str) -> Value {
    changed(training(network, 8, 0.01), &json!({"network": {"name": network, "width": 0.05, "crop": 56}}))
}

fn modern() -> Value {
    json!({
        "solver": {
            "rule": {"adamw": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}},
            "learning_rate": 0.001,
            "schedule": {"cosine": {"floor": 0.0}},
            "warm_up": 0.1,
            "weight_decay": 0.01,
            "clip": 1.0,
        },
        "sampling": "cyclic",
        "mirror": [2, 1, 0],
    })
}

/// Runs a training to its end, killing it again and again a moment after a checkpoint; how often it went on from one.
fn run_with_kills(job: &JobFolder, rng: &mut impl Rng) -> usize {
    for _ in 0..2 {
        let mut worker = spawn(job);
        await_checkpoints(job, 2);
        // Not to wait for anything: the kill shall fall into some update or other, or into the writing of a checkpoint.
        std::thread::sleep(Duration::from_millis(rng.random_range(0..150)));
        worker.kill().expect("kills");
        worker.wait().expect("waits");
    }
    assert_done(job);
    fs::read_to_string(job.stderr()).expect("log").matches("going on from the checkpoint").count()
}

#[test]
fn killed_trainings_end_with_the_same_bytes() {
    let cases = [
        ("alexnet", tiny("alexnet")),
        ("googlenet", tiny("googlenet")),
        ("resnet18 and its running statistics", tiny("resnet18")),
        ("modern-alexnet", changed(tiny("alexnet"), &modern())),
        ("modern-googlenet", changed(tiny("googlenet"), &modern())),
        ("matched", changed(tiny("alexnet"), &json!({"matched": {"largest": 3, "own": 2}, "select": "last"}))),
        ("patient", changed(tiny("alexnet"), &json!({"epochs": 40, "patience": 2}))),
    ];
    let mut rng = Seed::root(5).rng();
    for (name, params) in cases {
        let root = tempfile::tempdir().expect("folder");
        let [whole, killed] = ["whole", "killed"]
            .map(|folder| job(root.path().join(folder), "train", params.clone(), both_sets(root.path(), 60)));
        assert_done(&whole);
        assert!(run_with_kills(&killed, &mut rng) > 0, "{name}: every kill came too early or too late to mean anything");
        assert!(outputs(&killed) == outputs(&whole), "{name}: other bytes after kills");
    }
}

#[test]
fn a_training_that_is_asked_to_stop_goes_on_where_it_was() {
    let root = tempfile::tempdir().expect("folder");
    let [whole, stopped] = ["whole", "stopped"].map(|name| short_training(root.path(), name));
    assert_done(&whole);
    let mut worker = spawn(&stopped);
    await_checkpoints(&stopped, 2);
    terminate(&worker);
    assert!(worker.wait().expect("waits").success());
    assert_eq!(stopped.result().expect("readable"), Some(JobResult::Interrupted));
    assert_done(&stopped);
    assert!(outputs(&stopped) == outputs(&whole), "other bytes after an interruption");
}

#[test]
fn a_damaged_checkpoint_costs_an_epoch_and_no_byte() {
    let root = tempfile::tempdir().expect("folder");
    let [whole, damaged] = ["whole", "damaged"].map(|name| short_training(root.path(), name));
    assert_done(&whole);
    let mut worker = spawn(&damaged);
    await_checkpoints(&damaged, 3);
    worker.kill().expect("kills");
    worker.wait().expect("waits");
    let path = damaged.path().join("checkpoint/training.safetensors");
    let file = fs::File::options().write(true).open(path).expect("a checkpoint");
    file.set_len(file.metadata().expect("facts").len() / 2).expect("cuts");
    assert_done(&damaged);
    let log = fs::read_to_string(damaged.stderr()).expect("log");
    assert!(log.contains("left aside: checkpoint") && log.contains("going on from the checkpoint"), "{log}");
    assert!(outputs(&damaged) == outputs(&whole), "other bytes after damage");
}

#[test]
fn patience_ends_a_training_and_the_record_says_when() {
    let root = tempfile::tempdir().expect("folder");
    // At this rate nothing moves, so no epoch is better than the first.
    let params = changed(training("alexnet", 60, 1e-30), &json!({"patience": 3}));
    let patient = job(root.path().join("job"), "train", params, both_sets(root.path(), 48));
    assert_done(&patient);
    let record = TrainingRecord::open(&port(&patient, "record")).expect("record");
    let curves = Curves::open(&port(&patient, "curves")).expect("curves").0;
    assert_eq!((record.planned_epochs, record.epochs, record.updates, record.best_epoch), (60, 4, 12, 1));
    assert_eq!(curves.len(), record.epochs + 1);
}

#[test]
fn matched_trainings_make_the_updates_of_the_largest_arm() {
    let root = tempfile::tempdir().expect("folder");
    let params = changed(training("alexnet", 2, 0.01), &json!({"matched": {"largest": 4, "own": 1}}));
    let matched = job(root.path().join("job"), "train", params, both_sets(root.path(), 48));
    assert_done(&matched);
    let record = TrainingRecord::open(&port(&matched, "record")).expect("record");
    assert_eq!((record.images, record.epochs, record.updates), (48, 2, 2 * 48 * 4 / 16));
}

#[test]
fn half_precision_trains_and_what_a_device_lacks_is_refused() {
    let root = tempfile::tempdir().expect("folder");
    let at = |precision: &str| {
        let params = changed(training("alexnet", 2, 0.01), &json!({"precision": precision}));
        job(root.path().join(precision), "train", params, both_sets(root.path(), 48))
    };
    let [single, half] = ["fp32", "bf16"].map(at);
    [&single, &half].into_iter().for_each(assert_done);
    assert_ne!(outputs(&single)["model/weights.safetensors"], outputs(&half)["model/weights.safetensors"]);
    let losses = [&single, &half].map(|job| TrainingRecord::open(&port(job, "record")).expect("record").best_tune_loss);
    assert!((losses[0] - losses[1]).abs() < 0.2, "{losses:?}");
    let JobResult::Failed(text) = run(&at("tf32")) else { panic!("it did not fail") };
    assert_eq!(text, "precision \"tf32\": only CUDA devices have it, this is Cpu; use \"fp32\" or \"bf16\"");
}

fn terminate(worker: &Child) {
    let id = rustix::process::Pid::from_child(worker);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("signals");
}

#[test]
fn two_trainings_of_one_seed_are_equal_and_of_two_seeds_are_not() {
    let root = tempfile::tempdir().expect("folder");
    let [one, other] = ["one", "other"].map(|name| short_training(root.path(), name));
    let mut spec = other.spec().expect("spec");
    spec.seed = Seed::root(18);
    other.write_spec(&spec).expect("writes");
    [&one, &other].into_iter().for_each(assert_done);
    assert_ne!(outputs(&one)["model/weights.safetensors"], outputs(&other)["model/weights.safetensors"]);
}

#[test]
fn a_rate_that_is_too_high_fails_with_the_update_and_advice() {
    let root = tempfile::tempdir().expect("folder");
    let wild = job(root.path().join("job"), "train", training("alexnet", 6, 1e6), both_sets(root.path(), 96));
    let JobResult::Failed(text) = run(&wild) else { panic!("it did not fail") };
    assert!(text.starts_with("update ") && text.contains("of 36: ") && text.contains("smaller `learning_rate`"), "{text}");
    assert!(text.contains("at learning rate 1000000") && text.contains("no epoch was finished"), "{text}");
}

#[test]
fn a_training_that_diverges_late_leaves_its_best_weights() {
    let root = tempfile::tempdir().expect("folder");
    let mut params = training("alexnet", 20, 3.0);
    params["solver"]["warm_up"] = json!(0.99);
    let late = job(root.path().join("job"), "train", params, both_sets(root.path(), 96));
    let JobResult::Failed(text) = run(&late) else { panic!("it did not fail") };
    let path = late.path().join("checkpoint/best.safetensors");
    assert!(text.contains("the weights of epoch ") && text.contains(&path.display().to_string()), "{text}");
    let (kept, _) = bgh_torch::weights::read(&path).expect("a weight file");
    assert!(
        kept.contains_key("fc8.weight") && kept.values().all(|tensor| tensor.isfinite().all().double_value(&[]) == 1.0),
        "{text}"
    );
}

#[test]
fn progress_tells_how_a_training_goes() {
    let root = tempfile::tempdir().expect("folder");
    let train = short_training(root.path(), "job");
    assert_done(&train);
    let events = fs::read_to_string(train.events()).expect("events");
    let last: Progress = serde_json::from_str(events.lines().last().expect("an event")).expect("an event");
    assert_eq!((last.done, last.total, last.unit.as_str()), (36, 36, "updates"));
    let training = last.training.expect("of a training");
    assert_eq!((training.epoch, training.seconds_left, training.learning_rate), (6, 0.0, 0.0025));
    assert!(training.loss.is_finite() && training.images_per_second > 0.0 && training.peak_memory > 0, "{training:?}");
}

#[test]
fn faults_of_the_job_are_results() {
    let root = tempfile::tempdir().expect("folder");
    let sets = || both_sets(root.path(), 12);
    let mut narrow = training("alexnet", 1, 0.01);
    narrow["network"]["crop"] = json!(40);
    let mut lettered = training("alexnet", 1, 0.01);
    lettered["start"] = json!({"file": {"classifiers": "fresh"}});
    let caffe = root.path().join("zoo.caffemodel");
    fs::write(&caffe, b"").expect("writes");
    let mut with_start = sets();
    with_start.insert("start".into(), Files::from_iter([("zoo.caffemodel".to_owned(), caffe)]));
    let cases = [
        ("window", json!({}), sets(), "kind `window` is not run by bgh-torch; it runs: train, predict, explain, pretrain"),
        ("train", narrow, sets(), "use a crop of at least"),
        ("train", training("alexnet", 1, 0.01), BTreeMap::new(), "nothing is connected to input `train`"),
        ("train", training("vgg", 1, 0.01), sets(), "unknown network `vgg`; known: alexnet, googlenet"),
        ("train", lettered, with_start, "no weight file: the file is empty"),
    ];
    for (number, (kind, params, inputs, expected)) in cases.into_iter().enumerate() {
        let job = job(root.path().join(number.to_string()), kind, params, inputs);
        let JobResult::Failed(text) = run(&job) else { panic!("{expected}: it did not fail") };
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn pretrained_weights_start_a_training() {
    let root = tempfile::tempdir().expect("folder");
    let network = training("alexnet", 1, 0.01)["network"].clone();
    let params = json!({
        "network": network, "size": 64, "categories": 3, "objects": 1, "samples": 3200, "batch": 32, "learning_rate": 0.01, "min_accuracy": 0.45,
    });
    let pretrain = job(root.path().join("pretrain"), "pretrain", params.clone(), BTreeMap::new());
    assert_done(&pretrain);
    let curves = Curves::open(&port(&pretrain, "curves")).expect("curves").0;
    assert!(curves.last().expect("epochs").tune_accuracy >= 0.45, "{curves:#?}");

    let mut fine = training("alexnet", 1, 0.001);
    fine["start"] = json!("formula");
    let mut inputs = both_sets(root.path(), 96);
    inputs.insert("start".into(), port(&pretrain, "model"));
    let tuned = job(root.path().join("tuned"), "train", fine, inputs);
    assert_done(&tuned);
    let record = TrainingRecord::open(&port(&tuned, "record")).expect("record");
    assert_eq!(record.start, "formula-pretrained: 3 iterated function systems");
    let pretraining = record.pretraining.expect("what the pretraining came to");
    let end = curves.last().expect("epochs");
    assert_eq!((pretraining.updates, pretraining.loss, pretraining.accuracy), (100, end.tune_loss, end.tune_accuracy));
    assert_eq!(record.loaded, ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7"]);
    let anew = Left { name: "fc8".into(), reason: "a classifier starts anew".into() };
    assert_eq!((record.reinitialised, record.ignored), (vec![anew], vec![]));

    let mut hopeless = params;
    hopeless["samples"] = json!(32);
    hopeless["min_accuracy"] = json!(0.99);
    let hopeless = job(root.path().join("hopeless"), "pretrain", hopeless, BTreeMap::new());
    let JobResult::Failed(text) = run(&hopeless) else { panic!("it did not fail") };
    assert!(text.contains("below min_accuracy 0.99"), "{text}");
}

#[test]
fn versions_are_told_as_json() {
    let output = Command::new(env!("CARGO_BIN_EXE_bgh-torch")).arg("--version-json").output().expect("starts");
    let version: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(version["libtorch"].as_str().expect("version").starts_with("2."), "{version}");
    assert!(version["cuda"].is_boolean() && version["cuda_devices"].is_i64(), "{version}");
}
