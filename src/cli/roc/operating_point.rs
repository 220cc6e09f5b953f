//! What a score decides where it is cut: the counts, and the shares that are made of them.

use serde::Serialize;

use super::curve::limits;
use super::method::Method;
use super::rule::Rule;
use super::sample::{Ranking, Rankings};
use super::study::Score;
use super::threshold::Threshold;
use crate::stats::decision::{
    LikelihoodRatio, OperatingPoint as Chosen, OperatingPoints, Table2x2, negative_predictive_value, positive_predictive_value,
};
use crate::stats::proportion::Proportion;
use crate::stats::{Interval, Roc, Undefined};

/// Where a threshold was chosen that also judges the subjects it was chosen on.
pub(super) const THESE_SUBJECTS: &str = "these subjects";

/// What is said about one threshold of one curve; its form is a contract. What does not exist is null.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct OperatingPoint {
    /// The level of `--by` that it belongs to.
    pub(super) group: Option<String>,
    pub(super) name: String,
    /// How the threshold was found, as it is written on the command line.
    pub(super) rule: String,
    /// `these subjects` (optimistic: they were also judged by it), `given`, or the table that it was chosen on.
    pub(super) chosen_on: String,
    pub(super) threshold: Option<Threshold>,
    /// Thresholds that the rule likes as well; the one that misses fewest cases is used.
    pub(super) ties: Option<usize>,
    pub(super) true_positives: Option<usize>,
    pub(super) false_positives: Option<usize>,
    pub(super) false_negatives: Option<usize>,
    pub(super) true_negatives: Option<usize>,
    pub(super) sensitivity: Option<f64>,
    pub(super) sensitivity_low: Option<f64>,
    pub(super) sensitivity_high: Option<f64>,
    pub(super) specificity: Option<f64>,
    pub(super) specificity_low: Option<f64>,
    pub(super) specificity_high: Option<f64>,
    /// Of the predictive values; null where it is that of the subjects.
    pub(super) prevalence: Option<f64>,
    pub(super) ppv: Option<f64>,
    pub(super) ppv_low: Option<f64>,
    pub(super) ppv_high: Option<f64>,
    pub(super) npv: Option<f64>,
    pub(super) npv_low: Option<f64>,
    pub(super) npv_high: Option<f64>,
    pub(super) lr_positive: Option<f64>,
    pub(super) lr_positive_low: Option<f64>,
    pub(super) lr_positive_high: Option<f64>,
    pub(super) lr_negative: Option<f64>,
    pub(super) lr_negative_low: Option<f64>,
    pub(super) lr_negative_high: Option<f64>,
    /// Why something is null.
    pub(super) undefined: Option<String>,
}

/// Every rule on every curve of `rankings`; thresholds come from the curve of the same name in `tuning` where there is one.
pub(super) fn all(rankings: &Rankings, tuning: Option<&Rankings>, method: &Method) -> Vec<OperatingPoint> {
    let rules = &method.arguments.operating_point;
    let chosen_on = match &method.arguments.tuning {
        Some(path) if tuning.is_some() => path.display().to_string(),
        _ => THESE_SUBJECTS.to_owned(),
    };
    let sources: Vec<_> = tuning.unwrap_or(rankings).curves().collect();
    let of_curve = |((score, ranking), source)| rules.iter().map(move |rule| (score, ranking, source, *rule));
    let points = rankings.curves().zip(sources).flat_map(of_curve).map(|(score, ranking, (_, source), rule)| {
        let mut point = OperatingPoint {
            group: rankings.study().level.clone(),
            name: score.name.clone(),
            rule: rule.to_string(),
            chosen_on: if matches!(rule, Rule::Threshold(_)) { "given".to_owned() } else { chosen_on.clone() },
            ..OperatingPoint::default()
        };
        match (ranking, source) {
            (Ok(ranking), Ok(source)) => point.decide(score, ranking, source, rule, method),
            (Err(why), _) | (_, Err(why)) => point.undefined = Some(why.clone()),
        }
        point
    });
    points.collect()
}

impl OperatingPoint {
    fn decide(&mut self, score: &Score, ranking: &Ranking, source: &Ranking, rule: Rule, method: &Method) {
        let (threshold, ties) = cut(rule, source, score);
        self.threshold = Some(Threshold::of(score, threshold));
        self.ties = ties;
        let table = Table2x2::at(&ranking.scores, threshold);
        self.true_positives = Some(table.true_positives);
        self.false_positives = Some(table.false_positives);
        self.false_negatives = Some(table.false_negatives);
        self.true_negatives = Some(table.true_negatives);
        self.rates(&table, method);
        self.predictive_values(&table, method);
        self.likelihood_ratios(&table, method);
    }

    fn rates(&mut self, table: &Table2x2, method: &Method) {
        [self.sensitivity, self.sensitivity_low, self.sensitivity_high] = self.share(table.sensitivity(), method);
        [self.specificity, self.specificity_low, self.specificity_high] = self.share(table.specificity(), method);
    }

    fn predictive_values(&mut self, table: &Table2x2, method: &Method) {
        self.prevalence = method.prevalence.map(|prevalence| prevalence.share());
        let Some(prevalence) = method.prevalence else {
            [self.ppv, self.ppv_low, self.ppv_high] = self.share(table.positive_predictive_value(), method);
            [self.npv, self.npv_low, self.npv_high] = self.share(table.negative_predictive_value(), method);
            return;
        };
        let ppv = positive_predictive_value(table, prevalence);
        let npv = negative_predictive_value(table, prevalence);
        [self.ppv, self.ppv_low, self.ppv_high] =
            self.estimate(ppv.map(|ppv| ppv.value), ppv.and_then(|ppv| ppv.interval(method.level)));
        [self.npv, self.npv_low, self.npv_high] =
            self.estimate(npv.map(|npv| npv.value), npv.and_then(|npv| npv.interval(method.level)));
    }

    fn likelihood_ratios(&mut self, table: &Table2x2, method: &Method) {
        let interval = |ratio: LikelihoodRatio| ratio.interval(method.level);
        let (positive, negative) = (LikelihoodRatio::positive(table), LikelihoodRatio::negative(table));
        [self.lr_positive, self.lr_positive_low, self.lr_positive_high] =
            self.estimate(positive.and_then(|ratio| ratio.value()), positive.and_then(interval));
        [self.lr_negative, self.lr_negative_low, self.lr_negative_high] =
            self.estimate(negative.and_then(|ratio| ratio.value()), negative.and_then(interval));
    }

    fn share(&mut self, share: Result<Proportion, Undefined>, method: &Method) -> [Option<f64>; 3] {
        self.estimate(share.map(|share| share.estimate()), share.map(|share| method.proportion(share)))
    }

    /// Value and limits, noting why one is missing.
    fn estimate(&mut self, value: Result<f64, Undefined>, interval: Result<Interval, Undefined>) -> [Option<f64>; 3] {
        if let Err(why) = value.and(interval.map(|_| ())) {
            self.undefined.get_or_insert_with(|| why.to_string());
        }
        let (low, high) = limits(interval.ok());
        [value.ok(), low, high]
    }
}

/// The threshold, higher being more suspicious, and how many others the rule likes as well.
fn cut(rule: Rule, source: &Ranking, score: &Score) -> (Option<f64>, Option<usize>) {
    let roc = Roc::of(&source.scores);
    let best = |points: OperatingPoints| (points.most_sensitive().threshold, Some(points.ties().len() - 1));
    let reached = |point: Option<Chosen>| (point.and_then(|point| point.threshold), None);
    match rule {
        Rule::Youden => best(OperatingPoints::youden(&roc)),
        Rule::Closest => best(OperatingPoints::closest_to_corner(&roc)),
        Rule::Sensitivity(rate) => reached(Chosen::at_sensitivity(&roc, rate).ok()),
        Rule::Specificity(rate) => reached(Chosen::at_specificity(&roc, rate).ok()),
        Rule::Threshold(threshold) => (Some(score.in_table_units(threshold)), None),
    }
}
