//! One fractal on a smooth, faint background, at a random place, of random size and grey: what varies in a head scan varies here,
//! and nothing in it is a head.

use std::f64::consts::TAU;

use bgh::seed::Seed;
use rand::{Rng, RngExt};

use super::system::{System, pixel};

/// Side of the object as a share of the image, least and most.
const SHARE: [f64; 2] = [0.2, 0.6];
/// Below so many pixels a fractal is a blot, whatever its share: least and most side in small images.
const READABLE: [usize; 2] = [24, 48];
/// Objects of at least this side are stamped with patches of 3 x 3 pixels, smaller ones with single pixels.
const STAMPED: usize = 64;
/// Grey of the object, least and most; mean grey of the background, least and most; amplitude of its waves.
const OBJECT_GREY: [u8; 2] = [100, 255];
const BACKGROUND_GREY: [f64; 2] = [20.0, 60.0];
const WAVE: f64 = 12.0;
/// Points a pixel of the object's square.
const POINTS: f64 = 0.6;

/// An image and the categories of its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// Grey values, row after row.
    pub pixels: Vec<u8>,
    /// Which system was drawn, of each object; later ones may cover earlier ones.
    pub categories: Vec<usize>,
}

/// Draws scenes of one size from one list of systems.
#[derive(Debug, Clone)]
pub struct Studio {
    systems: Vec<System>,
    size: usize,
}

impl Studio {
    /// A studio with `categories` systems found from `seed`, for images of `size` x `size`.
    pub fn new(seed: Seed, categories: usize, size: usize) -> Self {
        Self { systems: System::categories(seed, categories), size }
    }

    /// The scene of this stream with one object, or any number up to `most`.
    pub fn draw(&self, seed: Seed, most: usize) -> Scene {
        let mut rng = seed.rng();
        let mut pixels = self.background(&mut rng);
        let count = rng.random_range(1..=most.max(1));
        let object = |_| {
            let category = rng.random_range(0..self.systems.len());
            self.object(&self.systems[category].jittered(&mut rng), &mut pixels, &mut rng);
            category
        };
        let categories = (0..count).map(object).collect();
        Scene { pixels, categories }
    }

    /// Three plane waves of one to three periods, fainter the shorter they are, as in a 1/f spectrum.
    fn background(&self, rng: &mut impl Rng) -> Vec<u8> {
        let mean = rng.random_range(BACKGROUND_GREY[0]..=BACKGROUND_GREY[1]);
        let waves: Vec<[Vec<f64>; 4]> = (1..=3).map(|periods| self.wave(f64::from(periods), rng)).collect();
        let grey = |y: usize, x: usize| {
            let waves = waves.iter().map(|[cos_y, sin_y, cos_x, sin_x]| cos_y[y] * cos_x[x] - sin_y[y] * sin_x[x]);
            (mean + waves.sum::<f64>()) as u8
        };
        (0..self.size).flat_map(|y| (0..self.size).map(move |x| (y, x))).map(|(y, x)| grey(y, x)).collect()
    }

    /// A·cos(u·y + v·x + φ) as products of its cosines and sines along the axes: A·cos and A·sin along y, cos and sin along x.
    fn wave(&self, periods: f64, rng: &mut impl Rng) -> [Vec<f64>; 4] {
        let [angle, phase] = [rng.random_range(0.0..TAU), rng.random_range(0.0..TAU)];
        let step = TAU * periods / self.size as f64;
        let along = |step: f64, phase: f64| (0..self.size).map(move |place| step * place as f64 + phase);
        let (down, across) = (step * angle.sin(), step * angle.cos());
        let amplitude = WAVE / periods;
        [
            along(down, phase).map(|angle| amplitude * angle.cos()).collect(),
            along(down, phase).map(|angle| amplitude * angle.sin()).collect(),
            along(across, 0.0).map(f64::cos).collect(),
            along(across, 0.0).map(f64::sin).collect(),
        ]
    }

    fn object(&self, system: &System, pixels: &mut [u8], rng: &mut impl Rng) {
        let [least, most] = self.sides();
        let side = rng.random_range(least..=most);
        let [top, left] = [0, 1].map(|_| rng.random_range(0..=self.size - side));
        let grey = rng.random_range(OBJECT_GREY[0]..=OBJECT_GREY[1]);
        let stamp = if side < STAMPED { 1 << 4 } else { rng.random_range(1..1u16 << 9) };
        let points = (POINTS * (side * side) as f64) as usize;
        for [x, y] in system.cloud(points, rng) {
            self.stamp(stamp, [top + pixel(y, side), left + pixel(x, side)], grey, pixels);
        }
    }

    /// Least and most side of an object, pixels.
    fn sides(&self) -> [usize; 2] {
        [0, 1].map(|end| ((SHARE[end] * self.size as f64) as usize).max(READABLE[end]).min(self.size))
    }

    /// Sets those of the nine pixels around a point whose bit is set, the middle being bit 4.
    fn stamp(&self, stamp: u16, [row, column]: [usize; 2], grey: u8, pixels: &mut [u8]) {
        for bit in (0..9).filter(|bit| stamp >> bit & 1 == 1) {
            let (y, x) = (row + bit / 3, column + bit % 3);
            if (1..=self.size).contains(&y) && (1..=self.size).contains(&x) {
                pixels[(y - 1) * self.size + x - 1] = grey;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scene_is_a_function_of_its_stream() {
        let studio = Studio::new(Seed::root(1), 3, 72);
        assert_eq!(studio.draw(Seed::root(5), 3), studio.draw(Seed::root(5), 3));
        assert_ne!(studio.draw(Seed::root(5), 1).pixels, studio.draw(Seed::root(6), 1).pixels);
    }

    #[test]
    fn objects_stand_out_from_the_background() {
        for size in [72, 160] {
            let studio = Studio::new(Seed::root(1), 3, size);
            for number in 0..20 {
                let scene = studio.draw(Seed::root(number), 1);
                let bright = scene.pixels.iter().filter(|&&pixel| pixel >= OBJECT_GREY[0]).count();
                let share = bright as f64 / scene.pixels.len() as f64;
                assert!(scene.pixels.len() == size * size && (0.002..0.45).contains(&share), "{size}: {share}");
            }
        }
    }

    #[test]
    fn every_category_is_drawn() {
        let studio = Studio::new(Seed::root(1), 4, 64);
        let mut seen = [false; 4];
        (0..40).for_each(|number| seen[studio.draw(Seed::root(number), 1).categories[0]] = true);
        assert_eq!(seen, [true; 4]);
    }

    #[test]
    fn scenes_hold_one_object_or_several() {
        let studio = Studio::new(Seed::root(1), 4, 64);
        let counts = |most| (0..40).map(|number| studio.draw(Seed::root(number), most).categories.len()).collect::<Vec<_>>();
        assert!(counts(1).iter().all(|count| *count == 1));
        assert!((1..=3).all(|count| counts(3).contains(&count)), "{:?}", counts(3));
    }
}
