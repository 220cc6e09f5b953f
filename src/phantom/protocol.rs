//! How the patient is scanned. Nothing here depends on the class, so no attribute can tell it.

use rand::RngExt;

use super::draw::{chance, normal, uniform};
use crate::seed::Seed;

/// Who built the scanner: decides how pixels are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    /// Signed 16-bit, padding outside the reconstruction circle, tilted gantry.
    A,
    /// Unsigned 12-bit, no padding.
    B,
}

/// One scan.
#[derive(Debug, Clone)]
pub(super) struct Protocol {
    pub(super) vendor: Vendor,
    /// Diameter of the reconstruction circle, mm.
    pub(super) field_of_view: f64,
    /// mm.
    pub(super) thickness: f64,
    /// Heights at which the slices cross the axis of the head, mm, from below.
    pub(super) levels: Vec<f64>,
    /// Gantry tilt, degrees.
    pub(super) tilt: f64,
    /// mA.
    pub(super) current: f64,
    /// ms.
    pub(super) exposure_time: f64,
    /// Standard deviation of the kernel's blur, mm: 10 % of the modulation is left at 0.6..0.7 lp/mm.
    pub(super) blur: f64,
    /// Standard deviation of noise, HU.
    pub(super) noise: f64,
    /// Whether the first instance is the highest.
    pub(super) downward: bool,
    /// Table height, mm.
    pub(super) table: f64,
}

/// Thickness and distance of slices (mm) and how many key images are kept: 12..16 mm of the head in any case.
const LAYOUTS: [(f64, f64, usize); 6] =
    [(2.5, 2.5, 6), (3.0, 3.0, 5), (3.0, 3.0, 6), (4.0, 4.0, 4), (5.0, 4.0, 5), (5.0, 5.0, 4)];

impl Protocol {
    pub(super) fn draw(seed: Seed, noise: f64) -> Self {
        let rng = &mut seed.rng();
        let vendor = if chance(rng, 0.5) { Vendor::A } else { Vendor::B };
        let (thickness, step, count) = LAYOUTS[rng.random_range(0..LAYOUTS.len())];
        let middle = normal(rng, 5.5, 2.0);
        let current = uniform(rng, 112.0, 180.0).round();
        let exposure_time = uniform(rng, 1000.0, 2000.0).round();
        Self {
            vendor,
            field_of_view: uniform(rng, 222.0, 250.0).round(),
            thickness,
            levels: (0..count).map(|i| middle + step * (i as f64 - (count - 1) as f64 / 2.0)).collect(),
            tilt: if vendor == Vendor::A { uniform(rng, 0.0, 25.0).round() } else { 0.0 },
            current,
            exposure_time,
            blur: uniform(rng, 0.45, 0.75),
            noise: noise * quanta(thickness, current * exposure_time / 1000.0),
            downward: chance(rng, 0.5),
            table: uniform(rng, 120.0, 190.0).round(),
        }
    }

    /// Exposure, mAs.
    pub(super) fn exposure(&self) -> f64 {
        (self.current * self.exposure_time / 1000.0).round()
    }
}

/// Noise relative to 5 mm and 220 mAs: it falls with the root of the quanta; exposure control evens out the extremes.
fn quanta(thickness: f64, exposure: f64) -> f64 {
    (5.0 / thickness * 220.0 / exposure).sqrt().clamp(0.75, 1.3)
}
