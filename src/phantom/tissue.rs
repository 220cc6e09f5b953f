//! Attenuation of tissue at 120 kV.

use super::draw::normal;
use crate::seed::Seed;

/// Attenuation of every tissue of one patient on one scanner, HU.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tissues {
    pub(super) skin: f64,
    pub(super) fat: f64,
    pub(super) muscle: f64,
    /// Outer and inner table of the skull.
    pub(super) table: f64,
    pub(super) diploe: f64,
    pub(super) csf: f64,
    pub(super) white: f64,
    /// Cortex and deep nuclei.
    pub(super) grey: f64,
    pub(super) pallidum: f64,
    /// Dura in the midline.
    pub(super) falx: f64,
    /// Flowing blood of the venous sinuses.
    pub(super) sinus: f64,
    /// Shift of everything within the skull by the scanner's calibration (Oh 2019).
    pub(super) offset: f64,
}

pub(super) const AIR: f64 = -1000.0;

impl Tissues {
    /// Grey 33..36 and white 29..30 HU are of Cala 1981; their difference varies less than either.
    pub(super) fn draw(seed: Seed, offset_sd: f64) -> Self {
        let rng = &mut seed.rng();
        let offset = normal(rng, 0.0, offset_sd);
        let grey = normal(rng, 36.0, 1.6) + offset;
        let contrast = normal(rng, 7.0, 1.2);
        Self {
            skin: normal(rng, 50.0, 8.0),
            fat: normal(rng, -75.0, 10.0),
            muscle: normal(rng, 50.0, 5.0),
            table: normal(rng, 1250.0, 150.0),
            diploe: normal(rng, 700.0, 100.0),
            csf: normal(rng, 5.0, 2.5) + offset,
            white: grey - contrast,
            grey,
            pallidum: grey - 1.5,
            falx: normal(rng, 50.0, 2.0) + offset,
            sinus: normal(rng, 52.0, 5.0) + offset,
            offset,
        }
    }
}
