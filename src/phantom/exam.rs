//! One exam as plain data: everything that its rendering depends on.

use serde::{Deserialize, Serialize};

use super::{Difficulty, Study};
use crate::seed::Seed;

/// What is wrong with the patient; the side is the patient's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// No hemorrhage.
    None,
    /// Hemorrhage of the right basal ganglia, seen on the left of the image.
    Right,
    /// Hemorrhage of the left basal ganglia, seen on the right of the image.
    Left,
}

impl Class {
    /// The class of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::None, Self::Right, Self::Left].into_iter().find(|class| class.name() == name)
    }

    /// `none`, `right` or `left`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Right => "right",
            Self::Left => "left",
        }
    }
}

/// The whole parameter set of one exam; two exams share nothing, so each can be rendered wherever and whenever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exam {
    /// Name within the cohort, `001` on.
    pub id: String,
    /// Class of the patient.
    pub class: Class,
    /// The exam's own random stream.
    pub seed: Seed,
    /// Side of the image matrix, pixels.
    pub matrix: usize,
    /// Whether both pallida are calcified, which on bright windows looks like blood.
    pub calcified: bool,
    /// Physical quantities of the cohort.
    pub difficulty: Difficulty,
}

impl Exam {
    /// Draws the patient and scans them.
    pub fn render(&self) -> Study {
        Study::of(self)
    }
}
