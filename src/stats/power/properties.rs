//! Size, power and level are one equation, whichever of them is asked for.

use proptest::prelude::*;

use super::*;

fn sides() -> impl Strategy<Value = Sides> {
    prop_oneof![Just(Sides::One), Just(Sides::Two)]
}

proptest! {
    #[test]
    fn size_power_and_level_agree(
        auc in 0.55..0.95f64,
        ratio in 0.2..5.0f64,
        alpha in 0.001..0.2f64,
        power in 0.5..0.99f64,
        sides in sides(),
    ) {
        let test = one_area(auc, ratio).unwrap();
        let (significance, wanted) = (Significance::new(alpha, sides).unwrap(), Power::new(power).unwrap());
        let cases = test.cases(significance, wanted);
        prop_assert!((test.power(significance, cases) - power).abs() < 1e-10);
        prop_assert!((test.significance(sides, wanted, cases).unwrap().alpha() / alpha - 1.0).abs() < 1e-9);
        prop_assert!((detectable_area(cases, ratio * cases, significance, wanted).unwrap() - auc).abs() < 1e-9);
        prop_assert!(test.power(significance, 2.0 * cases) > power);
    }

    #[test]
    fn areas_below_one_half_are_as_hard_as_their_mirrors(auc in 0.55..0.95f64, ratio in 0.2..5.0f64) {
        let (significance, power) = (Significance::new(0.05, Sides::Two).unwrap(), Power::new(0.8).unwrap());
        let sizes = [auc, 1.0 - auc].map(|auc| one_area(auc, ratio).unwrap().cases(significance, power));
        prop_assert!((sizes[0] / sizes[1] - 1.0).abs() < 1e-9, "{sizes:?}");
    }
}
