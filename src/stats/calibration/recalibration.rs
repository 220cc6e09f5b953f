//! Calibration in the large and calibration slope (Cox 1958, Biometrika 45:562): the logistic model that would mend the
//! predicted log odds. A slope below 1 tells of overconfidence, an intercept above 0 of risks predicted too low.

use super::logistic::{Fit, Observation, Terms, fit};
use crate::stats::{Interval, Level, Probabilities, Undefined};

/// An estimated coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficient {
    /// The estimate, on the scale of log odds.
    pub value: f64,
    /// Its variance from the information at the maximum.
    pub variance: f64,
}

/// ln odds = intercept + slope · predicted ln odds; (0, 1) would need no mending.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recalibration {
    /// The intercept, at this slope.
    pub intercept: Coefficient,
    /// The calibration slope.
    pub slope: Coefficient,
}

impl Coefficient {
    /// Wald's interval.
    pub fn interval(&self, level: Level) -> Interval {
        Interval::normal(self.value, self.variance, level)
    }
}

/// Calibration in the large: the intercept at slope 1, 0 where the mean risk is right.
///
/// # Errors
/// [`Undefined::InfiniteLogOdds`] with a probability of 0 or 1.
pub fn in_the_large(probabilities: &Probabilities) -> Result<Coefficient, Undefined> {
    let offset = |(log_odds, case)| Observation { offset: log_odds, x: 0.0, case };
    let observations: Vec<_> = log_odds(probabilities)?.into_iter().map(offset).collect();
    Ok(coefficients(fit(&observations, Terms::Intercept))[0])
}

/// Intercept and slope together.
///
/// # Errors
/// [`Undefined::InfiniteLogOdds`] with a probability of 0 or 1, [`Undefined::EqualProbabilities`] where all are equal,
/// [`Undefined::Separation`] where a threshold parts the classes, be it with ties at the threshold.
pub fn slope(probabilities: &Probabilities) -> Result<Recalibration, Undefined> {
    let log_odds = log_odds(probabilities)?;
    overlap(&log_odds)?;
    let observations: Vec<_> = log_odds.into_iter().map(|(x, case)| Observation { offset: 0.0, x, case }).collect();
    let [intercept, slope] = coefficients(fit(&observations, Terms::InterceptAndSlope));
    Ok(Recalibration { intercept, slope })
}

fn coefficients(fit: Fit) -> [Coefficient; 2] {
    [0, 1].map(|i| Coefficient { value: fit.coefficients[i], variance: fit.variances[i] })
}

fn log_odds(probabilities: &Probabilities) -> Result<Vec<(f64, bool)>, Undefined> {
    let of = |(p, case): (f64, bool)| match p {
        0.0 | 1.0 => Err(Undefined::InfiniteLogOdds),
        p => Ok((p.ln() - (-p).ln_1p(), case)),
    };
    probabilities.outcomes().map(of).collect()
}

/// Whether the classes overlap, so that the likelihood has a maximum.
fn overlap(log_odds: &[(f64, bool)]) -> Result<(), Undefined> {
    let of_class = |class: bool| log_odds.iter().filter(move |&&(_, case)| case == class).map(|&(x, _)| x);
    let ends = |class| (of_class(class).fold(f64::INFINITY, f64::min), of_class(class).fold(f64::NEG_INFINITY, f64::max));
    let (controls, cases) = (ends(false), ends(true));
    match controls.1 <= cases.0 || cases.1 <= controls.0 {
        true if controls == cases => Err(Undefined::EqualProbabilities),
        true => Err(Undefined::Separation),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::stats::Reference;

    fn probabilities(is_case: &[bool], values: &[f64]) -> Probabilities {
        Probabilities::new(&Arc::new(Reference::new(is_case.to_vec()).unwrap()), values).unwrap()
    }

    /// Three of four at 0.8, one of four at 0.2: the saturated model puts their log odds at ±ln 3 where ±ln 4 was said.
    #[test]
    fn two_groups_are_fitted_exactly() {
        let mut values = vec![0.8; 4];
        values.extend([0.2; 4]);
        let fitted = slope(&probabilities(&[true, true, true, false, true, false, false, false], &values)).unwrap();
        assert!(fitted.intercept.value.abs() < 1e-15, "{fitted:?}");
        assert!((fitted.slope.value - 3f64.ln() / 4f64.ln()).abs() < 1e-15, "{fitted:?}");
        let large = in_the_large(&probabilities(&[true, true, true, false, true, false, false, false], &values)).unwrap();
        assert!(large.value.abs() < 1e-15, "{large:?}");
    }

    #[test]
    fn what_has_no_maximum_is_undefined() {
        let classes = [false, false, true, true];
        let of = |values: [f64; 4]| slope(&probabilities(&classes, &values));
        assert_eq!(of([0.1, 0.2, 0.3, 0.4]), Err(Undefined::Separation));
        assert_eq!(of([0.9, 0.8, 0.3, 0.4]), Err(Undefined::Separation));
        assert_eq!(of([0.1, 0.3, 0.3, 0.4]), Err(Undefined::Separation));
        assert_eq!(of([0.3; 4]), Err(Undefined::EqualProbabilities));
        assert_eq!(of([0.0, 0.3, 0.2, 0.4]), Err(Undefined::InfiniteLogOdds));
        assert!(of([0.1, 0.3, 0.2, 0.4]).is_ok());
        let large = in_the_large(&probabilities(&classes, &[0.3; 4])).unwrap();
        assert!((large.value - (0.7f64 / 0.3).ln()).abs() < 1e-15, "half are cases where 0.3 was said: {large:?}");
    }

    #[test]
    fn an_extreme_offset_does_not_throw_newton_off() {
        let values = [1e-12, 1e-12, 1e-12, 1.0 - 1e-12, 1e-12, 0.5];
        let large = in_the_large(&probabilities(&[true, true, true, true, true, false], &values)).unwrap();
        assert!(large.value.is_finite() && large.value > 10.0, "{large:?}");
    }
}
