//! `[solver]`: how weights move.

use super::super::section::{Item, Section};
use crate::stage::train::{self, Rule, Schedule};

/// DIGITS 4 divides the learning rate by this for the weight decay of its gradient descent.
const RATE_TO_DECAY: f64 = 100.0;
/// Decay of AdamW where none is written, as of its authors' and PyTorch's implementations.
const ADAMW_DECAY: f64 = 0.01;

/// `[solver]`; the learning rate comes from the weights.
#[derive(Clone)]
pub(super) struct Solver {
    rule: Rule,
    schedule: Schedule,
    warm_up: f64,
    /// Where it is not written it follows from rule and learning rate.
    weight_decay: Option<f64>,
    clip: Option<f64>,
}

impl Solver {
    /// The solver at a learning rate.
    pub(super) fn at(&self, learning_rate: f64) -> train::Solver {
        let usual = match self.rule {
            Rule::Sgd { .. } => learning_rate / RATE_TO_DECAY,
            Rule::Adamw { .. } => ADAMW_DECAY,
        };
        let Self { rule, schedule, warm_up, weight_decay, clip } = *self;
        train::Solver { rule, learning_rate, schedule, warm_up, weight_decay: weight_decay.unwrap_or(usual), clip }
    }
}

/// Numbers of all rules and schedules may be written side by side, so that `--set solver.rule=adamw` tries another; those of the
/// chosen ones count.
pub(super) fn read(s: &mut Section<'_>) -> Option<Solver> {
    let rule = rule(s);
    let schedule = schedule(s);
    let warm_up = s.optional("warm_up", 0.0, |item| below_one(&item));
    let decay = |item: Item<'_>| item.number("a number from 0 to 1", |x| (0.0..=1.0).contains(&x)).map(Some);
    let weight_decay = s.optional("weight_decay", None, decay);
    let clip = s.optional("clip", None, |item| item.rate(1e6).map(Some));
    Some(Solver { rule: rule?, schedule: schedule?, warm_up: warm_up?, weight_decay: weight_decay?, clip: clip? })
}

/// Defaults are Caffe's momentum, and AdamW's numbers as its authors have them.
fn rule(s: &mut Section<'_>) -> Option<Rule> {
    let momentum = s.optional("momentum", 0.9, |item| below_one(&item));
    let beta1 = s.optional("beta1", 0.9, |item| below_one(&item));
    let beta2 = s.optional("beta2", 0.999, |item| below_one(&item));
    let epsilon = s.optional("epsilon", 1e-8, |item| item.rate(1.0));
    let sgd = Rule::Sgd { momentum: momentum? };
    let adamw = Rule::Adamw { beta1: beta1?, beta2: beta2?, epsilon: epsilon? };
    s.optional("rule", sgd, |item| item.one_of(&[("sgd", sgd), ("adamw", adamw)]))
}

/// Defaults are DIGITS' step and the paper's factor.
fn schedule(s: &mut Section<'_>) -> Option<Schedule> {
    let share = s.optional("step", 0.33, |item| item.rate(1.0));
    let gamma = s.optional("gamma", 0.5, |item| item.rate(1.0));
    let floor = s.optional("floor", 0.0, |item| item.number("a share from 0 to 1", |x| (0.0..=1.0).contains(&x)));
    let step = Schedule::Step { share: share?, gamma: gamma? };
    let cosine = Schedule::Cosine { floor: floor? };
    let schedules = [("step", step), ("cosine", cosine), ("constant", Schedule::Constant)];
    s.optional("schedule", step, |item| item.one_of(&schedules))
}

fn below_one(item: &Item<'_>) -> Option<f64> {
    item.number("a number from 0 to below 1", |x| (0.0..1.0).contains(&x))
}
