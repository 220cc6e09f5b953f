//! Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2; the bias corrections are those of Kingma and Ba 2015).

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

use super::{Rule, zeros};
use crate::network::Parameter;

/// Running means of each gradient and of its square.
#[derive(Debug)]
pub(super) struct Adamw {
    betas: [f64; 2],
    epsilon: f64,
    weight_decay: f64,
    means: Vec<Tensor>,
    squares: Vec<Tensor>,
}

impl Adamw {
    /// Without a past.
    pub(super) fn new(parameters: &[Parameter], betas: [f64; 2], epsilon: f64, weight_decay: f64) -> Result<Self> {
        ensure!(betas.iter().all(|beta| (0.0..1.0).contains(beta)), "betas {betas:?} are not both in [0, 1)");
        ensure!(epsilon > 0.0, "epsilon {epsilon} is not above 0");
        Ok(Self { betas, epsilon, weight_decay, means: zeros(parameters), squares: zeros(parameters) })
    }
}

impl Rule for Adamw {
    /// M ← β₁·M + (1 - β₁)·∂L/∂W; S ← β₂·S + (1 - β₂)·(∂L/∂W)²; with t updates made, this one included,
    /// W ← W - rate·decay·W - rate·(M / (1 - β₁ᵗ)) / (√(S / (1 - β₂ᵗ)) + ε).
    fn update(&mut self, parameters: &[Parameter], update: usize, rate: f64) {
        let [first, second] = self.betas;
        let [seen, seen_squares] = self.betas.map(|beta| 1.0 - beta.powi(update as i32 + 1));
        for ((parameter, mean), square) in parameters.iter().zip(&mut self.means).zip(&mut self.squares) {
            let gradient = parameter.values.grad();
            if !gradient.defined() {
                continue;
            }
            let mut values = parameter.values.shallow_clone();
            let rate = rate * parameter.rate_factor;
            let scalar = |value: f64| Tensor::full([1], value, (Kind::Float, values.device()));
            let _ = mean.g_mul_scalar_(first).addcmul_(&gradient, &scalar(1.0 - first));
            let _ = square.g_mul_scalar_(second).addcmul_(&(&gradient * &gradient), &scalar(1.0 - second));
            let spread = (&*square / seen_squares).sqrt() + self.epsilon;
            let _ = values.g_mul_scalar_(1.0 - rate * self.weight_decay * parameter.decay_factor);
            let _ = values.g_sub_(&((&*mean * (rate / seen)) / spread));
        }
    }

    fn memory(&self) -> Vec<(&'static str, &[Tensor])> {
        vec![("mean", &self.means), ("square", &self.squares)]
    }
}

#[cfg(test)]
mod tests {
    use bgh::stage::train;

    use super::super::tests::Bench;

    /// Three updates computed by hand for one weight and one bias.
    #[test]
    fn updates_follow_the_paper() {
        let rule = train::Rule::Adamw { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
        let schedule = train::Schedule::Constant;
        let params = train::Solver { rule, learning_rate: 0.01, schedule, warm_up: 0.0, weight_decay: 0.1, clip: None };
        let mut bench = Bench::new(&params);
        let (mut values, mut means, mut squares) = (bench.values(), [0.0; 2], [0.0; 2]);
        for (t, gradients) in [[0.5, -0.25], [-0.1, 0.75], [0.02, 0.0]].into_iter().enumerate() {
            for (index, gradient) in gradients.into_iter().enumerate() {
                let (factor, decay) = [(1.0, 0.1), (2.0, 0.0)][index];
                means[index] = 0.9 * means[index] + 0.1 * gradient;
                squares[index] = 0.99 * squares[index] + 0.01 * gradient * gradient;
                let [mean, square] =
                    [means[index] / (1.0 - 0.9f64.powi(t as i32 + 1)), squares[index] / (1.0 - 0.99f64.powi(t as i32 + 1))];
                values[index] -= 0.01 * factor * (decay * values[index] + mean / (square.sqrt() + 1e-8));
            }
            bench.update(gradients);
            let ours = bench.values();
            assert!((ours[0] - values[0]).abs() < 1e-6 && (ours[1] - values[1]).abs() < 1e-6, "{ours:?} {values:?}");
        }
    }
}
