//! Tails and quantiles of the laws that the statistics rest on, each accurate relative to itself: a p-value of 1e-40 has as many
//! good digits as one of 0.04.
//!
//! Written here where the crates fall short of 1e-12. statrs' incomplete beta cancels logarithms of gammas (1e-9 relative at 1e5
//! trials) and stops after 140 terms; its quantile stops at an absolute error, so a limit of 5e-6 has few digits. The normal law
//! lies in [`super::normal`].

pub mod beta;
pub mod chi_squared;
pub mod student;
