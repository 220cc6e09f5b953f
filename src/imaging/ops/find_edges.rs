//! Magnitude of the Sobel gradient: ImageJ "Find Edges".

use super::{Image, Op, OpKind};

pub(super) const OP: Op = Op {
    name: "find_edges",
    doc: "Sobel magnitude",
    kind: OpKind::Filter,
    parameters: &[],
    apply: |image, _| find_edges(image),
};

fn find_edges(image: &Image) -> Image {
    image.map_3x3(|[above, here, below]| {
        let down = weighted(above) - weighted(below);
        let across = weighted([above[0], here[0], below[0]]) - weighted([above[2], here[2], below[2]]);
        f64::from(down * down + across * across).sqrt().min(255.0) as u8
    })
}

fn weighted([a, b, c]: [i32; 3]) -> i32 {
    a + 2 * b + c
}

#[cfg(test)]
mod tests {
    use super::super::super::golden;
    use super::*;

    #[test]
    fn as_imagej() {
        assert_eq!(find_edges(&golden("input")), golden("find_edges"));
    }
}
