//! The folded surface of the brain: a ribbon of grey below the skull, sulci that carry it inward, the Sylvian fissure with the
//! insula, and the fissure between the hemispheres.

use rand::RngExt;

use super::canvas::{Canvas, Frame, cover};
use super::draw::{chance, normal, uniform};
use super::ellipse::{Bounds, Ellipse, nearest, polyline_distance};
use super::hemorrhage::Hemorrhage;
use super::person::Person;
use super::pose::CENTRE;
use super::texture::{Texture, mix};
use super::tissue::Tissues;
use super::vault::Vault;
use crate::seed::Seed;

/// One fold at its root on the inner table.
#[derive(Debug, Clone, Copy)]
struct Sulcus {
    /// Radians about the axis of the head, and their change per mm upward.
    angle: f64,
    drift: f64,
    /// mm inward.
    depth: f64,
    /// Direction off the inward normal, radians.
    tilt: f64,
    /// Amplitude (mm) and phase of its bends.
    wave: f64,
    phase: f64,
    /// Half of the width of its CSF, mm.
    width: f64,
    /// Side to which it forks, if it does.
    fork: Option<f64>,
}

/// A Sylvian fissure.
#[derive(Debug, Clone, Copy)]
struct Sylvian {
    /// Half of the width of its CSF, mm.
    width: f64,
    /// Where it opens to the surface: y (mm) and how far it runs forward on the way.
    opening: f64,
    slant: f64,
    /// Of the insula, relative to the atlas.
    length: f64,
}

/// Folds of the inner face of a hemisphere: cingulate, parieto-occipital and calcarine.
#[derive(Debug, Clone, Copy)]
struct Medial {
    /// y where each leaves the midline, its reach and its rise, mm.
    folds: [[f64; 3]; 3],
    width: f64,
}

/// A fold as it crosses one plane.
struct Fold {
    line: Vec<[f64; 2]>,
    width: f64,
}

impl Fold {
    /// From the CSF, which narrows from the root to the fundus, mm.
    fn distance(&self, p: [f64; 3]) -> f64 {
        let (distance, share) = nearest(&self.line, p);
        distance - self.width * (1.45 - 0.95 * share)
    }
}

/// The cortex of one patient.
#[derive(Debug, Clone)]
pub(super) struct Cortex {
    sulci: Vec<Sulcus>,
    /// Thickness of the grey ribbon, mm.
    ribbon: f64,
    /// CSF between brain and skull, mm.
    gap: f64,
    /// Right and left.
    sylvian: [Sylvian; 2],
    /// Right and left.
    medial: [Medial; 2],
    /// Half-width of the fissure between the hemispheres, mm.
    midline: f64,
    surface: Texture,
    grain: Texture,
}

impl Cortex {
    pub(super) fn draw(seed: Seed, person: &Person) -> Self {
        let rng = &mut seed.rng();
        let wide = 1.0 + 1.1 * person.atrophy;
        Self {
            sulci: sulci(rng, person, wide),
            ribbon: uniform(rng, 2.7, 3.5),
            gap: (normal(rng, 0.9, 0.25) * wide).clamp(0.5, 3.2),
            sylvian: [0, 1].map(|_| Sylvian::draw(rng, wide)),
            medial: [0, 1].map(|_| Medial::draw(rng, wide)),
            midline: (normal(rng, 0.8, 0.2) * wide).clamp(0.5, 2.2),
            surface: Texture::new(rng.random(), 9.0),
            grain: Texture::new(rng.random(), 6.0),
        }
    }

    /// Fills the skull with brain and folds it.
    pub(super) fn paint(
        &self,
        canvas: &mut Canvas,
        vault: &Vault,
        person: &Person,
        tissues: &Tissues,
        clot: Option<&Hemorrhage>,
    ) {
        let soft = canvas.pixel().max(0.5);
        let folds = self.folds(canvas, vault, person, clot);
        let reach = self.ribbon + 1.0;
        let shapes = folds.iter().map(|fold| (Bounds::of(&fold.line, fold.width + reach), |p| fold.distance(p)));
        let field = canvas.field(shapes);
        canvas.fill(|p, depth, index| self.parenchyma(tissues, p, depth, f64::from(field[index]), soft));
        falx(canvas, person, tissues);
    }

    /// Attenuation at `depth` mm below the skull and `fold` mm from the CSF of a sulcus, and the share of brain.
    fn parenchyma(&self, tissues: &Tissues, p: [f64; 3], depth: f64, fold: f64, soft: f64) -> (f64, f64) {
        let gap = if depth > 12.0 { 0.0 } else { self.gap * (1.0 + 0.35 * self.surface.at(p)).max(0.2) };
        let white = cover(self.ribbon - (depth - gap).min(fold), 1.2 * soft);
        let matter = mix(tissues.grey, tissues.white, white) + 0.5 * self.grain.at(p);
        (mix(matter, tissues.csf, cover(fold, soft)), cover(gap - depth, soft))
    }

    fn folds(&self, canvas: &Canvas, vault: &Vault, person: &Person, clot: Option<&Hemorrhage>) -> Vec<Fold> {
        let mut folds: Vec<Fold> = self.sulci.iter().flat_map(|sulcus| sulcus.folds(canvas, vault, person)).collect();
        folds.extend(self.sylvian(canvas));
        folds.extend(self.medial(person, canvas.height([0.0, -60.0])));
        for fold in &mut folds {
            fold.width *= 1.0 - clot.map_or(0.0, |clot| clot.effacement(fold.line[0][0]));
        }
        folds
    }

    /// The insula (|x| 37..39) lies below CSF of |x| 41..45 that opens to the surface in front; the operculum has its own folds.
    fn sylvian(&self, canvas: &Canvas) -> Vec<Fold> {
        let rise = canvas.height([42.0, 0.0]);
        let half = (1.0 - ((rise - 3.0) / 26.0).powi(2)).max(0.15).sqrt();
        let sides = [(-1.0, &self.sylvian[0]), (1.0, &self.sylvian[1])];
        sides.into_iter().flat_map(|(side, fissure)| fissure.folds(side, half, 0.15 * rise)).collect()
    }
}

impl Sylvian {
    fn draw(rng: &mut impl rand::Rng, wide: f64) -> Self {
        Self {
            width: (normal(rng, 0.8, 0.25) * wide).clamp(0.35, 2.4),
            opening: normal(rng, 6.0, 4.0),
            slant: normal(rng, 4.0, 3.0),
            length: uniform(rng, 0.75, 1.05),
        }
    }

    /// `half` shortens the insula away from its middle; `rise` moves the opening backward higher up.
    fn folds(&self, side: f64, half: f64, rise: f64) -> Vec<Fold> {
        let (top, opening) = (19.0 * half * self.length, self.opening - rise);
        let insula = [[39.0, top], [42.0, 0.6 * top], [43.5, 0.0], [42.5, -0.5 * top], [39.5, -top], [37.0, -1.15 * top]];
        let out = |share: f64| [43.0 + 24.0 * share, opening + self.slant * (share + 0.35 * (6.0 * share).sin())];
        let limb = [1.0, 0.75, 0.5, 0.25, 0.0].map(out);
        let operculum = [[43.0, -0.45 * top], [47.5, -0.5 * top + 1.0], [52.0, -0.62 * top]];
        let mirrored = |line: &[[f64; 2]]| line.iter().map(|[x, y]| [side * x, *y]).collect::<Vec<_>>();
        let fold = |line: &[[f64; 2]], width: f64| Fold { line: mirrored(line), width };
        vec![fold(&insula, self.width), fold(&limb, self.width * 0.9), fold(&operculum, self.width * 0.6)]
    }
}

/// Sulci every 8..12 mm around the surface, but none where the hemispheres meet.
fn sulci(rng: &mut impl rand::Rng, person: &Person, wide: f64) -> Vec<Sulcus> {
    let radius = (person.half_width + person.half_length) / 2.0;
    let mut sulci = Vec::new();
    let mut angle = -std::f64::consts::PI;
    while angle < std::f64::consts::PI - 5.0 / radius {
        angle += uniform(rng, 8.0, 12.0) / radius;
        if angle.cos().abs() * radius > 8.0 {
            sulci.push(Sulcus::draw(rng, angle, wide));
        }
    }
    sulci
}

impl Sulcus {
    fn draw(rng: &mut impl rand::Rng, angle: f64, wide: f64) -> Self {
        Self {
            angle,
            drift: normal(rng, 0.0, 0.0035),
            depth: normal(rng, 14.0, 4.5).max(5.0),
            tilt: normal(rng, 0.0, 0.32),
            wave: normal(rng, 0.0, 1.3),
            phase: uniform(rng, 0.0, std::f64::consts::TAU),
            width: (normal(rng, 0.45, 0.2) * wide).clamp(0.12, 1.9),
            fork: chance(rng, 0.4).then(|| if chance(rng, 0.5) { 1.0 } else { -1.0 }),
        }
    }

    /// The trunk and, where it forks, the branch, in mm of the atlas.
    fn folds(&self, canvas: &Canvas, vault: &Vault, person: &Person) -> Vec<Fold> {
        let scale = person.scale();
        let (sin, cos) = self.angle.sin_cos();
        let height = canvas.height([60.0 * cos, 75.0 * sin + CENTRE]);
        let angle = self.angle + self.drift * height;
        let root = polar(vault.inner(angle, height) / scale, angle, [0.0, CENTRE / scale]);
        let at = |t: f64| self.bend(root, angle, t);
        let trunk = Fold { line: (0..=5).map(|i| at(f64::from(i) / 5.0)).collect(), width: self.width };
        let start = at(0.6);
        let fork = self.fork.map(|side| {
            let end = polar(self.depth * 0.5, angle + std::f64::consts::PI + self.tilt + side * 1.0, start);
            Fold { line: vec![start, end], width: self.width * 0.7 }
        });
        std::iter::once(trunk).chain(fork).collect()
    }

    /// The point at share `t` of the depth.
    fn bend(&self, root: [f64; 2], angle: f64, t: f64) -> [f64; 2] {
        let inward = angle + std::f64::consts::PI + self.tilt * t;
        let on_axis = polar(self.depth * t, inward, root);
        let sideways = self.wave * ((5.0 * t + self.phase).sin() - self.phase.sin());
        polar(sideways, inward + std::f64::consts::FRAC_PI_2, on_axis)
    }
}

fn polar(radius: f64, angle: f64, from: [f64; 2]) -> [f64; 2] {
    let (sin, cos) = angle.sin_cos();
    [from[0] + radius * cos, from[1] + radius * sin]
}

/// Front and back of the brain in the midline, mm of the atlas.
fn poles(person: &Person) -> [f64; 2] {
    [1.0, -1.0].map(|end| (CENTRE + end * (person.half_length - 1.0)) / person.scale())
}

impl Cortex {
    /// The fissure between the hemispheres (y > 34 and y < -50) and the folds of their inner faces.
    fn medial(&self, person: &Person, height: f64) -> Vec<Fold> {
        let [front, back] = poles(person);
        let fissure = |from: f64, to: f64| Fold { line: vec![[0.0, from], [0.0, to]], width: self.midline };
        let sides = [(-1.0, &self.medial[0]), (1.0, &self.medial[1])];
        let folds = sides.into_iter().flat_map(|(side, medial)| medial.folds(side, height));
        [fissure(34.0, front), fissure(-50.0, back)].into_iter().chain(folds).collect()
    }
}

impl Medial {
    fn draw(rng: &mut impl rand::Rng, wide: f64) -> Self {
        let mut fold = |y, reach| [normal(rng, y, 3.0), normal(rng, reach, 3.0).max(3.0), normal(rng, 0.0, 3.5)];
        let folds = [fold(45.0, 10.0), fold(-60.0, 14.0), fold(-76.0, 15.0)];
        Self { folds, width: (normal(rng, 0.35, 0.15) * wide).clamp(0.1, 1.1) }
    }

    fn folds(&self, side: f64, height: f64) -> impl Iterator<Item = Fold> {
        let Self { folds, width } = *self;
        folds.into_iter().map(move |[y, reach, rise]| {
            let y = y - 0.25 * height;
            let middle = [side * reach * 0.5, y + rise * 0.8];
            Fold { line: vec![[0.0, y], middle, [side * reach, y + rise * 0.3]], width }
        })
    }
}

/// Dura of 1 mm in the midline and the venous sinuses at its ends.
fn falx(canvas: &mut Canvas, person: &Person, tissues: &Tissues) {
    let [front, back] = poles(person);
    for line in [[[0.0, 36.0], [0.0, front]], [[0.0, -50.0], [0.0, back]]] {
        canvas.paint(Frame::Atlas, Bounds::of(&line, 1.5), 0.5, |p| (polyline_distance(&line, p) - 0.5, tissues.falx));
    }
    let behind = CENTRE - person.half_length;
    let sinus = Ellipse { centre: [0.0, behind + 5.0], semi: [5.5, 3.2], angle: 90.0, z: 8.0, dz: 60.0 };
    canvas.paint(Frame::Head, sinus.bounds(), 1.2, |p| (sinus.distance(p), tissues.sinus));
}
