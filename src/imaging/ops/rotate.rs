//! Rotation about the centre on the same canvas: ImageJ "Rotate...", bilinear, black where nothing was.

use super::{Image, Op, OpKind, Parameter};

pub(super) const OP: Op = Op {
    name: "rotate",
    doc: "turned clockwise by this angle",
    kind: OpKind::Geometry,
    parameters: &[Parameter { name: "angle", unit: "degrees", least: -180.0, most: 180.0 }],
    apply: |image, arguments| rotate(image, arguments[0]),
};

/// Pixels are looked up against the turn: (x, y) after it came from the point that the inverse rotation gives.
fn rotate(image: &Image, degrees: f64) -> Image {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let [cx, cy] = [image.width(), image.height()].map(|side| (side as f64 - 1.0) / 2.0);
    Image::from_fn(image.width(), image.height(), |x, y| {
        let (dx, dy) = (x as f64 - cx, y as f64 - cy);
        let (x, y) = (cos * dx + sin * dy + cx, cos * dy - sin * dx + cy);
        if inside(x, image.width()) && inside(y, image.height()) { image.bilinear(x, y) } else { 0 }
    })
}

/// A hundredth of a pixel of slack keeps rounding errors from blackening the first row and column.
fn inside(at: f64, size: usize) -> bool {
    (-0.01..size as f64).contains(&at)
}

#[cfg(test)]
mod tests {
    use super::super::super::golden;
    use super::*;

    #[test]
    fn as_imagej() {
        for angle in [15, 30, -15] {
            assert_eq!(rotate(&golden("input"), angle.into()), golden(&format!("rotate_{angle}_bilinear_bg0")), "{angle}");
        }
    }

    #[test]
    fn positive_is_clockwise() {
        let corner = Image::new(3, 3, vec![200, 0, 0, 0, 0, 0, 0, 0, 0]);
        let turned = rotate(&corner, 90.0);
        assert!(turned.pixels()[2] > 190, "the top left corner did not come to the top right: {turned:?}");
    }
}
