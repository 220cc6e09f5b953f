//! Calcium: in the pallida of a few patients, where it looks like blood, and where it is common and harmless.

use rand::{Rng, RngExt};

use super::canvas::{Canvas, Frame};
use super::draw::{chance, normal, uniform};
use super::ellipse::Ellipse;
use super::nuclei::PALLIDUM;
use super::texture::Texture;
use super::truth::Visible;
use super::ventricles::Ventricles;
use crate::seed::Seed;

/// One focus.
#[derive(Debug, Clone)]
pub(super) struct Deposit {
    /// The structure that is calcified.
    pub(super) place: &'static str,
    /// HU in its core.
    pub(super) attenuation: f64,
    body: Ellipse,
    texture: Texture,
}

/// Pallida where `pallidal`; pineal gland (73 % of adults), choroid plexus (60 %, both sides in 77 % of them) and habenula
/// (25 %) in everybody's share.
pub(super) fn draw(seed: Seed, pallidal: bool, ventricles: &Ventricles) -> Vec<Deposit> {
    let mut deposits = common(&mut seed.child("common").rng(), ventricles);
    if pallidal {
        deposits.extend(pallida(&mut seed.child("pallida").rng()));
    }
    deposits
}

/// Both sides; in a quarter of patients one of them is much fainter, which is the hard case.
fn pallida(rng: &mut impl Rng) -> [Deposit; 2] {
    let faint = if chance(rng, 0.25) { 0.35 } else { 1.0 };
    let k = normal(rng, 1.0, 0.35).abs().max(0.35);
    let attenuation = uniform(rng, 75.0, 190.0);
    let shares = if chance(rng, 0.5) { [1.0, faint] } else { [faint, 1.0] };
    let sides = [PALLIDUM, PALLIDUM.mirrored()];
    [0, 1].map(|side| {
        let size = k * shares[side] * uniform(rng, 0.85, 1.15);
        let body =
            Ellipse { semi: [6.5 * size, 3.0 * size], z: uniform(rng, 2.0, 5.0), dz: 9.0 * size.max(0.6), ..sides[side] };
        Deposit { place: "pallidum", attenuation: attenuation * uniform(rng, 0.85, 1.15), body, texture: speckle(rng) }
    })
}

fn common(rng: &mut impl Rng, ventricles: &Ventricles) -> Vec<Deposit> {
    let mut deposits = Vec::new();
    let mut add = |rng: &mut _, place, body| {
        let attenuation = uniform(rng, 90.0, 280.0);
        deposits.push(Deposit { place, attenuation, body, texture: speckle(rng) });
    };
    if chance(rng, 0.73) {
        let semi = [normal(rng, 2.3, 0.8).max(0.8), normal(rng, 2.0, 0.6).max(0.8)];
        add(rng, "pineal", Ellipse { centre: [0.0, -32.0], semi, angle: 90.0, z: 2.0, dz: 4.5 });
    }
    if chance(rng, 0.25) {
        add(rng, "habenula", Ellipse { centre: [0.0, -28.5], semi: [1.6, 1.0], angle: 0.0, z: 3.0, dz: 2.5 });
    }
    if chance(rng, 0.60) {
        let sides: &[f64] = if chance(rng, 0.77) {
            &[1.0, -1.0]
        } else if chance(rng, 0.5) {
            &[1.0]
        } else {
            &[-1.0]
        };
        for side in sides {
            let body = choroid(rng, *side, ventricles);
            add(rng, "choroid", body);
        }
    }
    deposits
}

fn choroid(rng: &mut impl Rng, side: f64, ventricles: &Ventricles) -> Ellipse {
    let [x, y] = ventricles.atrium().centre;
    let semi = [uniform(rng, 1.5, 3.2), uniform(rng, 1.2, 2.4)];
    let centre = [side * (x + normal(rng, 0.0, 1.0)), y + normal(rng, -1.0, 2.0)];
    Ellipse { centre, semi, angle: 90.0 + side * 20.0, z: uniform(rng, 4.0, 14.0), dz: 6.0 }
}

fn speckle(rng: &mut impl Rng) -> Texture {
    Texture::new(rng.random(), 1.8)
}

impl Deposit {
    /// Paints it, punctate to smudgy.
    pub(super) fn paint(&self, canvas: &mut Canvas) -> Visible {
        canvas.paint(Frame::Atlas, self.body.grown(1.0).bounds(), 1.6, |p| {
            let ragged = self.body.distance(p) - 0.5 * self.texture.at(p);
            (ragged, self.attenuation * (1.0 + 0.18 * self.texture.at(p)))
        })
    }
}
