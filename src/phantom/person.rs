//! Who the patient is: age and what comes with it.

use super::draw::{chance, normal};
use crate::seed::Seed;

/// Half-width of the inner skull in the atlas whose coordinates the deep structures have, mm.
const ATLAS_HALF_WIDTH: f64 = 67.0;

/// Measures of one head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    /// Years.
    pub(super) age: f64,
    /// Inner skull at its widest, mm.
    pub(super) half_width: f64,
    /// Inner skull front to back, mm.
    pub(super) half_length: f64,
    /// Size of the ventricles relative to those of a healthy 50-year-old.
    pub(super) ventricles: f64,
    /// Loss of brain volume: 0 for none, about 1 at 90 years.
    pub(super) atrophy: f64,
    /// Damage of the white matter around the ventricles, HU that it lacks.
    pub(super) leukoaraiosis: f64,
}

impl Person {
    pub(super) fn draw(seed: Seed) -> Self {
        let rng = &mut seed.rng();
        let age = normal(rng, 60.0, 14.0).clamp(22.0, 92.0).round();
        let aging = ((age - 50.0) / 40.0).max(0.0);
        let widened = normal(rng, 0.10 * (age - 50.0) / 40.0, 0.22).exp() * (1.0 + 0.35 * aging);
        let hydrocephalus = if chance(rng, 0.03) { normal(rng, 2.0, 0.18) } else { 1.0 };
        Self {
            age,
            half_width: normal(rng, 66.0, 2.6),
            half_length: normal(rng, 82.0, 3.4),
            ventricles: (widened * hydrocephalus).min(2.8),
            atrophy: (aging + normal(rng, 0.1, 0.2)).clamp(0.0, 1.3),
            leukoaraiosis: (normal(rng, -1.0, 3.0) + 6.0 * aging).clamp(0.0, 9.0),
        }
    }

    /// mm of this head per mm of the atlas.
    pub(super) fn scale(&self) -> f64 {
        self.half_width / ATLAS_HALF_WIDTH
    }
}
