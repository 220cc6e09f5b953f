//! Magnification about the centre on the same canvas: ImageJ "Scale...", bilinear, in place.
//!
//! It must stay on its canvas: scaled into a larger image, the magnification would be undone as soon as a network's input size is
//! restored.

use super::{Image, Op, OpKind, Parameter};

pub(super) const OP: Op = Op {
    name: "zoom",
    doc: "magnified by this factor about the centre",
    kind: OpKind::Geometry,
    parameters: &[Parameter { name: "factor", unit: "", least: 1.0, most: 10.0 }],
    apply: |image, arguments| zoom(image, arguments[0]),
};

fn zoom(image: &Image, factor: f64) -> Image {
    let source = |at: usize, size: usize| (at as f64 - size as f64 / 2.0) / factor + size as f64 / 2.0;
    let xs: Vec<f64> = (0..image.width()).map(|x| source(x, image.width())).collect();
    Image::from_fn(image.width(), image.height(), |x, y| image.bilinear(xs[x], source(y, image.height())))
}

#[cfg(test)]
mod tests {
    use super::super::super::golden;
    use super::*;

    #[test]
    fn as_imagej() {
        assert_eq!(zoom(&golden("input"), 1.1), golden("scale_1.1_inplace_bilinear"));
    }
}
