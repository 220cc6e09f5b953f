//! What one thin plane through the head looks like before the scanner sees it: structures are painted over each other, each
//! with the share of a pixel that it covers.

use std::ops::Range;

use super::ellipse::{Bounds, FAR};
use super::hemorrhage::MassEffect;
use super::pose::Pose;
use super::texture::{Texture, mix};
use super::tissue::Tissues;
use super::truth::Visible;
use super::vault::{Radius, Vault};
use crate::seed::Seed;

/// The pixels of an image and where they lie in the patient.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// Pixels of a side.
    pub(super) matrix: usize,
    /// mm between pixels.
    pub(super) pixel: f64,
    pub(super) pose: Pose,
}

/// Which coordinates a structure is given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// mm of the atlas, before the clot pushes the brain aside; painted on brain only.
    Atlas,
    /// mm of the head as it is; painted within the skull only.
    Head,
}

/// What all planes of an exam share: where each pixel lies in the atlas and in the skull.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) grid: Grid,
    scale: f64,
    /// Largest displacement, mm.
    reach: f64,
    /// Place in the atlas of every pixel.
    atlas: Vec<[f32; 2]>,
    radius: Vec<Radius>,
}

/// One thin plane.
#[derive(Debug)]
pub(super) struct Canvas<'a> {
    map: &'a Map,
    level: f64,
    /// mm below the inner table.
    pub(super) depth: Vec<f32>,
    /// Share of brain in a pixel.
    brain: Vec<f32>,
    /// HU.
    pub(super) hu: Vec<f32>,
}

/// Nobody's brain is the atlas: amplitude (mm) and length (mm) of smooth individual displacements.
const INDIVIDUAL: [(f64, f64); 2] = [(1.1, 22.0), (0.45, 7.0)];

/// Share of a pixel that lies inside a border at signed distance `d` (negative inside); the border is `soft` mm wide.
pub(super) fn cover(d: f64, soft: f64) -> f64 {
    (0.5 - d / soft).clamp(0.0, 1.0)
}

impl Grid {
    /// mm from the centre of the image to pixel `index`: toward the patient's left, and anterior.
    pub(super) fn image(&self, index: usize) -> [f64; 2] {
        let middle = (self.matrix - 1) as f64 / 2.0;
        let (row, column) = (index / self.matrix, index % self.matrix);
        [(column as f64 - middle) * self.pixel, (middle - row as f64) * self.pixel]
    }

    /// Pixels of the image.
    pub(super) fn count(&self) -> usize {
        self.matrix * self.matrix
    }

    /// Columns and rows that may hold a box of the head frame.
    fn window(&self, bounds: &Bounds, margin: f64) -> [Range<usize>; 2] {
        let Bounds { low, high } = bounds;
        let corners = [[low[0], low[1]], [low[0], high[1]], [high[0], low[1]], [high[0], high[1]]];
        let seen = Bounds::of(&corners.map(|corner| self.pose.image(corner)), margin + self.pixel);
        let middle = (self.matrix - 1) as f64 / 2.0;
        let index = |mm: f64| (middle + mm / self.pixel).clamp(0.0, self.matrix as f64) as usize;
        [index(seen.low[0])..index(seen.high[0] + self.pixel), index(-seen.high[1])..index(self.pixel - seen.low[1])]
    }
}

impl Map {
    /// `scale` is mm of the head per mm of the atlas.
    pub(super) fn new(seed: Seed, grid: Grid, scale: f64, vault: &Vault, mass: Option<&MassEffect>) -> Self {
        let individual = individual(seed);
        let heads: Vec<[f64; 2]> = (0..grid.count()).map(|index| grid.pose.head(grid.image(index))).collect();
        let atlas = |head: &[f64; 2]| {
            let [dx, dy] = mass.map_or([0.0; 2], |mass| mass.displacement(*head));
            let [ix, iy] = individual([head[0] - dx, head[1] - dy]);
            [((head[0] - dx + ix) / scale) as f32, ((head[1] - dy + iy) / scale) as f32]
        };
        let reach = mass.map_or(0.0, MassEffect::reach) + 2.5 * INDIVIDUAL.iter().map(|(amplitude, _)| amplitude).sum::<f64>();
        let atlas = heads.iter().map(atlas).collect();
        Self { grid, scale, reach, atlas, radius: heads.iter().map(|head| vault.radius(*head)).collect() }
    }
}

/// A smooth displacement of its own for every patient.
fn individual(seed: Seed) -> impl Fn([f64; 2]) -> [f64; 2] {
    let texture = |axis: usize, length| Texture::new(seed.child(axis).child(length).to_i64() as u64, length);
    let fields = [0, 1].map(|axis| INDIVIDUAL.map(|(amplitude, length)| (amplitude, texture(axis, length))));
    move |[x, y]| fields.map(|axis| axis.iter().map(|(amplitude, field)| amplitude * field.at([x, y, 0.0])).sum())
}

impl<'a> Canvas<'a> {
    /// A plane through scalp and skull; `beside` gives the attenuation of what lies around the head at a pixel.
    pub(super) fn new(map: &'a Map, level: f64, vault: &Vault, tissues: &Tissues, beside: &[f32]) -> Self {
        let count = map.grid.count();
        let mut canvas = Self { map, level, depth: vec![0.0; count], brain: vec![0.0; count], hu: beside.to_vec() };
        let soft = map.grid.pixel.max(0.5);
        for index in 0..count {
            let p = canvas.place(index, Frame::Head);
            let (hu, depth) = vault.attenuation(tissues, p, &map.radius[index], soft);
            canvas.depth[index] = depth as f32;
            canvas.hu[index] = canvas.hu[index].max(hu as f32);
        }
        canvas
    }

    /// Height in the head frame of the plane at a point of the atlas.
    pub(super) fn height(&self, atlas: [f64; 2]) -> f64 {
        self.map.grid.pose.height(self.level, atlas.map(|c| c * self.map.scale))
    }

    /// mm between pixels.
    pub(super) fn pixel(&self) -> f64 {
        self.map.grid.pixel
    }

    /// Distance to the nearest of several shapes at every pixel, mm; far away where none is near.
    pub(super) fn field(&self, shapes: impl Iterator<Item = (Bounds, impl Fn([f64; 3]) -> f64)>) -> Vec<f32> {
        let mut field = vec![FAR as f32; self.hu.len()];
        for (bounds, shape) in shapes {
            let [columns, rows] = self.window(Frame::Atlas, &bounds, 0.0);
            for row in rows {
                for column in columns.clone() {
                    let index = row * self.map.grid.matrix + column;
                    if self.depth[index] > 0.0 {
                        field[index] = field[index].min(shape(self.place(index, Frame::Atlas)) as f32);
                    }
                }
            }
        }
        field
    }

    /// Fills the skull: `parenchyma` gives attenuation and share of brain from a place in the atlas, a depth in mm and the pixel.
    pub(super) fn fill(&mut self, parenchyma: impl Fn([f64; 3], f64, usize) -> (f64, f64)) {
        for index in 0..self.hu.len() {
            let depth = f64::from(self.depth[index]);
            if depth > 0.0 {
                let (hu, share) = parenchyma(self.place(index, Frame::Atlas), depth, index);
                self.hu[index] = mix(f64::from(self.hu[index]), hu, share) as f32;
                self.brain[index] = share as f32;
            }
        }
    }

    /// Paints a structure: `shape` gives the signed distance (mm) and attenuation (HU) at a point. The border is `soft` mm wide
    /// and no narrower than a pixel. What of it can be seen is returned, its place and area summed over pixels.
    pub(super) fn paint(&mut self, frame: Frame, bounds: Bounds, soft: f64, shape: impl Fn([f64; 3]) -> (f64, f64)) -> Visible {
        let soft = soft.max(self.pixel());
        let [columns, rows] = self.window(frame, &bounds, soft);
        let mut seen = Visible::default();
        for row in rows {
            for column in columns.clone() {
                let index = row * self.map.grid.matrix + column;
                let mask = self.mask(index, frame);
                if mask > 0.0 {
                    let (distance, hu) = shape(self.place(index, frame));
                    let share = mask * cover(distance, soft);
                    self.hu[index] = mix(f64::from(self.hu[index]), hu, share) as f32;
                    seen.add(share, column, row);
                }
            }
        }
        seen
    }

    fn window(&self, frame: Frame, bounds: &Bounds, margin: f64) -> [Range<usize>; 2] {
        let (scale, reach) = if frame == Frame::Atlas { (self.map.scale, self.map.reach) } else { (1.0, 0.0) };
        let scaled = Bounds { low: bounds.low.map(|c| c * scale), high: bounds.high.map(|c| c * scale) };
        self.map.grid.window(&scaled, reach + margin)
    }

    fn mask(&self, index: usize, frame: Frame) -> f64 {
        match frame {
            Frame::Atlas => f64::from(self.brain[index]),
            Frame::Head => cover(0.5 - f64::from(self.depth[index]), self.pixel()),
        }
    }

    fn place(&self, index: usize, frame: Frame) -> [f64; 3] {
        let grid = &self.map.grid;
        let head = grid.pose.head(grid.image(index));
        let z = grid.pose.height(self.level, head);
        let [x, y] = if frame == Frame::Atlas { self.map.atlas[index].map(f64::from) } else { head };
        [x, y, z]
    }
}
