//! Images to another size, as ImageJ 1.50 does it with "bilinear" and "average when downsizing" ticked, which are its defaults.
//!
//! An axis that shrinks is filtered with a triangle as wide as the reduction (512 to 256: weights 1 3 3 1), so that nothing
//! aliases; an axis that grows is interpolated. Images are resized as 8-bit grey levels, after windowing at the native size,
//! because that is what users of ImageJ do when they export windowed slices; the order matters wherever the window saturates.

use super::{Aspect, Fit, Image};

impl Fit {
    /// The image, whose pixels have this aspect, as a square of `size` square pixels a side.
    ///
    /// # Panics
    /// When `size` is 0.
    pub fn apply(self, image: &Image, aspect: Aspect, size: usize) -> Image {
        match self {
            Self::Squash => resize(image, size, size),
            Self::Pad => padded(image, aspect, size),
        }
    }

    /// Where a point of an image of `width` columns and `height` rows lies in the square; columns and rows from 0, a pixel's centre
    /// at whole numbers.
    pub fn place(self, point: [f64; 2], [width, height]: [usize; 2], aspect: Aspect, size: usize) -> [f64; 2] {
        let (inner, offset) = match self {
            Self::Squash => ([size; 2], [0; 2]),
            Self::Pad => inner([width, height], aspect, size),
        };
        let [x, y] = [0, 1].map(|axis| {
            let scale = inner[axis] as f64 / [width, height][axis] as f64;
            (point[axis] + 0.5) * scale - 0.5 + offset[axis] as f64
        });
        [x, y]
    }
}

/// Columns and rows of what is not filled, and where it starts.
fn inner([columns, rows]: [usize; 2], aspect: Aspect, size: usize) -> ([usize; 2], [usize; 2]) {
    let sides = [columns as f64, rows as f64 * aspect.ratio()];
    let longest = sides[0].max(sides[1]);
    let inner = sides.map(|side| ((side * size as f64 / longest + 0.5).floor() as usize).max(1));
    (inner, inner.map(|side| (size - side) / 2))
}

fn padded(image: &Image, aspect: Aspect, size: usize) -> Image {
    let ([width, height], [left, top]) = inner([image.width(), image.height()], aspect, size);
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
            let square = fit.apply(&image, Aspect::SQUARE, 20);
            let (mut sum, mut across, mut down) = (0.0, 0.0, 0.0);
            for (at, grey) in square.pixels().iter().enumerate() {
                let grey = f64::from(*grey);
                (sum, across, down) = (sum + grey, across + grey * (at % 20) as f64, down + grey * (at / 20) as f64);
            }
            let [x, y] = fit.place([6.5, 8.5], [width, height], Aspect::SQUARE, 20);
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
        assert_eq!(Fit::Squash.apply(&wide, Aspect::SQUARE, 4).pixels(), [255; 16]);
        assert_eq!(Fit::Pad.apply(&wide, Aspect::SQUARE, 4).pixels(), [[0; 4], [255; 4], [255; 4], [0; 4]].as_flattened());
    }

    /// 512 x 512 pixels of 0.5 x 0.4 mm are a slice of 256 x 204.8 mm.
    #[test]
    fn padding_keeps_the_aspect_in_mm() {
        let slice = Image::new(512, 512, vec![255; 512 * 512]);
        let filled = |aspect| {
            let square = Fit::Pad.apply(&slice, aspect, 100);
            let rows = (0..100).filter(|row| square.row(*row)[50] > 0).count();
            let columns = (0..100).filter(|column| square.row(50)[*column] > 0).count();
            (rows, columns)
        };
        assert_eq!(filled(Aspect::of(0.5, 0.4)), (100, 80));
        assert_eq!(filled(Aspect::of(0.4, 0.5)), (80, 100));
        for unknown in [Aspect::of(f64::NAN, 0.4), Aspect::of(0.5, 0.0), Aspect::of(-0.5, 0.4), Aspect::of(0.4, 0.4)] {
            assert_eq!((unknown, filled(unknown)), (Aspect::SQUARE, (100, 100)));
        }
    }

    /// A disc in mm stays a disc, at the place that [`Fit::place`] tells.
    #[test]
    fn a_disc_in_mm_stays_a_disc() {
        let [row_mm, column_mm] = [0.8, 0.5];
        let centre = [70.0, 40.0];
        let disc = Image::from_fn(128, 128, |x, y| {
            let away = f64::hypot((x as f64 - centre[0]) * column_mm, (y as f64 - centre[1]) * row_mm);
            if away < 15.0 { 255 } else { 0 }
        });
        let aspect = Aspect::of(row_mm, column_mm);
        let square = Fit::Pad.apply(&disc, aspect, 128);
        let bright = |x: usize, y: usize| square.row(y)[x] > 127;
        let places: Vec<(usize, usize)> =
            (0..128 * 128).map(|at| (at % 128, at / 128)).filter(|&(x, y)| bright(x, y)).collect();
        let extent = |side: fn(&(usize, usize)) -> usize| {
            let sides = || places.iter().map(side);
            (sides().min().expect("a disc"), sides().max().expect("a disc"))
        };
        let ((left, right), (top, bottom)) = (extent(|place| place.0), extent(|place| place.1));
        assert!((right - left).abs_diff(bottom - top) <= 1, "{left}..{right} x {top}..{bottom}");
        let place = Fit::Pad.place(centre, [128, 128], aspect, 128);
        let middle = [(left + right) as f64 / 2.0, (top + bottom) as f64 / 2.0];
        assert!((0..2).all(|axis| (place[axis] - middle[axis]).abs() <= 1.0), "{place:?} {middle:?}");
    }

    #[test]
    fn square_pixels_are_padded_as_whole_numbers_say() {
        for (width, height, size) in (1..40).flat_map(|w| (1..40).flat_map(move |h| (1..40).map(move |s| (w, h, s)))) {
            let longest: usize = width.max(height);
            let whole = [width, height].map(|side: usize| ((side * size + longest / 2) / longest).max(1));
            assert_eq!(inner([width, height], Aspect::SQUARE, size).0, whole, "{width} x {height} to {size}");
        }
    }
}
