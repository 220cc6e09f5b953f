//! What one thin plane through the head looks like before the scanner sees it: structures are painted over each other, each
//! with the share of a pixel that it covers.

use super::ellipse::Bounds;
use super::hemorrhage::MassEffect;
use super::pose::Pose;
use super::texture::mix;
use super::truth::Visible;

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

/// One thin plane.
#[derive(Debug)]
pub(super) struct Canvas {
    grid: Grid,
    level: f64,
    scale: f64,
    /// Largest displacement, mm.
    reach: f64,
    /// Place in the atlas of every pixel within the skull.
    atlas: Vec<[f32; 2]>,
    /// mm below the inner table.
    pub(super) depth: Vec<f32>,
    /// Share of brain in a pixel.
    brain: Vec<f32>,
    /// HU.
    pub(super) hu: Vec<f32>,
}

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

    /// Place of every pixel in the head.
    pub(super) fn heads(&self) -> impl Iterator<Item = [f64; 2]> + '_ {
        (0..self.matrix * self.matrix).map(|index| self.pose.head(self.image(index)))
    }

    /// Columns and rows that may hold a box of the head frame.
    fn window(&self, bounds: &Bounds, margin: f64) -> [std::ops::Range<usize>; 2] {
        let Bounds { low, high } = bounds;
        let corners = [[low[0], low[1]], [low[0], high[1]], [high[0], low[1]], [high[0], high[1]]];
        let seen = Bounds::of(&corners.map(|corner| self.pose.image(corner)), margin + self.pixel);
        let middle = (self.matrix - 1) as f64 / 2.0;
        let index = |mm: f64| (middle + mm / self.pixel).clamp(0.0, self.matrix as f64) as usize;
        [index(seen.low[0])..index(seen.high[0] + self.pixel), index(-seen.high[1])..index(self.pixel - seen.low[1])]
    }
}

impl Canvas {
    /// A plane of attenuation and depth at every pixel, still without brain.
    pub(super) fn new(
        grid: Grid,
        level: f64,
        scale: f64,
        mass: Option<&MassEffect>,
        layers: impl Fn([f64; 3], usize) -> (f64, f64),
    ) -> Self {
        let count = grid.matrix * grid.matrix;
        let (mut atlas, mut depth, mut hu) = (vec![[0.0; 2]; count], vec![0.0; count], vec![0.0; count]);
        for (index, head) in grid.heads().enumerate() {
            let (value, below) = layers([head[0], head[1], grid.pose.height(level, head)], index);
            (hu[index], depth[index]) = (value as f32, below as f32);
            if below > -2.0 {
                let [dx, dy] = mass.map_or([0.0; 2], |mass| mass.displacement(head));
                atlas[index] = [((head[0] - dx) / scale) as f32, ((head[1] - dy) / scale) as f32];
            }
        }
        let reach = mass.map_or(0.0, MassEffect::reach);
        Self { grid, level, scale, reach, atlas, depth, brain: vec![0.0; count], hu }
    }

    /// Height in the head frame of the plane at a point of the atlas.
    pub(super) fn height(&self, atlas: [f64; 2]) -> f64 {
        self.grid.pose.height(self.level, atlas.map(|c| c * self.scale))
    }

    /// Width of a border that a pixel blurs, mm.
    pub(super) fn pixel(&self) -> f64 {
        self.grid.pixel
    }

    /// Fills the skull: `parenchyma` gives attenuation and share of brain from a place in the atlas and a depth in mm.
    pub(super) fn fill(&mut self, parenchyma: impl Fn([f64; 3], f64) -> (f64, f64)) {
        for index in 0..self.hu.len() {
            let depth = f64::from(self.depth[index]);
            if depth > 0.0 {
                let (hu, share) = parenchyma(self.place(index, Frame::Atlas), depth);
                self.hu[index] = mix(f64::from(self.hu[index]), hu, share) as f32;
                self.brain[index] = share as f32;
            }
        }
    }

    /// Paints a structure: `shape` gives the signed distance (mm) and attenuation (HU) at a point. The border is `soft` mm wide
    /// and no narrower than a pixel. What of it can be seen is returned, its place and area summed over pixels.
    pub(super) fn paint(&mut self, frame: Frame, bounds: Bounds, soft: f64, shape: impl Fn([f64; 3]) -> (f64, f64)) -> Visible {
        let soft = soft.max(self.grid.pixel);
        let [columns, rows] = self.window(frame, &bounds, soft);
        let mut seen = Visible::default();
        for row in rows {
            for column in columns.clone() {
                let index = row * self.grid.matrix + column;
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

    fn window(&self, frame: Frame, bounds: &Bounds, soft: f64) -> [std::ops::Range<usize>; 2] {
        let scale = if frame == Frame::Atlas { self.scale } else { 1.0 };
        let reach = if frame == Frame::Atlas { self.reach } else { 0.0 };
        let scaled = Bounds { low: bounds.low.map(|c| c * scale), high: bounds.high.map(|c| c * scale) };
        self.grid.window(&scaled, reach + soft)
    }

    fn mask(&self, index: usize, frame: Frame) -> f64 {
        match frame {
            Frame::Atlas => f64::from(self.brain[index]),
            Frame::Head => cover(0.5 - f64::from(self.depth[index]), self.grid.pixel),
        }
    }

    fn place(&self, index: usize, frame: Frame) -> [f64; 3] {
        let head = self.grid.pose.head(self.grid.image(index));
        let z = self.grid.pose.height(self.level, head);
        let [x, y] = if frame == Frame::Atlas { self.atlas[index].map(f64::from) } else { head };
        [x, y, z]
    }
}
