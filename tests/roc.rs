//! `bgh roc` as a user meets it: what it says, in every form, about tables as other programs write them.

mod common;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use common::{Outcome, Space};
use serde_json::Value;

/// Six subjects; `b` misses one, `c` separates.
const SCORES: &str =
    "id,truth,a,b,c\n1,0,0.1,0.5,1\n2,0,0.4,0.2,2\n3,0,0.3,0.3,3\n4,1,0.35,NA,4\n5,1,0.8,0.9,5\n6,1,0.9,0.4,6\n";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The answer to `arguments` about `table`.
fn asked(table: &str, arguments: &[&str]) -> Value {
    let outcome = roc(table, &[arguments, &["--json"]].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    json(&outcome.stdout)
}

fn roc(table: &str, arguments: &[&str]) -> Outcome {
    let space = Space::new();
    space.write("scores.csv", table);
    space.bgh(&[&["roc", "scores.csv"], arguments].concat())
}

/// What is said about a table that is refused.
fn refused(table: &str, arguments: &[&str]) -> String {
    let outcome = roc(table, arguments);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{}", outcome.text());
    outcome.stderr
}

fn aucs(answer: &Value) -> Vec<f64> {
    answer["curves"].as_array().expect("curves").iter().map(|curve| curve["auc"].as_f64().expect("an area")).collect()
}

fn golden(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stats").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_terminal_shows_curves_comparisons_and_why() {
    insta::assert_snapshot!(roc(SCORES, &[]).stdout);
}

#[test]
fn what_was_assumed_is_said_beside_the_answer() {
    let said = roc(SCORES, &[]).stderr;
    assert!(said.contains("the truth is column `truth`") && said.contains("a, b, c"), "{said}");
    assert_eq!(roc(SCORES, &["--quiet"]).stderr, "");
    assert_eq!(roc(SCORES, &["--truth", "truth", "--scores", "a"]).stderr, "");
}

#[test]
fn a_narrow_terminal_tears_no_number_apart() {
    let space = Space::new();
    space.write("scores.csv", &SCORES.replace(",a,", ",a_network_with_a_long_name,"));
    let mut command = space.command(&["roc", "scores.csv", "--quiet"]);
    insta::assert_snapshot!(Outcome::of(command.env("COLUMNS", "48").output().expect("bgh starts")).stdout);
}

#[test]
fn the_json_is_a_contract() {
    insta::assert_json_snapshot!(asked(SCORES, &["--truth", "truth", "--positive", "1", "--scores", "b,c,a"]));
}

#[test]
fn the_whole_command_agrees_with_proc_on_the_paper_s_shape() {
    let (answer, expected) = paper(&[]);
    let curves = answer["curves"].as_array().expect("curves");
    assert_eq!(curves.len(), 8);
    for curve in curves {
        let proc = &expected["rocs"][curve["name"].as_str().expect("a name")];
        assert!(close(&curve["auc"], &proc["auc"]) && close(&curve["ci_low"], &proc["ci95_delong"][0]), "{curve}");
        assert!(close(&curve["ci_high"], &proc["ci95_delong"][2]), "{curve}");
    }
    let comparisons = answer["comparisons"].as_array().expect("comparisons");
    assert_eq!(comparisons.len(), 28);
    for (found, proc) in comparisons.iter().zip(expected["pairs"].as_array().expect("pairs")) {
        assert_eq!((&found["a"], &found["b"]), (&proc["first"], &proc["second"]));
        assert!(close(&found["z"], &proc["z"]) && close(&found["p"], &proc["p_two_sided"]), "{found} {proc}");
        assert!(close(&found["ci_low"], &proc["diff_ci95"][0]), "{found} {proc}");
    }
}

/// Relative 1e-11 or absolute 1e-14, as pROC itself is off by rounding.
fn close(found: &Value, expected: &Value) -> bool {
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    (number(found) - number(expected)).abs() <= 1e-11 * number(expected).abs() + 1e-14
}

fn paper(arguments: &[&str]) -> (Value, Value) {
    let answer = asked(&golden("data/paper110.csv"), &[&["--truth", "label", "--positive", "1"], arguments].concat());
    (answer, json(&golden("expected/paper110.json")))
}

#[test]
fn adjusted_p_are_those_of_r() {
    for (method, name) in
        [("holm", "holm"), ("bonferroni", "bonferroni"), ("hochberg", "hochberg"), ("bh", "BH"), ("none", "p")]
    {
        let (answer, expected) = paper(&["--adjust", method]);
        let expected = expected["adjusted_p_all_pairs"][name].as_array().expect("p-values");
        for (found, expected) in answer["comparisons"].as_array().expect("comparisons").iter().zip(expected) {
            assert!(close(&found["p_adjusted"], expected), "{method}: {found} {expected}");
        }
    }
}

#[test]
fn a_margin_gets_a_one_sided_p() {
    let (answer, expected) = paper(&["--noninferiority", "0.05"]);
    for (found, pair) in
        answer["comparisons"].as_array().expect("comparisons").iter().zip(expected["pairs"].as_array().expect("pairs"))
    {
        let expected = &pair["noninferiority_margin0.05"];
        assert!(
            close(&found["noninferiority_z"], &expected["z"]) && close(&found["noninferiority_p"], &expected["p"]),
            "{found}"
        );
    }
}

#[test]
fn all_curves_are_tested_at_once() {
    let (answer, expected) = paper(&[]);
    let joint = &expected["global_tests"][2];
    assert!(close(&answer["joint"]["chi_square"], &joint["chisq"]) && close(&answer["joint"]["p"], &joint["p"]), "{answer}");
    assert_eq!(answer["joint"]["df"], joint["df"]);
    assert_eq!(asked(SCORES, &["--scores", "a,b"])["joint"], Value::Null);
}

#[test]
fn the_logit_interval_gives_way_to_the_exact_one_at_complete_separation() {
    let (answer, expected) = paper(&["--interval", "logit"]);
    for curve in answer["curves"].as_array().expect("curves") {
        let proc = &expected["rocs"][curve["name"].as_str().expect("a name")];
        let (method, limits) = match proc.get("delong_logit_ci95") {
            Some(limits) => ("logit", limits),
            None => ("exact", &proc["separation_exact_ci95"]),
        };
        assert_eq!(curve["ci_method"], method);
        assert!(close(&curve["ci_low"], &limits[0]) && close(&curve["ci_high"], &limits[1]), "{curve} {limits}");
    }
}

#[test]
fn part_of_the_curve_has_an_area_of_its_own() {
    let (answer, expected) = paper(&["--partial", "specificity=0.9..1"]);
    let (curve, partial) = (&answer["curves"][1], &expected["rocs"]["alexnet_pretrained"]["partial_auc"]);
    assert!(close(&curve["partial_auc"], &partial[0]["value"]), "{curve}");
    assert!(close(&curve["partial_auc_corrected"], &partial[1]["value"]), "{curve}");
}

#[test]
fn clusters_widen_what_rows_alone_would_say() {
    let table = golden("data/slices60.csv");
    let arguments = ["--truth", "slice_label", "--scores", "model_a,model_b", "--cluster", "patient"];
    let (answer, expected) = (asked(&table, &arguments), json(&golden("expected/slices60.json")));
    let obuchowski = &expected["slice_level_obuchowski_1997"];
    for (at, curve) in answer["curves"].as_array().expect("curves").iter().enumerate() {
        assert!(close(&curve["auc"], &obuchowski["auc"][at]) && close(&curve["se"], &obuchowski["se"][at]), "{curve}");
        assert_eq!(curve["n_clusters"], 60);
        assert!(curve["design_effect"].as_f64().is_some_and(|effect| effect > 1.4), "{curve}");
    }
    let found = &answer["comparisons"][0];
    assert!(close(&found["z"], &obuchowski["z"]) && close(&found["p"], &obuchowski["p_two_sided"]), "{found}");
    insta::assert_snapshot!(roc(&table, &arguments).stdout);
}

#[test]
fn levels_of_a_column_are_analysed_apart_and_compared_as_other_subjects() {
    let [first, second] = ["paper110", "prob400"].map(|name| golden(&format!("data/{name}.csv")));
    let column = |table: &str, name: &str| -> Vec<[String; 2]> {
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let at = ["label", name]
            .map(|name| reader.headers().expect("a header").iter().position(|title| title == name).expect("a column"));
        reader.records().map(|row| row.expect("a row")).map(|row| at.map(|at| row[at].to_owned())).collect()
    };
    let rows = |site: &str, scores: Vec<[String; 2]>| {
        scores.iter().map(|[truth, score]| format!("{site},{truth},{score}\n")).collect::<String>()
    };
    let table = "site,truth,score\n".to_owned()
        + &rows("one", column(&first, "alexnet_pretrained"))
        + &rows("two", column(&second, "calibrated"));
    let answer = asked(&table, &["--by", "site"]);
    let groups = answer["groups"].as_array().expect("groups");
    assert_eq!(groups.iter().map(|group| &group["group"]).collect::<Vec<_>>(), ["one", "two"]);
    let between = &answer["between_groups"][0];
    let expected = &json(&golden("expected/unpaired.json"))["tests"][0];
    assert!(close(&between["t"], &expected["D"]) && close(&between["df"], &expected["df"]), "{between}");
    assert!(close(&between["p"], &expected["p_two_sided"]), "{between}");
    assert_eq!(between["n_complete"], 510);
}

#[test]
fn what_delong_cannot_test_is_said_with_what_can() {
    let table = golden("data/edge_separation20.csv");
    insta::assert_snapshot!(roc(&table, &["--truth", "label", "--scores", "perfect,constant,reversed"]).stdout);
    let permuted = asked(&table, &["--truth", "label", "--scores", "perfect,constant", "--test", "permutation"]);
    assert!(permuted["comparisons"][0]["p"].as_f64().is_some_and(|p| p < 0.001), "{permuted}");
}

#[test]
fn unpaired_curves_need_no_subject_with_both_scores() {
    let table = "truth,a,b\n0,1,NA\n0,2,NA\n1,3,NA\n1,1.5,NA\n0,NA,1\n0,NA,3\n1,NA,2\n1,NA,4\n";
    let paired = &asked(table, &[])["comparisons"][0];
    assert!(paired["p"].is_null() && paired["undefined"].is_string(), "{paired}");
    let unpaired = &asked(table, &["--unpaired"])["comparisons"][0];
    assert_eq!((unpaired["design"].as_str(), unpaired["n_complete"].as_u64()), (Some("unpaired"), Some(8)));
    assert!(unpaired["p"].is_number() && unpaired["z"].is_null(), "{unpaired}");
}

#[test]
fn few_subjects_are_permuted_exactly() {
    let table = golden("data/edge_tiny_2_2.csv");
    let answer = asked(&table, &["--truth", "label", "--test", "permutation"]);
    let exact = json(&golden("exact/permutation.json"));
    let mut checked = 0;
    for expected in exact.as_array().expect("tests").iter().filter(|test| test["dataset"] == "edge_tiny_2_2") {
        let same = |found: &&Value| found["a"] == expected["first"] && found["b"] == expected["second"];
        let found = answer["comparisons"].as_array().expect("comparisons").iter().find(same);
        if let Some(found) = found {
            assert!(close(&found["p"], &expected["p"]), "{found} {expected}");
            checked += 1;
        }
    }
    assert!(checked > 5, "{checked}");
}

#[test]
fn resampling_depends_on_the_seed_and_on_nothing_else() {
    let arguments = ["--paired", "--test", "bootstrap", "--bootstrap", "500"];
    let (answer, expected) = paper(&arguments);
    assert_eq!(answer, paper(&arguments).0);
    assert_ne!(answer, paper(&[&arguments[..], &["--seed", "1"]].concat()).0);
    let (curve, ballpark) = (&answer["curves"][1], &expected["rocs"]["alexnet_pretrained"]["bootstrap_ballpark"]["ci95"]);
    let near =
        |found: &Value, expected: &Value| (found.as_f64().expect("a limit") - expected.as_f64().expect("a limit")).abs() < 0.02;
    assert!(near(&curve["ci_low"], &ballpark[0]) && near(&curve["ci_high"], &ballpark[2]), "{curve} {ballpark}");
    let bca = &paper(&["--interval", "bca", "--replicates", "500"]).0["curves"][1];
    assert!(near(&bca["ci_low"], &ballpark[0]) && bca["ci_method"] == "bca", "{bca}");
}

#[test]
fn operating_points_say_where_their_threshold_comes_from() {
    let table = golden("data/paper110.csv");
    let rules = "youden,closest,sensitivity=0.9,specificity=0.9,threshold=0.5";
    let arguments = ["--truth", "label", "--scores", "alexnet_pretrained", "--operating-point", rules];
    insta::assert_snapshot!(roc(&table, &arguments).stdout);
    let answer = asked(&table, &arguments);
    let points = answer["operating_points"].as_array().expect("points");
    let proc = &json(&golden("expected/paper110.json"))["rocs"]["alexnet_pretrained"];
    assert!(close(&points[0]["threshold"], &proc["best_youden"][0]["threshold"]), "{}", points[0]);
    assert!(close(&points[1]["sensitivity"], &proc["best_topleft"][0]["sensitivity"]), "{}", points[1]);
    assert_eq!(points.iter().map(|point| &point["chosen_on"]).collect::<Vec<_>>()[3..], ["these subjects", "given"]);
}

#[test]
fn a_threshold_is_chosen_on_another_table_and_judged_on_this_one() {
    let space = Space::new();
    space.write("tune.csv", "truth,a\n0,1\n0,2\n1,3\n1,4\n");
    space.write("test.csv", "truth,a\n0,2.4\n0,2.6\n1,2.2\n1,9\n");
    let arguments = ["roc", "test.csv", "--operating-point", "youden", "--tuning", "tune.csv", "--prevalence", "0.1", "--json"];
    let point = &json(&space.bgh(&arguments).stdout)["operating_points"][0];
    assert_eq!((&point["threshold"], &point["chosen_on"]), (&2.5.into(), &"tune.csv".into()));
    assert_eq!(
        ["true_positives", "false_positives", "false_negatives", "true_negatives"].map(|name| point[name].as_u64()),
        [Some(1); 4]
    );
    assert_eq!((point["sensitivity"].as_f64(), point["ppv"].as_f64()), (Some(0.5), Some(0.1)));
    space.write("tune.csv", "truth,b\n0,1\n1,3\n");
    assert!(space.bgh(&arguments).stderr.contains("tune.csv: no column is called `a`"));
}

#[test]
fn arguments_that_do_not_go_together_are_refused() {
    for arguments in [
        &["--unpaired", "--test", "permutation"][..],
        &["--cluster", "id", "--test", "permutation"],
        &["--by", "id", "--cluster", "id"],
        &["--noninferiority", "2"],
        &["--partial", "specificity=1..0.9"],
        &["--prevalence", "0.1"],
        &["--operating-point", "best"],
        &["--level", "95"],
    ] {
        refused(SCORES, arguments);
    }
}

#[test]
fn tables_of_r_pandas_and_spreadsheets_are_one_table() {
    let plain = "truth,a,b\n0,0.1,0.5\n1,0.35,NA\n0,0.4,0.2\n1,0.8,0.9\n1,0.9,0.6\n";
    let expected = aucs(&asked(plain, &[]));
    let r_csv = "\"\",\"truth\",\"a\",\"b\"\n\"1\",FALSE,0.1,0.5\n\"2\",TRUE,0.35,NA\n\"3\",FALSE,0.4,0.2\n\"4\",TRUE,0.8,0.9\n\"5\",TRUE,0.9,0.6\n";
    let r_table =
        "\"truth\" \"a\" \"b\"\n\"1\" 0 0.1 0.5\n\"2\" 1 0.35 NA\n\"3\" 0 0.4 0.2\n\"4\" 1 0.8 0.9\n\"5\" 1 0.9 0.6\n";
    let pandas = ",truth,a,b\n0,0.0,0.1,0.5\n1,1.0,0.35,\n2,0.0,0.4,0.2\n3,1.0,0.8,0.9\n4,1.0,0.9,0.6\n";
    let excel = "\u{feff}truth;a;b\r\n0;0.1;0.5\r\n1;0.35;\r\n0;0.4;0.2\r\n1;0.8;0.9\r\n1;0.9;0.6\r\n";
    let tabs = "truth\ta\tb\n0\t0.1\t0.5\n1\t0.35\t.\n0\t0.4\t0.2\n1\t0.8\t0.9\n1\t0.9\t0.6\n";
    let bars = "truth | a | b\n0 | 0.1 | 0.5\n1 | 0.35 | null\n0 | 0.4 | 0.2\n1 | 0.8 | 0.9\n1 | 0.9 | 0.6\n";
    for table in [r_csv, r_table, pandas, excel, tabs, bars] {
        let answer = asked(table, &[]);
        assert_eq!((aucs(&answer), &answer["curves"][1]["n_complete"]), (expected.clone(), &Value::from(4)), "{table}");
    }
    let bare = asked(plain.split_once('\n').expect("lines").1, &["--no-header", "--truth", "1", "--scores", "2,3"]);
    assert_eq!(aucs(&bare), expected);
}

#[test]
fn infinite_scores_are_the_extremes() {
    assert_eq!(aucs(&asked("y,a\n0,-Inf\n0,-inf\n1,Inf\n1,inf\n", &[])), [1.0]);
}

#[test]
fn a_pipe_is_read_as_a_file_is() {
    let space = Space::new();
    let mut command = space.command(&["roc", "-", "--json", "--quiet"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("bgh starts");
    child.stdin.take().expect("a pipe").write_all(SCORES.as_bytes()).expect("written");
    let piped = json(&Outcome::of(child.wait_with_output().expect("bgh ends")).stdout);
    assert_eq!(piped, asked(SCORES, &[]));
}

#[test]
fn a_subject_without_a_truth_is_left_out_and_counted() {
    let answer = asked("truth,a\nNA,0.9\n0,0.1\n1,0.5\n0,0.2\n1,0.7\n", &[]);
    assert_eq!((&answer["n_excluded"], &answer["n_positive"], aucs(&answer)), (&Value::from(1), &Value::from(2), vec![1.0]));
}

#[test]
fn lower_scores_count_when_they_are_said_to_and_only_then() {
    let table = "truth,up,down\n0,1,9\n0,2,8\n1,3,1\n1,1.5,8.5\n";
    assert_eq!(aucs(&asked(table, &[])), [0.75, 0.25]);
    let one = asked(table, &["--lower-is-positive=down"]);
    assert_eq!(aucs(&one), [0.75, 0.75]);
    assert_eq!((&one["curves"][0]["direction"], &one["curves"][1]["direction"]), (&"higher".into(), &"lower".into()));
    assert_eq!(aucs(&asked(table, &["--lower-is-positive"])), [0.25, 0.75]);
    assert!(roc(table, &[]).stdout.contains("down: below chance"), "a hint, no more");
}

#[test]
fn a_pair_is_compared_on_the_subjects_that_have_both() {
    let whole = asked(SCORES, &["--scores", "a,b"]);
    let cut = asked(&SCORES.replace("4,1,0.35,NA,4\n", ""), &["--scores", "a,b"]);
    assert_eq!(whole["comparisons"], cut["comparisons"]);
    assert_ne!(whole["curves"][0], cut["curves"][0]);
}

#[test]
fn a_column_that_does_not_exist_is_answered_with_the_nearest() {
    insta::assert_snapshot!(refused(SCORES, &["--truth", "turth", "--scores", "a,bb,zzzzz"]));
}

#[test]
fn every_fault_of_a_table_has_its_line() {
    insta::assert_snapshot!(refused("truth,a,b\n0,high,1\n1,0.5\n1,\"0,5\",2\n0,0.1,low\n", &["--scores", "a,b"]));
}

#[test]
fn after_ten_faults_the_rest_is_counted() {
    let table = format!("truth,a\n{}", "1,x\n".repeat(25));
    let said = refused(&table, &["--scores", "a"]);
    assert_eq!(said.matches("`x` is not a number").count(), 10);
    assert!(said.contains("15 more faults"), "{said}");
}

#[test]
fn a_decimal_comma_is_refused_with_the_way_out() {
    let said = refused("truth;a\n0;0,1\n1;0,9\n", &["--scores", "a"]);
    assert!(said.contains("`0,1` is not a number") && said.contains("write.csv2"), "{said}");
}

#[test]
fn what_cannot_be_meant_is_asked_for() {
    let said = |table: &str, arguments: &[&str]| refused(table, arguments);
    assert!(said("id,a\n1,2\n", &[]).contains("say --truth COLUMN"));
    assert!(said("truth,label,a\n1,0,2\n", &[]).contains("several columns may be the truth"));
    assert!(said("truth,a\nyes,1\nno,2\n", &[]).contains("--positive VALUE"));
    assert!(said("truth,a\nyes,1\nno,2\n", &["--positive", "Yes"]).contains("`Yes` does not occur"));
    assert!(said("truth,name\n0,x\n1,y\n", &[]).contains("no column of numbers"));
    assert!(said(SCORES, &["--lower-is-positive=d"]).contains("`d` is not among the scores"));
}

#[test]
fn what_is_no_table_is_refused() {
    assert!(refused("", &[]).contains("is empty"));
    assert!(refused("truth,a\n", &[]).contains("no row"));
    assert!(refused("PK\u{3}\u{4}…", &[]).contains("export the sheet as CSV"));
    let missing = Space::new().bgh(&["roc", "nowhere.csv"]);
    assert!(missing.code == 2 && missing.stderr.contains("nowhere.csv"), "{}", missing.text());
}

#[test]
fn one_class_alone_has_no_curve_and_says_why() {
    let answer = asked("truth,a\n1,0.5\n1,0.6\n", &[]);
    assert_eq!(answer["curves"][0]["auc"], Value::Null);
    assert!(answer["curves"][0]["undefined"].as_str().is_some_and(|why| why.contains("each of the 2 subjects is a case")));
}

#[test]
fn tables_are_written_a_row_a_curve_and_a_row_a_comparison() {
    let space = Space::new();
    space.write("scores.csv", SCORES);
    assert_eq!(space.bgh(&["roc", "scores.csv", "--csv", "out/tables", "--points", "points.csv"]).code, 0);
    let read = |name: &str| fs::read_to_string(space.path(name)).expect("a table");
    insta::assert_snapshot!([read("out/tables/curves.csv"), read("out/tables/comparisons.csv"), read("points.csv")].join("\n"));
}

#[test]
fn thresholds_are_in_the_units_of_the_table() {
    let space = Space::new();
    space.write("scores.csv", "truth,a\n0,4\n0,3\n1,2\n1,1\n");
    space.bgh(&["roc", "scores.csv", "--lower-is-positive", "--points", "points.csv"]);
    let points = fs::read_to_string(space.path("points.csv")).expect("points");
    assert!(points.contains(",a,2.5,1.0,1.0,2,0\n") && points.contains(",a,-Inf,0.0,1.0,0,0\n"), "{points}");
}

#[test]
fn curves_are_drawn_as_the_ending_says() {
    let space = Space::new();
    space.write("scores.csv", SCORES);
    assert_eq!(space.bgh(&["roc", "scores.csv", "--plot", "roc.svg"]).code, 0);
    let svg = fs::read_to_string(space.path("roc.svg")).expect("a drawing");
    assert!(svg.contains("AUC 1.000 (0.292, 1.000)"), "the exact interval stands in the legend");
    assert_eq!(space.bgh(&["roc", "scores.csv", "--plot", "roc.png"]).code, 0);
    assert!(fs::read(space.path("roc.png")).expect("a drawing").starts_with(b"\x89PNG"));
    assert!(space.bgh(&["roc", "scores.csv", "--plot", "roc.gif"]).stderr.contains(".svg or .png"));
}
