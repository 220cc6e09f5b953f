//! The sections of the report. To add one is a file here and a line in [`SECTIONS`].

mod accuracy;
mod by_model;
mod calibration;
mod canary;
mod classes;
mod cohort;
mod comparisons;
mod confusion;
mod design;
mod disjoint;
mod external;
mod learning;
mod methods;
mod operating;
mod readers;
mod roc;
mod seeds;
mod subgroups;
mod summary;
mod training;

use anyhow::Result;

use super::document::Block;
use super::study::Study;

/// One section; without blocks it is left out.
pub(super) struct Section {
    /// Anchor within the page.
    pub(super) id: &'static str,
    /// Heading.
    pub(super) heading: &'static str,
    /// What it says of a study.
    pub(super) blocks: fn(&Study) -> Result<Vec<Block>>,
}

/// All sections in the order of the report.
pub(super) const SECTIONS: &[Section] = &[
    summary::SECTION,
    cohort::SECTION,
    disjoint::SECTION,
    design::SECTION,
    accuracy::SECTION,
    roc::SECTION,
    comparisons::SECTION,
    operating::SECTION,
    external::SECTION,
    readers::SECTION,
    subgroups::SECTION,
    confusion::SECTION,
    calibration::SECTION,
    seeds::SECTION,
    canary::SECTION,
    training::SECTION,
    learning::SECTION,
    methods::SECTION,
];
