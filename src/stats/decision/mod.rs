//! What a score decides once there is a threshold.
//!
//! 1. [`OperatingPoints`] choose a threshold from a curve; [`OperatingPoint::apply`] takes it to other data.
//! 2. [`Table2x2`] and [`Confusion`]: the counts of who is called what. Their shares are [`super::proportion::Proportion`]s,
//!    with intervals there.
//! 3. One file a conclusion: [`LikelihoodRatio`] and what it makes of a prevalence, [`Kappa`], [`mcnemar`] for two methods
//!    on the same subjects, [`NetBenefit`] for what a decision is worth.
//!
//! A threshold chosen on the data that it is judged on makes their sensitivity and specificity look better than they are
//! elsewhere: the point was picked because it did well there. Choose on tuning exams, apply to test exams.

mod balanced_accuracy;
mod confusion;
mod f1;
mod kappa;
mod likelihood_ratio;
mod matthews;
pub mod mcnemar;
mod net_benefit;
mod operating_point;
mod predictive;
#[cfg(test)]
mod properties;
mod table;

pub use balanced_accuracy::balanced_accuracy;
pub use confusion::{Confusion, InvalidConfusion};
pub use f1::{f1, macro_f1};
pub use kappa::{Kappa, Weights};
pub use likelihood_ratio::LikelihoodRatio;
pub use matthews::matthews;
pub use net_benefit::{InvalidRisk, NetBenefit, decision_curve};
pub use operating_point::{InvalidCost, InvalidRate, OperatingPoint, OperatingPoints, SpecificityWeight};
pub use predictive::{PredictiveValue, negative_predictive_value, positive_predictive_value};
pub use table::Table2x2;
