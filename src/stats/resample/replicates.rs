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
    /// [`Undefined::DegenerateReplicates`] when the values do not vary or all are on one side of the estimate.
    pub fn bca(&self, estimate: f64, influences: &[f64], level: Level) -> Result<Interval, Undefined> {
        self.check()?;
        let bias = normal::quantile(self.share_below(estimate));
        let acceleration = acceleration(influences);
        let limit = |z: f64| self.quantile(1.0 - normal::upper_tail(bias + (bias + z) / (1.0 - acceleration * (bias + z))));
        if !bias.is_finite() || !acceleration.is_finite() {
            return Err(Undefined::DegenerateReplicates);
        }
        Ok(Interval { lower: limit(-level.critical()), upper: limit(level.critical()) })
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
