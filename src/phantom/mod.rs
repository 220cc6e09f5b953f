//! Synthetic non-contrast head CT at basal-ganglia level, so that a whole study runs where no patient data may be.
//!
//! 1. [`Cohort`] says how many exams of each class there are; [`Cohort::exams`] gives every [`Exam`] its own random stream.
//! 2. An exam draws a person (skull, ventricles, sulci, tissue HU), for the positive classes a hemorrhage, and a scan.
//! 3. Structures are painted as signed distances, sub-slice by sub-slice, and pass through the physics of the scanner:
//!    partial volume, blur, cupping, noise with a CT-like spectrum, rounding.
//! 4. [`write()`] stores the slices as DICOM files beside a [`Truth`], [`write_cohort`] a whole cohort.
//!
//! Head frame in mm: +x to the patient's left, +y anterior, +z up, origin near the anterior commissure. Every head is
//! drawn with its lesion on the left; the image of class `right` is the mirror image, so that nothing but the side can
//! differ between the two. Sizes, attenuations and frequencies are of the literature; each stands where it is used.

mod calcification;
mod canvas;
mod cohort;
mod cortex;
mod draw;
mod ellipse;
mod exam;
mod facts;
mod folder;
mod hemorrhage;
mod noise;
mod nuclei;
mod person;
mod pose;
mod protocol;
mod scanner;
mod size;
mod study;
mod texture;
mod tissue;
mod truth;
mod vault;
mod ventricles;

pub use cohort::{Cohort, CohortError, Difficulty};
pub use exam::{Class, Exam};
pub use facts::FACTS;
pub use folder::{write, write_cohort};
pub use size::Size;
pub use study::{Slice, Study};
pub use truth::{Calcification, Lesion, Truth, Visible};
