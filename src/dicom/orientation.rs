//! Which way an image lies in the patient (PS3.3 C.7.6.2.1.1). Gantry tilt and laterality come from these vectors alone: vendors
//! give the tilt attribute either sign for the same tilt.
//!
//! The patient's axes are x to the left, y to the back, z to the head. Images are brought to the radiological convention: the
//! patient's right on the image's left, the front on top, slices from the feet to the head.

type Vector = [f64; 3];

/// Directions of an image's axes in the patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Orientation {
    /// Along a row, as columns increase.
    row: Vector,
    /// Along a column, as rows increase.
    column: Vector,
}

impl Orientation {
    /// From the six direction cosines of Image Orientation (Patient).
    pub fn of([a, b, c, d, e, f]: [f64; 6]) -> Self {
        Self { row: [a, b, c], column: [d, e, f] }
    }

    /// Whether rows run left-right, columns front-back and both are unit vectors at right angles, within 45° of the patient's axes
    /// and 1 % of length: any tilt of a gantry, no sagittal, coronal or lying-on-the-side image.
    pub fn is_axial(&self) -> bool {
        let unit = |vector: Vector| (dot(vector, vector) - 1.0).abs() < 0.01;
        let along = |component: f64| component.abs() > std::f64::consts::FRAC_1_SQRT_2;
        unit(self.row)
            && unit(self.column)
            && dot(self.row, self.column).abs() < 0.01
            && along(self.row[0])
            && along(self.column[1])
    }

    /// Whether each row must be reversed to have the patient's right on the image's left.
    pub fn flips_columns(&self) -> bool {
        self.row[0] < 0.0
    }

    /// Whether the rows must be reversed to have the patient's front on top.
    pub fn flips_rows(&self) -> bool {
        self.column[1] < 0.0
    }

    /// The slice normal, row × column after the flips: towards the head.
    pub fn normal(&self) -> Vector {
        let turned = |vector: Vector, flip| if flip { vector.map(|component| -component) } else { vector };
        let [a, b, c] = turned(self.row, self.flips_columns());
        let [d, e, f] = turned(self.column, self.flips_rows());
        [b * f - c * e, c * d - a * f, a * e - b * d]
    }

    /// How far a point lies along the normal, mm.
    pub fn distance(&self, position: Vector) -> f64 {
        dot(self.normal(), position)
    }

    /// Angle between the normal and the patient's axis, degrees.
    pub fn tilt_degrees(&self) -> f64 {
        let [x, y, z] = self.normal();
        x.hypot(y).atan2(z).to_degrees()
    }

    /// Whether two images are parallel, within what scanners round to.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let near = |a: Vector, b: Vector| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
        near(self.row, other.row) && near(self.column, other.column)
    }
}

fn dot(a: Vector, b: Vector) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TILTED: [f64; 6] = [1.0, 0.0, 0.0, 0.0, 0.9483237, -0.3173047];

    #[test]
    fn tilt_is_in_the_vectors() {
        assert!((Orientation::of(TILTED).tilt_degrees() - 18.5).abs() < 0.01);
        assert_eq!(Orientation::of([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]).tilt_degrees(), 0.0);
    }

    #[test]
    fn the_normal_points_to_the_head_however_the_image_is_flipped() {
        let straight = Orientation::of(TILTED).normal();
        for (columns, rows) in [(-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)] {
            let [a, b, c, d, e, f] = TILTED;
            let flipped = Orientation::of([columns * a, b, c, d, rows * e, rows * f]);
            assert_eq!((flipped.flips_columns(), flipped.flips_rows()), (columns < 0.0, rows < 0.0));
            assert_eq!(flipped.normal().map(f64::abs), straight.map(f64::abs));
            assert!(flipped.normal()[2] > 0.9);
        }
    }

    #[test]
    fn only_axial_images_are_axial() {
        let sagittal = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0];
        let on_the_side = [0.0, 1.0, 0.0, -1.0, 0.0, 0.0];
        let skewed = [1.0, 0.0, 0.0, 0.6, 0.8, 0.0];
        assert!(Orientation::of(TILTED).is_axial());
        assert!([sagittal, on_the_side, skewed, [0.0; 6]].iter().all(|&vectors| !Orientation::of(vectors).is_axial()));
    }
}
