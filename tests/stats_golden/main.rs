//! The statistics against reference runs, a module for each folder of `stats`.
//!
//! `tests/golden/stats` holds simulated data with the values of R 4.2.2, pROC 1.18.0, scikit-learn 1.9.1 (`expected/`) and of
//! rational and 50-digit arithmetic (`exact/`). The edge cases of the reference set are tested by name, and pROC's own answer is
//! told where it differs.

mod area;
mod calibration;
mod contrast;
mod curve;
mod decision;
mod family;
mod golden;
mod large;
mod multiclass;
mod power;
mod proportion;
mod resample;
mod root;
mod special;
