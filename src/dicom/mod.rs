//! DICOM files to exams in Hounsfield units: right or refused, with the reason named.
//!
//! [`scan`] finds exams below a folder, [`AxialSeries`] finds the volume in an exam, [`inspect`] tells what is seen in one file.

mod codec;
mod dataset;
mod fault;
mod file;
mod fragment;
mod header;
mod identity;
mod inspect;
mod kernel;
mod layout;
mod leak;
mod native;
mod orientation;
mod pixels;
pub mod report;
mod scan;
mod series;
mod slice;
mod stack;
pub mod synthetic;
pub mod write;

pub use fault::Fault;
pub use header::{Frame, Header};
pub use identity::{Identifiers, Leak};
pub use inspect::{Inspection, inspect, inspect_bytes, stored};
pub use orientation::Orientation;
pub use pixels::AIR;
pub use scan::{ExamFiles, SeriesFiles, scan, scanned};
pub use series::AxialSeries;
pub use stack::StackFacts;
