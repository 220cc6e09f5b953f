//! The field that `bgh` works in: exams and their labels, images, phantoms, statistics, weight files and tables, and the artifacts that stages
//! exchange. It knows nothing of specs, plans and execution.
//!
//! A package of its own because it changes seldom and computes much: it is always compiled with optimisation, and a change of the
//! engine above does not compile it again. `bgh` shows these modules under the same names.

pub mod artifact;
pub mod dicom;
pub mod imaging;
pub mod labels;
pub mod phantom;
pub mod seed;
pub mod stats;
pub mod table;
pub mod weights;
