//! What holds for calibration on every data set.

use std::num::NonZeroUsize;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::stats::{Probabilities, Reference};

fn probabilities() -> impl Strategy<Value = Probabilities> {
    (1usize..25, 1usize..25).prop_flat_map(|(cases, controls)| {
        let classes: Vec<bool> = (0..cases + controls).map(|subject| subject < cases).collect();
        let values = prop::collection::vec(0.001..0.999f64, cases + controls);
        (Just(classes).prop_shuffle(), values)
            .prop_map(|(classes, values)| Probabilities::new(&Arc::new(Reference::new(classes).unwrap()), &values).unwrap())
    })
}

/// The same with each log odds u taken to a + bu.
fn mapped(probabilities: &Probabilities, a: f64, b: f64) -> Probabilities {
    let map = |p: &f64| 1.0 / (1.0 + (-(a + b * (p / (1.0 - p)).ln())).exp());
    Probabilities::new(probabilities.reference(), &probabilities.values().iter().map(map).collect::<Vec<_>>()).unwrap()
}

proptest! {
    #[test]
    fn scores_and_errors_keep_their_ranges(probabilities in probabilities(), bins in 1usize..40) {
        prop_assert!((0.0..=1.0).contains(&brier(&probabilities)) && brier_skill(&probabilities) <= 1.0);
        let bins = NonZeroUsize::new(bins).unwrap();
        for binning in [Binning::EqualWidth(bins), Binning::EqualMass(bins)] {
            let curve = Reliability::of(&probabilities, binning);
            prop_assert!(curve.bins.len() <= bins.get());
            prop_assert!(curve.expected_error() <= curve.largest_error() + 1e-15 && curve.largest_error() <= 1.0);
            let subjects: u64 = curve.bins.iter().map(|bin| bin.observed.trials()).sum();
            prop_assert_eq!(subjects, probabilities.values().len() as u64);
            let level = crate::stats::Level::new(0.95).unwrap();
            prop_assert!(curve.bins.iter().all(|bin| bin.interval(level).lower <= bin.observed.estimate()));
            prop_assert!(curve.bins.windows(2).all(|pair| pair[0].predicted <= pair[1].predicted));
        }
    }

    #[test]
    fn one_bin_holds_calibration_in_the_large(probabilities in probabilities()) {
        let one = Reliability::of(&probabilities, Binning::EqualWidth(NonZeroUsize::MIN));
        let ratio = ObservedExpected::of(&probabilities).unwrap();
        prop_assert!((one.bins[0].observed.estimate() / one.bins[0].predicted - ratio.ratio()).abs() < 1e-12);
    }

    #[test]
    fn a_recalibrated_model_needs_no_recalibration(probabilities in probabilities()) {
        let Ok(model) = slope(&probabilities) else { return Ok(()) };
        // Beyond, the mapped probabilities round to 0 or 1.
        prop_assume!(model.slope.value.abs() < 3.0);
        let mended = mapped(&probabilities, model.intercept.value, model.slope.value);
        let again = slope(&mended).unwrap();
        prop_assume!(model.slope.value.abs() > 1e-3);
        prop_assert!(again.intercept.value.abs() < 1e-7 && (again.slope.value - 1.0).abs() < 1e-7, "{model:?} {again:?}");
        prop_assert!(in_the_large(&mended).unwrap().value.abs() < 1e-7);
    }

    #[test]
    fn shifted_log_odds_shift_calibration_in_the_large(probabilities in probabilities(), shift in -3.0..3.0f64) {
        let before = in_the_large(&probabilities).unwrap();
        let after = in_the_large(&mapped(&probabilities, shift, 1.0)).unwrap();
        prop_assert!((before.value - shift - after.value).abs() < 1e-9, "{before:?} {after:?}");
        prop_assert!((before.variance / after.variance - 1.0).abs() < 1e-8);
    }
}
