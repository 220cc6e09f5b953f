//! Caffe's stochastic gradient descent with momentum and L2 decay.

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

use super::{Rule, zeros};
use crate::network::Parameter;

/// One velocity a parameter.
#[derive(Debug)]
pub(super) struct Sgd {
    momentum: f64,
    weight_decay: f64,
    velocities: Vec<Tensor>,
}

impl Sgd {
    /// At rest.
    pub(super) fn new(parameters: &[Parameter], momentum: f64, weight_decay: f64) -> Result<Self> {
        ensure!((0.0..1.0).contains(&momentum), "momentum {momentum} is outside [0, 1)");
        Ok(Self { momentum, weight_decay, velocities: zeros(parameters) })
    }
}

impl Rule for Sgd {
    /// V ← m·V + rate·(∂L/∂W + decay·W); W ← W - V. The rate is inside the velocity as in Caffe: after a drop, old velocity keeps its old
    /// rate, which differs from the rule W ← W - rate·V of other tools.
    fn update(&mut self, parameters: &[Parameter], _: usize, rate: f64) {
        for (parameter, velocity) in parameters.iter().zip(&mut self.velocities) {
            let gradient = parameter.values.grad();
            if !gradient.defined() {
                continue;
            }
            let mut values = parameter.values.shallow_clone();
            let rate = rate * parameter.rate_factor;
            let decay = rate * self.weight_decay * parameter.decay_factor;
            let scalar = |value: f64| Tensor::full([1], value, (Kind::Float, values.device()));
            let _ = velocity.g_mul_scalar_(self.momentum);
            let _ = velocity.addcmul_(&gradient, &scalar(rate));
            if decay > 0.0 {
                let _ = velocity.addcmul_(&values, &scalar(decay));
            }
            let _ = values.g_sub_(velocity);
        }
    }

    fn memory(&self) -> Vec<(&'static str, &[Tensor])> {
        vec![("velocity", &self.velocities)]
    }
}

#[cfg(test)]
mod tests {
    use bgh::stage::train;

    use super::super::tests::Bench;

    /// Three updates with a drop between the second and the third, computed by hand for one weight and one bias.
    #[test]
    fn velocity_keeps_the_rate_it_was_made_with() {
        let (rule, schedule) = (train::Rule::Sgd { momentum: 0.9 }, train::Schedule::Step { share: 0.2, gamma: 0.5 });
        let params = train::Solver { rule, learning_rate: 0.1, schedule, warm_up: 0.0, weight_decay: 0.1, clip: None };
        let mut bench = Bench::new(&params);
        let gradients = [0.5, -0.25];
        let (mut values, mut velocities) = (bench.values(), [0.0; 2]);
        for rate in [0.1, 0.1, 0.05] {
            for (index, gradient) in gradients.iter().enumerate() {
                let (factor, decay) = [(1.0, 0.1), (2.0, 0.0)][index];
                velocities[index] = 0.9 * velocities[index] + rate * factor * (gradient + decay * values[index]);
                values[index] -= velocities[index];
            }
            bench.update(gradients);
            let ours = bench.values();
            assert!((ours[0] - values[0]).abs() < 1e-6 && (ours[1] - values[1]).abs() < 1e-6, "{ours:?} {values:?}");
        }
    }
}
