//! Images to another size, as ImageJ 1.50 does it with "bilinear" and "average when downsizing" ticked, which are its defaults.
//!
//! An axis that shrinks is filtered with a triangle as wide as the reduction (512 to 256: weights 1 3 3 1), so that nothing
//! aliases; an axis that grows is interpolated. Images are resized as 8-bit grey levels, after windowing at the native size,
//! because that is what users of ImageJ do when they export windowed slices; the order matters wherever the window saturates.

use super::{Fit, Image};

impl Fit {
    /// The image as a square of `size` pixels a side.
    ///
    /// # Panics
    /// When `size` is 0.
    pub fn apply(self, image: &Image, size: usize) -> Image {
        match self {
            Self::Squash => resize(image, size, size),
            Self::Pad => padded(image, size),
        }
    }

    /// Where a point of an image of `width` columns and `height` rows lies in the square; columns and rows from 0, a pixel's centre
    /// at whole numbers.
    pub fn place(self, point: [f64; 2], [width, height]: [usize; 2], size: usize) -> [f64; 2] {
        let (inner, offset) = match self {
            Self::Squash => ([size; 2], [0; 2]),
            Self::Pad => inner([width, height], size),
        };
        let [x, y] = [0, 1].map(|axis| {
            let scale = inner[axis] as f64 / [width, height][axis] as f64;
            (point[axis] + 0.5) * scale - 0.5 + offset[axis] as f64
        });
        [x, y]
    }
}

/// Columns and rows of what is not filled, and where it starts.
fn inner(sides: [usize; 2], size: usize) -> ([usize; 2], [usize; 2]) {
    let longest = sides[0].max(sides[1]);
    let inner = sides.map(|side| ((side * size + longest / 2) / longest).max(1));
    (inner, inner.map(|side| (size - side) / 2))
}

fn padded(image: &Image, size: usize) -> Image {
    let ([width, height], [left, top]) = inner([image.width(), image.height()], size);
    let inner = resize(image, width, height);
    Image::from_fn(size, size, |x, y| {
        let inside = (left..left + width).contains(&x) && (top..top + height).contains(&y);
        if inside { inner.row(y - top)[x - left] } else { 0 }
    })
}

/// The image with `width` columns and `height` rows.
///
/// # Panics
/// When a side is 0.
pub fn resize(image: &Image, width: usize, height: usize) -> Image {
    let reduced = reduced(image, width.min(image.width()), height.min(image.height()));
    enlarged(reduced, width, height)
}

fn enlarged(image: Image, width: usize, height: usize) -> Image {
    if (image.width(), image.height()) == (width, height) {
        return image;
    }
    let [xs, ys] = [(image.width(), width), (image.height(), height)].map(|(from, to)| sources(from, to));
    Image::from_fn(width, height, |x, y| image.bilinear(xs[x], ys[y]))
}

/// Where ImageJ takes each pixel of an axis that grows, a quarter of a pixel before the mere ratio. Computed in its order of
/// operations: another one rounds ties the other way.
fn sources(from: usize, to: usize) -> Vec<f64> {
    let scale = to as f64 / from as f64;
    let centre = to as f64 / 2.0 + if from == to { 0.0 } else { scale / 4.0 };
    (0..to).map(|at| (at as f64 - centre) / scale + from as f64 / 2.0).collect()
}

fn reduced(image: &Image, width: usize, height: usize) -> Image {
    if (image.width(), image.height()) == (width, height) {
        return image.clone();
    }
    let (across, down) = (taps(image.width(), width), taps(image.height(), height));
    let rows: Vec<f32> =
        (0..image.height()).flat_map(|y| across.iter().map(move |taps| taps.sum(|x| image.row(y)[x].into()))).collect();
    Image::from_fn(width, height, |x, y| (down[y].sum(|y| rows[y * width + x]) + 0.5) as u8)
}

/// The weights that make one pixel of a shrunken axis.
struct Taps {
    first: isize,
    last: usize,
    weights: Vec<f32>,
}

impl Taps {
    fn sum(&self, value: impl Fn(usize) -> f32) -> f32 {
        let at = |offset| (self.first + offset as isize).clamp(0, self.last as isize) as usize;
        self.weights.iter().enumerate().map(|(offset, weight)| weight * value(at(offset))).sum()
    }
}

/// One set of taps for each of `to` pixels: a triangle of half-width `from / to` about the pixel's centre, of sum 1.
fn taps(from: usize, to: usize) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let centre = |at: usize| (at as f64 + 0.5) * scale - 0.5;
    (0..to).map(|at| triangle(centre(at), scale, from)).collect()
}

fn triangle(centre: f64, half_width: f64, size: usize) -> Taps {
    let (first, last) = ((centre - half_width).ceil() as isize, (centre + half_width).floor() as isize);
    let heights: Vec<f64> = (first..=last).map(|at| 1.0 - (at as f64 - centre).abs() / half_width).collect();
    let sum: f64 = heights.iter().sum();
    Taps { first, last: size - 1, weights: heights.iter().map(|height| (height / sum) as f32).collect() }
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;

    #[test]
    fn a_bright_pixel_lies_where_its_place_says() {
        for (fit, [width, height]) in
            [(Fit::Squash, [40, 20]), (Fit::Pad, [40, 20]), (Fit::Pad, [20, 40]), (Fit::Squash, [10, 10])]
        {
            let image = Image::from_fn(width, height, |x, y| if (x / 2, y / 2) == (3, 4) { 255 } else { 0 });
            let square = fit.apply(&image, 20);
            let (mut sum, mut across, mut down) = (0.0, 0.0, 0.0);
            for (at, grey) in square.pixels().iter().enumerate() {
                let grey = f64::from(*grey);
                (sum, across, down) = (sum + grey, across + grey * (at % 20) as f64, down + grey * (at / 20) as f64);
            }
            let [x, y] = fit.place([6.5, 8.5], [width, height], 20);
            assert!((across / sum - x).abs() < 0.51 && (down / sum - y).abs() < 0.51, "{fit:?} {width}: {x} {y}");
        }
    }

    #[test]
    fn imagej_enlarges_so() {
        assert_eq!(resize(&golden("input"), 22, 20), golden("resize_22x20_bilinear"));
    }

    #[test]
    fn imagej_halves_so() {
        assert_eq!(resize(&golden("input"), 10, 9), golden("resize_10x9_bilinear_average"));
    }

    #[test]
    fn the_same_size_changes_nothing() {
        assert_eq!(resize(&golden("input"), 20, 18), golden("input"));
    }

    #[test]
    fn a_flat_image_stays_flat_at_any_size() {
        let flat = Image::new(19, 31, vec![201; 19 * 31]);
        for (width, height) in [(7, 13), (19, 5), (40, 3), (1, 1), (64, 64)] {
            assert!(resize(&flat, width, height).pixels().iter().all(|&grey| grey == 201), "{width} x {height}");
        }
    }

    #[test]
    fn padding_keeps_the_aspect_and_squashing_does_not() {
        let wide = Image::new(8, 4, vec![255; 32]);
        assert_eq!(Fit::Squash.apply(&wide, 4).pixels(), [255; 16]);
        assert_eq!(Fit::Pad.apply(&wide, 4).pixels(), [[0; 4], [255; 4], [255; 4], [0; 4]].as_flattened());
    }
}
