use std::path::PathBuf;

use super::*;
use crate::artifact::Prediction;
use crate::artifact::results::{Against, Factor, IntervalMethod, Operating};

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

fn comparison(factor: &str, within: &[&str], fixed: &[(&str, &str)]) -> Comparison {
    let within = within.iter().map(|name| (*name).to_owned()).collect();
    Comparison { title: format!("By {factor}"), factor: factor.into(), within, fixed: levels(fixed) }
}

fn factor(name: &str, levels: &[&str]) -> Factor {
    Factor { name: name.into(), levels: levels.iter().map(|level| level.to_string()).collect() }
}

/// Augmentation (three levels) by network (two): six models.
fn params() -> Params {
    let factors = vec![factor("augment", &["none", "flip", "x48"]), factor("network", &["alexnet", "googlenet"])];
    let cells = ["none", "flip", "x48"].into_iter().flat_map(|a| ["alexnet", "googlenet"].map(|n| (a, n)));
    let model = |(a, n)| model(&format!("{a}-{n}"), levels(&[("augment", a), ("network", n)]));
    let exam = |(id, class): (&str, &str)| Exam { id: id.into(), class: class.into() };
    let exams = [("a", "none"), ("b", "none"), ("c", "none"), ("d", "left"), ("e", "right"), ("f", "right")];
    Params {
        classes: classes(),
        positive: vec!["left".into(), "right".into()],
        aggregate: Aggregate::Mean,
        operating_point: OperatingRule::Youden,
        level: 0.95,
        factors,
        models: cells.map(model).collect(),
        comparisons: vec![comparison("augment", &[], &[("network", "alexnet")]), comparison("network", &["augment"], &[])],
        exams: exams.map(exam).into(),
        tuning: exams.map(exam).into(),
        subgroups: vec![],
        readers: vec![],
        canaries: vec![],
    }
}

fn model(name: &str, levels: BTreeMap<String, String>) -> Model {
    Model { name: name.into(), levels, trainings: vec![Training { name: name.into(), seed: None }] }
}

/// Sureness of each model; from 0.35 on every case scores above every control.
fn all_predictions() -> BTreeMap<String, Predictions> {
    let sure = [0.0, 0.1, 0.05, 0.15, 0.35, 0.9];
    params().models.into_iter().zip(sure).map(|(model, sure)| (model.name, predictions(sure))).collect()
}

/// The tuning exams are the test exams, but for tests of that.
fn predicted(test: BTreeMap<String, Predictions>) -> Predicted {
    Predicted { tuning: test.clone(), test, canary: BTreeMap::new() }
}

fn everything() -> Predicted {
    predicted(all_predictions())
}

fn error(params: &Params, change: impl FnOnce(&mut BTreeMap<String, Predictions>)) -> String {
    let mut predictions = all_predictions();
    change(&mut predictions);
    format!("{:#}", compare(params, &predicted(predictions)).unwrap_err())
}

fn defined<T: Clone>(estimate: &Estimate<T>) -> Option<T> {
    estimate.defined().cloned()
}

fn flip_googlenet(predictions: &mut BTreeMap<String, Predictions>) -> &mut Vec<Prediction> {
    &mut predictions.get_mut("flip-googlenet").unwrap().rows
}

#[test]
fn contrasts_are_pairs_of_levels_with_all_else_equal() {
    let results = compare(&params(), &everything()).unwrap();
    let rows = |table: usize| -> Vec<(&str, &str)> {
        results.comparisons[table].rows.iter().map(|row| (row.a.as_str(), row.b.as_str())).collect()
    };
    let by_augment = [("none-alexnet", "flip-alexnet"), ("none-alexnet", "x48-alexnet"), ("flip-alexnet", "x48-alexnet")];
    assert_eq!(rows(0), by_augment);
    let by_network = [("none-alexnet", "none-googlenet"), ("flip-alexnet", "flip-googlenet"), ("x48-alexnet", "x48-googlenet")];
    assert_eq!(rows(1), by_network);
    assert_eq!(results.comparisons.iter().map(|table| &table.asked).cloned().collect::<Vec<_>>(), params().comparisons);
}

#[test]
fn scores_classes_and_areas_are_those_worked_out_by_hand() {
    let results = compare(&params(), &everything()).unwrap();
    assert_eq!((results.n_positive, results.n_negative), (3, 3));
    // Sureness 0: the score is 0.5625 noise; controls .05 .4 .2, cases .1 .3 .15: 4 of 9 pairs are in order.
    assert_eq!(results.model("none-alexnet").unwrap().auc, 4.0 / 9.0);
    assert_eq!(results.model("none-alexnet").unwrap().naming.as_ref().unwrap().confusion, [[3, 0, 0], [1, 0, 0], [2, 0, 0]]);
    let best = results.model("x48-googlenet").unwrap();
    assert_eq!((best.auc, &best.se, &best.ci), (1.0, &Estimate::Defined(0.0), &Estimate::Defined([1.0, 1.0])));
    let sound = defined(&best.sound).unwrap();
    assert!((sound.limits[0] - 0.025f64.cbrt()).abs() < 1e-15 && sound.limits[1] == 1.0, "{sound:?}");
    assert_eq!(sound.method, IntervalMethod::ExactSeparation);
    assert_eq!(best.naming.as_ref().unwrap().confusion, [[3, 0, 0], [0, 1, 0], [0, 0, 2]]);
    let (first, last) = (best.roc.first().unwrap(), best.roc.last().unwrap());
    assert_eq!((first.threshold, first.true_positive_rate), (None, 0.0));
    assert_eq!((last.threshold.is_some_and(f64::is_finite), last.false_positive_rate), (true, 1.0));
}

#[test]
fn two_perfect_models_are_equal_by_convention_and_a_note_says_so() {
    let results = compare(&params(), &everything()).unwrap();
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
    let params = Params { comparisons: vec![comparison("augment", &[], &[("network", "googlenet")])], ..params() };
    let rows = compare(&params, &predicted(predictions.clone())).unwrap().comparisons.remove(0).rows;
    let Estimate::Undefined(reason) = &rows[1].p else { panic!("{:?}", rows[1]) };
    assert!(reason.contains("exactly 0"), "{reason}");
    assert_eq!((&rows[1].p_holm, &rows[1].se), (&rows[1].p, &Estimate::Defined(0.0)));
    let (first, last) = (defined(&rows[0].p).unwrap(), defined(&rows[2].p).unwrap());
    assert_eq!(defined(&rows[0].p_holm), Some((2.0 * first.min(last)).max(first).min(1.0)));
}

#[test]
fn holm_counts_a_contrast_of_two_tables_once() {
    let once = compare(&params(), &everything()).unwrap();
    let mut twice = params();
    twice.comparisons.push(comparison("network", &[], &[("augment", "none")]));
    let twice = compare(&twice, &everything()).unwrap();
    assert_eq!(once.comparisons[..], twice.comparisons[..2]);
    assert_eq!(twice.comparisons[2].rows[0], once.comparisons[1].rows[0]);
}

#[test]
fn a_comparison_that_forgets_a_factor_is_refused() {
    let params = Params { comparisons: vec![comparison("network", &[], &[])], ..params() };
    let forgotten = error(&params, |_| ());
    assert!(forgotten.contains("no model with network = alexnet"), "{forgotten}");
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
    assert!(stranger.contains("exam `z` is not one of those to judge"), "{stranger}");
    let class = error(&params(), |all| flip_googlenet(all)[0].class = "left".into());
    assert!(class.contains("exam `a` is `left`, but its reference standard is `none`"), "{class}");
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

fn table(path: PathBuf) -> Vec<Vec<String>> {
    let rows = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap().into_records();
    rows.map(|row| row.unwrap().iter().map(String::from).collect()).collect()
}

#[test]
fn run_writes_results_and_tables_that_agree() {
    let out = tempfile::tempdir().unwrap();
    run(&params(), &everything(), out.path()).unwrap();
    let results = Results::open(&Files::of_folder(out.path()).unwrap()).unwrap();
    assert_eq!(results, compare(&params(), &everything()).unwrap());

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
    let exams: Vec<Exam> = exams.into_iter().map(|(id, class)| Exam { id, class }).collect();
    for aggregate in [Aggregate::Mean, Aggregate::Max, Aggregate::NoisyOr] {
        let params = Params {
            classes: vec!["none".into(), "bleed".into()],
            positive: vec!["bleed".into()],
            aggregate,
            factors: vec![factor("model", &["a", "b"])],
            models: ["a", "b"].map(|m| model(&format!("model_{m}"), levels(&[("model", m)]))).into(),
            comparisons: vec![comparison("model", &[], &[])],
            tuning: exams.clone(),
            exams: exams.clone(),
            ..params()
        };
        let (results, expected) =
            (compare(&params, &predicted(predictions.clone())).unwrap(), &expected["patient_level"][aggregate.to_string()]);
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

/// One slice an exam; `bleed` or `none`.
fn single(id: &str, score: f64, case: bool) -> Prediction {
    Prediction { exam: id.into(), slice: 0, class: finding(case), probabilities: vec![1.0 - score, score] }
}

fn finding(case: bool) -> String {
    if case { "bleed" } else { "none" }.to_owned()
}

/// `paper110` as models of one slice an exam, and two tuning exams that put every threshold at 0.5.
fn paper110() -> (Params, Predicted) {
    let rows = table(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stats/data/paper110.csv"));
    let (names, rows) = (rows[0][2..].to_vec(), &rows[1..]);
    let classes = [false, true].map(finding).to_vec();
    let column = |at: usize| {
        let row = |row: &Vec<String>| single(&row[0], row[2 + at].parse().unwrap(), row[1] == "1");
        Predictions { classes: classes.clone(), rows: rows.iter().map(row).collect() }
    };
    let tuning = Predictions { classes: classes.clone(), rows: vec![single("t0", 0.0, false), single("t1", 1.0, true)] };
    let exam = |id: &str, case: bool| Exam { id: id.into(), class: finding(case) };
    let levels_of: Vec<&str> = names.iter().map(String::as_str).collect();
    let params = Params {
        classes: classes.clone(),
        positive: vec![finding(true)],
        factors: vec![factor("model", &levels_of)],
        models: names.iter().map(|name| model(name, levels(&[("model", name)]))).collect(),
        comparisons: vec![comparison("model", &[], &[])],
        tuning: vec![exam("t0", false), exam("t1", true)],
        exams: rows.iter().map(|row| exam(&row[0], row[1] == "1")).collect(),
        ..params()
    };
    let test = names.iter().enumerate().map(|(at, name)| (name.clone(), column(at))).collect();
    let tuning = names.iter().map(|name| (name.clone(), tuning.clone())).collect();
    (params, Predicted { test, tuning, canary: BTreeMap::new() })
}

fn golden(name: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stats/expected").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[track_caller]
fn close(got: f64, want: &serde_json::Value) {
    let want = want.as_f64().expect("the golden file has the value");
    assert!((got - want).abs() <= 1e-11 * want.abs().max(1e-4), "{got} is not {want}");
}

/// Against R 4.2.2 with pROC 1.18.0: areas, intervals, DeLong's tests of all pairs and of all eight at once, Holm's adjustment.
#[test]
fn paper110_gives_the_areas_and_tests_of_proc() {
    let ((params, predicted), expected) = (paper110(), golden("paper110.json"));
    let results = compare(&params, &predicted).unwrap();
    for model in &results.models {
        let curve = &expected["rocs"][&model.name];
        close(model.auc, &curve["auc"]);
        close(defined(&model.se).unwrap().powi(2), &curve["var_delong"]);
        let sound = defined(&model.sound).unwrap();
        let key = if sound.method == IntervalMethod::LogitDelong { "delong_logit_ci95" } else { "separation_exact_ci95" };
        (0..2).for_each(|end| close(sound.limits[end], &curve[key][end]));
    }
    let all = &expected["adjusted_p_all_pairs"];
    let holm = |row: &Contrast| {
        let name = format!("{} - {}", row.a, row.b);
        let at = all["order"].as_array().unwrap().iter().position(|pair| *pair == name.as_str());
        all["holm"][at.expect("the pair is in the golden file")].clone()
    };
    for row in &results.comparisons[0].rows {
        close(defined(&row.p).unwrap(), &pair(&expected, row)["p_two_sided"]);
        close(defined(&row.p_holm).unwrap(), &holm(row));
    }
    let global = &expected["global_tests"][2];
    for joint in [results.joint.as_ref().unwrap(), &results.comparisons[0].joint[0]] {
        let test = defined(&joint.test).unwrap();
        assert_eq!((joint.models.len(), test.degrees), (8, global["df"].as_u64().unwrap() as usize));
        assert!((test.statistic / global["chisq"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{test:?}");
    }
}

fn pair<'e>(expected: &'e serde_json::Value, row: &Contrast) -> &'e serde_json::Value {
    let pairs = expected["pairs"].as_array().unwrap();
    pairs.iter().find(|pair| pair["first"] == row.a.as_str() && pair["second"] == row.b.as_str()).unwrap()
}

/// Base R's McNemar tests and Newcombe's intervals at the threshold 0.5, which the tuning exams make.
#[test]
fn paper110_at_one_half_gives_the_paired_rates_of_r() {
    let ((params, predicted), expected) = (paper110(), golden("paper110.json"));
    let results = compare(&params, &predicted).unwrap();
    assert!(results.models.iter().all(|model| point(model).threshold == Some(0.5)));
    for row in &results.comparisons[0].rows {
        for (rate, key) in [(&row.sensitivity, "mcnemar_sensitivity"), (&row.specificity, "mcnemar_specificity")] {
            let (rate, want) = (defined(rate).unwrap(), &pair(&expected, row)[key]);
            close(rate.a - rate.b, &want["difference"]);
            close(rate.p, &want["p_exact"]);
            assert_eq!(
                [rate.only_a as u64, rate.only_b as u64].map(Some),
                [&want["only_first"], &want["only_second"]].map(|n| n.as_u64())
            );
            let limits = defined(&rate.ci).unwrap();
            (0..2).for_each(|end| close(limits[end], &want["newcombe10_ci95"][end]));
        }
    }
}

fn point(model: &ModelResult) -> Operating {
    defined(&model.operating).unwrap()
}

#[test]
fn a_threshold_comes_from_the_tuning_exams_alone() {
    let mut predicted = everything();
    let before = compare(&params(), &predicted).unwrap();
    let best = before.model("x48-googlenet").unwrap();
    assert_eq!((point(best).counts.true_positives, point(best).tuning.unwrap().true_positives), (3, 3));
    // On tuning exams that score higher the same model chooses a higher threshold, and misses test exams by it.
    let tuning = predicted.tuning.get_mut("x48-googlenet").unwrap();
    let raised = |row: &mut Prediction| {
        let p = if row.class == "none" { 0.95 } else { 1.0 };
        row.probabilities = vec![1.0 - p, p, 0.0];
    };
    tuning.rows.iter_mut().for_each(raised);
    let after = compare(&params(), &predicted).unwrap();
    let moved = point(after.model("x48-googlenet").unwrap());
    assert_eq!((moved.threshold, moved.counts.true_positives, moved.tuning.unwrap().true_positives), (Some(0.975), 0, 3));
    assert!(moved.positive_predictive_value.reason().is_some(), "nobody is called positive: {moved:?}");
    assert_eq!(after.model("x48-googlenet").unwrap().roc, best.roc);
}

#[test]
fn rules_choose_as_they_say() {
    let (mut params, mut predicted) = paper110();
    (params.tuning, predicted.tuning) = (params.exams.clone(), predicted.test.clone());
    for (rule, sensitive) in [(OperatingRule::Sensitivity(0.9), true), (OperatingRule::Specificity(0.9), false)] {
        params.operating_point = rule;
        for model in &compare(&params, &predicted).unwrap().models {
            let rate = point(model);
            let rate = defined(if sensitive { &rate.sensitivity } else { &rate.specificity }).unwrap();
            assert!(rate.value >= 0.9 && rate.of == 55, "{}: {rate:?}", model.name);
        }
    }
}

#[test]
fn the_side_is_judged_among_exams_that_were_found() {
    let mut predicted = everything();
    let rows = &mut predicted.test.get_mut("x48-googlenet").unwrap().rows;
    // Exam `e` is found on the wrong side.
    rows.iter_mut().filter(|row| row.exam == "e").for_each(|row| row.probabilities.swap(1, 2));
    let results = compare(&params(), &predicted).unwrap();
    let naming = results.model("x48-googlenet").unwrap().naming.clone().unwrap();
    let side = defined(&naming.side.unwrap()).unwrap();
    assert_eq!((side.hits, side.of), (2, 3));
    assert_eq!(naming.confusion, [[3, 0, 0], [0, 1, 0], [0, 1, 1]]);
    assert_eq!(naming.rightly_named.iter().map(|rate| defined(rate).unwrap().hits).collect::<Vec<_>>(), [3, 1, 1]);
    let areas: Vec<f64> = results.models[5].one_vs_rest.iter().map(|class| defined(&class.area).unwrap().auc).collect();
    assert_eq!((areas.len(), areas[0]), (3, 1.0));
}

#[test]
fn scores_of_seeds_are_averaged_before_anything_else() {
    let (mut params, mut predicted) = paper110();
    let names = ["alexnet_pretrained", "googlenet_pretrained"];
    params.models = vec![Model {
        name: "pretrained".into(),
        levels: levels(&[("model", "pretrained")]),
        trainings: names.map(|name| Training { name: name.into(), seed: Some(name.into()) }).into(),
    }];
    params.factors = vec![factor("model", &["pretrained"])];
    params.comparisons.clear();
    let results = compare(&params, &predicted).unwrap();
    let model = &results.models[0];
    let aucs: Vec<f64> = model.trainings.iter().map(|training| training.auc).collect();
    let curves = &golden("paper110.json")["rocs"];
    names.iter().zip(&aucs).for_each(|(name, auc)| close(*auc, &curves[name]["auc"]));
    let spread = model.spread.unwrap();
    assert!((spread.mean - (aucs[0] + aucs[1]) / 2.0).abs() < 1e-15, "{spread:?}");
    assert!((spread.sd - (aucs[1] - aucs[0]).abs() / 2f64.sqrt()).abs() < 1e-15, "{spread:?}");
    // The mean of two scores is a score of its own: that of one model whose predictions are the means.
    let other = predicted.test[names[1]].rows.clone();
    let rows = &mut predicted.test.get_mut(names[0]).unwrap().rows;
    for (row, other) in rows.iter_mut().zip(other) {
        row.probabilities.iter_mut().zip(other.probabilities).for_each(|(p, q)| *p = (*p + q) / 2.0);
    }
    params.models[0].trainings.truncate(1);
    let single = compare(&params, &predicted).unwrap();
    assert_eq!((model.auc, &model.roc), (single.models[0].auc, &single.models[0].roc));
    assert_eq!(single.models[0].spread, None);
}

fn reader(name: &str, scores: Vec<f64>, threshold: Option<f64>) -> Reader {
    Reader { name: name.into(), scores, named: None, threshold, against: vec![], table: None }
}

#[test]
fn a_reader_with_the_scores_of_a_model_gives_its_numbers() {
    let (mut params, predicted) = paper110();
    let scores = |name: &str| predicted.test[name].rows.iter().map(|row| row.probabilities[1]).collect::<Vec<_>>();
    let against = vec!["alexnet_pretrained".to_owned()];
    params.readers = vec![
        Reader { against: against.clone(), ..reader("A", scores("alexnet_untrained"), Some(0.5)) },
        Reader { against, ..reader("B", scores("alexnet_untrained"), None) },
    ];
    let results = compare(&params, &predicted).unwrap();
    let (model, reader) = (&results.models[0], &results.readers[0]);
    assert_eq!((reader.auc, &reader.sound, &reader.roc), (model.auc, &model.sound, &model.roc));
    assert_eq!(point(reader).counts, point(model).counts);
    assert_eq!((point(reader).tuning, &reader.naming, &reader.calibration), (None, &None, &None));
    let (of_reader, of_model) = (&results.reader_contrasts[0], &results.comparisons[0].rows[0]);
    assert_eq!((&of_reader.p, &of_reader.sensitivity), (&of_model.p, &of_model.sensitivity));
    // Two readers with one model are a family of two.
    let (p, holm) = (defined(&of_reader.p).unwrap(), defined(&of_reader.p_holm).unwrap());
    assert_eq!(holm, 2.0 * p);
    assert!(results.readers[1].operating.reason().is_some() && results.reader_contrasts[1].sensitivity.reason().is_some());
    let unknown = Reader { against: vec!["nobody".into()], ..params.readers[0].clone() };
    params.readers = vec![unknown];
    let error = format!("{:#}", compare(&params, &predicted).unwrap_err());
    assert!(error.contains("reader `A`: there is no model `nobody`"), "{error}");
}

#[test]
fn subgroups_are_set_against_those_that_they_lack() {
    let mut params = params();
    let group = |name: &str, exams: &[&str]| Group { name: name.into(), exams: exams.iter().map(|id| (*id).into()).collect() };
    let groups =
        vec![group("small", &["d", "e"]), group("calcified", &["a"]), group("young", &["b", "c", "f"]), group("nobody", &[])];
    params.subgroups = vec![Subgroup { by: "fact".into(), groups }];
    let results = compare(&params, &everything()).unwrap();
    let told: Vec<_> = results.subgroups[0].groups.iter().map(|g| (g.against, g.n_positive, g.n_negative)).collect();
    let expected =
        [(Against::AllNegative, 2, 3), (Against::AllPositive, 3, 1), (Against::Within, 1, 2), (Against::Within, 0, 0)];
    assert_eq!(told, expected);
    let area = |group: usize| results.subgroups[0].groups[group].areas[0].clone();
    // Noise of the first model: controls .05 .4 .2, cases .1 .3 .15.
    let auc = |group: usize| defined(&area(group)).unwrap().auc;
    assert_eq!([auc(0), auc(1), auc(2)], [3.0 / 6.0, 1.0, 0.0]);
    assert!(area(3).reason().is_some_and(|why| why.contains("none of the 0 subjects is a case")));
    assert!(defined(&area(1)).unwrap().interval.reason().is_none(), "complete separation has its exact interval");
}

#[test]
fn a_canary_at_chance_is_told_from_one_that_sings() {
    let (mut params, mut predicted) = paper110();
    let names = ["alexnet_untrained", "googlenet_pretrained"];
    params.canaries = names.map(String::from).into();
    predicted.canary = names.iter().map(|name| ((*name).to_owned(), predicted.test[*name].clone())).collect();
    let results = compare(&params, &predicted).unwrap();
    let told: Vec<_> = results.canaries.iter().map(|canary| (canary.name.as_str(), canary.is_chance())).collect();
    assert_eq!(told, [("alexnet_untrained", true), ("googlenet_pretrained", false)]);
    predicted.canary.clear();
    let error = format!("{:#}", compare(&params, &predicted).unwrap_err());
    assert!(error.contains("permuted labels") && error.contains("`alexnet_untrained` has no predictions"), "{error}");
}

#[test]
fn names_of_models_and_readers_are_distinct() {
    let (mut params, predicted) = paper110();
    params.readers = vec![reader("alexnet_untrained", vec![0.0; 110], None)];
    let error = format!("{:#}", compare(&params, &predicted).unwrap_err());
    assert!(error.contains("`alexnet_untrained` is listed twice"), "{error}");
}

#[test]
fn calibration_of_certain_scores_says_what_it_lacks() {
    let (params, predicted) = paper110();
    let results = compare(&params, &predicted).unwrap();
    let calibration = |at: usize| results.models[at].calibration.clone().unwrap();
    let last = calibration(7);
    assert!(last.slope.reason().is_some() && last.brier < calibration(0).brier, "{last:?}");
    let exams: usize = calibration(0).bins.iter().map(|bin| bin.exams).sum();
    assert_eq!(exams, 110);
}
