//! An 8-bit greyscale image in memory.

/// `height` rows of `width` pixels, 0 black to 255 white.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Image {
    /// An image of these pixels, row after row.
    ///
    /// # Panics
    /// When a side is 0 or the number of pixels is not `width · height`.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Self {
        assert!(
            width > 0 && height > 0 && pixels.len() == width * height,
            "BUG: {} pixels for {width} x {height}",
            pixels.len()
        );
        Self { width, height, pixels }
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Row after row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The image without its shape.
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// The pixels of row `y`.
    pub(super) fn row(&self, y: usize) -> &[u8] {
        &self.pixels[y * self.width..][..self.width]
    }

    /// An image of this shape whose pixel at (x, y) is `value(x, y)`.
    pub(super) fn from_fn(width: usize, height: usize, mut value: impl FnMut(usize, usize) -> u8) -> Self {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| value(x, y)).collect();
        Self::new(width, height, pixels)
    }

    /// Every pixel from its 3 x 3 neighbourhood, rows from above to below; beyond the border lies the nearest edge pixel.
    pub(super) fn map_3x3(&self, value: impl Fn([[i32; 3]; 3]) -> u8) -> Self {
        let (right, bottom) = (self.width - 1, self.height - 1);
        Self::from_fn(self.width, self.height, |x, y| {
            let columns = [x.saturating_sub(1), x, (x + 1).min(right)];
            let rows = [y.saturating_sub(1), y, (y + 1).min(bottom)].map(|y| self.row(y));
            value(rows.map(|row| columns.map(|x| i32::from(row[x]))))
        })
    }

    /// Bilinear interpolation at (x, y), clamped into the image a hair short of its last row and column, as ImageJ 1.50 samples.
    pub(super) fn bilinear(&self, x: f64, y: f64) -> u8 {
        let (left, across) = cell(x, self.width);
        let (top, down) = cell(y, self.height);
        let [upper, lower] = [top, (top + 1).min(self.height - 1)].map(|y| {
            let row = self.row(y);
            let [a, b] = [left, (left + 1).min(self.width - 1)].map(|x| f64::from(row[x]));
            a + across * (b - a)
        });
        (upper + down * (lower - upper) + 0.5) as u8
    }
}

/// The pixel at or before a coordinate, and the share of the way to the next one.
fn cell(at: f64, size: usize) -> (usize, f64) {
    let at = at.min(size as f64 - 1.001).max(0.0);
    (at as usize, at.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_beyond_the_border_are_the_nearest_edge_pixels() {
        let sums = Image::new(2, 2, vec![1, 2, 3, 4]).map_3x3(|near| near.iter().flatten().sum::<i32>() as u8);
        assert_eq!(sums.pixels(), [4 + 4 + 6 + 4, 2 * 5 + 11, 4 + 2 * 10, 5 + 2 * 11]);
    }

    #[test]
    fn one_pixel_is_sampled_everywhere_as_itself() {
        let dot = Image::new(1, 1, vec![9]);
        assert_eq!([dot.bilinear(0.0, 0.0), dot.bilinear(-3.0, 0.4), dot.bilinear(7.0, 7.0)], [9; 3]);
    }
}
