//! What is really there: written beside the images, never into them.

use serde::{Deserialize, Serialize};

use super::{Class, Size};

/// The truth about one exam. Lists over slices are in the order of the instances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Id of the exam.
    pub exam: String,
    /// Its class.
    pub class: Class,
    /// Years.
    pub age: f64,
    /// Whether the pallida are calcified.
    pub calcified: bool,
    /// The hemorrhage of a positive exam.
    pub lesion: Option<Lesion>,
    /// Every calcified focus.
    pub calcifications: Vec<Calcification>,
}

/// A hemorrhage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lesion {
    /// Diameters, cm.
    pub size: Size,
    /// mL.
    pub volume: f64,
    /// Mean HU of the clot.
    pub attenuation: f64,
    /// Days since the bleeding.
    pub days: f64,
    /// Width of the edema, mm.
    pub edema: f64,
    /// Shift of the midline, mm.
    pub midline_shift: f64,
    /// Whether blood has broken into the ventricles.
    pub intraventricular: bool,
    /// What each slice shows of it; zero area where it shows none.
    pub visible: Vec<Visible>,
}

/// One calcified focus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calcification {
    /// `pallidum`, `pineal`, `habenula` or `choroid`.
    pub place: String,
    /// HU in its core.
    pub attenuation: f64,
    /// What each slice shows of it.
    pub visible: Vec<Visible>,
}

/// What one slice shows of a structure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Visible {
    /// mm²; 0 where there is nothing.
    pub area: f64,
    /// Column of the centre of the area, pixels from 0; 0 where the area is 0.
    pub column: f64,
    /// Row of the centre of the area.
    pub row: f64,
}

impl Visible {
    /// While painting, the fields are sums over pixels.
    pub(super) fn add(&mut self, share: f64, column: usize, row: usize) {
        self.area += share;
        self.column += share * column as f64;
        self.row += share * row as f64;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.area += other.area;
        self.column += other.column;
        self.row += other.row;
    }

    /// From sums over the pixels of `planes` planes to an area and its centre.
    pub(super) fn averaged(self, planes: usize, pixel: f64) -> Self {
        if self.area < 1e-6 {
            return Self::default();
        }
        let area = self.area * pixel * pixel / planes as f64;
        Self { area, column: self.column / self.area, row: self.row / self.area }
    }

    /// The same in the mirror image.
    pub(super) fn mirrored(self, matrix: usize) -> Self {
        let column = if self.area > 0.0 { (matrix - 1) as f64 - self.column } else { 0.0 };
        Self { column, ..self }
    }
}
