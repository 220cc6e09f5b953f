//! Ellipses and polylines as signed distances in mm: negative inside.

/// Far outside of anything.
pub(super) const FAR: f64 = 1e3;

/// An axis-aligned box in mm: `[x, y]` of two corners.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) low: [f64; 2],
    pub(super) high: [f64; 2],
}

impl Bounds {
    /// Everything within `reach` of a point.
    pub(super) fn around(centre: [f64; 2], reach: f64) -> Self {
        Self { low: centre.map(|c| c - reach), high: centre.map(|c| c + reach) }
    }

    /// Everything within `reach` of a set of points.
    pub(super) fn of(points: &[[f64; 2]], reach: f64) -> Self {
        let fold = |axis: usize, pick: fn(f64, f64) -> f64, start| points.iter().map(|p| p[axis]).fold(start, pick);
        let low = [0, 1].map(|axis| fold(axis, f64::min, FAR) - reach);
        Self { low, high: [0, 1].map(|axis| fold(axis, f64::max, -FAR) + reach) }
    }
}

/// An ellipsoid with one vertical axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ellipse {
    /// Centre in the axial plane.
    pub(super) centre: [f64; 2],
    /// Semi-axes at the height of the centre.
    pub(super) semi: [f64; 2],
    /// Direction of the first axis from +x toward +y, degrees.
    pub(super) angle: f64,
    /// Height of the centre.
    pub(super) z: f64,
    /// Vertical semi-axis.
    pub(super) dz: f64,
}

impl Ellipse {
    /// The same on the patient's other side.
    pub(super) fn mirrored(self) -> Self {
        Self { centre: [-self.centre[0], self.centre[1]], angle: 180.0 - self.angle, ..self }
    }

    /// The same with both axes in the plane longer by `by` mm.
    pub(super) fn grown(self, by: f64) -> Self {
        Self { semi: self.semi.map(|s| s + by), ..self }
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds::around(self.centre, self.semi[0].max(self.semi[1]) + 2.0)
    }

    /// First-order distance (Taubin 1991): the implicit function over the length of its gradient.
    pub(super) fn distance(&self, p: [f64; 3]) -> f64 {
        let rise = (p[2] - self.z) / self.dz;
        let level = 1.0 - rise * rise;
        if level <= 1e-3 {
            return FAR;
        }
        let (a, b) = (self.semi[0] * level.sqrt(), self.semi[1] * level.sqrt());
        let [u, v] = self.local(p);
        let k = (u / a).hypot(v / b);
        if k < 1e-6 { -a.min(b) } else { (k - 1.0) * k / (u / (a * a)).hypot(v / (b * b)) }
    }

    /// Coordinates along the axes.
    pub(super) fn local(&self, p: [f64; 3]) -> [f64; 2] {
        let (sin, cos) = self.angle.to_radians().sin_cos();
        let (x, y) = (p[0] - self.centre[0], p[1] - self.centre[1]);
        [cos * x + sin * y, cos * y - sin * x]
    }
}

/// Distance from a point to an open polyline, and at which share of its length (by segments) the nearest point lies.
pub(super) fn nearest(points: &[[f64; 2]], p: [f64; 3]) -> (f64, f64) {
    let segments = points.windows(2).map(|s| segment_distance(s[0], s[1], [p[0], p[1]])).enumerate();
    let (squared, along) = segments
        .fold((FAR * FAR, 0.0), |best, (i, (squared, t))| if squared < best.0 { (squared, i as f64 + t) } else { best });
    (squared.sqrt(), along / (points.len() - 1) as f64)
}

/// Distance from a point to an open polyline.
pub(super) fn polyline_distance(points: &[[f64; 2]], p: [f64; 3]) -> f64 {
    nearest(points, p).0
}

/// Squared distance to a segment and the share of its length.
fn segment_distance(a: [f64; 2], b: [f64; 2], p: [f64; 2]) -> (f64, f64) {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let (px, py) = (p[0] - a[0], p[1] - a[1]);
    let t = ((px * dx + py * dy) / (dx * dx + dy * dy).max(1e-9)).clamp(0.0, 1.0);
    ((px - t * dx).powi(2) + (py - t * dy).powi(2), t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_exact_on_the_axes_of_an_ellipse() {
        let ellipse = Ellipse { centre: [10.0, 0.0], semi: [6.0, 3.0], angle: 90.0, z: 0.0, dz: 10.0 };
        assert!((ellipse.distance([10.0, 8.0, 0.0]) - 2.0).abs() < 1e-9);
        assert!((ellipse.distance([14.0, 0.0, 0.0]) - 1.0).abs() < 1e-9);
        assert!((ellipse.distance([10.0, 6.0 * 0.8, 6.0])).abs() < 1e-9, "a level of 0.6 shrinks the axes to 0.8");
        assert_eq!(ellipse.distance([10.0, 0.0, 11.0]), FAR);
    }

    #[test]
    fn the_nearest_point_of_a_polyline_is_told_by_its_share() {
        let line = [[0.0, 0.0], [4.0, 0.0], [4.0, 2.0]];
        assert_eq!(nearest(&line, [2.0, -3.0, 0.0]), (3.0, 0.25));
        assert_eq!(nearest(&line, [5.0, 1.0, 9.0]), (1.0, 0.75));
    }

    #[test]
    fn the_other_side_is_a_mirror_image() {
        let ellipse = Ellipse { centre: [21.0, -2.0], semi: [14.0, 5.0], angle: 122.0, z: -4.0, dz: 11.0 };
        let (here, there) = (ellipse.distance([25.0, 3.0, 1.0]), ellipse.mirrored().distance([-25.0, 3.0, 1.0]));
        assert!((here - there).abs() < 1e-9);
    }
}
