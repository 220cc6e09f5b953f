//! A smooth curve: after monotone transformation the scores of cases and controls are normal, so that the curve is a line on
//! probit axes.
//!
//! The line is the least-squares regression of Φ⁻¹(specificity) on Φ⁻¹(sensitivity) over the empirical points with both strictly
//! between 0 and 1 (as `smooth(method = "binormal")` of pROC; not maximum likelihood). With specificity = Φ(α + β Φ⁻¹(sensitivity)),
//! the area is ∫ Φ(α + β Φ⁻¹(s)) ds = P(W ≤ α + βZ) = Φ(α/√(1 + β²)) for independent standard normal W, Z (Swets & Pickett 1982; Pepe
//! 2003, p. 83). pROC's own area is that of 512 trapezoids, which lies some 1e-4 off.

use crate::stats::{Roc, Undefined, normal};

/// A binormal curve: specificity = Φ(`intercept` + `slope` Φ⁻¹(sensitivity)), `slope` < 0 for a curve that falls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Binormal {
    /// α: the probit of the specificity at a sensitivity of 1/2.
    pub intercept: f64,
    /// β: minus the standard deviation of the cases over that of the controls.
    pub slope: f64,
}

impl Binormal {
    /// Fits the points of `roc`.
    ///
    /// # Errors
    /// [`Undefined::TooFewPoints`] without two different sensitivities among the points inside.
    pub fn fit(roc: &Roc) -> Result<Self, Undefined> {
        let rates = roc.points.iter().map(|point| (roc.sensitivity(point), roc.specificity(point)));
        let inside = rates.filter(|(se, sp)| (f64::MIN_POSITIVE..1.0).contains(se) && (f64::MIN_POSITIVE..1.0).contains(sp));
        let probits: Vec<_> = inside.map(|(se, sp)| (normal::quantile(se), normal::quantile(sp))).collect();
        let count = probits.len() as f64;
        let (x, y) = probits.iter().fold((0.0, 0.0), |(x, y), probit| (x + probit.0 / count, y + probit.1 / count));
        let (xx, xy) = probits.iter().fold((0.0, 0.0), |(xx, xy), p| (xx + (p.0 - x).powi(2), xy + (p.0 - x) * (p.1 - y)));
        if probits.iter().all(|probit| probit.0 == probits[0].0) {
            return Err(Undefined::TooFewPoints);
        }
        Ok(Self { intercept: y - xy / xx * x, slope: xy / xx })
    }

    /// Area under the smooth curve, in (0, 1).
    pub fn auc(&self) -> f64 {
        normal::upper_tail(-self.intercept / self.slope.hypot(1.0))
    }

    /// Specificity at a sensitivity in [0, 1].
    pub fn specificity(&self, sensitivity: f64) -> f64 {
        match self.slope {
            0.0 => normal::upper_tail(-self.intercept),
            slope => normal::upper_tail(-(self.intercept + slope * normal::quantile(sensitivity))),
        }
    }
}
