//! How weights move: a rule (`sgd`, `adamw`) at the rate of a `schedule`, from gradients whose norm is limited.
//!
//! A rule is a file here, a variant of [`train::Rule`], and its line in `rule` below. Both factors of a [`Parameter`] hold for every
//! rule, as Caffe's `lr_mult` and `decay_mult` do.

mod adamw;
mod schedule;
mod sgd;

use std::fmt::Debug;

use anyhow::{Context, Result, ensure};
use bgh::stage::train;
use tch::{Kind, Tensor};

use crate::network::{Net, Parameter};
use crate::weights::Named;
use adamw::Adamw;
use schedule::Rate;
use sgd::Sgd;

/// What becomes of a gradient.
trait Rule: Debug {
    /// Moves every parameter that has a gradient; `update` counts from 0.
    fn update(&mut self, parameters: &[Parameter], update: usize, rate: f64);

    /// What it remembers from one update to the next: names of its own, each with a tensor a parameter.
    fn memory(&self) -> Vec<(&'static str, &[Tensor])>;
}

fn rule(params: &train::Solver, parameters: &[Parameter]) -> Result<Box<dyn Rule>> {
    Ok(match params.rule {
        train::Rule::Sgd { momentum } => Box::new(Sgd::new(parameters, momentum, params.weight_decay)?),
        train::Rule::Adamw { beta1, beta2, epsilon } => {
            Box::new(Adamw::new(parameters, [beta1, beta2], epsilon, params.weight_decay)?)
        }
    })
}

/// A rule under way.
#[derive(Debug)]
pub struct Solver {
    rate: Rate,
    clip: Option<f64>,
    rule: Box<dyn Rule>,
}

impl Solver {
    /// The solver for a training of `net` that makes so many `updates`.
    ///
    /// # Errors
    /// When a number is outside its range.
    pub fn new(params: &train::Solver, net: &Net, updates: usize) -> Result<Self> {
        let decay = params.weight_decay;
        ensure!(decay >= 0.0 && decay.is_finite(), "weight_decay {decay} is below 0");
        ensure!(params.clip.is_none_or(|limit| limit > 0.0), "clip {:?} is not above 0", params.clip);
        Ok(Self { rate: Rate::new(params, updates)?, clip: params.clip, rule: rule(params, net.parameters())? })
    }

    /// The rate of an update, counted from 0.
    pub fn learning_rate(&self, update: usize) -> f64 {
        self.rate.at(update)
    }

    /// Makes one update from the gradients at hand, which are cleared.
    pub fn update(&mut self, net: &Net, update: usize) {
        let _guard = tch::no_grad_guard();
        if let Some(limit) = self.clip {
            clip(net.parameters(), limit);
        }
        self.rule.update(net.parameters(), update, self.rate.at(update));
        net.parameters().iter().map(|parameter| parameter.values.grad()).filter(Tensor::defined).for_each(|mut gradient| {
            let _ = gradient.zero_();
        });
    }

    /// What the rule remembers, as `<name> <parameter>`.
    pub fn memory(&self, net: &Net) -> Named {
        let named = |(name, tensors): (&'static str, &[Tensor])| -> Vec<(String, Tensor)> {
            let all = net.parameters().iter().zip(tensors);
            all.map(|(parameter, tensor)| (format!("{name} {}", parameter.name), tensor.shallow_clone())).collect()
        };
        self.rule.memory().into_iter().flat_map(named).collect()
    }

    /// Takes up what an equal solver remembered.
    ///
    /// # Errors
    /// When it is of another rule or network.
    pub fn recall(&mut self, net: &Net, memory: &Named) -> Result<()> {
        for (name, own) in self.memory(net) {
            let kept = memory.get(&name).with_context(|| format!("no `{name}`"))?;
            own.shallow_clone().f_copy_(kept).with_context(|| format!("`{name}`"))?;
        }
        Ok(())
    }
}

/// Scales all gradients so that their common norm is at most `limit`.
fn clip(parameters: &[Parameter], limit: f64) {
    let gradients: Vec<Tensor> = parameters.iter().map(|parameter| parameter.values.grad()).filter(Tensor::defined).collect();
    let squares = gradients.iter().map(|gradient| gradient.square().sum(Kind::Float));
    let norm = squares.reduce(|sum, square| sum + square).map_or(0.0, |sum| sum.double_value(&[]).sqrt());
    if norm > limit {
        gradients.into_iter().for_each(|mut gradient| drop(gradient.g_mul_scalar_(limit / norm)));
    }
}

/// A tensor of zeros for each parameter.
fn zeros(parameters: &[Parameter]) -> Vec<Tensor> {
    parameters.iter().map(|parameter| parameter.values.detach().zeros_like()).collect()
}

#[cfg(test)]
mod tests {
    use bgh::seed::Seed;
    use tch::Device;

    use super::*;

    /// A small network with gradients that a test overwrites, and a solver of it.
    pub(super) struct Bench {
        net: Net,
        solver: Solver,
        update: usize,
    }

    impl Bench {
        pub(super) fn new(params: &train::Solver) -> Self {
            let size = train::Network { name: "alexnet".into(), width: 0.02, crop: 55 };
            let net = Net::new(&size, 2, Seed::root(1), Device::Cpu).expect("fits");
            net.loss(&Tensor::zeros([1, 3, 55, 55], (Kind::Float, Device::Cpu)), &Tensor::from_slice(&[0i64])).backward();
            let solver = Solver::new(params, &net, 10).expect("valid");
            Self { net, solver, update: 0 }
        }

        /// The first value of the first weight and of the first bias.
        pub(super) fn values(&self) -> [f64; 2] {
            [0, 1].map(|index| self.net.parameters()[index].values.detach().flatten(0, -1).double_value(&[0]))
        }

        /// Updates with these gradients in every place of the first weight and the first bias, 0 elsewhere.
        pub(super) fn update(&mut self, gradients: [f64; 2]) {
            for (index, parameter) in self.net.parameters().iter().enumerate() {
                let _ = parameter.values.grad().fill_(gradients.get(index).copied().unwrap_or(0.0));
            }
            self.solver.update(&self.net, self.update);
            self.update += 1;
        }
    }

    fn solver(clip: Option<f64>) -> train::Solver {
        let (rule, schedule) = (train::Rule::Sgd { momentum: 0.0 }, train::Schedule::Constant);
        train::Solver { rule, learning_rate: 1.0, schedule, warm_up: 0.0, weight_decay: 0.0, clip }
    }

    #[test]
    fn gradients_are_clipped_by_their_common_norm() {
        let mut bench = Bench::new(&solver(Some(1.0)));
        let [weights, biases] = [0, 1].map(|index| bench.net.parameters()[index].values.numel() as f64);
        let norm = (weights * 9.0 + biases * 16.0).sqrt();
        let before = bench.values();
        bench.update([3.0, -4.0]);
        let moved = [0, 1].map(|index| before[index] - bench.values()[index]);
        // The rate of biases is doubled after the clip.
        assert!((moved[0] - 3.0 / norm).abs() < 1e-6 && (moved[1] + 8.0 / norm).abs() < 1e-6, "{moved:?}");
    }

    #[test]
    fn small_gradients_are_left_as_they_are() {
        let mut bench = Bench::new(&solver(Some(1e6)));
        let before = bench.values();
        bench.update([0.25, 0.0]);
        assert!((before[0] - bench.values()[0] - 0.25).abs() < 1e-6);
    }

    #[test]
    fn memory_of_another_rule_is_refused() {
        let (mut ours, params) = (Bench::new(&solver(None)), solver(None));
        let adamw = train::Rule::Adamw { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
        let theirs = Bench::new(&train::Solver { rule: adamw, ..params });
        let refusal = ours.solver.recall(&ours.net, &theirs.solver.memory(&theirs.net)).expect_err("another rule");
        assert_eq!(refusal.to_string(), "no `velocity conv1.bias`");
    }
}
