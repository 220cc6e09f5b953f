//! The learning rate at each update.

use std::f64::consts::PI;

use anyhow::{Result, ensure};
use bgh::stage::train::{self, Schedule};

/// A rise to the height, then the fall of a schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rate {
    height: f64,
    schedule: Schedule,
    /// Updates of the rise.
    rise: usize,
    /// Updates of the fall.
    fall: usize,
}

impl Rate {
    /// For a training of so many `updates`.
    pub(super) fn new(solver: &train::Solver, updates: usize) -> Result<Self> {
        let train::Solver { learning_rate: height, schedule, warm_up, .. } = *solver;
        ensure!(height > 0.0 && height.is_finite(), "learning_rate {height} is not above 0");
        ensure!((0.0..1.0).contains(&warm_up), "warm_up {warm_up} is outside [0, 1)");
        match schedule {
            Schedule::Step { share, gamma } => {
                ensure!(share > 0.0 && share <= 1.0, "step {share} is outside (0, 1]");
                ensure!(gamma > 0.0 && gamma <= 1.0, "gamma {gamma} is outside (0, 1]");
            }
            Schedule::Cosine { floor } => ensure!((0.0..=1.0).contains(&floor), "floor {floor} is outside [0, 1]"),
            Schedule::Constant => {}
        }
        let rise = part(warm_up, updates);
        Ok(Self { height, schedule, rise, fall: updates - rise.min(updates) })
    }

    /// The rate of an update, counted from 0. A rise of n updates starts at 1/(n + 1) of the height.
    pub(super) fn at(&self, update: usize) -> f64 {
        let share = match update.checked_sub(self.rise) {
            None => (update + 1) as f64 / (self.rise + 1) as f64,
            Some(update) => self.fallen(update),
        };
        self.height * share
    }

    /// Share of the height that is left after so many updates of the fall.
    fn fallen(&self, update: usize) -> f64 {
        match self.schedule {
            // gamma^⌊update / interval⌋; DIGITS derives Caffe's `stepsize` as this share of all updates, rounded up.
            Schedule::Step { share, gamma } => gamma.powi((update / part(share, self.fall).max(1)) as i32),
            Schedule::Cosine { floor } => {
                let way = update as f64 / self.fall.max(1) as f64;
                floor + (1.0 - floor) * (1.0 + (PI * way).cos()) / 2.0
            }
            Schedule::Constant => 1.0,
        }
    }
}

/// A share of a count, rounded up; 0.33 of 100 must stay 33 although the product of doubles is 33.000000000000004.
fn part(share: f64, count: usize) -> usize {
    (share * count as f64 - 1e-9).ceil().max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(schedule: Schedule, warm_up: f64, updates: usize) -> Result<Rate> {
        let rule = train::Rule::Sgd { momentum: 0.9 };
        Rate::new(&train::Solver { rule, learning_rate: 0.01, schedule, warm_up, weight_decay: 1e-4, clip: None }, updates)
    }

    const STEP: Schedule = Schedule::Step { share: 0.33, gamma: 0.5 };

    /// The paper's four schedules as DIGITS 4 computes them.
    #[test]
    fn drops_fall_where_digits_puts_them() {
        for (updates, interval) in [(180, 60), (7830, 2584), (320, 106), (13_880, 4581), (100, 33)] {
            let rate = rate(STEP, 0.0, updates).expect("valid");
            assert_eq!((rate.at(interval - 1), rate.at(interval), rate.at(2 * interval)), (0.01, 0.005, 0.0025));
        }
    }

    #[test]
    fn a_cosine_falls_from_its_height_to_its_floor() {
        let rate = rate(Schedule::Cosine { floor: 0.1 }, 0.0, 100).expect("valid");
        assert_eq!(rate.at(0), 0.01);
        assert!((rate.at(50) - 0.0055).abs() < 1e-15 && (rate.at(100) - 0.001).abs() < 1e-15);
        assert!((0..100).map(|update| rate.at(update)).is_sorted_by(|a, b| a > b));
    }

    #[test]
    fn a_warm_up_rises_in_equal_steps_and_the_fall_follows() {
        let rate = rate(STEP, 0.1, 110).expect("valid");
        let rises: Vec<f64> = (0..=11).map(|update| (rate.at(update) * 1200.0).round()).collect();
        assert_eq!(rises, (1..=12).map(f64::from).collect::<Vec<_>>());
        // 0.33 of the 99 updates that follow.
        assert_eq!((rate.at(11 + 32), rate.at(11 + 33)), (0.01, 0.005));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        let refusal = |schedule, warm_up| rate(schedule, warm_up, 10).expect_err("out of range").to_string();
        assert_eq!(refusal(Schedule::Step { share: 0.0, gamma: 0.5 }, 0.0), "step 0 is outside (0, 1]");
        assert_eq!(refusal(Schedule::Cosine { floor: 2.0 }, 0.0), "floor 2 is outside [0, 1]");
        assert_eq!(refusal(Schedule::Constant, 1.0), "warm_up 1 is outside [0, 1)");
    }
}
