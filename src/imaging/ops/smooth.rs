//! Mean of 3 x 3: ImageJ "Smooth".

use super::{Image, Op, OpKind};

pub(super) const OP: Op =
    Op { name: "smooth", doc: "3 x 3 mean", kind: OpKind::Filter, parameters: &[], apply: |image, _| smooth(image) };

/// (Σ + 4) div 9: the mean, rounded.
fn smooth(image: &Image) -> Image {
    image.map_3x3(|near| ((near.as_flattened().iter().sum::<i32>() + 4) / 9) as u8)
}

#[cfg(test)]
mod tests {
    use super::super::super::golden;
    use super::*;

    #[test]
    fn as_imagej() {
        assert_eq!(smooth(&golden("input")), golden("smooth"));
    }
}
