//! How the head lies in the scanner.

use super::draw::normal;
use crate::seed::Seed;

/// Height of the head's axis of turning, and the image's centre, mm behind the origin.
pub(super) const CENTRE: f64 = -15.0;

/// Position of the head. A technologist tilts the gantry to the patient's orbitomeatal line; `pitch` is what remains.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pose {
    /// Sine and cosine of the in-plane rotation.
    turn: (f64, f64),
    /// mm in the image plane.
    shift: [f64; 2],
    /// Rise of the slice plane per mm toward the patient's left.
    roll: f64,
    /// Rise of the slice plane per mm toward anterior.
    pitch: f64,
}

impl Pose {
    /// `sd` is that of rotation (degrees) and shift (mm); roll has 3 and pitch 6 degrees.
    pub(super) fn draw(seed: Seed, sd: f64) -> Self {
        let rng = &mut seed.rng();
        Self {
            turn: normal(rng, 0.0, sd).to_radians().sin_cos(),
            shift: [normal(rng, 0.0, sd), normal(rng, 0.0, sd)],
            roll: normal(rng, 0.0, 3.0).to_radians().tan(),
            pitch: normal(rng, 0.0, 6.0).to_radians().tan(),
        }
    }

    /// From mm in the image (x to the patient's left, y anterior, origin in the centre) to the head frame.
    pub(super) fn head(&self, image: [f64; 2]) -> [f64; 2] {
        let (sin, cos) = self.turn;
        let [x, y] = [image[0] - self.shift[0], image[1] - self.shift[1]];
        [cos * x - sin * y, sin * x + cos * y + CENTRE]
    }

    /// The way back.
    pub(super) fn image(&self, head: [f64; 2]) -> [f64; 2] {
        let (sin, cos) = self.turn;
        let [x, y] = [head[0], head[1] - CENTRE];
        [cos * x + sin * y + self.shift[0], cos * y - sin * x + self.shift[1]]
    }

    /// Height in the head frame of a point of the plane that crosses the axis at `level`.
    pub(super) fn height(&self, level: f64, head: [f64; 2]) -> f64 {
        level + self.roll * head[0] + self.pitch * (head[1] - CENTRE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn the_way_back_leads_back() {
        let pose = Pose::draw(Seed::root(1), 8.0);
        let [x, y] = pose.head(pose.image([31.0, -47.0]));
        assert!((x - 31.0).abs() < 1e-9 && (y + 47.0).abs() < 1e-9);
    }
}
