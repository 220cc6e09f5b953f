//! The values of a statistic on resamples, and what they say of its precision.

use crate::stats::{Interval, Level, Undefined, ZTest, normal};

/// The values of one statistic on resamples.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicates {
    sorted: Vec<f64>,
    lost: usize,
}

impl Replicates {
    pub(super) fn of(values: &[Option<f64>]) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().flatten().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Self { lost: values.len() - sorted.len(), sorted }
    }

    /// The values in ascending order.
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// Replicates without a value, because clusters were drawn that have no case or no control. What is said here holds given both.
    pub fn lost(&self) -> usize {
        self.lost
    }

    /// Variance of the statistic, with divisor B - 1.
    ///
    /// # Errors
    /// [`Undefined::DegenerateReplicates`] when the values do not vary.
    pub fn variance(&self) -> Result<f64, Undefined> {
        self.check()?;
        let count = self.sorted.len() as f64;
        let mean = self.sorted.iter().sum::<f64>() / count;
        Ok(self.sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0))
    }

    /// Percentile interval.
    ///
    /// # Errors
    /// [`Undefined::DegenerateReplicates`] when the values do not vary: at complete separation every resample is separated as well.
    pub fn percentile(&self, level: Level) -> Result<Interval, Undefined> {
        self.check()?;
        Ok(Interval { lower: self.quantile(level.tail()), upper: self.quantile(1.0 - level.tail()) })
    }

    /// Bias-corrected and accelerated interval (Efron 1987, J Am Stat Assoc 82:171) of a statistic that was `estimate` on the data,
    /// from its influence values ([`Placements::influences`](crate::stats::Placements::influences) and its like on pairs and
    /// clusters).
    ///
    /// With z₀ = Φ⁻¹(share of the values below the estimate, equal ones counted half, since areas take few values) and
    /// a = Σ l³/(6 (Σ l²)^{3/2}), the limits are the quantiles at Φ(z₀ + (z₀ + z)/(1 - a(z₀ + z))).
    ///
    /// # Errors
    /// [`Undefined::DegenerateReplicates`] when the values do not vary, [`Undefined::TooSkewed`] when all are on one side of the
    /// estimate or a(z₀ + z) reaches 1.
    pub fn bca(&self, estimate: f64, influences: &[f64], level: Level) -> Result<Interval, Undefined> {
        self.check()?;
        let (bias, acceleration) = (normal::quantile(self.share_below(estimate)), acceleration(influences));
        let limit = |z: f64| {
            let slack = 1.0 - acceleration * (bias + z);
            let moved = bias.is_finite() && slack > 0.0;
            if moved { Ok(self.quantile(normal::upper_tail(-bias - (bias + z) / slack))) } else { Err(Undefined::TooSkewed) }
        };
        Ok(Interval { lower: limit(-level.critical())?, upper: limit(level.critical())? })
    }

    /// Test that the statistic is 0 by its bootstrap standard error: z = `estimate`/sd.
    ///
    /// # Errors
    /// [`Undefined::DegenerateReplicates`] when the values do not vary.
    pub fn test(&self, estimate: f64) -> Result<ZTest, Undefined> {
        Ok(ZTest { z: estimate / self.variance()?.sqrt() })
    }

    fn check(&self) -> Result<(), Undefined> {
        match (self.sorted.first(), self.sorted.last()) {
            (Some(first), Some(last)) if first < last => Ok(()),
            _ => Err(Undefined::DegenerateReplicates),
        }
    }

    /// Linear between order statistics, at (B-1)p from 0: type 7 of Hyndman & Fan (1996, Am Stat 50:361).
    fn quantile(&self, p: f64) -> f64 {
        let place = p * (self.sorted.len() - 1) as f64;
        let (low, high) = (self.sorted[place.floor() as usize], self.sorted[place.ceil() as usize]);
        low + (high - low) * place.fract()
    }

    fn share_below(&self, estimate: f64) -> f64 {
        let below = self.sorted.partition_point(|&value| value < estimate);
        let not_above = self.sorted.partition_point(|&value| value <= estimate);
        (below + not_above) as f64 / (2 * self.sorted.len()) as f64
    }
}

fn acceleration(influences: &[f64]) -> f64 {
    let power = |exponent: i32| influences.iter().map(|influence| influence.powi(exponent)).sum::<f64>();
    power(3) / (6.0 * power(2).powf(1.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replicates(values: impl IntoIterator<Item = f64>) -> Replicates {
        Replicates::of(&values.into_iter().map(Some).collect::<Vec<_>>())
    }

    #[test]
    fn quantiles_lie_between_order_statistics() {
        // R: quantile(c(1, 2, 4, 8), c(0.25, 0.75)) is 1.75 and 5.
        let interval = replicates([8.0, 1.0, 4.0, 2.0]).percentile(Level::new(0.5).unwrap()).unwrap();
        assert_eq!((interval.lower, interval.upper), (1.75, 5.0));
        assert_eq!(replicates([8.0, 1.0, 4.0, 2.0]).variance(), Ok(28.75 / 3.0));
    }

    #[test]
    fn without_bias_and_skewness_bca_is_the_percentile_interval() {
        let replicates = replicates((0..=1000).map(f64::from));
        let level = Level::new(0.95).unwrap();
        let (bca, percentile) = (replicates.bca(500.0, &[1.0, -1.0], level).unwrap(), replicates.percentile(level).unwrap());
        assert!((bca.lower - percentile.lower).abs() < 1e-9 && (bca.upper - percentile.upper).abs() < 1e-9, "{bca:?}");
    }

    /// Φ(z₀ + (z₀ + z)/(1 - a(z₀ + z))) step by step: z₀ = Φ⁻¹(1201/2002) = 0.253089, a = 6/(6·6^{3/2}) = 0.068041, z = ∓1.959964.
    #[test]
    fn bias_and_skewness_move_the_limits() {
        let replicates = replicates((0..=1000).map(f64::from));
        let interval = replicates.bca(600.0, &[2.0, -1.0, -1.0], Level::new(0.95).unwrap()).unwrap();
        assert!((interval.lower - 100.9459).abs() < 1e-4 && (interval.upper - 997.8715).abs() < 1e-4, "{interval:?}");
    }

    #[test]
    fn what_does_not_vary_has_no_interval() {
        let level = Level::new(0.95).unwrap();
        for degenerate in [replicates([]), replicates([1.0; 50])] {
            assert_eq!(degenerate.percentile(level), Err(Undefined::DegenerateReplicates));
            assert_eq!(degenerate.test(0.5), Err(Undefined::DegenerateReplicates));
        }
        assert_eq!(replicates([0.1, 0.2]).bca(0.9, &[1.0, -1.0], level), Err(Undefined::TooSkewed));
        assert_eq!(replicates([0.1, 0.2]).bca(0.15, &[0.0, 0.0], level), Err(Undefined::TooSkewed));
    }
}
