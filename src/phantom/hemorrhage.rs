//! Hemorrhage of the left basal ganglia, what it does to its surroundings, and where it breaks through.

use rand::{Rng, RngExt};

use super::canvas::{Canvas, Frame};
use super::draw::{chance, normal, uniform};
use super::ellipse::{Bounds, Ellipse};
use super::person::Person;
use super::texture::{Texture, mix, smoothstep};
use super::tissue::Tissues;
use super::truth::Visible;
use super::ventricles::Ventricles;
use super::{Difficulty, Size};
use crate::seed::Seed;

/// A clot and its edema.
#[derive(Debug, Clone)]
pub(super) struct Hemorrhage {
    pub(super) size: Size,
    body: Ellipse,
    /// Another focus, 3..10 mm wide.
    island: Option<Ellipse>,
    /// Unevenness of the border relative to the radius: 0.05 round, 0.25 lobulated.
    lobulation: f64,
    border: Texture,
    inside: Inside,
    /// HU.
    pub(super) attenuation: f64,
    /// Days since the bleeding.
    pub(super) days: f64,
    /// Width of the edema, mm.
    pub(super) rim: f64,
    /// HU: 3 below white matter on the first day, 6..7 on the fourth (i-DEF: 30.3, then 26.9).
    edema: f64,
    pub(super) mass: MassEffect,
    pub(super) ventricular: Option<Ventricular>,
}

/// What the inside of a clot looks like.
#[derive(Debug, Clone, Copy)]
struct Inside {
    texture: Texture,
    /// Pockets of fresh blood (40..50 HU).
    swirl: Option<Texture>,
    /// Height in y below which cells have settled.
    level: Option<f64>,
}

/// How far and where the brain is pushed.
#[derive(Debug, Clone, Copy)]
pub(super) struct MassEffect {
    /// Shift of the midline, mm.
    pub(super) shift: f64,
    centre: [f64; 2],
    radius: f64,
    half_width: f64,
}

/// Blood in the ventricles.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ventricular {
    /// The horn beside the clot is full.
    Cast(f64),
    /// Blood has settled in the atria, up to a height in y.
    Settled(f64, f64),
}

impl Hemorrhage {
    /// `heights` gives the lowest and highest slice plane at a point of the head, so that some key image shows the clot.
    pub(super) fn draw(
        seed: Seed,
        difficulty: &Difficulty,
        person: &Person,
        tissues: &Tissues,
        heights: impl Fn([f64; 2]) -> [f64; 2],
    ) -> Self {
        let rng = &mut seed.rng();
        let (offset, white) = (tissues.offset, tissues.white);
        let size = Size::draw(rng, difficulty.smallest);
        let centre = [normal(rng, 25.0, 4.0) * person.scale(), normal(rng, 0.0, 7.0) * person.scale()];
        let [low, high] = heights(centre);
        let z = normal(rng, 5.0, 4.0).clamp(low, high);
        let body = Ellipse {
            centre,
            semi: [size.anteroposterior * 5.0, size.transverse * 5.0],
            angle: normal(rng, 100.0, 8.0),
            z,
            dz: size.height * 5.0,
        };
        let days = (-1.5 * uniform(rng, 0.02, 1.0).ln()).min(9.0);
        let attenuation = (normal(rng, difficulty.clot, 6.0) - 1.5 * (days - 1.0).max(0.0)).max(40.0) + offset;
        let mass = MassEffect::draw(rng, &size, centre, person.half_width);
        let mut clot = Self {
            size,
            body,
            island: chance(rng, 0.22).then(|| island(rng, &body)),
            lobulation: uniform(rng, 0.04, 0.17),
            border: Texture::new(rng.random(), uniform(rng, 5.0, 10.0).max(body.semi[1] * 0.5)),
            inside: Inside::draw(rng, &body),
            attenuation,
            days,
            rim: (uniform(rng, 0.10, 0.35) * radius(&size)).clamp(2.0, 10.0),
            edema: white - normal(rng, 3.0 + 0.9 * days.min(4.0), 1.2).max(0.5),
            mass,
            ventricular: None,
        };
        clot.ventricular = clot.breakthrough(rng, person, offset);
        clot
    }

    /// Share by which folds at this place of the atlas are pressed shut.
    pub(super) fn effacement(&self, x: f64) -> f64 {
        0.85 * (self.mass.shift / 7.0).min(1.0) * smoothstep((x + 6.0) / 20.0)
    }

    /// Paints edema, clot and island; what is seen of the blood is returned.
    pub(super) fn paint(&self, canvas: &mut Canvas) -> Visible {
        let reach = 1.4 * self.body.semi[0].max(self.body.semi[1]);
        let bounds = |margin: f64| Bounds::around(self.body.centre, reach + margin);
        canvas.paint(Frame::Head, bounds(self.rim + 3.0), 4.0, |p| (self.distance(p) - self.rim, self.edema));
        let mut seen = canvas.paint(Frame::Head, bounds(2.0), 1.2, |p| (self.distance(p), self.blood(p)));
        if let Some(island) = &self.island {
            seen.merge(&canvas.paint(Frame::Head, island.bounds(), 1.2, |p| (island.distance(p), self.blood(p))));
        }
        seen
    }

    /// Signed distance from the uneven border, mm.
    fn distance(&self, p: [f64; 3]) -> f64 {
        self.body.distance(p) - self.lobulation * self.body.semi[1] * self.border.at(p)
    }

    fn blood(&self, p: [f64; 3]) -> f64 {
        let fresh = self.inside.swirl.map_or(0.0, |swirl| smoothstep(swirl.at(p) * 2.0 - 1.0));
        let settled = self.inside.level.map_or(0.0, |level| if p[1] < level { 6.0 } else { -16.0 });
        mix(self.attenuation, self.attenuation.min(45.0), fresh) + settled + 3.0 * self.inside.texture.at(p)
    }

    /// Blood reaches the ventricle when less than 2 mm lie between (median distance 2.4 mm, n = 325).
    fn breakthrough(&self, rng: &mut impl Rng, person: &Person, offset: f64) -> Option<Ventricular> {
        let (cast, hu, level) = (chance(rng, 0.5), uniform(rng, 55.0, 75.0) + offset, uniform(rng, -50.0, -44.0));
        let gap = Ventricles::of(person, self.mass.shift).near().map(|chamber| self.gap(&chamber, person.scale()));
        let near = gap.into_iter().fold(f64::MAX, f64::min) < 2.0;
        near.then_some(if cast { Ventricular::Cast(hu) } else { Ventricular::Settled(hu, level) })
    }

    /// Smallest distance from the clot to the wall of a chamber at the height of the clot.
    fn gap(&self, chamber: &Ellipse, scale: f64) -> f64 {
        let (sin, cos) = chamber.angle.to_radians().sin_cos();
        let on_wall = |turn: f64| {
            let (v, u) = turn.sin_cos();
            let (u, v) = (chamber.semi[0] * u, chamber.semi[1] * v);
            let at = [chamber.centre[0] + cos * u - sin * v, chamber.centre[1] + sin * u + cos * v];
            let z = self.body.z.clamp(chamber.z - 0.7 * chamber.dz, chamber.z + 0.7 * chamber.dz);
            self.body.distance([at[0] * scale, at[1] * scale, z])
        };
        (0..48).map(|i| on_wall(f64::from(i) / 48.0 * std::f64::consts::TAU)).fold(f64::MAX, f64::min)
    }
}

/// Mean radius, mm.
fn radius(size: &Size) -> f64 {
    5.0 * (size.transverse * size.anteroposterior * size.height).cbrt()
}

fn island(rng: &mut impl Rng, body: &Ellipse) -> Ellipse {
    let semi = uniform(rng, 1.5, 5.0);
    let turn = uniform(rng, 0.0, std::f64::consts::TAU);
    let gap = uniform(rng, 1.0, 3.0);
    let away = |axis: usize| body.semi[axis] + semi + gap;
    let (sin, cos) = body.angle.to_radians().sin_cos();
    let (u, v) = (away(0) * turn.cos(), away(1) * turn.sin());
    let centre = [body.centre[0] + cos * u - sin * v, body.centre[1] + sin * u + cos * v];
    Ellipse { centre, semi: [semi, semi * 0.8], angle: turn.to_degrees(), z: body.z, dz: (semi * 1.2).max(3.0) }
}

impl Inside {
    /// Swirl in a seventh of clots, a fluid level in a twelfth of the larger ones.
    fn draw(rng: &mut impl Rng, body: &Ellipse) -> Self {
        let large = body.semi[1] > 10.0;
        Self {
            texture: Texture::new(rng.random(), 5.0),
            swirl: (chance(rng, 0.15) && large).then(|| Texture::new(rng.random(), 9.0)),
            level: (chance(rng, 0.08) && large).then(|| body.centre[1] + uniform(rng, -0.3, 0.3) * body.semi[0]),
        }
    }
}

impl MassEffect {
    /// The midline moves 0.10..0.15 mm per mL, at most 12..15 mm.
    fn draw(rng: &mut impl Rng, size: &Size, centre: [f64; 2], half_width: f64) -> Self {
        let shift = (uniform(rng, 0.10, 0.15) * size.volume()).min(uniform(rng, 12.0, 15.0));
        Self { shift, centre, radius: radius(size).max(6.0), half_width }
    }

    /// No displacement is longer, mm.
    pub(super) fn reach(&self) -> f64 {
        1.6 * self.shift
    }

    /// Displacement of brain at a point of the head, mm: away from the clot, fading toward the skull.
    pub(super) fn displacement(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (dx, dy) = (x - self.centre[0], y - self.centre[1]);
        let fading = (-(dy / 45.0).powi(2)).exp();
        let medial = smoothstep((x + self.half_width) / self.half_width);
        let lateral = smoothstep((self.half_width - x) / (self.half_width - self.centre[0]).max(10.0));
        let sideways = (dx / self.radius).tanh() * if dx < 0.0 { medial } else { 0.7 * lateral };
        let along = 0.7 * (dy / self.radius).tanh() * (-(dx / 35.0).powi(2)).exp();
        [self.shift * fading * sideways, self.shift * fading * along]
    }
}

impl Ventricular {
    /// HU and level (y) of the blood in a chamber.
    pub(super) fn in_chamber(&self, left: bool, atrium: bool) -> Option<(f64, f64)> {
        match *self {
            Self::Cast(hu) if left && !atrium => Some((hu, f64::MAX)),
            Self::Settled(hu, level) if atrium => Some((hu, level)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mass(shift: f64) -> MassEffect {
        MassEffect { shift, centre: [25.0, 0.0], radius: 25.0, half_width: 66.0 }
    }

    #[test]
    fn the_midline_moves_away_from_the_clot_and_the_skull_stays() {
        let mass = mass(10.0);
        let [midline, _] = mass.displacement([0.0, 0.0]);
        assert!((-10.0..-7.0).contains(&midline), "{midline}");
        assert!(mass.displacement([-66.0, 0.0])[0].abs() < 1e-9);
        assert!(mass.displacement([66.0, 0.0])[0].abs() < 1e-9);
        assert!(mass.displacement([0.0, 70.0])[0].abs() < 1.0);
    }

    /// A displacement that grows faster than the place would fold the brain over itself.
    #[test]
    fn the_brain_is_never_folded_over() {
        let mass = mass(13.0);
        for x in -64..64 {
            let at = |x: f64| x - mass.displacement([x, 0.0])[0];
            assert!(at(f64::from(x) + 1.0) > at(f64::from(x)), "at {x}");
        }
    }
}
