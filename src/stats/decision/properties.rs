//! What holds for decisions on every data set.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::stats::proportion::PairedProportions;
use crate::stats::{Level, Probabilities, Reference, Roc, Scores};

/// Classes and scores with many ties; a case and a control at least.
fn scores() -> impl Strategy<Value = Scores> {
    (1usize..15, 1usize..15).prop_flat_map(|(cases, controls)| {
        let classes: Vec<bool> = (0..cases + controls).map(|subject| subject < cases).collect();
        let scores = prop::collection::vec((0u8..12).prop_map(|score| f64::from(score) / 11.0), cases + controls);
        (Just(classes).prop_shuffle(), scores)
            .prop_map(|(classes, scores)| Scores::new(&Arc::new(Reference::new(classes).unwrap()), &scores).unwrap())
    })
}

fn confusion() -> impl Strategy<Value = Confusion> {
    (2usize..5).prop_flat_map(|classes| {
        prop::collection::vec((0..classes, 0..classes), 1..60).prop_map(move |pairs| Confusion::count(classes, pairs).unwrap())
    })
}

fn transposed(confusion: &Confusion) -> Confusion {
    let k = confusion.classes();
    let cells = (0..k).flat_map(|i| (0..k).map(move |j| (i, j)));
    Confusion::count(k, cells.flat_map(|(i, j)| std::iter::repeat_n((j, i), confusion.get(i, j)))).unwrap()
}

proptest! {
    #[test]
    fn every_point_of_a_curve_is_its_thresholds_decision(scores in scores()) {
        let roc = Roc::of(&scores);
        for point in &roc.points {
            let table = Table2x2::at(&scores, point.threshold);
            prop_assert_eq!((table.true_positives, table.false_positives), (point.true_positives, point.false_positives));
        }
    }

    #[test]
    fn a_chosen_threshold_does_on_its_own_data_what_it_was_chosen_for(scores in scores(), rate in 0.0..=1.0f64) {
        let roc = Roc::of(&scores);
        let sensitive = OperatingPoint::at_sensitivity(&roc, rate).unwrap();
        let specific = OperatingPoint::at_specificity(&roc, rate).unwrap();
        prop_assert!(sensitive.chosen_on.sensitivity().unwrap().estimate() >= rate);
        prop_assert!(specific.chosen_on.specificity().unwrap().estimate() >= rate);
        let best = [OperatingPoints::youden(&roc), OperatingPoints::closest_to_corner(&roc)];
        for point in best.iter().flat_map(OperatingPoints::ties).chain([&sensitive, &specific]) {
            prop_assert_eq!(point.apply(&scores), point.chosen_on);
        }
    }

    #[test]
    fn no_point_beats_youdens(scores in scores()) {
        let roc = Roc::of(&scores);
        let merit = |table: &Table2x2| {
            let (m, n) = (scores.reference().cases(), scores.reference().controls());
            table.true_positives * n + table.true_negatives * m
        };
        let best = OperatingPoints::youden(&roc);
        let merits: Vec<usize> = roc.points.iter().map(|point| merit(&Table2x2::at(&scores, point.threshold))).collect();
        prop_assert!(best.ties().iter().all(|point| Some(&merit(&point.chosen_on)) == merits.iter().max()));
        prop_assert_eq!(best.ties().len(), merits.iter().filter(|merit| Some(*merit) == merits.iter().max()).count());
    }

    #[test]
    fn treating_from_no_risk_on_is_treating_everybody(scores in scores(), values in prop::collection::vec(0.0..=1.0f64, 30)) {
        let reference = scores.reference();
        let probabilities = Probabilities::new(reference, &values[..reference.subjects()]).unwrap();
        let at_zero = &decision_curve(&probabilities, &[0.0]).unwrap()[0];
        let prevalence = reference.cases() as f64 / reference.subjects() as f64;
        prop_assert_eq!((at_zero.model, at_zero.all), (prevalence, prevalence));
        for risk in [-0.1, 1.0, f64::NAN] {
            prop_assert!(decision_curve(&probabilities, &[risk]).is_err());
        }
    }

    #[test]
    fn mcnemars_tests_do_not_mind_the_order(only_first in 0usize..300, only_second in 0usize..300) {
        let counts = PairedProportions { only_first, only_second, ..PairedProportions::default() };
        prop_assert_eq!(mcnemar::exact(&counts), mcnemar::exact(&counts.swapped()));
        prop_assert_eq!(mcnemar::mid_p(&counts), mcnemar::mid_p(&counts.swapped()));
        prop_assert_eq!(mcnemar::asymptotic(&counts), mcnemar::asymptotic(&counts.swapped()));
        let (mid, exact) = (mcnemar::mid_p(&counts), mcnemar::exact(&counts));
        prop_assert!(0.0 < mid && mid <= exact && exact <= 1.0);
        if let (Ok(plain), Ok(corrected)) = (mcnemar::asymptotic(&counts), mcnemar::corrected(&counts)) {
            prop_assert!(plain.p <= corrected.p);
        }
    }

    #[test]
    fn kappa_lies_between_minus_one_and_one(confusion in confusion()) {
        for weights in [Weights::Unweighted, Weights::Linear, Weights::Quadratic] {
            let (kappa, transposed) = (Kappa::of(&confusion, weights), Kappa::of(&transposed(&confusion), weights));
            let Ok(kappa) = kappa else {
                prop_assert_eq!(kappa, transposed);
                continue;
            };
            prop_assert!((-1.0 - 1e-12..=1.0 + 1e-12).contains(&kappa.value), "{kappa:?}");
            prop_assert!((kappa.value - transposed.unwrap().value).abs() < 1e-12);
            prop_assert!(kappa.variance >= 0.0 && kappa.interval(Level::new(0.9).unwrap()).lower <= kappa.value);
        }
    }

    #[test]
    fn with_two_classes_all_weights_are_alike(counts in prop::array::uniform4(0usize..40)) {
        let [true_positives, false_positives, false_negatives, true_negatives] = counts;
        let confusion = Confusion::from(Table2x2 { true_positives, false_positives, false_negatives, true_negatives });
        let plain = Kappa::of(&confusion, Weights::Unweighted);
        prop_assert_eq!(plain, Kappa::of(&confusion, Weights::Linear));
        prop_assert_eq!(plain, Kappa::of(&confusion, Weights::Quadratic));
        if let Ok(correlation) = matthews(&confusion) {
            prop_assert!((-1.0 - 1e-12..=1.0 + 1e-12).contains(&correlation));
        }
    }

    #[test]
    fn likelihood_ratios_turn_over_with_the_answer(counts in prop::array::uniform4(1usize..60)) {
        let [true_positives, false_positives, false_negatives, true_negatives] = counts;
        let table = Table2x2 { true_positives, false_positives, false_negatives, true_negatives };
        // Cases and controls exchanged, the ratio of the other answer is the reciprocal.
        let turned = Table2x2 {
            true_positives: true_negatives,
            false_positives: false_negatives,
            false_negatives: false_positives,
            true_negatives: true_positives,
        };
        let (positive, negative) = (LikelihoodRatio::positive(&table).unwrap(), LikelihoodRatio::negative(&turned).unwrap());
        prop_assert!((positive.value().unwrap() * negative.value().unwrap() - 1.0).abs() < 1e-12);
        let interval = positive.interval(Level::new(0.95).unwrap()).unwrap();
        prop_assert!(interval.lower < positive.value().unwrap() && positive.value().unwrap() < interval.upper);
    }
}
