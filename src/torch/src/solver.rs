//! Caffe's stochastic gradient descent with momentum, L2 decay and a step-down learning rate.

use anyhow::{Result, ensure};
use bgh::stage::train;
use tch::{Kind, Tensor};

use crate::network::Net;

/// The learning rate at each update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepDown {
    base: f64,
    gamma: f64,
    /// Updates between two drops.
    interval: usize,
}

impl StepDown {
    /// Drops by `gamma` whenever the share `step` of all `updates` has passed, as DIGITS derives Caffe's `stepsize`.
    ///
    /// # Errors
    /// When a number is outside its range.
    pub fn new(solver: &train::Solver, updates: usize) -> Result<Self> {
        let train::Solver { learning_rate, gamma, step, .. } = *solver;
        ensure!(learning_rate > 0.0 && learning_rate.is_finite(), "learning_rate {learning_rate} is not above 0");
        ensure!(gamma > 0.0 && gamma <= 1.0, "gamma {gamma} is outside (0, 1]");
        ensure!(step > 0.0 && step <= 1.0, "step {step} is outside (0, 1]");
        // A share such as 0.33 of 100 must stay 33 although the product of doubles is 33.000000000000004.
        let interval = (step * updates as f64 - 1e-9).ceil().max(1.0) as usize;
        Ok(Self { base: learning_rate, gamma, interval })
    }

    /// base · gamma^⌊update / interval⌋, updates counted from 0.
    pub fn at(&self, update: usize) -> f64 {
        self.base * self.gamma.powi((update / self.interval) as i32)
    }
}

/// Momentum and decay, with one velocity a parameter.
#[derive(Debug)]
pub struct Descent {
    momentum: f64,
    weight_decay: f64,
    velocities: Vec<Tensor>,
}

impl Descent {
    /// At rest.
    ///
    /// # Errors
    /// When momentum or decay are outside their ranges.
    pub fn new(net: &Net, momentum: f64, weight_decay: f64) -> Result<Self> {
        ensure!((0.0..1.0).contains(&momentum), "momentum {momentum} is outside [0, 1)");
        ensure!(weight_decay >= 0.0 && weight_decay.is_finite(), "weight_decay {weight_decay} is below 0");
        let velocities = net.parameters().iter().map(|parameter| parameter.values.detach().zeros_like()).collect();
        Ok(Self { momentum, weight_decay, velocities })
    }

    /// The velocities in the order of the parameters.
    pub fn velocities(&self) -> &[Tensor] {
        &self.velocities
    }

    /// One update from the gradients at hand, which are cleared.
    ///
    /// V ← m·V + rate·(∂L/∂W + decay·W); W ← W - V. The rate is inside the velocity as in Caffe: after a drop, old velocity keeps its old
    /// rate, which differs from the rule W ← W - rate·V of other tools.
    pub fn update(&mut self, net: &Net, learning_rate: f64) {
        let _guard = tch::no_grad_guard();
        for (parameter, velocity) in net.parameters().iter().zip(&mut self.velocities) {
            let mut gradient = parameter.values.grad();
            if !gradient.defined() {
                continue;
            }
            let mut values = parameter.values.shallow_clone();
            let rate = learning_rate * parameter.rate_factor;
            let decay = rate * self.weight_decay * parameter.decay_factor;
            let scalar = |value: f64| Tensor::full([1], value, (Kind::Float, values.device()));
            let _ = velocity.g_mul_scalar_(self.momentum);
            let _ = velocity.addcmul_(&gradient, &scalar(rate));
            if decay > 0.0 {
                let _ = velocity.addcmul_(&values, &scalar(decay));
            }
            let _ = values.g_sub_(velocity);
            let _ = gradient.zero_();
        }
    }

    /// Scales all gradients so that their common norm is at most `limit`.
    pub fn clip(net: &Net, limit: f64) {
        let _guard = tch::no_grad_guard();
        let gradients: Vec<Tensor> =
            net.parameters().iter().map(|parameter| parameter.values.grad()).filter(Tensor::defined).collect();
        let squares = gradients.iter().map(|gradient| gradient.square().sum(Kind::Float));
        let norm = squares.reduce(|sum, square| sum + square).map_or(0.0, |sum| sum.double_value(&[]).sqrt());
        if norm > limit {
            gradients.into_iter().for_each(|mut gradient| drop(gradient.g_mul_scalar_(limit / norm)));
        }
    }
}

#[cfg(test)]
mod tests {
    use bgh::seed::Seed;
    use tch::Device;

    use super::*;

    fn solver(step: f64) -> train::Solver {
        train::Solver { learning_rate: 0.01, momentum: 0.9, weight_decay: 1e-4, step, gamma: 0.5 }
    }

    /// The paper's four schedules as DIGITS 4 computes them.
    #[test]
    fn drops_fall_where_digits_puts_them() {
        for (updates, interval) in [(180, 60), (7830, 2584), (320, 106), (13_880, 4581)] {
            let rate = StepDown::new(&solver(0.33), updates).expect("valid");
            assert_eq!((rate.at(interval - 1), rate.at(interval), rate.at(2 * interval)), (0.01, 0.005, 0.0025));
        }
        assert_eq!(StepDown::new(&solver(0.33), 100).expect("valid").interval, 33);
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        let refusal = StepDown::new(&solver(0.0), 10).expect_err("no step").to_string();
        assert_eq!(refusal, "step 0 is outside (0, 1]");
    }

    /// Three updates with a drop between the second and the third, computed by hand for one weight and one bias.
    #[test]
    fn velocity_keeps_the_rate_it_was_made_with() {
        let size = train::Network { name: "alexnet".into(), width: 0.02, crop: 55 };
        let net = Net::new(&size, 2, Seed::root(1), Device::Cpu).expect("fits");
        let mut descent = Descent::new(&net, 0.9, 0.1).expect("valid");
        let images = Tensor::zeros([1, 3, 55, 55], (Kind::Float, Device::Cpu));
        net.loss(&images, &Tensor::from_slice(&[0i64])).backward();
        let of = |index: usize| net.parameters()[index].values.detach().flatten(0, -1).double_value(&[0]);
        let gradients = [0.5, -0.25];
        let (mut values, mut velocities) = ([of(0), of(1)], [0.0; 2]);
        for rate in [0.1, 0.1, 0.05] {
            for (index, gradient) in gradients.iter().enumerate() {
                let (factor, decay) = [(1.0, 0.1), (2.0, 0.0)][index];
                velocities[index] = 0.9 * velocities[index] + rate * factor * (gradient + decay * values[index]);
                values[index] -= velocities[index];
                let _ = net.parameters()[index].values.grad().fill_(*gradient);
            }
            descent.update(&net, rate);
            assert!((of(0) - values[0]).abs() < 1e-6 && (of(1) - values[1]).abs() < 1e-6, "{} {}", of(0), of(1));
        }
    }
}
