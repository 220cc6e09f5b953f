//! The skull and what covers it, as layers around an axis: one table of radii over the angle, and a distance per pixel.

use super::canvas::cover;
use super::draw::normal;
use super::person::Person;
use super::pose::CENTRE;
use super::texture::{Texture, mix, smoothstep};
use super::tissue::{AIR, Tissues};
use crate::seed::Seed;

const ANGLES: usize = 1440;
/// No skull and scalp together are thicker, mm.
const THICKEST: f64 = 40.0;
/// Exponent of the superellipse: squarer than an ellipse.
const SQUARENESS: f64 = 2.2;
/// mm; air and fat blur into it from both sides.
const SKIN: f64 = 2.4;

/// The layers at one angle, mm from the axis outward.
#[derive(Debug, Clone, Copy)]
struct Layers {
    inner: f64,
    /// Thickness of each of the two tables.
    table: f64,
    bone: f64,
    muscle: f64,
    scalp: f64,
}

/// A point of the plane in polar form, with the radius of the inner table beside its own, mm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Radius {
    angle: f32,
    inner: f32,
    own: f32,
}

/// The calvarium of one patient.
#[derive(Debug, Clone)]
pub(super) struct Vault {
    layers: Vec<Layers>,
    marrow: Texture,
    fascia: Texture,
}

/// What varies from patient to patient, mm.
struct Build {
    frontal: f64,
    temporal: f64,
    occipital: f64,
    table: f64,
    muscle: f64,
    lateral_scalp: f64,
    /// Relief of inner and outer surface.
    relief: [Texture; 2],
}

impl Vault {
    pub(super) fn draw(seed: Seed, person: &Person) -> Self {
        let build = Build::draw(seed);
        let angle = |i: usize| (i as f64 / ANGLES as f64).mul_add(std::f64::consts::TAU, -std::f64::consts::PI);
        let texture = |name: &str, length| Texture::new(seed.child(name).to_i64() as u64, length);
        Self {
            layers: (0..ANGLES).map(|i| build.layers(person, angle(i))).collect(),
            marrow: texture("marrow", 2.5),
            fascia: texture("fascia", 4.0),
        }
    }

    /// Distance of the inner table from the axis at this angle and height, mm.
    pub(super) fn inner(&self, angle: f64, z: f64) -> f64 {
        self.at(angle).inner * narrowing(z)
    }

    /// Where a point of the head lies in the table; the same at every height.
    pub(super) fn radius(&self, head: [f64; 2]) -> Radius {
        let (x, y) = (head[0], head[1] - CENTRE);
        let angle = y.atan2(x);
        Radius { angle: angle as f32, inner: self.at(angle).inner as f32, own: x.hypot(y) as f32 }
    }

    /// Attenuation at a point outside of the brain, and its depth below the inner table (negative outside), mm.
    pub(super) fn attenuation(&self, tissues: &Tissues, p: [f64; 3], radius: &Radius, soft: f64) -> (f64, f64) {
        let depth = f64::from(radius.inner) * narrowing(p[2]) - f64::from(radius.own);
        if depth > 2.0 {
            return (tissues.csf, depth);
        }
        if depth < -THICKEST {
            return (AIR, depth);
        }
        (self.layered(tissues, &self.at(f64::from(radius.angle)), p, -depth, soft), depth)
    }

    fn layered(&self, tissues: &Tissues, layers: &Layers, p: [f64; 3], outward: f64, soft: f64) -> f64 {
        let diploe = tissues.diploe + 90.0 * self.marrow.at(p);
        let fat = tissues.fat + 8.0 * self.fascia.at(p);
        let muscle = layers.bone + layers.muscle;
        let borders = [
            (muscle + layers.scalp, tissues.skin),
            (muscle + layers.scalp - SKIN, fat),
            (muscle, tissues.muscle + 12.0 * self.fascia.at(p).min(0.5)),
            (layers.bone, tissues.table),
            (layers.bone - layers.table, diploe),
            (layers.table.min(layers.bone / 2.0), tissues.table),
            (0.0, tissues.csf),
        ];
        borders.into_iter().fold(AIR, |below, (border, hu)| mix(below, hu, cover(outward - border, soft)))
    }

    fn at(&self, angle: f64) -> Layers {
        let position = (angle / std::f64::consts::TAU + 0.5) * ANGLES as f64;
        let (low, share) = (position.floor(), position - position.floor());
        let [a, b] = [0, 1].map(|next| self.layers[(low as usize + next) % ANGLES]);
        Layers {
            inner: mix(a.inner, b.inner, share),
            table: a.table,
            bone: mix(a.bone, b.bone, share),
            muscle: mix(a.muscle, b.muscle, share),
            scalp: mix(a.scalp, b.scalp, share),
        }
    }
}

/// The head narrows above and below its widest level.
fn narrowing(z: f64) -> f64 {
    (1.0 - ((z - 10.0) / 78.0).powi(2)).max(0.04).sqrt()
}

impl Build {
    /// Thickness of bone in CT of 100 adults: frontal 8.0 ± 2.0, temporal 4.7 ± 1.3, occipital 8.0 ± 2.5 mm.
    fn draw(seed: Seed) -> Self {
        let rng = &mut seed.child("build").rng();
        let relief = |name: &str, length| Texture::new(seed.child(name).to_i64() as u64, length);
        Self {
            frontal: normal(rng, 8.0, 1.6),
            temporal: normal(rng, 5.2, 0.9),
            occipital: normal(rng, 8.0, 1.8),
            table: normal(rng, 1.8, 0.2),
            muscle: normal(rng, 4.5, 1.0),
            lateral_scalp: normal(rng, 6.0, 0.8),
            relief: [relief("inner relief", 12.0), relief("outer relief", 24.0)],
        }
    }

    fn layers(&self, person: &Person, angle: f64) -> Layers {
        let (sin, cos) = angle.sin_cos();
        let radius = superellipse(cos / person.half_width, sin / person.half_length);
        let at = [radius * cos, radius * sin, 0.0];
        let [inner, outer] = self.relief.map(|relief| relief.at(at));
        let lateral = smoothstep(cos.abs() * 1.3);
        let inward = crest(radius, angle) - 0.6 * inner;
        let ends = if sin > 0.0 { self.frontal } else { self.occipital };
        Layers {
            inner: radius - inward,
            table: self.table,
            bone: (mix(ends, self.temporal, lateral) + 0.4 * outer + inward).max(3.2),
            muscle: self.muscle * temporal_fossa(sin, cos),
            scalp: mix(4.5, self.lateral_scalp, lateral) + 0.4 * outer,
        }
    }
}

/// Superellipse of exponent 2.2 in polar form; arguments are cosine and sine over the semi-axes.
fn superellipse(c: f64, s: f64) -> f64 {
    (c.abs().powf(SQUARENESS) + s.abs().powf(SQUARENESS)).powf(-1.0 / SQUARENESS)
}

/// Frontal crest and internal occipital protuberance, mm that the inner table stands in.
fn crest(radius: f64, angle: f64) -> f64 {
    let arc = radius * (angle.abs() - std::f64::consts::FRAC_PI_2);
    let height = if angle > 0.0 { 2.5 } else { 3.5 };
    height * (-(arc / 4.5).powi(2)).exp()
}

/// The temporal muscle lies beside the head, more in front than behind: 1 where it is thickest.
fn temporal_fossa(sin: f64, cos: f64) -> f64 {
    let degrees = sin.atan2(cos.abs()).to_degrees();
    (-((degrees - 22.0) / 20.0).powi(2)).exp()
}
