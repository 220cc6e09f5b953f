//! Specs as authors write them, right and wrong: what they mean, and what is said about them.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use bgh::imaging::{Filter, Fit, Geometry, Window};
use bgh::plan::{Key, Part, Roster};
use bgh::seed::Seed;
use bgh::spec::{
    self, Aggregate, Experiment, Faults, Format, OperatingRule, PatientIds, ScoreSource, Slices, Source, Start, Test,
    Unlabelled,
};
use bgh::stage::explain::{Channel, Fill};
use bgh::stage::predict::Eval;
use bgh::stage::train::{self, Matched, Precision, Rule, Sampling, Schedule, Select};
use bgh::weights::Classifiers;
use insta::assert_snapshot;
use proptest::prelude::*;
use tempfile::TempDir;

/// A folder of spec files.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = folder.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn load(&self, overrides: &[&str]) -> Result<Experiment, Faults> {
        let overrides: Vec<_> = overrides.iter().map(|text| (*text).to_owned()).collect();
        spec::load(&self.0.path().join("spec.toml"), &overrides).map(|spec| spec.study.expect("a study"))
    }

    /// What is said about `spec.toml`, with paths as if called from its folder.
    fn faults(&self, overrides: &[&str]) -> String {
        let faults = self.load(overrides).expect_err("the spec is faulty").to_string();
        faults.replace(&format!("{}/", self.0.path().display()), "")
    }
}

/// A small spec without a fault.
const SMALL: &str = r#"name = "small"
seed = 1

[cohort]
source = "phantom"
classes = ["none", "left", "right"]
positive = ["left", "right"]
[cohort.phantom]
exams = { none = 12, left = 8, right = 8 }

[split]
test = { none = 4, positive = 6 }
tune = 0.25

[images]
size = 64
window = { width = 80, level = 35 }

[augment.none]
[augment.turned]
geometry = ["identity", { rotate = 15 }]

[network.alexnet]
crop = 60
epochs = 2
batch = 8

[weights.untrained]
learning_rate = 0.01

[design]
augment = ["none", "turned"]

[[compare]]
factor = "augment"
"#;

fn small(from: &str, to: &str) -> Folder {
    assert!(SMALL.contains(from), "the small spec has no {from:?}");
    Folder::new(&[("spec.toml", &SMALL.replacen(from, to, 1))])
}

fn trained_with(options: &str) -> Folder {
    Folder::new(&[("spec.toml", &format!("{SMALL}\n[training]\n{options}\n"))])
}

fn experiment(name: &str) -> Experiment {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments").join(name);
    spec::load(&path, &[]).unwrap_or_else(|faults| panic!("{faults}")).study.expect("a study")
}

fn names(experiment: &Experiment) -> Vec<&str> {
    experiment.models.iter().map(|model| model.name.as_str()).collect()
}

const EIGHT: [&str; 8] = [
    "none-alexnet-untrained",
    "none-alexnet-formula-pretrained",
    "none-googlenet-untrained",
    "none-googlenet-formula-pretrained",
    "x48-alexnet-untrained",
    "x48-alexnet-formula-pretrained",
    "x48-googlenet-untrained",
    "x48-googlenet-formula-pretrained",
];

#[test]
fn study_is_the_factorial_of_eight_models() {
    let study = experiment("study.toml");
    assert_eq!(names(&study), EIGHT);
    let factors: Vec<_> = study.factors.iter().map(|factor| factor.name.as_str()).collect();
    assert_eq!(factors, ["augment", "network", "weights"]);
    assert_eq!(study.cohort.classes, ["none", "left", "right"]);
    assert_eq!(study.split.test, Test::Counts([("none".to_owned(), 55), ("positive".to_owned(), 55)].into()));
    assert!(study.notes.iter().any(|note| note.contains("Reduced")), "{:?}", study.notes);
    let model = &study.models[7];
    assert_eq!(model.levels["augment"], "x48");
    assert!(matches!(&model.start, Start::Formula(params) if params.network == model.train.network));
    assert_eq!(model.train.start, train::Start::Formula);
}

#[test]
fn study_compares_as_the_tables_of_the_paper_do() {
    let study = experiment("study.toml");
    let tables: Vec<_> =
        study.compare.iter().map(|table| (table.factor.as_str(), table.within.join(" "), &table.fixed)).collect();
    let fixed: Vec<Vec<&str>> = tables.iter().map(|(.., fixed)| fixed.values().map(String::as_str).collect()).collect();
    assert_eq!(tables[0].0, "augment");
    assert_eq!(tables[0].1, "network weights");
    assert_eq!((tables[1].0, tables[1].1.as_str()), ("weights", "network"));
    assert_eq!((tables[2].0, tables[2].1.as_str()), ("weights", "network"));
    assert_eq!((tables[3].0, tables[3].1.as_str()), ("network", "weights"));
    assert_eq!(fixed, [vec![], vec!["none"], vec!["x48"], vec!["x48"]]);
}

#[test]
fn augmentation_multiplies_by_48() {
    let study = experiment("study.toml");
    let recipe = study.models[4].augment.as_ref().expect("x48 augments");
    assert_eq!(recipe.product(), 48);
    assert_eq!(231 * recipe.product(), 11_088);
    assert_eq!(recipe.windows[0], study.images.window);
    assert_eq!(recipe.geometry, [Geometry::Identity, Geometry::Zoom(1.1), Geometry::Rotate(15.0), Geometry::Rotate(30.0)]);
    assert_eq!(recipe.filter[3], [Filter::Blur(2.0), Filter::Sharpen]);
    assert_eq!(study.models[0].augment, None);
}

#[test]
fn paper_has_the_published_protocol() {
    let paper = experiment("paper.toml");
    assert_eq!(names(&paper), EIGHT);
    assert_eq!(paper.images.size, 256);
    assert!(matches!(&paper.cohort.source, Source::Phantom(cohort) if cohort.matrix == 512));
    let of = |name: &str| &paper.models.iter().find(|model| model.name == name).expect("a model of the paper").train;
    let alexnet = of("none-alexnet-untrained");
    assert_eq!((alexnet.network.crop, alexnet.network.width, alexnet.epochs, alexnet.batch), (227, 1.0, 90, 128));
    let googlenet = of("x48-googlenet-formula-pretrained");
    assert_eq!((googlenet.network.crop, googlenet.network.width, googlenet.epochs, googlenet.batch), (224, 1.0, 40, 32));
    // DIGITS: a hundredth of the learning rate.
    assert_eq!((alexnet.solver.learning_rate, alexnet.solver.weight_decay), (0.01, 1e-4));
    assert_eq!((googlenet.solver.learning_rate, googlenet.solver.weight_decay), (0.001, 1e-5));
    assert_eq!(alexnet.solver.rule, Rule::Sgd { momentum: 0.9 });
    assert_eq!(alexnet.solver.schedule, Schedule::Step { share: 0.33, gamma: 0.5 });
}

#[test]
fn what_is_left_out_has_the_documented_default() {
    let small = Folder::new(&[("spec.toml", SMALL)]).load(&[]).unwrap();
    assert_eq!(small.title, "small");
    assert_eq!(small.images.fit, Fit::Squash);
    assert_eq!((small.evaluate.aggregate, small.evaluate.level), (Aggregate::Mean, 0.95));
    assert_eq!(names(&small), ["none", "turned"]);
    let model = &small.models[1];
    assert_eq!((model.predict.eval, model.train.select), (Eval::CenterCrop, Select::TuneLoss));
    assert_eq!((model.train.network.name.as_str(), model.train.network.width), ("alexnet", 1.0));
    assert_eq!(model.augment.as_ref().unwrap().windows, [Window { width: 80.0, level: 35.0 }]);
    assert_eq!(model.augment.as_ref().unwrap().filter, [vec![]]);
    assert_eq!(small.compare[0].title, "Effect of augment");
    assert_eq!(small.operating_point, OperatingRule::Youden);
    assert!(small.subgroups.is_empty() && small.readers.is_empty() && small.canaries.is_empty());
}

#[test]
fn any_value_of_a_model_can_be_a_factor() {
    let folder = small("[design]", "[design]\n\"solver.momentum\" = [0.5, 0.90]\nseed = [1, 2]");
    let experiment = folder.load(&[]).unwrap();
    assert_eq!(names(&experiment)[..3], ["0.5-1-none", "0.5-1-turned", "0.5-2-none"]);
    assert_eq!(names(&experiment)[7], "0.9-2-turned");
    let last = &experiment.models[7];
    assert_eq!((last.train.solver.rule, last.seed, experiment.seed), (Rule::Sgd { momentum: 0.9 }, 2, 1));
    assert_eq!(last.levels["solver.momentum"], "0.9");
    let pooled: Vec<&str> = experiment.models.iter().map(|model| model.pooled.as_str()).collect();
    assert_eq!(pooled[..4], ["0.5-none", "0.5-turned", "0.5-none", "0.5-turned"]);
    assert_eq!(experiment.compare[0].within, ["solver.momentum"], "seeds are averaged and not held equal");
}

#[test]
fn a_spec_without_a_design_is_one_model() {
    let spec = SMALL.replace("[augment.turned]\ngeometry = [\"identity\", { rotate = 15 }]\n", "");
    let spec = &spec[..spec.find("[design]").unwrap()];
    let experiment = Folder::new(&[("spec.toml", spec)]).load(&[]).unwrap();
    assert_eq!((names(&experiment), experiment.factors.len()), (vec!["alexnet"], 0));
}

#[test]
fn a_weight_decay_that_is_written_stands() {
    let folder = Folder::new(&[("spec.toml", SMALL)]);
    assert_eq!(folder.load(&["solver.weight_decay=0"]).unwrap().models[0].train.solver.weight_decay, 0.0);
}

#[test]
fn another_rule_and_schedule_can_be_tried_from_outside() {
    let folder = Folder::new(&[("spec.toml", SMALL)]);
    let model = |overrides: &[&str]| folder.load(overrides).unwrap().models[0].train.clone();
    let usual = model(&[]).solver;
    assert_eq!((usual.rule, usual.schedule), (Rule::Sgd { momentum: 0.9 }, Schedule::Step { share: 0.33, gamma: 0.5 }));
    assert_eq!((usual.weight_decay, usual.warm_up, usual.clip), (1e-4, 0.0, None));
    let others = ["solver.rule=adamw", "solver.schedule=cosine", "solver.warm_up=0.1", "solver.clip=1", "solver.momentum=0.8"];
    let modern = model(&others).solver;
    assert_eq!(modern.rule, Rule::Adamw { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    assert_eq!(modern.schedule, Schedule::Cosine { floor: 0.0 });
    assert_eq!((modern.weight_decay, modern.warm_up, modern.clip), (0.01, 0.1, Some(1.0)));
}

#[test]
fn training_options_have_defaults_and_can_be_factors() {
    let plain = Folder::new(&[("spec.toml", SMALL)]).load(&[]).unwrap();
    let usual = &plain.models[0].train;
    assert_eq!((usual.sampling, usual.precision, usual.patience), (Sampling::Reshuffle, Precision::Fp32, None));
    assert_eq!((usual.matched, usual.mirror.as_ref()), (None, None));
    let written =
        "[training]\npatience = 3\nprecision = \"bf16\"\n[design]\n\"training.sampling\" = [\"cyclic\", \"reshuffle\"]";
    let varied = small("[design]", written).load(&[]).unwrap();
    let first = &varied.models[0].train;
    assert_eq!((first.patience, first.precision), (Some(3), Precision::Bf16));
    assert_eq!(varied.models.iter().filter(|model| model.train.sampling == Sampling::Cyclic).count(), 2);
}

#[test]
fn matched_arms_are_told_the_size_of_the_largest() {
    let matched = trained_with("match = \"updates\"").load(&[]).unwrap();
    assert_eq!(matched.models[0].train.matched, Some(Matched { largest: 2, own: 1 }));
    // The largest arm is what it would be without matching, so nothing of it runs again.
    assert_eq!(matched.models[1].train, Folder::new(&[("spec.toml", SMALL)]).load(&[]).unwrap().models[1].train);
}

#[test]
fn mirroring_exchanges_the_labels_that_it_is_told() {
    let swapped = trained_with("mirror = { swap = [[\"right\", \"left\"]] }").load(&[]).unwrap();
    assert_eq!(swapped.models[0].train.mirror, Some(vec![0, 2, 1]));
    let (root, labels) = (
        "source = \"dicom\"\nroot = \".\"\nlabels = \"spec.toml\"",
        "classes = [\"none\", \"bright\"]\npositive = [\"bright\"]",
    );
    let unsided = SMALL
        .replace("source = \"phantom\"", root)
        .replace("classes = [\"none\", \"left\", \"right\"]\npositive = [\"left\", \"right\"]", labels)
        .replace("[augment.none]", "[training]\nmirror = true\n[augment.none]");
    let unsided = Folder::new(&[("spec.toml", &unsided)]).load(&[]).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(unsided.models[0].train.mirror, Some(vec![0, 1]));
}

#[test]
fn mirroring_that_would_spoil_labels_is_refused() {
    assert_snapshot!(trained_with("mirror = true").faults(&[]), @r#"
    error: mirroring would put images of class `left` on the other side under the same label
      --> spec.toml:38:10
       |
    38 | mirror = true
       |          ^^^^
       |
       = hint: swap the labels with the sides: `mirror = { swap = [["left", "right"]] }`

    1 fault
    "#);
    assert_snapshot!(trained_with("mirror = { swap = [[\"left\", \"rigth\"], [\"left\"]] }").faults(&[]), @r#"
    error: `rigth` is not one of `cohort.classes`
      --> spec.toml:38:29
       |
    38 | mirror = { swap = [["left", "rigth"], ["left"]] }
       |                             ^^^^^^^
       |
       = hint: did you mean `right`? expected `none`, `left` or `right`

    error: `training.mirror.swap[1]` is an array
      --> spec.toml:38:39
       |
    38 | mirror = { swap = [["left", "rigth"], ["left"]] }
       |                                       ^^^^^^^^
       |
       = hint: expected a pair of two classes like ["left", "right"]

    2 faults
    "#);
    let twice = trained_with("mirror = { swap = [[\"left\", \"right\"], [\"left\", \"none\"]] }");
    assert_snapshot!(twice.faults(&[]), @r#"
    error: class `left` has two mirror images
      --> spec.toml:38:39
       |
    38 | mirror = { swap = [["left", "right"], ["left", "none"]] }
       |                                       ^^^^^^^^^^^^^^^^
       |
       = hint: name each class in one pair

    1 fault
    "#);
    let one_sided = SMALL.replace("\"right\"", "\"other\"").replace("right = 8", "other = 8");
    let faults = Folder::new(&[("spec.toml", &format!("{one_sided}[training]\nmirror = true\n"))]).faults(&[]);
    assert!(faults.contains("no class is its mirror image, so leave `mirror` out"), "{faults}");
}

#[test]
fn faults_of_solver_and_training_are_told_together() {
    let training = "sampling = \"cylic\"\npatience = 0\nprecision = \"fp16\"";
    let solver = "[solver]\nrule = \"adam\"\nclip = 0\nwarm_up = 1";
    assert_snapshot!(trained_with(&format!("{training}\n{solver}")).faults(&[]), @r#"
    error: `training.sampling` is "cylic"
      --> spec.toml:38:12
       |
    38 | sampling = "cylic"
       |            ^^^^^^^
       |
       = hint: did you mean `cyclic`? expected `reshuffle` or `cyclic`

    error: `training.patience` is 0
      --> spec.toml:39:12
       |
    39 | patience = 0
       |            ^
       |
       = hint: expected a whole number from 1 to 1000000

    error: `training.precision` is "fp16"
      --> spec.toml:40:13
       |
    40 | precision = "fp16"
       |             ^^^^^^
       |
       = hint: did you mean `fp32`? expected `fp32`, `tf32` or `bf16`

    error: `solver.rule` is "adam"
      --> spec.toml:42:8
       |
    42 | rule = "adam"
       |        ^^^^^^
       |
       = hint: did you mean `adamw`? expected `sgd` or `adamw`

    error: `solver.clip` is 0
      --> spec.toml:43:8
       |
    43 | clip = 0
       |        ^
       |
       = hint: expected a number above 0, at most 1000000

    error: `solver.warm_up` is 1
      --> spec.toml:44:11
       |
    44 | warm_up = 1
       |           ^
       |
       = hint: expected a number from 0 to below 1

    6 faults
    "#);
}

#[test]
fn a_second_network_of_a_kind_says_which_it_is() {
    let spec = SMALL.replace("[design]", "[network.narrow]\narchitecture = \"alexnet\"\nwidth = 0.5\ncrop = 60\nepochs = 1\nbatch = 1\n[design]\nnetwork = [\"alexnet\", \"narrow\"]");
    let experiment = Folder::new(&[("spec.toml", &spec)]).load(&[]).unwrap();
    assert_eq!(names(&experiment), ["alexnet-none", "alexnet-turned", "narrow-none", "narrow-turned"]);
    assert_eq!((experiment.models[2].train.network.name.as_str(), experiment.models[2].train.network.width), ("alexnet", 0.5));
}

#[test]
fn tables_merge_and_braces_replace() {
    let over = "extends = \"base/small.toml\"\n[network.alexnet]\nepochs = 7\n[cohort.phantom]\nexams = { none = 20, left = 20, right = 20 }\n";
    let folder = Folder::new(&[("spec.toml", over), ("base/small.toml", SMALL)]);
    let experiment = folder.load(&[]).unwrap();
    assert_eq!((experiment.models[0].train.epochs, experiment.models[0].train.batch), (7, 8));
    assert!(matches!(&experiment.cohort.source, Source::Phantom(cohort) if cohort.exams["none"] == 20));
    let emptied = folder.load(&["cohort.phantom.exams={ none = 20 }"]).expect_err("the other classes are gone");
    assert!(emptied.to_string().contains("no count for class `left`"), "{emptied}");
}

#[test]
fn overrides_win_and_need_no_quotes() {
    let folder = Folder::new(&[("spec.toml", SMALL)]);
    let experiment =
        folder.load(&["network.alexnet.epochs=5", "evaluate.aggregate=noisy_or", "images.window.level=40"]).unwrap();
    assert_eq!(experiment.models[0].train.epochs, 5);
    assert_eq!(experiment.evaluate.aggregate, Aggregate::NoisyOr);
    assert_eq!(experiment.images.window.level, 40.0);
    let pinned = folder.load(&["design.augment=[\"none\"]", "compare=[{factor=\"augment\"}]"]);
    assert!(pinned.expect_err("one level makes no pair").to_string().contains("no pair to compare"));
}

/// A `.safetensors` file of the biases of one layer, all 0: its bytes happen to be text.
fn biases(layer: &str, count: usize) -> String {
    let bytes = 4 * count;
    let header = format!(r#"{{"{layer}.bias":{{"dtype":"F32","shape":[{count}],"data_offsets":[0,{bytes}]}}}}"#);
    format!("{}{}{header}{}", char::from(header.len() as u8), "\0".repeat(7), "\0".repeat(bytes))
}

#[test]
fn a_weight_file_that_does_not_fit_is_a_fault_of_the_spec() {
    let spec =
        SMALL.replace("learning_rate = 0.01", "learning_rate = 0.01\nfrom = { file = \"start\", classifiers = \"fitting\" }");
    let faults = |file: &str| Folder::new(&[("spec.toml", &spec), ("start", file)]).faults(&[]);
    assert_snapshot!(faults("<html>"), @r#"
    error: weight file start: no weight file: text, perhaps a web page in place of a download; read are: PyTorch state dict (.pth), safetensors, Caffe model (.caffemodel), Caffe mean image (.binaryproto)
      --> spec.toml:30:17
       |
    30 | from = { file = "start", classifiers = "fitting" }
       |                 ^^^^^^^
       |
       = hint: `bgh weights inspect start` tells what it holds

    1 fault
    "#);
    assert_snapshot!(faults(&biases("conv1", 64)), @r#"
    error: weight file start: tensor `conv1.bias` is [64], network `alexnet` wants [96]
      --> spec.toml:30:17
       |
    30 | from = { file = "start", classifiers = "fitting" }
       |                 ^^^^^^^
       |
       = hint: `bgh weights inspect start` tells what it holds

    1 fault
    "#);
    assert_snapshot!(faults(&biases("features.0", 64)), @r#"
    error: weight file start: no tensor has a name of network `alexnet`: the file holds `features.0.bias`, the network wants `conv1.weight`, `conv1.bias`, `conv2.weight` and 13 more; it looks like weights of `torchvision_alexnet`
      --> spec.toml:30:17
       |
    30 | from = { file = "start", classifiers = "fitting" }
       |                 ^^^^^^^
       |
       = hint: `bgh weights inspect start` tells what it holds

    1 fault
    "#);
    let narrow = spec.replace("[network.alexnet]", "[network.alexnet]\nwidth = 0.5");
    let folder = Folder::new(&[("spec.toml", &narrow), ("start", &biases("conv1", 48))]);
    let start = folder.load(&[]).unwrap().models[0].train.start.clone();
    assert_eq!(start, train::Start::File { classifiers: Classifiers::Fitting });
}

#[test]
fn files_are_found_beside_the_spec_that_names_them() {
    let base = SMALL
        .replace(
            "source = \"phantom\"",
            "source = \"dicom\"\nroot = \"exams\"\nlabels = \"labels.csv\"\nslices = { from = 0.3, to = 0.6 }",
        )
        .replace("learning_rate = 0.01", "learning_rate = 0.01\nfrom = { file = \"weights/{network}.safetensors\" }");
    let folder = Folder::new(&[
        ("spec.toml", "extends = \"base/small.toml\"\n"),
        ("base/small.toml", &base),
        ("base/exams/.keep", ""),
        ("base/labels.csv", "exam,class\n"),
        ("base/weights/alexnet.safetensors", &biases("conv1", 96)),
    ]);
    let experiment = folder.load(&[]).unwrap();
    let beside = |name: &str| -> PathBuf { folder.0.path().join("base").join(name) };
    let expected = bgh::spec::Folder {
        format: Format::Dicom,
        root: beside("exams"),
        labels: beside("labels.csv"),
        slices: Slices::Fraction { from: 0.3, to: 0.6 },
        unlabelled: Unlabelled::Refuse,
        patient_ids: PatientIds::Files,
    };
    assert_eq!(experiment.cohort.source, Source::Folder(expected));
    assert_eq!(experiment.models[0].start, Start::File(beside("weights/alexnet.safetensors")));
}

#[test]
fn several_faults_are_told_at_once() {
    let spec = SMALL
        .replace("width = 80", "widht = 80")
        .replace("epochs = 2", "epochs = \"two\"")
        .replace("crop = 60", "crop = 65")
        .replace("[weights.untrained]", "[wieghts.untrained]");
    assert_snapshot!(Folder::new(&[("spec.toml", &spec)]).faults(&[]), @r#"
    error: unknown key `widht` in `images.window`
      --> spec.toml:17:12
       |
    17 | window = { widht = 80, level = 35 }
       |            ^^^^^
       |
       = hint: did you mean `width`? expected `width` or `level`

    error: `network.alexnet.crop` is 65, but images are 64 pixels wide
      --> spec.toml:24:8
       |
    24 | crop = 65
       |        ^^
       |
       = hint: at most 64, the `size` of `[images]`

    error: `network.alexnet.epochs` is "two"
      --> spec.toml:25:10
       |
    25 | epochs = "two"
       |          ^^^^^
       |
       = hint: expected a whole number from 1 to 1000000

    error: unknown key `wieghts` in the spec
      --> spec.toml:28:2
       |
    28 | [wieghts.untrained]
       |  ^^^^^^^
       |
       = hint: did you mean `weights`?

    4 faults
    "#);
}

#[test]
fn misspelt_level_is_compared_with_the_tables_there_are() {
    assert_snapshot!(small("[\"none\", \"turned\"]", "[\"none\", \"truned\"]").faults(&[]), @r#"
    error: `design.augment` names `truned`, which is not there
      --> spec.toml:32:20
       |
    32 | augment = ["none", "truned"]
       |                    ^^^^^^^^
       |
       = hint: did you mean `turned`? expected `none` or `turned`

    1 fault
    "#);
}

#[test]
fn fault_of_an_extended_file_points_into_it() {
    let folder = Folder::new(&[
        ("spec.toml", "extends = \"base.toml\"\nname = \"over\"\n"),
        ("base.toml", &SMALL.replace("tune = 0.25", "tune = 1.25")),
    ]);
    assert_snapshot!(folder.faults(&[]), @r#"
    error: `split.tune` is 1.25
      --> base.toml:13:8
       |
    13 | tune = 1.25
       |        ^^^^
       |
       = hint: expected a number between 0 and 1, neither included

    1 fault
    "#);
}

#[test]
fn fault_of_an_override_points_into_it() {
    let folder = Folder::new(&[("spec.toml", SMALL)]);
    assert_snapshot!(folder.faults(&["network.alexnet.batch=0", "solver.momentun=0.9", "seed.root=1", "oops", "title=\"x"]), @r#"
    error: `seed` is no table
     --> --set:1:1
      |
    1 | seed.root=1
      | ^^^^^^^^^
      |
      = hint: only keys of tables can be set

    error: not an override
     --> --set:1:1
      |
    1 | oops
      | ^^^^
      |
      = hint: expected `key.path=value`, for example `network.alexnet.epochs=10`

    error: unknown key `momentun` in `solver`
     --> --set:1:1
      |
    1 | solver.momentun=0.9
      | ^^^^^^^^^^^^^^^
      |
      = hint: did you mean `momentum`?

    error: not TOML: invalid basic string, expected `"`
     --> --set:1:7
      |
    1 | title="x
      |       ^^

    error: `network.alexnet.batch` is 0
     --> --set:1:23
      |
    1 | network.alexnet.batch=0
      |                       ^
      |
      = hint: expected a whole number from 1 to 1000000

    5 faults
    "#);
}

#[test]
fn a_spec_cannot_extend_itself() {
    let folder = Folder::new(&[("spec.toml", "extends = \"b/a.toml\""), ("b/a.toml", "extends = \"../spec.toml\"")]);
    assert_snapshot!(folder.faults(&[]), @r#"
    error: `extends` leads back to b/../spec.toml
     --> b/a.toml:1:11
      |
    1 | extends = "../spec.toml"
      |           ^^^^^^^^^^^^^^
      |
      = hint: a spec cannot rest on itself

    1 fault
    "#);
}

#[test]
fn missing_files_are_named() {
    assert_snapshot!(Folder::new(&[("other.toml", "")]).faults(&[]), @r#"
    error: cannot read spec.toml: No such file or directory (os error 2)
    --> spec.toml
     = hint: name a spec, for example experiments/study.toml

    1 fault
    "#);
    assert_snapshot!(Folder::new(&[("spec.toml", "extends = \"gone.toml\"")]).faults(&[]), @r#"
    error: cannot read gone.toml: No such file or directory (os error 2)
     --> spec.toml:1:11
      |
    1 | extends = "gone.toml"
      |           ^^^^^^^^^^^
      |
      = hint: `extends` names a file relative to the one that it stands in

    1 fault
    "#);
    let spec = SMALL
        .replace("source = \"phantom\"", "source = \"dicom\"\nroot = \"exams\"")
        .replace("learning_rate = 0.01", "learning_rate = 0.01\nfrom = { file = \"{network}.safetensors\" }");
    assert_snapshot!(Folder::new(&[("spec.toml", &spec)]).faults(&[]), @r#"
    error: missing `cohort.labels`
     --> spec.toml:4:1
      |
    4 | [cohort]
      | ^^^^^^^^
      |
      = hint: with `source = "dicom"` it names the CSV file of their classes (`exam,class`)

    error: there is no folder exams
     --> spec.toml:6:8
      |
    6 | root = "exams"
      |        ^^^^^^^
      |
      = hint: relative paths start at the file that names them

    error: there is no weight file alexnet.safetensors
      --> spec.toml:31:17
       |
    31 | from = { file = "{network}.safetensors" }
       |                 ^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: relative paths start at the file that names them; `{network}` stands for the name of the network

    3 faults
    "#);
}

#[test]
fn slips_of_syntax_keep_their_line() {
    assert_snapshot!(small("seed = 1", "seed = \nseed = 2").faults(&[]), @r#"
    error: not TOML: string values must be quoted, expected literal string
     --> spec.toml:2:8
      |
    2 | seed = 
      |        ^

    error: not TOML: duplicate key
     --> spec.toml:3:1
      |
    3 | seed = 2
      | ^^^^

    2 faults
    "#);
}

#[test]
fn a_split_must_leave_exams_to_learn_from() {
    let spec = SMALL
        .replace("tune = 0.25", "tune = 0.25\nby = \"image\"")
        .replace("none = 4, positive = 6", "none = 11, positive = 13");
    assert_snapshot!(Folder::new(&[("spec.toml", &spec)]).faults(&[]), @r#"
    error: `split.test` takes 11 of 12 `none` exams
      --> spec.toml:12:8
       |
    12 | test = { none = 11, positive = 13 }
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: at most 10, so that each class keeps one exam to train and one to tune

    error: `split.test` takes 13 of 16 `positive` exams
      --> spec.toml:12:8
       |
    12 | test = { none = 11, positive = 13 }
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: at most 12, so that each class keeps one exam to train and one to tune

    error: `split.by` is "image"
      --> spec.toml:14:6
       |
    14 | by = "image"
       |      ^^^^^^^
       |
       = hint: expected `"patient"`: images of one patient on both sides of a split let the test see what was trained on

    3 faults
    "#);
    let spec = SMALL.replace("none = 4, positive = 6", "none = 4, left = 3, positive = 6, rihgt = 2");
    assert_snapshot!(Folder::new(&[("spec.toml", &spec)]).faults(&[]), @r#"
    error: class `left` is counted twice, by its name and by `positive`
      --> spec.toml:12:8
       |
    12 | test = { none = 4, left = 3, positive = 6, rihgt = 2 }
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: give each class one number; the positive classes may share `positive = …`

    error: `rihgt` is no class of the cohort
      --> spec.toml:12:44
       |
    12 | test = { none = 4, left = 3, positive = 6, rihgt = 2 }
       |                                            ^^^^^
       |
       = hint: did you mean `right`? expected `none`, `left`, `right` or `positive`

    2 faults
    "#);
}

#[test]
fn classes_and_positives_must_fit() {
    let spec =
        SMALL.replace("[\"left\", \"right\"]\n[cohort", "[\"left\", \"rihgt\"]\n[cohort").replace("none = 12", "nil = 12");
    assert_snapshot!(Folder::new(&[("spec.toml", &spec)]).faults(&[]), @r#"
    error: `rihgt` is not one of `cohort.classes`
     --> spec.toml:7:21
      |
    7 | positive = ["left", "rihgt"]
      |                     ^^^^^^^
      |
      = hint: did you mean `right`? expected `none`, `left` or `right`

    error: `cohort.phantom.exams` has no count for class `none`
     --> spec.toml:9:9
      |
    9 | exams = { nil = 12, left = 8, right = 8 }
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: add `none = …`

    error: `nil` is not one of `cohort.classes`
     --> spec.toml:9:11
      |
    9 | exams = { nil = 12, left = 8, right = 8 }
      |           ^^^
      |
      = hint: expected `none`, `left` or `right`

    3 faults
    "#);
    assert_snapshot!(small("positive = [\"left\", \"right\"]", "positive = [\"left\", \"right\", \"none\"]").faults(&[]), @r#"
    error: every class is positive
     --> spec.toml:7:12
      |
    7 | positive = ["left", "right", "none"]
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: leave one class out of `positive`: a ROC curve needs negatives

    1 fault
    "#);
}

#[test]
fn the_first_variant_is_the_unaugmented_image() {
    let spec = SMALL.replace(
        "geometry = [\"identity\", { rotate = 15 }]",
        "windows = [{ width = 27, level = 33 }]\ngeometry = [{ rotate = 15 }]\nfilter = [\"identity\", \"mirror\"]",
    );
    assert_snapshot!(Folder::new(&[("spec.toml", &spec)]).faults(&[]), @r#"
    error: `augment.turned.windows` does not start with the window of `[images]`
      --> spec.toml:21:11
       |
    21 | windows = [{ width = 27, level = 33 }]
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: put { width = 80, level = 35 } first: variant 0 is the unaugmented image

    error: `augment.turned.geometry` does not start with `"identity"`
      --> spec.toml:22:12
       |
    22 | geometry = [{ rotate = 15 }]
       |            ^^^^^^^^^^^^^^^^^
       |
       = hint: put "identity" first: variant 0 is the unaugmented image

    error: unknown operation `mirror`
      --> spec.toml:23:23
       |
    23 | filter = ["identity", "mirror"]
       |                       ^^^^^^^^
       |
       = hint: mirroring can turn a label into another, so it is `mirror` in `[training]`, which knows the classes

    3 faults
    "#);
}

#[test]
fn comparisons_name_factors_and_levels() {
    let spec = SMALL.replace("factor = \"augment\"", "factor = \"augment\"\nwhere = { augment = \"none\" }\n[[compare]]\nfactor = \"weigths\"\n[[compare]]\nfactor = \"augment\"\nwithin = [\"augment\"]\nwhere = { network = \"alexnet\" }");
    assert_snapshot!(Folder::new(&[("spec.toml", &spec)]).faults(&[]), @r#"
    error: `augment` is compared and fixed at once: no pair is left
      --> spec.toml:36:21
       |
    36 | where = { augment = "none" }
       |                     ^^^^^^
       |
       = hint: fix other factors only

    error: `weigths` is no factor of the design
      --> spec.toml:38:10
       |
    38 | factor = "weigths"
       |          ^^^^^^^^^
       |
       = hint: expected `augment`

    error: `augment` is compared, so it cannot be held equal
      --> spec.toml:41:11
       |
    41 | within = ["augment"]
       |           ^^^^^^^^^
       |
       = hint: take it out of `within`

    error: `network` is no factor of the design
      --> spec.toml:42:11
       |
    42 | where = { network = "alexnet" }
       |           ^^^^^^^
       |
       = hint: expected `augment`

    4 faults
    "#);
}

#[test]
fn only_what_a_model_is_made_of_can_be_a_factor() {
    assert_snapshot!(small("[design]", "[design]\n\"split.tune\" = [0.2, 0.3]\n\"solver.momentun\" = [0.5]\n\"network.alexnet.crop\" = [60, 72]").faults(&[]), @r#"
    error: `split.tune` cannot be a factor
      --> spec.toml:32:1
       |
    32 | "split.tune" = [0.2, 0.3]
       | ^^^^^^^^^^^^
       |
       = hint: expected `augment`, `network`, `weights`, or the path of a value of a model like "solver.momentum", which starts with `seed`, `images`, `augment`, `network`, `weights`, `solver`, `training` or `evaluate.eval`

    error: unknown key `momentun` in `solver`
      --> spec.toml:33:1
       |
    33 | "solver.momentun" = [0.5]
       | ^^^^^^^^^^^^^^^^^
       |
       = hint: did you mean `momentum`?

    error: `network.alexnet.crop` is 72, but images are 64 pixels wide
      --> spec.toml:34:31
       |
    34 | "network.alexnet.crop" = [60, 72]
       |                               ^^
       |
       = hint: at most 64, the `size` of `[images]`

    3 faults
    "#);
}

#[test]
fn several_tables_need_a_choice() {
    assert_snapshot!(small("[design]\naugment = [\"none\", \"turned\"]\n\n[[compare]]\nfactor = \"augment\"\n", "").faults(&[]), @r#"
    error: there are 2 tables of `augment`, and `[design]` does not say which
      --> spec.toml:19:2
       |
    19 | [augment.none]
       |  ^^^^^^^
       |
       = hint: add `augment = ["none"]` to `[design]`, or another of `none` or `turned`

    1 fault
    "#);
}

#[test]
fn an_empty_spec_is_told_what_it_lacks() {
    assert_snapshot!(Folder::new(&[("spec.toml", "")]).faults(&[]), @r#"
    error: missing `name`
    --> spec.toml

    error: missing `seed`
    --> spec.toml

    error: missing `cohort`
    --> spec.toml

    error: missing `split`
    --> spec.toml

    error: missing `images`
    --> spec.toml

    error: missing `network`
    --> spec.toml

    error: missing `weights`
    --> spec.toml

    7 faults
    "#);
}

#[test]
fn operating_points_subgroups_and_canaries_are_read() {
    let more = "[[subgroup]]\nby = \"diameter_cm\"\ncuts = [1.5, 2]\n[[subgroup]]\nby = \"calcified\"\n\
                [canary]\npermute_labels = true\nmodels = [\"turned\"]\n[evaluate]\noperating_point = { sensitivity = 0.9 }\n";
    let folder = Folder::new(&[("spec.toml", &format!("{SMALL}{more}"))]);
    let experiment = folder.load(&[]).unwrap();
    assert_eq!(experiment.operating_point, OperatingRule::Sensitivity(0.9));
    let told: Vec<_> = experiment.subgroups.iter().map(|group| (group.by.as_str(), group.cuts.as_slice())).collect();
    assert_eq!(told, [("diameter_cm", &[1.5, 2.0][..]), ("calcified", &[])]);
    assert_eq!(experiment.canaries, ["turned"]);
    assert!(folder.load(&["canary.permute_labels=false"]).unwrap().canaries.is_empty());
    let all = format!("{SMALL}[canary]\npermute_labels = true\n");
    assert_eq!(Folder::new(&[("spec.toml", &all)]).load(&[]).unwrap().canaries, ["none", "turned"]);
}

#[test]
fn faults_of_subgroups_canaries_and_operating_points_have_their_place() {
    let more = "[[subgroup]]\nby = \"diameter\"\ncuts = [2, 1.5]\n[canary]\npermute_labels = 1\nmodels = [\"truned\"]\n\
                [evaluate]\noperating_point = { sensitivity = 0.9, specificity = 2 }\n";
    assert_snapshot!(Folder::new(&[("spec.toml", &format!("{SMALL}{more}"))]).faults(&[]), @r#"
    error: nothing is known as `diameter` of the exams
      --> spec.toml:37:6
       |
    37 | by = "diameter"
       |      ^^^^^^^^^^
       |
       = hint: did you mean `diameter_cm`? expected `calcified` or `diameter_cm`

    error: `subgroup[0].cuts` does not ascend
      --> spec.toml:38:8
       |
    38 | cuts = [2, 1.5]
       |        ^^^^^^^^
       |
       = hint: write each limit once, the smallest first

    error: `canary.permute_labels` is 1
      --> spec.toml:40:18
       |
    40 | permute_labels = 1
       |                  ^
       |
       = hint: expected `true` or `false`

    error: `truned` is no model of the design
      --> spec.toml:41:11
       |
    41 | models = ["truned"]
       |           ^^^^^^^^
       |
       = hint: did you mean `turned`? expected `none` or `turned`

    error: an operating point fixes one rate
      --> spec.toml:43:19
       |
    43 | operating_point = { sensitivity = 0.9, specificity = 2 }
       |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: expected `"youden"`, `{ sensitivity = 0.9 }` or `{ specificity = 0.9 }`

    error: `evaluate.operating_point.specificity` is 2
      --> spec.toml:43:54
       |
    43 | operating_point = { sensitivity = 0.9, specificity = 2 }
       |                                                      ^
       |
       = hint: expected a number above 0, at most 1

    6 faults
    "#);
}

#[test]
fn readers_name_columns_and_models() {
    let reader = "[[reader]]\nname = \"R 1\"\nfile = \"readers.csv\"\ncolumn = \"grade\"\nagainst = [\"turned\"]\n";
    let table = ("readers.csv", "exam,grade,side\n001,3,left\n");
    let folder = Folder::new(&[("spec.toml", &format!("{SMALL}{reader}")), table]);
    let read = folder.load(&[]).unwrap().readers.remove(0);
    assert_eq!((read.name.as_str(), read.column.as_str(), read.class), ("R 1", "grade", None));
    assert_eq!(
        (read.source, read.against),
        (ScoreSource::File(folder.0.path().join("readers.csv")), vec!["turned".to_owned()])
    );
    let faulty = "[[reader]]\nname = \"R/1\"\nfile = \"gone.csv\"\n[[reader]]\nname = \"R\"\nfile = \"readers.csv\"\n\
                  class = \"sides\"\nagainst = [\"tuned\"]\n";
    assert_snapshot!(Folder::new(&[("spec.toml", &format!("{SMALL}{faulty}")), table]).faults(&[]), @r#"
    error: `reader[0].name` is "R/1"
      --> spec.toml:37:8
       |
    37 | name = "R/1"
       |        ^^^^^
       |
       = hint: expected a name of letters, digits, spaces, `-`, `_` and `.`

    error: there is no file gone.csv
      --> spec.toml:38:8
       |
    38 | file = "gone.csv"
       |        ^^^^^^^^^^
       |
       = hint: relative paths start at the file that names them

    error: readers.csv has no column `score`
      --> spec.toml:39:1
       |
    39 | [[reader]]
       | ^^^^^^^^^^
       |
       = hint: expected `exam`, `grade` or `side`

    error: readers.csv has no column `sides`
      --> spec.toml:42:9
       |
    42 | class = "sides"
       |         ^^^^^^^
       |
       = hint: did you mean `side`? expected `exam`, `grade` or `side`

    error: `tuned` is no model of the design
      --> spec.toml:43:12
       |
    43 | against = ["tuned"]
       |            ^^^^^^^
       |
       = hint: did you mean `turned`? expected `none` or `turned`

    5 faults
    "#);
}

#[test]
fn seeds_are_averaged_and_not_compared() {
    let spec = SMALL.replace("[design]", "[design]\nseed = [1, 2]").replace("factor = \"augment\"", "factor = \"seed\"");
    assert_snapshot!(Folder::new(&[("spec.toml", &spec)]).faults(&[]), @r#"
    error: seeds are not compared: the scores of models that differ in `seed` alone are averaged
      --> spec.toml:36:10
       |
    36 | factor = "seed"
       |          ^^^^^^
       |
       = hint: name another factor; the report tells how areas scatter over the seeds

    1 fault
    "#);
}

#[test]
fn permuted_labels_are_a_permutation_among_development_patients() {
    let experiment = Folder::new(&[("spec.toml", SMALL)]).load(&[]).unwrap();
    let roster = Roster::of(&experiment, &Key::of_nobody().unwrap()).unwrap();
    let permuted = roster.permuted(Seed::root(7));
    let classes = |roster: &Roster, test: bool| -> Vec<String> {
        let exams = roster.exams.iter().filter(|exam| (exam.part == Part::Test) == test);
        exams.map(|exam| exam.class.clone()).collect()
    };
    let sorted = |mut classes: Vec<String>| {
        classes.sort();
        classes
    };
    assert_eq!(classes(&permuted, true), classes(&roster, true));
    assert_ne!(classes(&permuted, false), classes(&roster, false));
    assert_eq!(sorted(classes(&permuted, false)), sorted(classes(&roster, false)));
    assert_eq!(classes(&roster.permuted(Seed::root(7)), false), classes(&permuted, false));
    assert_ne!(classes(&roster.permuted(Seed::root(8)), false), classes(&permuted, false));
}

#[test]
fn faults_serialise() {
    let faults = small("size = 64", "size = \"64\"").load(&[]).expect_err("a wrong type");
    let json = serde_json::to_value(&faults).unwrap();
    assert_eq!(json[0]["place"]["spot"]["line"], 16);
    assert_eq!(json[0]["place"]["spot"]["column"], 8);
    assert_eq!(json[0]["fact"], "`images.size` is \"64\"");
    assert_eq!(json[0]["hint"], "expected a whole number from 16 to 1024");
}

#[test]
fn phantoms_have_knobs() {
    let folder = Folder::new(&[("spec.toml", SMALL)]);
    let experiment = folder.load(&["cohort.phantom.calcified=2", "cohort.phantom.difficulty.clot=48"]).unwrap();
    let Source::Phantom(cohort) = &experiment.cohort.source else { panic!("the small spec is of phantoms") };
    assert_eq!((cohort.calcified, cohort.difficulty.clot, cohort.difficulty.noise), (Some(2), 48.0, 3.5));
    let faults = folder.faults(&["cohort.phantom.calcified=13", "cohort.phantom.difficulty.infarct=2"]);
    assert!(faults.contains("`cohort.phantom.calcified` is 13") && faults.contains("a number from 0 to 1\n"), "{faults}");
}

#[test]
fn colours_are_only_in_the_rendering_that_asks_for_them() {
    let faults = small("size = 64", "size = 0").load(&[]).expect_err("out of range");
    assert!(!faults.to_string().contains('\u{1b}'));
    assert!(faults.render(true).contains('\u{1b}'));
}

proptest! {
    #[test]
    fn no_text_is_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..300), set in ".{0,40}") {
        let folder = Folder::new(&[]);
        fs::write(folder.0.path().join("spec.toml"), &bytes).unwrap();
        let faults = folder.load(&[&set]).expect_err("too short for a spec");
        prop_assert!(!faults.to_string().is_empty());
    }

    /// A right spec with a stretch replaced gets far deeper into the readers than noise does.
    #[test]
    fn no_damage_is_too_strange(start in 0..SMALL.len(), length in 0_usize..30, patch in r#"[\PC\n"\[\]{}=.0-9é]{0,12}"#) {
        let end = (start + length).min(SMALL.len());
        let text = format!("{}{patch}{}", &SMALL[..start], &SMALL[end..]);
        if let Err(faults) = Folder::new(&[("spec.toml", &text)]).load(&[]) {
            prop_assert!(!faults.render(true).is_empty());
        }
    }
}

#[test]
fn a_crop_below_the_networks_smallest_is_refused() {
    let faults = small("crop = 60", "crop = 54").faults(&[]);
    assert!(faults.contains("`network.alexnet.crop` is 54, too small for the layers of the network"), "{faults}");
    assert!(faults.contains("at least 55"), "{faults}");
}

#[test]
fn a_closer_look_has_defaults_of_the_images_and_may_name_a_layer_a_network() {
    let spec = format!("{SMALL}[explain]\nmodels = [\"turned\"]\nlayer = {{ alexnet = \"conv3\" }}\nchannel = 7\nfill = 128\n");
    let study = Folder::new(&[("spec.toml", &spec)]).load(&[]).unwrap_or_else(|faults| panic!("{faults}"));
    let explain = study.explain.expect("a closer look");
    let [one] = &explain.models[..] else { panic!("{explain:?}") };
    assert_eq!((one.model.as_str(), one.explain.side, one.explain.stride), ("turned", 8, 4));
    assert_eq!((one.explain.layer.as_deref(), one.explain.channel), (Some("conv3"), Channel::Number(7)));
    assert_eq!((one.explain.fill, one.explain.attention_layer.as_deref()), (Fill::Grey(128), None));
    assert_eq!((one.cases.confident, one.cases.wrong, one.cases.positive.len()), (1, 12, 2));
}

#[test]
fn faults_of_a_closer_look_have_their_places() {
    let spec = format!(
        "{SMALL}[explain]\nmodels = [\"trned\"]\nlayer = \"conv9\"\nchannel = \"best\"\nfill = \"black\"\nmarks = \"m.csv\"\nattention_layer = {{ resnet = \"conv1\" }}\n"
    );
    let folder = Folder::new(&[("spec.toml", &spec), ("m.csv", "exam,slice,column,row\n")]);
    assert_snapshot!(folder.faults(&[]));
    let spec = format!("{SMALL}[explain]\nexams = [\"nobody\"]\nbox = 61\n");
    assert_snapshot!(Folder::new(&[("spec.toml", &spec)]).faults(&[]));
    let spec = format!("{SMALL}[explain]\nexams = [\"nobody\"]\n");
    let study = Folder::new(&[("spec.toml", &spec)]).load(&[]).unwrap_or_else(|faults| panic!("{faults}"));
    let fault = Roster::of(&study, &Key::of_nobody().unwrap()).expect_err("not a test exam").to_string();
    assert_eq!(fault, "exam `nobody` is to be explained, but it is no test exam");
}
