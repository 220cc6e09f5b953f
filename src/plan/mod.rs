//! What a spec means: a graph of steps. Pure: files are looked at to know the cohort, nothing is executed.
//!
//! 1. [`Roster`]: which exams there are, and which of them train, tune and test. From here on they bear pseudonyms ([`Key`]).
//! 2. [`Plan`]: one step an exam for rendering and ingest, one a set for windows and augmentation, one a model for training and
//!    prediction, one comparison, one report. Equal work is one step, whoever asks for it.
//! 3. [`Manifest`]: the key of a step, known as soon as the contents of its inputs are.

mod cause;
mod cohort;
mod describe;
mod discreet;
mod expand;
mod facts;
mod graph;
mod kinds;
mod leaves;
mod looks;
mod manifest;
mod model;
mod pseudonym;
mod readers;
mod roster;
mod split;
mod stages;
mod subgroups;

pub use crate::labels::Part;
pub use cause::Cause;
pub use discreet::Discreet;
pub use expand::expand;
pub use graph::{Export, Input, Plan, Step, StepId};
pub use kinds::KINDS;
pub use leaves::Leaves;
pub use manifest::{Change, Manifest};
pub use model::Card;
pub use pseudonym::{Key, Person, Sort, numbered};
pub use roster::{CohortFaults, Exam, ExamSource, Roster};
