use std::path::PathBuf;

use super::*;
use crate::artifact::Prediction;

/// (exam, class, probability of `left` and `right` in each slice) for a model that is `sure` to some degree.
fn predictions(sure: f64) -> Predictions {
    let truth = [("a", "none"), ("b", "none"), ("c", "none"), ("d", "left"), ("e", "right"), ("f", "right")];
    let noise = [0.05, 0.4, 0.2, 0.1, 0.3, 0.15];
    let row = |(exam, class): (&str, &str), slice: usize, noise: f64| {
        let of = |name: &str| if name == class { sure * (1.0 - noise) } else { 0.0 };
        let (left, right) = (of("left") + noise / 4.0, of("right") + noise / 2.0);
        let probabilities = vec![1.0 - left - right, left, right];
        Prediction { exam: exam.into(), slice, class: class.into(), probabilities }
    };
    let rows = truth.into_iter().zip(noise).flat_map(|(exam, noise)| [row(exam, 4, noise), row(exam, 5, noise / 2.0)]);
    Predictions { classes: classes(), rows: rows.collect() }
}

fn classes() -> Vec<String> {
    ["none", "left", "right"].map(String::from).into()
}

fn levels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(factor, level)| (factor.to_string(), level.to_string())).collect()
}

fn comparison(factor: &str, fixed: &[(&str, &str)]) -> Comparison {
    Comparison { title: format!("By {factor}"), factor: factor.into(), within: vec![], fixed: levels(fixed) }
}

fn factor(name: &str, levels: &[&str]) -> Factor {
    Factor { name: name.into(), levels: levels.iter().map(|level| level.to_string()).collect() }
}

/// Augmentation (three levels) by network (two): six models.
fn params() -> Params {
    let factors = vec![factor("augment", &["none", "flip", "x48"]), factor("network", &["alexnet", "googlenet"])];
    let cells = ["none", "flip", "x48"].into_iter().flat_map(|a| ["alexnet", "googlenet"].map(|n| (a, n)));
    let model = |(a, n)| Model { name: format!("{a}-{n}"), levels: levels(&[("augment", a), ("network", n)]) };
    let exam = |(id, class): (&str, &str)| Exam { id: id.into(), class: class.into() };
    let exams = [("a", "none"), ("b", "none"), ("c", "none"), ("d", "left"), ("e", "right"), ("f", "right")];
    Params {
        classes: classes(),
        positive: vec!["left".into(), "right".into()],
        aggregate: Aggregate::Mean,
        level: 0.95,
        factors,
        models: cells.map(model).collect(),
        comparisons: vec![comparison("augment", &[("network", "alexnet")]), comparison("network", &[])],
        exams: exams.map(exam).into(),
    }
}

/// Sureness of each model; from 0.35 on every case scores above every control.
fn all_predictions() -> BTreeMap<String, Predictions> {
    let sure = [0.0, 0.1, 0.05, 0.15, 0.35, 0.9];
    params().models.into_iter().zip(sure).map(|(model, sure)| (model.name, predictions(sure))).collect()
}

fn error(params: &Params, change: impl FnOnce(&mut BTreeMap<String, Predictions>)) -> String {
    let mut predictions = all_predictions();
    change(&mut predictions);
    format!("{:#}", compare(params, &predictions).unwrap_err())
}

fn flip_googlenet(predictions: &mut BTreeMap<String, Predictions>) -> &mut Vec<Prediction> {
    &mut predictions.get_mut("flip-googlenet").unwrap().rows
}

#[test]
fn contrasts_are_pairs_of_levels_with_all_else_equal() {
    let results = compare(&params(), &all_predictions()).unwrap();
    let rows = |table: usize| -> Vec<(&str, &str)> {
        results.comparisons[table].rows.iter().map(|row| (row.a.as_str(), row.b.as_str())).collect()
    };
    let by_augment = [("none-alexnet", "flip-alexnet"), ("none-alexnet", "x48-alexnet"), ("flip-alexnet", "x48-alexnet")];
    assert_eq!(rows(0), by_augment);
    let by_network = [("none-alexnet", "none-googlenet"), ("flip-alexnet", "flip-googlenet"), ("x48-alexnet", "x48-googlenet")];
    assert_eq!(rows(1), by_network);
    assert_eq!(results.comparisons[0].within, [""; 0]);
    assert_eq!(results.comparisons[1].within, ["augment"]);
}

#[test]
fn scores_classes_and_areas_are_those_worked_out_by_hand() {
    let results = compare(&params(), &all_predictions()).unwrap();
    assert_eq!((results.n_positive, results.n_negative), (3, 3));
    // Sureness 0: the score is 0.5625 noise; controls .05 .4 .2, cases .1 .3 .15: 4 of 9 pairs are in order.
    assert_eq!(results.model("none-alexnet").unwrap().auc, 4.0 / 9.0);
    assert_eq!(results.model("none-alexnet").unwrap().confusion, [[3, 0, 0], [1, 0, 0], [2, 0, 0]]);
    let best = results.model("x48-googlenet").unwrap();
    assert_eq!((best.auc, &best.se, &best.ci), (1.0, &Estimate::Defined(0.0), &Estimate::Defined([1.0, 1.0])));
    let exact = best.exact_ci.unwrap();
    assert!((exact[0] - 0.025f64.cbrt()).abs() < 1e-15 && exact[1] == 1.0, "{exact:?}");
    assert_eq!(best.confusion, [[3, 0, 0], [0, 1, 0], [0, 0, 2]]);
    let (first, last) = (best.roc.first().unwrap(), best.roc.last().unwrap());
    assert_eq!((first.threshold, first.true_positive_rate), (None, 0.0));
    assert_eq!((last.threshold.is_some_and(f64::is_finite), last.false_positive_rate), (true, 1.0));
}

#[test]
fn two_perfect_models_are_equal_by_convention_and_a_note_says_so() {
    let results = compare(&params(), &all_predictions()).unwrap();
    let row = &results.comparisons[1].rows[2];
    assert_eq!((&row.z, &row.p, &row.ci), (&Estimate::Defined(0.0), &Estimate::Defined(1.0), &Estimate::Defined([0.0, 0.0])));
    assert!(row.note.as_ref().is_some_and(|note| note.contains("by convention")));
    assert_eq!(results.comparisons[0].rows[0].note, None);
}

#[test]
fn a_difference_without_variance_has_a_reason_and_leaves_the_family() {
    let mut predictions = all_predictions();
    let constant = Predictions { rows: self::predictions(0.0).rows, classes: classes() };
    predictions.insert("none-googlenet".into(), constant);
    for row in &mut predictions.get_mut("none-googlenet").unwrap().rows {
        row.probabilities = vec![0.5, 0.25, 0.25];
    }
    let params = Params { comparisons: vec![comparison("augment", &[("network", "googlenet")])], ..params() };
    let rows = compare(&params, &predictions).unwrap().comparisons.remove(0).rows;
    let Estimate::Undefined(reason) = &rows[1].p else { panic!("{:?}", rows[1]) };
    assert!(reason.contains("exactly 0"), "{reason}");
    assert_eq!((&rows[1].p_holm, &rows[1].se), (&rows[1].p, &Estimate::Defined(0.0)));
    let (first, last) = (defined(&rows[0].p).unwrap(), defined(&rows[2].p).unwrap());
    assert_eq!(defined(&rows[0].p_holm), Some((2.0 * first.min(last)).max(first).min(1.0)));
}

#[test]
fn holm_counts_a_contrast_of_two_tables_once() {
    let once = compare(&params(), &all_predictions()).unwrap();
    let mut twice = params();
    twice.comparisons.push(comparison("network", &[("augment", "none")]));
    let twice = compare(&twice, &all_predictions()).unwrap();
    assert_eq!(once.comparisons[..], twice.comparisons[..2]);
    assert_eq!(twice.comparisons[2].rows[0], once.comparisons[1].rows[0]);
}

#[test]
fn a_pair_never_differs_in_a_factor_that_the_comparison_forgot() {
    let mut params = params();
    params.factors.push(factor("weights", &["untrained"]));
    params.models.iter_mut().for_each(|model| drop(model.levels.insert("weights".into(), "untrained".into())));
    params.comparisons = vec![Comparison { within: vec!["weights".into()], ..comparison("network", &[]) }];
    let results = compare(&params, &all_predictions()).unwrap();
    assert_eq!(results.comparisons[0].within, ["weights", "augment"]);
    assert_eq!(results.comparisons[0].rows.len(), 3);
}

#[test]
fn models_that_judged_other_exams_or_slices_are_refused_by_exam() {
    let missing = error(&params(), |all| flip_googlenet(all).retain(|row| row.exam != "e"));
    assert!(missing.contains("`flip-googlenet`") && missing.contains("exam `e` has no prediction"), "{missing}");
    let slices = error(&params(), |all| drop(flip_googlenet(all).pop()));
    assert!(slices.contains("exam `f`") && slices.contains("[4, 5]"), "{slices}");
    let twice = error(&params(), |all| flip_googlenet(all)[1].slice = 4);
    assert!(twice.contains("exam `a` has slice 4 twice"), "{twice}");
    let stranger = error(&params(), |all| flip_googlenet(all)[0].exam = "z".into());
    assert!(stranger.contains("exam `z` is not a test exam"), "{stranger}");
    let class = error(&params(), |all| flip_googlenet(all)[0].class = "left".into());
    assert!(class.contains("exam `a` is `left`, but among the test exams `none`"), "{class}");
    let none = error(&params(), |all| drop(all.remove("x48-alexnet")));
    assert!(none.contains("model `x48-alexnet` has no predictions"), "{none}");
}

#[test]
fn what_is_no_probability_is_refused_by_name() {
    let nan = error(&params(), |all| flip_googlenet(all)[7].probabilities[1] = f64::NAN);
    assert!(nan.contains("`flip-googlenet`") && nan.contains("exam `d`, slice 5: the probability of `left` is NaN"), "{nan}");
    let few = error(&params(), |all| flip_googlenet(all)[7].probabilities.truncate(2));
    assert!(few.contains("2 probabilities for 3 classes"), "{few}");
}

#[test]
fn faulty_parameters_are_refused() {
    let with = |change: &dyn Fn(&mut Params)| {
        let mut params = params();
        change(&mut params);
        error(&params, |_| ())
    };
    let sorts = with(&|params| params.positive = classes());
    assert!(sorts.contains("each of the 6 subjects is a case"), "{sorts}");
    let factor = with(&|params| params.comparisons[1].factor = "net".into());
    assert!(factor.contains("`By network`") && factor.contains("no factor `net`; it has: augment, network"), "{factor}");
    let level = with(&|params| params.comparisons[0].fixed = levels(&[("network", "resnet")]));
    assert!(level.contains("no level `resnet`; it has: alexnet, googlenet"), "{level}");
    let cell = with(&|params| drop(params.models.remove(3)));
    assert!(cell.contains("no model with augment = flip, network = googlenet"), "{cell}");
    let twice = with(&|params| params.exams.push(params.exams[0].clone()));
    assert!(twice.contains("test exam `a` is listed twice"), "{twice}");
    let percent = with(&|params| params.level = 95.0);
    assert!(percent.contains("95 is no level"), "{percent}");
}

#[test]
fn params_survive_json() {
    let text = serde_json::to_string(&params()).unwrap();
    assert_eq!(serde_json::from_str::<Params>(&text).unwrap(), params());
}

fn written(folder: &Path) -> BTreeMap<String, Files> {
    let write = |(name, predictions): (String, Predictions)| {
        let folder = folder.join(&name);
        std::fs::create_dir(&folder).unwrap();
        predictions.write(&folder).unwrap();
        (name, Files::of_folder(&folder).unwrap())
    };
    all_predictions().into_iter().map(write).collect()
}

fn table(path: PathBuf) -> Vec<Vec<String>> {
    let rows = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap().into_records();
    rows.map(|row| row.unwrap().iter().map(String::from).collect()).collect()
}

#[test]
fn run_writes_results_and_tables_that_agree() {
    let (inputs, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(&params(), &written(inputs.path()), out.path()).unwrap();
    let results = Results::open(&Files::of_folder(out.path()).unwrap()).unwrap();
    assert_eq!(results, compare(&params(), &all_predictions()).unwrap());

    let scores = table(out.path().join("scores.csv"));
    let models = ["none-alexnet", "none-googlenet", "flip-alexnet", "flip-googlenet", "x48-alexnet", "x48-googlenet"];
    assert_eq!(scores[0], [&["exam", "class", "reference"][..], &models].concat());
    let column = |index: usize| scores[1..].iter().map(move |row| row[index].parse::<f64>().unwrap());
    let reference = Arc::new(Reference::new(column(2).map(|class| class == 1.0).collect()).unwrap());
    for (index, name) in models.into_iter().enumerate() {
        let scores = Scores::new(&reference, &column(3 + index).collect::<Vec<_>>()).unwrap();
        assert_eq!(stats::auc(&Placements::of(&scores)), results.model(name).unwrap().auc, "{name}");
    }

    let slices = table(out.path().join("slices.csv"));
    assert_eq!((slices.len(), &slices[1][..3]), (13, &["a", "4", "none"].map(String::from)[..]));
    let roc = table(out.path().join("roc/x48-googlenet.csv"));
    assert_eq!((roc.len(), roc[1].join(","), &*roc[7][0]), (8, "Inf,0,0,0,0".into(), "-Inf"));
}

/// Patient-level curves of twelve simulated patients with one to six slices, against R 4.2.2 with pROC 1.18.0.
#[test]
fn every_aggregate_agrees_with_proc() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stats");
    let rows = table(golden.join("data/slices12.csv"));
    let bytes = std::fs::read(golden.join("expected/slices12.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let class = |row: &Vec<String>| if row[3] == "1" { "bleed" } else { "none" }.to_owned();
    let of_model = |column: usize| {
        let prediction = |row: &Vec<String>| {
            let p: f64 = row[column].parse().unwrap();
            Prediction {
                exam: row[0].clone(),
                slice: row[1].parse().unwrap(),
                class: class(row),
                probabilities: vec![1.0 - p, p],
            }
        };
        Predictions { classes: vec!["none".into(), "bleed".into()], rows: rows[1..].iter().map(prediction).collect() }
    };
    let predictions = BTreeMap::from([("model_a".to_owned(), of_model(4)), ("model_b".to_owned(), of_model(5))]);
    let exams: BTreeMap<_, _> = rows[1..].iter().map(|row| (row[0].clone(), class(row))).collect();
    for aggregate in [Aggregate::Mean, Aggregate::Max, Aggregate::NoisyOr] {
        let params = Params {
            classes: vec!["none".into(), "bleed".into()],
            positive: vec!["bleed".into()],
            aggregate,
            level: 0.95,
            factors: vec![factor("model", &["a", "b"])],
            models: ["a", "b"].map(|m| Model { name: format!("model_{m}"), levels: levels(&[("model", m)]) }).into(),
            comparisons: vec![comparison("model", &[])],
            exams: exams.iter().map(|(id, class)| Exam { id: id.clone(), class: class.clone() }).collect(),
        };
        let (results, expected) = (compare(&params, &predictions).unwrap(), &expected["patient_level"][aggregate.to_string()]);
        let close = |got: f64, want: &serde_json::Value| {
            let want = want.as_f64().unwrap();
            assert!((got - want).abs() <= 1e-12, "{aggregate}: {got} is not {want}");
        };
        for model in &results.models {
            let curve = &expected["curves"][&model.name];
            close(model.auc, &curve["auc"]);
            close(defined(&model.se).unwrap().powi(2), &curve["var_delong"]);
        }
        let row = &results.comparisons[0].rows[0];
        close(defined(&row.z).unwrap(), &expected["z"]);
        close(defined(&row.p).unwrap(), &expected["p_two_sided"]);
        assert_eq!(row.p, row.p_holm);
    }
}
