//! Sharpening with 3 x 3: ImageJ "Sharpen".

use super::{Image, Op, OpKind};

pub(super) const OP: Op =
    Op { name: "sharpen", doc: "3 x 3 sharpening", kind: OpKind::Filter, parameters: &[], apply: |image, _| sharpen(image) };

/// Centre 12, ring -1, over 4; the quotient is cut toward 0 before it is clamped.
fn sharpen(image: &Image) -> Image {
    image.map_3x3(|near| {
        let all: i32 = near.as_flattened().iter().sum();
        ((13 * near[1][1] - all + 2) / 4).clamp(0, 255) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::golden;
    use super::*;

    #[test]
    fn as_imagej() {
        assert_eq!(sharpen(&golden("input")), golden("sharpen"));
    }
}
