//! What holds for several classes on every data set.

use proptest::prelude::*;

use super::*;
use crate::stats::{Pair, auc, delong};

/// Three classes, each of two subjects at least, with many ties.
fn three_classes() -> impl Strategy<Value = ClassScores> {
    (2usize..8, 2usize..8, 2usize..8).prop_flat_map(|sizes| {
        let truths = [vec![0; sizes.0], vec![1; sizes.1], vec![2; sizes.2]].concat();
        let column = || prop::collection::vec((0u8..6).prop_map(f64::from), truths.len());
        let columns = (column(), column(), column());
        (Just(truths.clone()).prop_shuffle(), columns)
            .prop_map(|(truths, (a, b, c))| ClassScores::new(truths, vec![a, b, c]).unwrap())
    })
}

fn reordered(scores: &ClassScores, order: [usize; 3]) -> ClassScores {
    let place = |truth: &usize| order.iter().position(|class| class == truth).unwrap();
    ClassScores::new(scores.truths().iter().map(place).collect(), order.map(|class| scores.scores(class).to_vec()).to_vec())
        .unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-13
}

proptest! {
    #[test]
    fn two_classes_have_one_area(scores in three_classes()) {
        let truths = scores.truths().iter().map(|&truth| truth.min(1)).collect();
        let first = scores.scores(1).iter().map(|score| -score).collect();
        let classes = ClassScores::new(truths, vec![first, scores.scores(1).to_vec()]).unwrap();
        let (rest, one) = (OneVsRest::of(&classes), OneVsOne::of(&classes));
        let area = auc(&rest.curves()[1]);
        prop_assert!(close(one.hand_till(), area) && close(rest.macro_average(), area) && close(rest.weighted_average(), area));
    }

    #[test]
    fn the_order_of_the_classes_does_not_matter(scores in three_classes()) {
        let other = reordered(&scores, [2, 0, 1]);
        prop_assert!(close(OneVsOne::of(&scores).hand_till(), OneVsOne::of(&other).hand_till()));
        let (a, b) = (OneVsRest::of(&scores), OneVsRest::of(&other));
        prop_assert!(close(a.macro_average(), b.macro_average()) && close(a.weighted_average(), b.weighted_average()));
        prop_assert!(close(a.micro_average(), b.micro_average()));
        prop_assert!(close(a.macro_variance().unwrap(), b.macro_variance().unwrap()));
    }

    /// Two classifiers of the same class have the same cases.
    #[test]
    fn the_joint_covariance_of_equal_cases_is_delongs(scores in three_classes()) {
        let truths: Vec<usize> = scores.truths().iter().map(|&truth| usize::from(truth == 0)).collect();
        let by = |column: usize| {
            let columns = vec![scores.scores(column).to_vec(), scores.scores(column).to_vec()];
            OneVsRest::of(&ClassScores::new(truths.clone(), columns).unwrap()).curves()[1].clone()
        };
        let curves = [by(1), by(2)];
        let joint = joint_covariance(&curves).unwrap();
        prop_assert!(close(joint[0][1], delong::covariance(&Pair::new(&curves[0], &curves[1]).unwrap()).unwrap()));
        prop_assert!(close(joint[0][0], delong::variance(&curves[0]).unwrap()));
    }
}
