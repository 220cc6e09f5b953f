//! What must hold on every data set: the sorted integer forms against the definitions term by term, and invariances.

use std::sync::Arc;

use proptest::prelude::*;

use super::{
    Axis, Band, Clustered, Clusters, Exchange, Joint, Level, Pair, Placements, Reference, Roc, Scores, Venkatraman, auc,
    benjamini_hochberg, benjamini_yekutieli, bonferroni, delong, hochberg, holm, partial_area,
};
use crate::seed::Seed;

/// Two scores a subject; few values, so that most are tied.
#[derive(Debug, Clone)]
struct Study {
    is_case: Vec<bool>,
    scores: [Vec<f64>; 2],
}

impl Study {
    fn curves(&self) -> [Placements; 2] {
        let reference = Arc::new(Reference::new(self.is_case.clone()).unwrap());
        self.scores.each_ref().map(|scores| Placements::of(&Scores::new(&reference, scores).unwrap()))
    }

    fn of_class(&self, curve: usize, case: bool) -> Vec<f64> {
        let subjects = self.scores[curve].iter().zip(&self.is_case);
        subjects.filter(|&(_, &is_case)| is_case == case).map(|(&score, _)| score).collect()
    }

    /// V₁₀ of the cases and V₀₁ of the controls, as DeLong et al. define them.
    fn components(&self, curve: usize) -> [Vec<f64>; 2] {
        let (cases, controls) = (self.of_class(curve, true), self.of_class(curve, false));
        let of_case = |x: &f64| controls.iter().map(|y| psi(*x, *y)).sum::<f64>() / controls.len() as f64;
        let of_control = |y: &f64| cases.iter().map(|x| psi(*x, *y)).sum::<f64>() / cases.len() as f64;
        [cases.iter().map(of_case).collect(), controls.iter().map(of_control).collect()]
    }

    fn permuted(&self, order: &[usize]) -> Self {
        let by_order = |scores: &Vec<f64>| order.iter().map(|&subject| scores[subject]).collect();
        Self {
            is_case: order.iter().map(|&subject| self.is_case[subject]).collect(),
            scores: self.scores.each_ref().map(by_order),
        }
    }
}

fn psi(x: f64, y: f64) -> f64 {
    if x > y { 1.0 } else { f64::from(u8::from(x == y)) / 2.0 }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Covariance of two means over the same subjects.
fn covariance_of_means(r: &[f64], s: &[f64]) -> f64 {
    let (mean_r, mean_s) = (mean(r), mean(s));
    let products: f64 = r.iter().zip(s).map(|(r, s)| (r - mean_r) * (s - mean_s)).sum();
    products / (r.len() as f64 - 1.0) / r.len() as f64
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![8 => (-4i8..5).prop_map(f64::from), 2 => -4.0..5.0f64, 1 => Just(f64::INFINITY), 1 => Just(f64::NEG_INFINITY)]
}

fn study() -> impl Strategy<Value = Study> {
    study_below(12)
}

/// Fewer than `most` cases, and controls.
fn study_below(most: usize) -> impl Strategy<Value = Study> {
    (2..most, 2..most).prop_flat_map(|(cases, controls)| {
        let all = cases + controls;
        let classes: Vec<bool> = (0..all).map(|subject| subject < cases).collect();
        let scores = || prop::collection::vec(score(), all);
        (Just(classes).prop_shuffle(), scores(), scores()).prop_map(|(is_case, a, b)| Study { is_case, scores: [a, b] })
    })
}

fn study_and_order() -> impl Strategy<Value = (Study, Vec<usize>)> {
    study().prop_flat_map(|study| {
        let order: Vec<usize> = (0..study.is_case.len()).collect();
        (Just(study), Just(order).prop_shuffle())
    })
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-14 + 1e-12 * b.abs()
}

proptest! {
    #[test]
    fn auc_is_mann_whitney_over_all_pairs(study in study()) {
        let (cases, controls) = (study.of_class(0, true), study.of_class(0, false));
        let wins: f64 = cases.iter().flat_map(|x| controls.iter().map(|y| psi(*x, *y))).sum();
        prop_assert_eq!(auc(&study.curves()[0]), wins / (cases.len() * controls.len()) as f64);
    }

    #[test]
    fn covariance_is_delongs_definition(study in study()) {
        let [a, b] = study.curves();
        let (of_a, of_b) = (study.components(0), study.components(1));
        let defined = covariance_of_means(&of_a[0], &of_b[0]) + covariance_of_means(&of_a[1], &of_b[1]);
        prop_assert!(close(delong::covariance(&Pair::new(&a, &b).unwrap()).unwrap(), defined));
        let defined = covariance_of_means(&of_a[0], &of_a[0]) + covariance_of_means(&of_a[1], &of_a[1]);
        prop_assert!(close(delong::variance(&a).unwrap(), defined));
    }

    #[test]
    fn variance_of_the_difference_is_the_sum_less_twice_the_covariance(study in study()) {
        let [a, b] = study.curves();
        let pair = Pair::new(&a, &b).unwrap();
        let covariance = delong::covariance(&pair).unwrap();
        let sum = delong::variance(&a).unwrap() + delong::variance(&b).unwrap() - 2.0 * covariance;
        prop_assert!(close(pair.variance().unwrap(), sum));
        prop_assert!(close(pair.difference(), auc(&a) - auc(&b)));
    }

    #[test]
    fn increasing_maps_change_nothing(study in study()) {
        let mapped = Study { scores: study.scores.clone().map(|scores| scores.into_iter().map(|x| x.atan() * 3.0 - 1.0).collect()), ..study.clone() };
        prop_assert_eq!(study.curves(), mapped.curves());
    }

    #[test]
    fn the_order_of_subjects_changes_no_bit((study, order) in study_and_order()) {
        let ([a, b], [c, d]) = (study.curves(), study.permuted(&order).curves());
        let (before, after) = (Pair::new(&a, &b).unwrap(), Pair::new(&c, &d).unwrap());
        prop_assert_eq!(auc(&a), auc(&c));
        prop_assert_eq!(delong::variance(&a), delong::variance(&c));
        prop_assert_eq!((before.difference(), before.test()), (after.difference(), after.test()));
    }

    #[test]
    fn swapping_the_curves_negates_the_difference(study in study()) {
        let [a, b] = study.curves();
        let (forth, back) = (Pair::new(&a, &b).unwrap(), Pair::new(&b, &a).unwrap());
        prop_assert_eq!(forth.difference(), -back.difference());
        prop_assert_eq!(forth.test().map(|test| (test.z, test.p, test.basis)), back.test().map(|test| (-test.z, test.p, test.basis)));
        let level = Level::new(0.95).unwrap();
        prop_assert_eq!(
            forth.interval(level).map(|i| (i.lower, i.upper)),
            back.interval(level).map(|i| (-i.upper, -i.lower))
        );
    }

    #[test]
    fn swapping_the_classes_mirrors_the_curve(study in study()) {
        let swapped = Study { is_case: study.is_case.iter().map(|case| !case).collect(), ..study.clone() };
        let (a, b) = (&study.curves()[0], &swapped.curves()[0]);
        prop_assert!(close(auc(a), 1.0 - auc(b)));
        prop_assert_eq!(delong::variance(a), delong::variance(b));
    }

    #[test]
    fn the_area_is_the_trapezoids_under_the_points(study in study()) {
        let reference = Arc::new(Reference::new(study.is_case.clone()).unwrap());
        let scores = Scores::new(&reference, &study.scores[0]).unwrap();
        let points = Roc::of(&scores).points;
        let doubled: usize = points.windows(2).map(|p| (p[1].false_positives - p[0].false_positives) * (p[0].true_positives + p[1].true_positives)).sum();
        prop_assert_eq!(auc(&Placements::of(&scores)), doubled as f64 / (2 * reference.cases() * reference.controls()) as f64);
    }

    #[test]
    fn one_unit_a_cluster_is_delong((study, order) in study_and_order()) {
        let [a, b] = study.curves();
        let (pair, clusters) = (Pair::new(&a, &b).unwrap(), Clusters::new(&order));
        let [of_a, of_b] = [&a, &b].map(|curve| Clustered::of(curve, &clusters).unwrap());
        prop_assert!(close(of_a.variance().unwrap(), delong::variance(&a).unwrap()));
        prop_assert!(close(of_a.covariance(&of_b).unwrap(), delong::covariance(&pair).unwrap()));
        prop_assert!(close(pair.clustered(&clusters).unwrap().variance().unwrap(), pair.variance().unwrap()));
    }

    #[test]
    fn clustered_variance_of_the_difference_is_the_sum_less_twice_the_covariance((study, order) in study_and_order()) {
        let [a, b] = study.curves();
        // Pairs of subjects, whichever they are.
        let clusters = Clusters::new(&order.iter().map(|place| place / 2).collect::<Vec<_>>());
        let [of_a, of_b] = [&a, &b].map(|curve| Clustered::of(curve, &clusters).unwrap());
        let difference = Pair::new(&a, &b).unwrap().clustered(&clusters).unwrap().variance();
        let Ok(covariance) = of_a.covariance(&of_b) else { return Ok(()) };
        prop_assert!(close(difference.unwrap(), of_a.variance().unwrap() + of_b.variance().unwrap() - 2.0 * covariance));
    }

    #[test]
    fn the_whole_axis_holds_the_whole_area(study in study()) {
        let reference = Arc::new(Reference::new(study.is_case.clone()).unwrap());
        let scores = Scores::new(&reference, &study.scores[0]).unwrap();
        for axis in [Axis::Specificity, Axis::Sensitivity] {
            let area = partial_area(&Roc::of(&scores), &Band::new(axis, 0.0, 1.0).unwrap());
            prop_assert!(close(area, auc(&Placements::of(&scores))));
        }
    }

    #[test]
    fn influences_add_up_to_nothing_and_their_squares_to_the_variance(study in study()) {
        let curve = &study.curves()[0];
        let influences = curve.influences();
        prop_assert!(influences.iter().sum::<f64>().abs() < 1e-13);
        // DeLong divides by one less in each class.
        let inflated = |case: bool, count: usize| {
            let of_class = influences.iter().zip(&study.is_case).filter(|&(_, &is_case)| is_case == case);
            of_class.map(|(influence, _)| influence * influence).sum::<f64>() * count as f64 / (count - 1) as f64
        };
        let reference = curve.reference();
        let sum = inflated(true, reference.cases()) + inflated(false, reference.controls());
        prop_assert!(close(sum, delong::variance(curve).unwrap()));
    }

    #[test]
    fn exchanging_the_curves_changes_no_permutation_test(study in study_below(6)) {
        let reference = Arc::new(Reference::new(study.is_case.clone()).unwrap());
        let [a, b] = study.scores.each_ref().map(|scores| Scores::new(&reference, scores).unwrap());
        let test = |first, second| Exchange::new(first, second).unwrap().test(&Seed::root(1), 50);
        prop_assert_eq!(test(&a, &b), test(&b, &a));
        let curves = |first, second| Venkatraman::new(first, second).unwrap().statistic();
        prop_assert_eq!(curves(&a, &b), curves(&b, &a));
    }

    #[test]
    fn the_order_of_contrasts_changes_no_joint_test(study in study()) {
        let [a, b] = study.curves();
        let c = Study { scores: [study.scores[0].iter().map(|x| x.abs()).collect(), study.scores[1].clone()], ..study.clone() };
        let [c, _] = c.curves();
        let test = |first, others: [_; 2]| Joint::new(first, &others).unwrap().test();
        let (forth, back) = (test(&a, [&b, &c]), test(&c, [&b, &a]));
        prop_assert_eq!(forth.map(|test| test.rank), back.map(|test| test.rank));
        if let (Ok(forth), Ok(back)) = (forth, back) {
            prop_assert!((forth.statistic - back.statistic).abs() <= 1e-8 * (1.0 + back.statistic), "{:?} {:?}", forth, back);
        }
    }

    #[test]
    fn adjustments_keep_the_order_and_are_ordered_themselves(p in prop::collection::vec(0.0..=1.0f64, 1..12)) {
        let [bonferroni, holm, hochberg] = [bonferroni(&p), holm(&p), hochberg(&p)];
        let [hochbergs_rate, yekutielis_rate] = [benjamini_hochberg(&p), benjamini_yekutieli(&p)];
        let below = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| *a <= b * (1.0 + 1e-15));
        prop_assert!(below(&holm, &bonferroni) && below(&hochberg, &holm) && below(&hochbergs_rate, &hochberg));
        prop_assert!(below(&hochbergs_rate, &yekutielis_rate) && below(&p, &hochbergs_rate));
        let pairs = || (0..p.len()).flat_map(|i| (0..p.len()).map(move |j| (i, j))).filter(|&(i, j)| p[i] < p[j]);
        prop_assert!(pairs().all(|(i, j)| holm[i] <= holm[j] && yekutielis_rate[i] <= yekutielis_rate[j]));
    }
}
