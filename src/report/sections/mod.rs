//! The sections of the report. To add one is a file here and a line in [`SECTIONS`].

mod accuracy;
mod augmentation;
mod by_model;
mod calibration;
mod canary;
mod characteristics;
mod checklist;
mod classes;
mod cohort;
mod comparisons;
mod confusion;
mod design;
mod disjoint;
mod explanations;
mod external;
mod flow;
mod learning;
mod methods;
mod mistakes;
mod operating;
mod picture;
mod readers;
mod robustness;
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

/// The section that is a file of its own as well.
pub(super) const CHECKLIST: &str = checklist::SECTION.id;

/// All sections in the order of the report.
pub(super) const SECTIONS: &[Section] = &[
    summary::SECTION,
    cohort::SECTION,
    flow::SECTION,
    characteristics::SECTION,
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
    mistakes::SECTION,
    explanations::SECTION,
    robustness::SECTION,
    calibration::SECTION,
    seeds::SECTION,
    canary::SECTION,
    training::SECTION,
    learning::SECTION,
    augmentation::SECTION,
    methods::SECTION,
    checklist::SECTION,
];
