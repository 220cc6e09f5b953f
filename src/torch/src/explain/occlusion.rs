//! Boxes that hide part of an image.

use anyhow::{Result, ensure};
use tch::Tensor;

/// First row, first column, height and width, pixels.
pub(super) type Frame = [usize; 4];

/// A lesion shows beyond the disc of its area; the box is so many times as wide.
const MARGIN: f64 = 1.3;

/// The places of a box that is slid over the part of the image that the network sees.
pub(super) struct Grid {
    view: Frame,
    side: usize,
    stride: usize,
}

impl Grid {
    pub(super) fn new(view: Frame, side: usize, stride: usize) -> Result<Self> {
        let room = view[2].min(view[3]);
        ensure!(side > 0 && stride > 0 && side <= room, "a box of {side} pixels every {stride} does not fit {room} pixels");
        Ok(Self { view, side, stride })
    }

    /// Rows and columns of places.
    pub(super) fn shape(&self) -> [usize; 2] {
        [self.view[2], self.view[3]].map(|room| (room - self.side) / self.stride + 1)
    }

    pub(super) fn len(&self) -> usize {
        self.shape().iter().product()
    }

    /// All places, row by row. What remains at the end of a row is shared by both ends.
    pub(super) fn frames(&self) -> impl Iterator<Item = Frame> + '_ {
        let ([rows, columns], [top, left]) = (self.shape(), self.start());
        let place =
            move |row: usize, column: usize| [top + row * self.stride, left + column * self.stride, self.side, self.side];
        (0..rows).flat_map(move |row| (0..columns).map(move |column| place(row, column)))
    }

    /// What the map covers: each value stands for a square of one step about the middle of its box.
    pub(super) fn frame(&self) -> [f64; 4] {
        let middle = (self.side as f64 - self.stride as f64) / 2.0;
        let ([top, left], shape) = (self.start(), self.shape());
        let [height, width] = shape.map(|count| (count * self.stride) as f64);
        [top as f64 + middle, left as f64 + middle, height, width]
    }

    fn start(&self) -> [usize; 2] {
        let shape = self.shape();
        [0, 1].map(|axis| {
            let used = (shape[axis] - 1) * self.stride + self.side;
            self.view[axis] + (self.view[axis + 2] - used) / 2
        })
    }
}

/// Middle (row, column) and side of a box over a disc of `place` (column, row, radius), not smaller than `least`.
pub(super) fn over([column, row, radius]: [f64; 3], least: usize) -> ([f64; 2], usize) {
    // Centres of pixels lie at whole numbers, frames count from their edges.
    ([row + 0.5, column + 0.5], least.max((2.0 * MARGIN * radius).ceil() as usize))
}

/// The box about `middle`, moved and cut so that it lies within `view`.
pub(super) fn within(middle: [f64; 2], side: usize, view: Frame) -> Frame {
    let [(top, height), (left, width)] = [0, 1].map(|axis| {
        let (from, room) = (view[axis], view[axis + 2]);
        let side = side.min(room);
        let start = (middle[axis] - side as f64 / 2.0).round().clamp(from as f64, (from + room - side) as f64);
        (start as usize, side)
    });
    [top, left, height, width]
}

/// A copy of `image` (`f32 [1, H, W]`) with a box of one grey.
pub(super) fn hidden(image: &Tensor, [top, left, height, width]: Frame, grey: u8) -> Tensor {
    let copy = image.copy();
    let _ = copy.narrow(1, top as i64, height as i64).narrow(2, left as i64, width as i64).fill_(f64::from(grey));
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_covers_the_view_evenly() {
        let grid = Grid::new([10, 20, 9, 12], 4, 2).expect("fits");
        assert_eq!((grid.shape(), grid.len()), ([3, 5], 15));
        let frames: Vec<Frame> = grid.frames().collect();
        assert_eq!((frames[0], frames[14]), ([10, 20, 4, 4], [14, 28, 4, 4]));
        assert_eq!(grid.frame(), [11.0, 21.0, 6.0, 10.0]);
        assert!(Grid::new([0, 0, 3, 9], 4, 1).is_err());
    }

    #[test]
    fn a_box_lies_over_its_mark_and_within_the_view() {
        let ([row, column], side) = over([30.0, 12.0, 2.0], 4);
        assert_eq!(([row, column], side), ([12.5, 30.5], 6));
        assert_eq!(within([row, column], side, [10, 20, 9, 12]), [10, 26, 6, 6]);
        assert_eq!(within([0.0, 99.0], 40, [10, 20, 9, 12]), [10, 20, 9, 12]);
    }

    #[test]
    fn only_the_box_changes() {
        let image = Tensor::from_slice(&[1f32, 2.0, 3.0, 4.0]).reshape([1, 2, 2]);
        let values = |tensor: &Tensor| Vec::<f32>::try_from(tensor.flatten(0, -1)).expect("numbers");
        assert_eq!(values(&hidden(&image, [1, 0, 1, 1], 9)), [1.0, 2.0, 9.0, 4.0]);
        assert_eq!(values(&image), [1.0, 2.0, 3.0, 4.0]);
    }
}
