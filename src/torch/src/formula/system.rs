//! Iterated function systems: a few affine contractions of the plane whose attractor is the fractal.

use std::f64::consts::TAU;

use bgh::seed::Seed;
use rand::{Rng, RngExt};

/// Share of the pixels of the bounding square that a category must fill, lowest and highest.
const FILLING: [f64; 2] = [0.1, 0.9];
/// Side and number of points at which the filling is measured.
const PROBE: (usize, usize) = (256, 40_000);
/// Jitter must leave every map a contraction: its larger singular value stays at or below this.
const LARGEST_STRETCH: f64 = 0.99;
/// Relative change of a coefficient between instances of a category.
const JITTER: f64 = 0.1;

/// (x, y) -> (a·x + b·y + e, c·x + d·y + f).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Map {
    /// The coefficients a, b, c, d, e, f.
    pub coefficients: [f64; 6],
}

impl Map {
    /// A rotation or reflection of a diagonal matrix of a rotation, with a translation in [-1, 1]².
    fn sample(stretch: [f64; 2], rng: &mut impl Rng) -> Self {
        let [theta, phi] = [rng.random_range(0.0..TAU), rng.random_range(0.0..TAU)];
        let flip = [if rng.random() { 1.0 } else { -1.0 }, if rng.random() { 1.0 } else { -1.0 }];
        let ([s, c], [t, u]) = ([theta.sin(), theta.cos()], [phi.sin(), phi.cos()]);
        let (p, q) = (stretch[0] * flip[0], stretch[1] * flip[1]);
        let linear = [c * p * u - s * q * t, -(c * p * t) - s * q * u, s * p * u + c * q * t, c * q * u - s * p * t];
        let [a, b, c, d] = linear;
        Self { coefficients: [a, b, c, d, rng.random_range(-1.0..=1.0), rng.random_range(-1.0..=1.0)] }
    }

    /// Where a point goes.
    pub fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [a, b, c, d, e, f] = self.coefficients;
        [a * x + b * y + e, c * x + d * y + f]
    }

    /// Determinant of the linear part.
    fn determinant(&self) -> f64 {
        let [a, b, c, d, ..] = self.coefficients;
        a * d - b * c
    }

    /// The larger singular value of the linear part.
    pub fn stretch(&self) -> f64 {
        let [a, b, c, d, ..] = self.coefficients;
        let (sum, det) = (a * a + b * b + c * c + d * d, self.determinant());
        ((sum + (sum * sum - 4.0 * det * det).max(0.0).sqrt()) / 2.0).sqrt()
    }

    /// The point that it leaves in place.
    fn fixed_point(&self) -> [f64; 2] {
        let [a, b, c, d, e, f] = self.coefficients;
        let det = (1.0 - a) * (1.0 - d) - b * c;
        [((1.0 - d) * e + b * f) / det, (c * e + (1.0 - a) * f) / det]
    }

    fn jittered(&self, rng: &mut impl Rng) -> Self {
        let mut coefficients = self.coefficients.map(|value| value * rng.random_range(1.0 - JITTER..=1.0 + JITTER));
        let stretch = Self { coefficients }.stretch();
        if stretch > LARGEST_STRETCH {
            coefficients[..4].iter_mut().for_each(|value| *value *= LARGEST_STRETCH / stretch);
        }
        Self { coefficients }
    }
}

/// A category: two to four maps.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// The maps.
    pub maps: Vec<Map>,
}

impl System {
    /// The first `count` acceptable systems of the stream `seed`. About two in three candidates are accepted.
    pub fn categories(seed: Seed, count: usize) -> Vec<Self> {
        let candidates = (0u64..).map(|number| Self::sample(seed.child(number)));
        candidates.filter(Self::is_acceptable).take(count).collect()
    }

    fn sample(seed: Seed) -> Self {
        let mut rng = seed.rng();
        let count = rng.random_range(2..=4);
        let stretches = stretches(count, &mut rng);
        Self { maps: stretches.into_iter().map(|stretch| Map::sample(stretch, &mut rng)).collect() }
    }

    fn is_acceptable(&self) -> bool {
        let contracts = self.maps.iter().all(|map| map.stretch() < LARGEST_STRETCH);
        contracts && (FILLING[0]..=FILLING[1]).contains(&self.filling())
    }

    /// Share of the pixels of its bounding square that it fills.
    pub fn filling(&self) -> f64 {
        let (side, points) = PROBE;
        let mut filled = vec![false; side * side];
        let mut rng = Seed::root(0).child("filling").rng();
        for [x, y] in self.cloud(points, &mut rng) {
            filled[pixel(y, side) * side + pixel(x, side)] = true;
        }
        filled.iter().filter(|&&pixel| pixel).count() as f64 / filled.len() as f64
    }

    /// An instance: every coefficient changed a little.
    pub fn jittered(&self, rng: &mut impl Rng) -> Self {
        Self { maps: self.maps.iter().map(|map| map.jittered(rng)).collect() }
    }

    /// Points of the attractor by the chaos game (maps drawn in proportion to their areas), each axis scaled to [0, 1].
    pub fn cloud(&self, points: usize, rng: &mut impl Rng) -> Vec<[f64; 2]> {
        let areas: Vec<f64> = self.maps.iter().map(|map| map.determinant().abs().max(1e-9)).collect();
        let total: f64 = areas.iter().sum();
        let mut point = self.maps[0].fixed_point();
        let mut cloud: Vec<[f64; 2]> = Vec::with_capacity(points);
        for _ in 0..points {
            point = self.maps[pick(&areas, rng.random_range(0.0..total))].apply(point);
            cloud.push(point);
        }
        [0, 1].into_iter().for_each(|axis| rescale(&mut cloud, axis));
        cloud
    }
}

/// The pixel of `0..side` that a coordinate in [0, 1] falls into.
pub(super) fn pixel(coordinate: f64, side: usize) -> usize {
    ((coordinate * side as f64) as usize).min(side - 1)
}

fn pick(areas: &[f64], mut place: f64) -> usize {
    let inside = areas.iter().position(|area| {
        place -= area;
        place < 0.0
    });
    inside.unwrap_or(areas.len() - 1)
}

fn rescale(cloud: &mut [[f64; 2]], axis: usize) {
    let least = cloud.iter().fold(f64::INFINITY, |least, point| least.min(point[axis]));
    let most = cloud.iter().fold(f64::NEG_INFINITY, |most, point| most.max(point[axis]));
    let extent = (most - least).max(1e-12);
    cloud.iter_mut().for_each(|point| point[axis] = (point[axis] - least) / extent);
}

/// Singular values (larger, smaller) of `count` maps whose sum of s1 + 2·s2 is uniform on [(5 + N)/2, (6 + N)/2], the range in
/// which fractals look rich; drawn one after the other so that the rest can always be met (Anderson and Farrell 2022, algorithm 1).
fn stretches(count: usize, rng: &mut impl Rng) -> Vec<[f64; 2]> {
    let n = count as f64;
    let sum = rng.random_range((5.0 + n) / 2.0..=(6.0 + n) / 2.0);
    let (mut most, mut least) = (sum, sum - 3.0 * n + 3.0);
    let mut drawn = Vec::with_capacity(count);
    for _ in 1..count {
        let larger = between(rng, f64::max(0.0, least / 3.0), f64::min(1.0, most));
        (least, most) = (least - larger, most - larger);
        let smaller = between(rng, f64::max(0.0, least / 2.0), f64::min(larger, most / 2.0));
        (least, most) = (least - 2.0 * smaller + 3.0, most - 2.0 * smaller);
        drawn.push([larger, smaller]);
    }
    let smaller = between(rng, f64::max(0.0, (most - 1.0) / 2.0), most / 3.0);
    drawn.push([most - 2.0 * smaller, smaller]);
    drawn
}

/// Uniform between two bounds, which rounding may have put out of order by a hair.
fn between(rng: &mut impl Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.random::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_values_are_ordered_below_one_and_keep_their_sum() {
        let mut rng = Seed::root(7).rng();
        for count in 2..=4 {
            for _ in 0..200 {
                let drawn = stretches(count, &mut rng);
                let sum: f64 = drawn.iter().map(|[larger, smaller]| larger + 2.0 * smaller).sum();
                let n = count as f64;
                assert!((5.0 + n) / 2.0 - 1e-9 <= sum && sum <= (6.0 + n) / 2.0 + 1e-9, "{count}: {sum}");
                assert!(drawn.iter().all(|&[s, t]| -1e-9 <= t && t <= s + 1e-9 && s <= 1.0 + 1e-9), "{drawn:?}");
            }
        }
    }

    #[test]
    fn a_map_stretches_by_its_singular_value() {
        let map = Map::sample([0.8, 0.3], &mut Seed::root(3).rng());
        assert!((map.stretch() - 0.8).abs() < 1e-12);
        assert!((map.determinant().abs() - 0.24).abs() < 1e-12);
        let [x, y] = map.fixed_point();
        let [u, v] = map.apply([x, y]);
        assert!((x - u).abs() < 1e-12 && (y - v).abs() < 1e-12);
    }

    #[test]
    fn categories_are_acceptable_and_pinned() {
        let systems = System::categories(Seed::root(2017), 8);
        assert!(systems.iter().all(System::is_acceptable));
        let rounded: Vec<i64> = systems
            .iter()
            .flat_map(|system| &system.maps)
            .flat_map(|map| map.coefficients)
            .map(|value| (value * 1e9).round() as i64)
            .collect();
        let digest = rounded.iter().fold(0u64, |digest, &value| digest.wrapping_mul(1_000_003).wrapping_add(value as u64));
        assert_eq!((rounded.len(), digest), (150, 12_843_003_199_692_217_268));
    }

    #[test]
    fn instances_stay_contractions() {
        let mut rng = Seed::root(1).rng();
        let system = &System::categories(Seed::root(5), 1)[0];
        for _ in 0..100 {
            let instance = system.jittered(&mut rng);
            assert!(instance.maps.iter().all(|map| map.stretch() <= LARGEST_STRETCH + 1e-12));
            assert!(instance.cloud(100, &mut rng).iter().flatten().all(|value| (0.0..=1.0).contains(value)));
        }
    }
}
