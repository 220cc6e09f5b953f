//! Hand-made studies that the report is tried on.

pub(crate) mod looks;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;
use bgh::artifact::results::{
    Against, Area, Calibration, CanaryResult, ChiSquare, ClassArea, Comparison, ComparisonResult, Contrast, Counts, Estimate,
    Factor, GroupResult, IntervalMethod, JointTest, Mistake, ModelResult, Naming, Operating, PairedRate, Rate, Ratio,
    ReliabilityBin, Results, RocPoint, SoundInterval, Spread, SubgroupResult, TrainingResult,
};
use bgh::artifact::{
    Curve, Curves, Disjoint, Explanations, Files, ImageRow, ImageSetWriter, Overlap, PartProof, TrainingRecord,
};
use bgh::imaging::{Filter, Fit, Geometry, Recipe, Window};
use bgh::report::stage::{self as report, CohortSummary, ImageMethods, ModelMethods, Params, Partition};
use bgh::stage::{predict, train};
use bgh::weights::{Classifiers, Left};

pub(crate) const SCORES: &str = "exam,class,a\n001,none,0.25\n";
pub(crate) const SLICES: &str = "exam,slice,class,model,score\n001,0,none,a,0.25\n";

/// All that the stage takes.
pub(crate) struct Inputs {
    pub(crate) params: Params,
    pub(crate) results: Results,
    pub(crate) curves: BTreeMap<String, Curves>,
    pub(crate) records: BTreeMap<String, TrainingRecord>,
    pub(crate) external: BTreeMap<String, Results>,
    pub(crate) proof: Option<Disjoint>,
    /// Results on changed images, by the slug of the change.
    pub(crate) robustness: BTreeMap<String, Results>,
    /// Whether one model is looked at closely, and the exams and the augmentation are shown.
    pub(crate) looks: bool,
}

impl Inputs {
    /// Runs the stage on files, as the executor does.
    pub(crate) fn render(&self, out: &Path) -> Result<()> {
        let folder = tempfile::tempdir()?;
        report::run(&self.params, &self.write(folder.path())?, out)
    }

    /// Writes what the stage reads below `folder`.
    pub(crate) fn write(&self, folder: &Path) -> Result<report::Inputs> {
        let compared = folder.join("results");
        fs::create_dir_all(&compared)?;
        self.results.write(&compared)?;
        fs::write(compared.join("scores.csv"), SCORES)?;
        fs::write(compared.join("slices.csv"), SLICES)?;
        let curves = written(&folder.join("curves"), &self.curves, Curves::write)?;
        let records = written(&folder.join("records"), &self.records, TrainingRecord::write)?;
        let external = written(&folder.join("external"), &self.external, Results::write)?;
        let proof = self.proof.as_ref().map(|proof| {
            let folder = folder.join("proof");
            fs::create_dir_all(&folder)?;
            proof.write(&folder)?;
            Files::of_folder(&folder)
        });
        let robustness = written(&folder.join("robustness"), &self.robustness, Results::write)?;
        let results = Files::of_folder(&compared)?;
        let looks = if self.looks { self.looked(folder)? } else { report::Inputs::default() };
        Ok(report::Inputs { results, curves, records, external, proof: proof.transpose()?, robustness, ..looks })
    }

    /// What looks at single exams.
    fn looked(&self, folder: &Path) -> Result<report::Inputs> {
        let made = |name: &str, write: &dyn Fn(&Path) -> Result<()>| -> Result<Files> {
            let folder = folder.join(name);
            fs::create_dir_all(&folder)?;
            write(&folder)?;
            Files::of_folder(&folder)
        };
        let named = |name: &str, files: Files| [(name.to_owned(), files)].into();
        Ok(report::Inputs {
            characteristics: Some(made("characteristics", &|folder| looks::characteristics().write(folder))?),
            cases: named(looks::MODEL, made("cases", &looks::write_cases)?),
            explanations: named(
                looks::MODEL,
                made("explanations", &|folder| Explanations::write(&looks::explanations(), folder))?,
            ),
            augmented: named("48", made("augmented", &augmented)?),
            ..report::Inputs::default()
        })
    }
}

/// Two slices in 48 variants, each a grey of its own.
fn augmented(folder: &Path) -> Result<()> {
    let mut writer = ImageSetWriter::create(folder, 96, 8, 8)?;
    for at in 0..96 {
        let row = ImageRow { image: 0, exam: "001".into(), slice: at / 48, class: "none".into(), variant: at % 48 };
        writer.push(row, &[2 * at as u8; 64])?;
    }
    writer.finish()
}

fn written<T>(
    folder: &Path,
    artifacts: &BTreeMap<String, T>,
    write: impl Fn(&T, &Path) -> Result<()>,
) -> Result<BTreeMap<String, Files>> {
    let place = |(position, (name, artifact)): (usize, (&String, &T))| {
        let folder = folder.join(position.to_string());
        fs::create_dir_all(&folder)?;
        write(artifact, &folder)?;
        Ok((name.clone(), Files::of_folder(&folder)?))
    };
    artifacts.iter().enumerate().map(place).collect()
}

/// Two by two by two models, the last of them perfect, with values like those of the published study.
pub(crate) fn factorial() -> Inputs {
    let factors =
        [("augment", ["none", "x48"]), ("network", ["alexnet", "googlenet"]), ("weights", ["untrained", "pretrained"])];
    let factors: Vec<Factor> = factors.iter().map(|(name, levels)| factor(name, levels)).collect();
    let aucs = [0.8213, 0.9006, 0.8114, 0.9527, 0.9487, 0.9648, 0.9482, 1.0];
    let models: Vec<ModelResult> =
        cells(&factors).into_iter().zip(aucs).map(|(levels, auc)| model(&factors, levels, auc)).collect();
    let within = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let pair = |a: usize, b: usize, p: f64, holm: f64| contrast(&models[a], &models[b], Some((p, holm)));
    let comparisons = vec![
        ComparisonResult {
            asked: Comparison {
                title: "Effect of augmentation".into(),
                factor: "augment".into(),
                within: within(&["network", "weights"]),
                fixed: BTreeMap::new(),
            },
            joint: vec![],
            rows: vec![
                pair(0, 4, 0.000_31, 0.002_8),
                pair(1, 5, 0.009_9, 0.059),
                pair(2, 6, 0.000_09, 0.000_9),
                pair(3, 7, 0.044, 0.22),
            ],
        },
        ComparisonResult {
            asked: Comparison {
                title: "Effect of pretrained weights without augmentation".into(),
                factor: "weights".into(),
                within: within(&["network"]),
                fixed: [("augment".to_owned(), "none".to_owned())].into(),
            },
            joint: vec![],
            rows: vec![pair(0, 1, 0.061, 0.24), pair(2, 3, 0.000_62, 0.005)],
        },
        ComparisonResult {
            asked: Comparison {
                title: "Effect of the network with augmentation".into(),
                factor: "network".into(),
                within: within(&["weights"]),
                fixed: [("augment".to_owned(), "x48".to_owned())].into(),
            },
            joint: vec![],
            rows: vec![pair(4, 6, 0.98, 1.0), contrast(&models[5], &models[7], None)],
        },
    ];
    let results = results(factors, models, comparisons);
    let params = params("Detection of basal ganglia hemorrhage on non-contrast head CT", &results);
    inputs(params, results)
}

/// One factor of three levels; one model's interval does not exist.
pub(crate) fn one_factor() -> Inputs {
    let factors = vec![factor("solver.momentum", &["0.5", "0.9", "0.99"])];
    let mut models: Vec<ModelResult> =
        cells(&factors).into_iter().zip([0.7, 0.84, 0.5]).map(|(levels, auc)| model(&factors, levels, auc)).collect();
    models[2].ci = Estimate::Undefined("all scores are equal".into());
    models[2].sound = Estimate::Undefined("all scores are equal".into());
    models[2].se = Estimate::Undefined("all scores are equal".into());
    let rows = [(0, 1, Some((0.012, 0.036))), (0, 2, None), (1, 2, Some((0.3, 0.6)))];
    let rows = rows.map(|(a, b, p)| contrast(&models[a], &models[b], p)).to_vec();
    let asked =
        Comparison { title: "Momentum".into(), factor: "solver.momentum".into(), within: vec![], fixed: BTreeMap::new() };
    let comparison = ComparisonResult { asked, rows, joint: vec![joint(&models, 6.1)] };
    let results = results(factors, models, vec![comparison]);
    let mut params = params("Momentum of the solver", &results);
    params.notes.clear();
    inputs(params, results)
}

/// Names that every form reads as markup.
pub(crate) fn odd_names() -> Inputs {
    let factors = vec![factor("a&b", &["50%_<i>", "x|y{z}"])];
    let models: Vec<ModelResult> =
        cells(&factors).into_iter().zip([0.8, 0.9]).map(|(levels, auc)| model(&factors, levels, auc)).collect();
    let rows = vec![contrast(&models[0], &models[1], Some((0.2, 0.2)))];
    let asked = Comparison { title: "A & B <at 100%>".into(), factor: "a&b".into(), within: vec![], fixed: BTreeMap::new() };
    let comparison = ComparisonResult { asked, rows, joint: vec![] };
    let mut results = results(factors, models, vec![comparison]);
    results.classes = ["no_ne", "l&r", "<right>"].map(String::from).to_vec();
    results.positive = results.classes[1..].to_vec();
    let mut params = params("R&D_100% <b>bold</b>", &results);
    params.notes = vec!["Only 5% of `exams` & *no* <script>".into()];
    inputs(params, results)
}

/// Scores from elsewhere: no design, no training.
pub(crate) fn without_models_known() -> Inputs {
    let mut inputs = factorial();
    inputs.results.factors.clear();
    inputs.results.comparisons.clear();
    inputs.params.methods.clear();
    inputs.curves.clear();
    inputs.records.clear();
    inputs
}

fn inputs(params: Params, results: Results) -> Inputs {
    let trained = || results.models.iter().map(|model| model.name.clone());
    let curves = trained().map(|name| (name.clone(), learning(&results, &name))).collect();
    let records = trained().map(|name| (name.clone(), record(&results, &name))).collect();
    Inputs {
        params,
        curves,
        records,
        results,
        external: BTreeMap::new(),
        proof: None,
        robustness: BTreeMap::new(),
        looks: false,
    }
}

fn factor(name: &str, levels: &[&str]) -> Factor {
    Factor { name: name.to_owned(), levels: levels.iter().map(|level| (*level).to_owned()).collect() }
}

/// Levels of every cell, first factor slowest.
fn cells(factors: &[Factor]) -> Vec<BTreeMap<String, String>> {
    factors.iter().fold(vec![BTreeMap::new()], |cells, factor| {
        let divided = cells.iter().flat_map(|cell| {
            factor.levels.iter().map(move |level| {
                let mut cell = cell.clone();
                cell.insert(factor.name.clone(), level.clone());
                cell
            })
        });
        divided.collect()
    })
}

fn model(factors: &[Factor], levels: BTreeMap<String, String>, auc: f64) -> ModelResult {
    let name = factors.iter().map(|factor| levels[&factor.name].clone()).collect::<Vec<_>>().join("-");
    let se = (auc * (1.0 - auc) / 55.0).sqrt();
    ModelResult {
        levels,
        auc,
        se: Estimate::Defined(se),
        ci: Estimate::Defined([auc - 1.96 * se, (auc + 1.96 * se).min(1.0)]),
        sound: Estimate::Defined(sound(auc, se)),
        roc: steps(auc),
        operating: Estimate::Defined(operating(48, 4)),
        naming: Some(naming()),
        one_vs_rest: ["none", "left", "right"].map(|class| class_area(class, auc)).into(),
        calibration: Some(calibration()),
        mistakes: mistakes(auc),
        trainings: vec![TrainingResult { name: name.clone(), seed: None, auc }],
        spread: None,
        name,
    }
}

fn sound(auc: f64, se: f64) -> SoundInterval {
    match auc {
        1.0 => SoundInterval { limits: [0.935, 1.0], method: IntervalMethod::ExactSeparation },
        _ => {
            let (logit, half) = ((auc / (1.0 - auc)).ln(), 1.96 * se / (auc * (1.0 - auc)));
            let limits = [logit - half, logit + half].map(|logit| 1.0 / (1.0 + (-logit).exp()));
            SoundInterval { limits, method: IntervalMethod::LogitDelong }
        }
    }
}

fn class_area(class: &str, auc: f64) -> ClassArea {
    let area = Area { auc, interval: Estimate::Defined(sound(auc, 0.03)) };
    ClassArea { class: class.into(), area: Estimate::Defined(area) }
}

fn rate(hits: usize, of: usize) -> Estimate<Rate> {
    let value = hits as f64 / of as f64;
    Estimate::Defined(Rate { hits, of, value, ci: [(value - 0.1).max(0.0), (value + 0.1).min(1.0)] })
}

/// Of 55 + 55 exams so many found, and so many called positive for nothing.
fn operating(found: usize, false_alarms: usize) -> Operating {
    let ratio = |value: f64| {
        let ci = Estimate::Defined([value / 2.0, value * 2.0]);
        match value.is_finite() {
            true => Estimate::Defined(Ratio { value, ci }),
            false => Estimate::Undefined("nobody without a finding was called positive".into()),
        }
    };
    let counts = Counts {
        true_positives: found,
        false_positives: false_alarms,
        false_negatives: 55 - found,
        true_negatives: 55 - false_alarms,
    };
    Operating {
        threshold: Some(0.4375),
        tuning: Some(Counts { true_positives: 9, false_positives: 1, false_negatives: 1, true_negatives: 4 }),
        counts,
        sensitivity: rate(found, 55),
        specificity: rate(55 - false_alarms, 55),
        positive_predictive_value: rate(found, found + false_alarms),
        negative_predictive_value: rate(55 - false_alarms, 110 - found - false_alarms),
        positive_likelihood_ratio: ratio(found as f64 / false_alarms as f64),
        negative_likelihood_ratio: ratio((55 - found) as f64 / (55 - false_alarms) as f64),
    }
}

fn naming() -> Naming {
    Naming {
        confusion: vec![vec![53, 1, 1], vec![4, 23, 0], vec![3, 1, 24]],
        rightly_named: vec![rate(53, 55), rate(23, 27), rate(24, 28)],
        accuracy: rate(100, 110),
        side: Some(rate(47, 48)),
    }
}

fn calibration() -> Calibration {
    let bin = |predicted: f64, observed: f64, exams| ReliabilityBin { predicted, observed, exams, ci: [0.0, 1.0] };
    Calibration {
        brier: 0.1234,
        expected_error: 0.0821,
        slope: Estimate::Defined(0.71),
        slope_ci: Estimate::Defined([0.4, 1.02]),
        bins: vec![bin(0.05, 0.1, 50), bin(0.93, 0.85, 60)],
    }
}

/// One exam named wrongly; of the better models none.
fn mistakes(auc: f64) -> Vec<Mistake> {
    let (exam, class) = ("017".into(), "left".into());
    let mistake = Mistake { exam, class, score: 0.125, named: Some("none".into()), called: Some(false) };
    if auc < 0.95 { vec![mistake] } else { vec![] }
}

fn joint(models: &[ModelResult], statistic: f64) -> JointTest {
    let test = Estimate::Defined(ChiSquare { statistic, degrees: models.len() - 1, p: 0.047 });
    JointTest { models: models.iter().map(|model| model.name.clone()).collect(), test }
}

/// The factorial study with all that a spec can ask for beside the design.
pub(crate) fn with_everything() -> Inputs {
    let mut inputs = factorial();
    let results = &mut inputs.results;
    let mut reader = ModelResult {
        name: "Radiologist 1".into(),
        levels: BTreeMap::new(),
        naming: None,
        one_vs_rest: vec![],
        calibration: None,
        trainings: vec![],
        operating: Estimate::Defined(operating(50, 0)),
        ..results.models[1].clone()
    };
    results.reader_contrasts = vec![contrast(&reader, &results.models[7], Some((0.03, 0.06)))];
    results.readers.push(reader.clone());
    reader.name = "Radiologist 2".into();
    reader.operating = Estimate::Undefined("a reader's graded scores come without a threshold".into());
    results.reader_contrasts.push(contrast(&reader, &results.models[7], None));
    results.readers.push(reader);
    let area = |model: &ModelResult| Estimate::Defined(Area { auc: model.auc, interval: model.sound.clone() });
    let group =
        |name: &str, against, n_positive, areas| GroupResult { name: name.into(), against, n_positive, n_negative: 55, areas };
    let areas = || results.models.iter().map(area).collect();
    let none = vec![Estimate::Undefined("none of the 55 subjects is a case".into()); results.models.len()];
    let groups = vec![group("below 1.5", Against::AllNegative, 20, areas()), group("1.5 and above", Against::Within, 0, none)];
    results.subgroups = vec![SubgroupResult { by: "diameter_cm".into(), groups }];
    let canary = |name: &str, auc: f64| CanaryResult { name: name.into(), auc, interval: Estimate::Defined(sound(auc, 0.05)) };
    results.canaries = vec![canary("none-alexnet-untrained", 0.52), canary("x48-alexnet-untrained", 0.81)];
    let seeds = ["1", "2"].map(|seed| TrainingResult {
        name: format!("none-alexnet-untrained-{seed}"),
        seed: Some(seed.into()),
        auc: 0.8,
    });
    results.models[0].trainings = seeds.into();
    results.models[0].spread = Some(Spread { mean: 0.8, sd: 0.021, lowest: 0.779, highest: 0.821 });
    inputs.external = [("elsewhere".to_owned(), factorial().results)].into();
    inputs.proof = Some(proof());
    inputs.looks = true;
    inputs.params.looks = [(looks::MODEL.to_owned(), looks::look())].into();
    let (change, changed) = looks::robustness(&inputs.results);
    inputs.robustness = [(change.slug(), changed)].into();
    inputs.params.changes = vec![change];
    inputs.params.excluded = vec![("motion artefacts".into(), 3), ("slices thicker than 6 mm".into(), 12)];
    inputs.params.claim = [(14, "Consensus of two radiologists.".to_owned()), (44, "None.".to_owned())].into();
    inputs
}

fn proof() -> Disjoint {
    let part =
        |name: &str, patients, exams, images| PartProof { name: name.into(), patients, exams, images, compared: images - 2 };
    let overlap = Overlap {
        part_a: "train".into(),
        exam_a: "017".into(),
        slice_a: 3,
        part_b: "test".into(),
        exam_b: "103".into(),
        slice_b: 4,
        exact: false,
        likeness: 0.9631,
        acknowledged: true,
    };
    Disjoint {
        near: Some(0.95),
        parts: vec![part("test", 109, 110, 540), part("train", 45, 45, 231), part("tune", 15, 15, 76)],
        shared_patients: vec![],
        overlaps: vec![overlap],
    }
}

/// A staircase of 55 positive exams that bends like a curve of this area.
fn steps(auc: f64) -> Vec<RocPoint> {
    let bend = 1.0 / auc - 1.0;
    let found = |negatives: usize| (55.0 * (negatives as f64 / 55.0).powf(bend)).round() / 55.0;
    let start = RocPoint { threshold: None, false_positive_rate: 0.0, true_positive_rate: 0.0 };
    let at = |negatives: usize, rate: f64| RocPoint {
        threshold: Some(1.0 - negatives as f64 / 55.0),
        false_positive_rate: negatives as f64 / 55.0,
        true_positive_rate: rate,
    };
    let stairs = (0..55).flat_map(|negatives| [at(negatives, found(negatives + 1)), at(negatives + 1, found(negatives + 1))]);
    [start].into_iter().chain(stairs).collect()
}

fn contrast(a: &ModelResult, b: &ModelResult, p: Option<(f64, f64)>) -> Contrast {
    let why = "the variance of the difference is 0";
    let estimate = |value: Option<f64>| value.map_or(Estimate::Undefined(why.to_owned()), Estimate::Defined);
    let (difference, se) = (a.auc - b.auc, p.map(|_| 0.031));
    Contrast {
        a: a.name.clone(),
        b: b.name.clone(),
        difference,
        se: estimate(se),
        ci: se
            .map_or(Estimate::Undefined(why.into()), |se| Estimate::Defined([difference - 1.96 * se, difference + 1.96 * se])),
        z: estimate(se.map(|se| difference / se)),
        p: estimate(p.map(|p| p.0)),
        p_holm: estimate(p.map(|p| p.1)),
        note: None,
        sensitivity: paired(),
        specificity: Estimate::Undefined("one of the two has no operating point".into()),
    }
}

fn paired() -> Estimate<PairedRate> {
    Estimate::Defined(PairedRate { a: 0.8, b: 0.9, only_a: 2, only_b: 8, ci: Estimate::Defined([-0.21, 0.01]), p: 0.109 })
}

fn results(factors: Vec<Factor>, models: Vec<ModelResult>, comparisons: Vec<ComparisonResult>) -> Results {
    Results {
        classes: ["none", "left", "right"].map(String::from).to_vec(),
        positive: ["left", "right"].map(String::from).to_vec(),
        aggregate: "mean".into(),
        operating_rule: "the largest Youden index, of equals the most sensitive".into(),
        level: 0.95,
        n_positive: 55,
        n_negative: 55,
        factors,
        joint: (models.len() > 1).then(|| joint(&models, 21.7)),
        models,
        readers: vec![],
        comparisons,
        reader_contrasts: vec![],
        subgroups: vec![],
        canaries: vec![],
    }
}

fn params(title: &str, results: &Results) -> Params {
    let exams = |counts: [usize; 3]| results.classes.iter().cloned().zip(counts).collect();
    let partition = |name: &str, counts, images| Partition { name: name.into(), exams: exams(counts), images: Some(images) };
    Params {
        title: title.into(),
        name: "basal-ganglia-hemorrhage".into(),
        notes: vec!["Reduced: networks at an eighth of their width, 12 epochs, a rendered cohort.".into()],
        seed: 2017,
        cohort: CohortSummary {
            source: "The 170 exams were rendered by a software phantom; no patient data were used.".into(),
            partitions: vec![
                partition("Training", [15, 15, 15], 231),
                partition("Tuning", [5, 5, 5], 76),
                partition("Test", [55, 27, 28], 540),
            ],
            division: String::new(),
        },
        methods: results.models.iter().map(|model| (model.name.clone(), methods(results, model))).collect(),
        looks: BTreeMap::new(),
        changes: vec![],
        excluded: vec![],
        paper: Default::default(),
        claim: BTreeMap::new(),
    }
}

fn methods(results: &Results, model: &ModelResult) -> ModelMethods {
    let is = |factor: &str, level: &str| model.levels.get(factor).is_some_and(|its| its == level);
    let (googlenet, pretrained) = (is("network", "googlenet"), is("weights", "pretrained"));
    let window = Window { width: 80.0, level: 35.0 };
    let recipe = Recipe {
        windows: vec![window, Window { width: 220.0, level: 95.0 }, Window { width: 27.0, level: 33.0 }],
        geometry: vec![Geometry::Identity, Geometry::Zoom(1.1), Geometry::Rotate(15.0), Geometry::Rotate(30.0)],
        filter: vec![vec![], vec![Filter::Blur(2.0)], vec![Filter::Sharpen], vec![Filter::Blur(2.0), Filter::Sharpen]],
    };
    ModelMethods {
        images: ImageMethods { size: 256, window, fit: Fit::Squash },
        augment: is("augment", "x48").then_some(recipe),
        train: train::Params {
            network: train::Network {
                name: if googlenet { "googlenet" } else { "alexnet" }.into(),
                width: 0.125,
                crop: if googlenet { 224 } else { 227 },
            },
            classes: results.classes.clone(),
            epochs: if googlenet { 40 } else { 90 },
            batch: if googlenet { 32 } else { 128 },
            start: if pretrained { train::Start::File { classifiers: Classifiers::Fresh } } else { train::Start::Untrained },
            solver: train::Solver {
                learning_rate: if pretrained { 0.001 } else { 0.01 },
                rule: train::Rule::Sgd {
                    momentum: model.levels.get("solver.momentum").and_then(|level| level.parse().ok()).unwrap_or(0.9),
                },
                schedule: train::Schedule::Step { share: 0.33, gamma: 0.5 },
                warm_up: 0.0,
                weight_decay: 0.0005,
                clip: None,
            },
            select: train::Select::TuneLoss,
            patience: None,
            sampling: train::Sampling::Reshuffle,
            matched: None,
            mirror: None,
            precision: train::Precision::Fp32,
        },
        pretrain: None,
        predict: predict::Params { eval: predict::Eval::CenterCrop },
    }
}

fn fresh(layer: &str) -> Left {
    Left { name: layer.into(), reason: "a classifier starts anew".into() }
}

fn record(results: &Results, name: &str) -> TrainingRecord {
    let model = results.model(name).expect("a model of the fixture");
    let is = |factor: &str, level: &str| model.levels.get(factor).is_some_and(|its| its == level);
    let (googlenet, images) = (is("network", "googlenet"), if is("augment", "x48") { 11_088 } else { 231 });
    let (epochs, batch) = if googlenet { (40, 32) } else { (90, 128) };
    let pretrained = is("weights", "pretrained");
    TrainingRecord {
        network: if googlenet { "googlenet" } else { "alexnet" }.into(),
        parameters: if googlenet { 10_318_655 } else { 56_880_515 },
        start: if pretrained { "bvlc.caffemodel" } else { "untrained" }.into(),
        pretraining: None,
        images,
        planned_epochs: epochs,
        epochs,
        updates: epochs * usize::div_ceil(images, batch),
        best_epoch: epochs / 2,
        best_tune_loss: 1.0 - model.auc * 0.8,
        loaded: vec![],
        reinitialised: if pretrained { vec![fresh("fc8")] } else { vec![] },
        ignored: vec![],
    }
}

fn learning(results: &Results, name: &str) -> Curves {
    let (record, auc) = (record(results, name), results.model(name).expect("a model of the fixture").auc);
    let epoch = |epoch: usize| {
        let gone = epoch as f64 / record.epochs as f64;
        Curve {
            epoch,
            updates: record.updates * epoch / record.epochs,
            learning_rate: 0.01,
            train_loss: (epoch > 0).then_some((-6.0 * gone).exp()),
            tune_loss: 1.0986 - auc * (1.0 - (-5.0 * gone).exp()) + 0.02 * (epoch as f64 * 1.7).sin() * gone,
            tune_accuracy: 0.333 + (auc - 0.35) * (1.0 - (-6.0 * gone).exp()),
        }
    };
    Curves((0..=record.epochs).map(epoch).collect())
}
