//! An image set on the device. All pixels lie there as bytes; a batch is cut out by one gather, without a loop over images.

use anyhow::{Context, Result, ensure};
use bgh::artifact::ImageSet;
use bgh::stage::predict::Eval;
use tch::{Device, Kind, Tensor};

use crate::mean::Mean;

/// The square cut from one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Which image.
    pub image: usize,
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Whether left and right are exchanged after the cut.
    pub mirrored: bool,
}

/// Images and labels, `N` of `H x W`.
#[derive(Debug)]
pub struct Dataset {
    /// `u8 [N·H·W]`. On the CPU it is the mapped file itself: trainings side by side share one copy in the page cache.
    pixels: Tensor,
    labels: Vec<i64>,
    height: usize,
    width: usize,
    mean: Tensor,
    /// Owns the mapping that `pixels` may point into.
    set: ImageSet,
}

impl Dataset {
    /// The set with every class name replaced by its position in `classes`, relative to `mean`.
    ///
    /// # Errors
    /// When a class is unknown or the images have another size than the mean.
    pub fn new(set: ImageSet, classes: &[String], mean: &Mean, device: Device) -> Result<Self> {
        let (ours, theirs) = ((set.height, set.width), (mean.height, mean.width));
        ensure!(ours == theirs, "images of {ours:?} pixels against a training on {theirs:?}; resize them alike");
        let labels = set.rows.iter().map(|row| label(&row.class, classes)).collect::<Result<_>>()?;
        let pixels = on_device(&set, device);
        Ok(Self { pixels, labels, height: set.height, width: set.width, mean: mean.tensor(device), set })
    }

    /// Images in the set.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The index beside the pixels.
    pub fn set(&self) -> &ImageSet {
        &self.set
    }

    /// Offsets at which a square of `crop` pixels can be cut: `0..=height - crop` and `0..=width - crop`.
    ///
    /// # Errors
    /// When the images are smaller than the crop.
    pub fn offsets(&self, crop: usize) -> Result<[usize; 2]> {
        let [rows, columns] = [self.height, self.width].map(|side| side.checked_sub(crop));
        let both = rows.zip(columns).map(|(rows, columns)| [rows, columns]);
        both.with_context(|| format!("a crop of {crop} pixels does not fit images of {} x {}", self.height, self.width))
    }

    /// The square in the middle of `image`, as Caffe's test phase cuts it: offsets rounded down.
    ///
    /// # Errors
    /// When the images are smaller than the crop.
    pub fn centre(&self, image: usize, crop: usize) -> Result<Cut> {
        let [rows, columns] = self.offsets(crop)?;
        Ok(Cut { image, top: rows / 2, left: columns / 2, mirrored: false })
    }

    /// Pixel minus mean at the same position, the grey value in all three channels: `f32 [B, 3, crop, crop]`, channels last.
    pub fn squares(&self, cuts: &[Cut], crop: usize) -> Tensor {
        let device = self.pixels.device();
        let starts: Vec<i64> = cuts.iter().map(|cut| (cut.top * self.width + cut.left) as i64).collect();
        let images: Vec<i64> = cuts.iter().map(|cut| (cut.image * self.height * self.width) as i64).collect();
        let sides: Vec<i64> = cuts.iter().map(|cut| i64::from(cut.mirrored)).collect();
        let [starts, images] = [starts, images].map(|list| Tensor::from_slice(&list).reshape([-1, 1, 1]).to_device(device));
        let positions = starts + grids(crop, self.width, device).index_select(0, &Tensor::from_slice(&sides).to_device(device));
        let pixels = self.pixels.take(&(&positions + images)).to_kind(Kind::Float);
        three_channels(&(pixels - self.mean.take(&positions)))
    }

    /// The whole image resized to `side`, minus the mean image resized likewise and rounded to 8 bits, as DIGITS classifies: bilinear,
    /// centres of pixels at halves, no smoothing beforehand.
    pub fn squashed(&self, images: &[usize], side: usize) -> Tensor {
        let (height, width) = (self.height as i64, self.width as i64);
        let picks: Vec<i64> = images.iter().map(|&image| image as i64).collect();
        let picks = Tensor::from_slice(&picks).to_device(self.pixels.device());
        self.squash(&self.pixels.view([-1, height, width]).index_select(0, &picks).to_kind(Kind::Float), side)
    }

    /// Grey values that are no image of the set, `f32 [B, H, W]`, as the network would see them.
    ///
    /// # Errors
    /// When the images are smaller than the crop.
    pub fn seen(&self, whole: &Tensor, eval: Eval, crop: usize) -> Result<Tensor> {
        let side = crop as i64;
        Ok(match eval {
            Eval::Squash => self.squash(whole, crop),
            Eval::CenterCrop => {
                let Cut { top, left, .. } = self.centre(0, crop)?;
                let cut = |values: &Tensor, rows| values.narrow(rows, top as i64, side).narrow(rows + 1, left as i64, side);
                let mean = self.mean.view([self.height as i64, self.width as i64]);
                three_channels(&(cut(whole, 1) - cut(&mean, 0)))
            }
        })
    }

    /// The part of an image that the network sees: first row, first column, height and width.
    ///
    /// # Errors
    /// When the images are smaller than the crop.
    pub fn view(&self, eval: Eval, crop: usize) -> Result<[usize; 4]> {
        Ok(match eval {
            Eval::Squash => [0, 0, self.height, self.width],
            Eval::CenterCrop => {
                let Cut { top, left, .. } = self.centre(0, crop)?;
                [top, left, crop, crop]
            }
        })
    }

    fn squash(&self, whole: &Tensor, side: usize) -> Tensor {
        let size = [side as i64, side as i64];
        let (height, width) = (self.height as i64, self.width as i64);
        let whole = whole.unsqueeze(1);
        let resized = whole.upsample_bilinear2d(size, false, None, None);
        let mean = self.mean.view([1, 1, height, width]).upsample_bilinear2d(size, false, None, None);
        let mean: Tensor = (mean + 0.5).floor();
        three_channels(&(resized - mean).squeeze_dim(1))
    }

    /// Class index of an image.
    pub fn label(&self, image: usize) -> i64 {
        self.labels[image]
    }

    /// Class indices, `i64 [B]`.
    pub fn labels(&self, images: impl Iterator<Item = usize>) -> Tensor {
        let labels: Vec<i64> = images.map(|image| self.labels[image]).collect();
        Tensor::from_slice(&labels).to_device(self.pixels.device())
    }
}

/// Copies `f32 [B, H, W]` into three equal channels that lie side by side in memory: the layout in which pooling and
/// convolutions on the CPU are fastest. The published weights have three input channels, so the copies stay.
pub fn three_channels(grey: &Tensor) -> Tensor {
    grey.unsqueeze(3).expand([-1, -1, -1, 3], false).contiguous().permute([0, 3, 1, 2])
}

fn label(class: &str, classes: &[String]) -> Result<i64> {
    let place = classes.iter().position(|known| known == class);
    let known = || classes.join(", ");
    place.map(|place| place as i64).with_context(|| format!("an image of class `{class}`; the network knows: {}", known()))
}

fn on_device(set: &ImageSet, device: Device) -> Tensor {
    let bytes = set.pixels();
    // SAFETY: the mapping is read-only and owned by the `Dataset` that holds the tensor; no operation writes into `pixels`.
    let mapped = unsafe { Tensor::from_blob(bytes.as_ptr(), &[bytes.len() as i64], &[1], Kind::Uint8, Device::Cpu) };
    mapped.to_device(device)
}

/// Offsets of a square's pixels within an image, as it is and mirrored: `i64 [2, crop, crop]`.
fn grids(crop: usize, width: usize, device: Device) -> Tensor {
    let crop = crop as i64;
    let line = Tensor::arange(crop, (Kind::Int64, device));
    let grid = line.unsqueeze(1) * width as i64 + line;
    Tensor::stack(&[&grid, &grid.flip([1])], 0)
}

#[cfg(test)]
mod tests {
    use bgh::artifact::{Files, ImageRow, ImageSetWriter};

    use super::*;

    const CLASSES: [&str; 2] = ["left", "right"];

    /// Two images of 3 x 4: 0..12 and 100..112.
    fn dataset(folder: &std::path::Path, mean: u8) -> Dataset {
        let mut writer = ImageSetWriter::create(folder, 2, 3, 4).expect("writes");
        for (number, class) in CLASSES.iter().enumerate() {
            let row = ImageRow { image: 0, exam: "1".into(), slice: number, class: (*class).into(), variant: 0 };
            let pixels: Vec<u8> = (0..12).map(|pixel| pixel + 100 * number as u8).collect();
            writer.push(row, &pixels).expect("fits");
        }
        writer.finish().expect("complete");
        let set = ImageSet::open(&Files::of_folder(folder).expect("lists")).expect("opens");
        let mut mean = Mean { height: 3, width: 4, pixels: vec![mean; 12] };
        mean.pixels[6] = 3;
        Dataset::new(set, &CLASSES.map(String::from), &mean, Device::Cpu).expect("fits")
    }

    fn cut(image: usize, top: usize, left: usize) -> Cut {
        Cut { image, top, left, mirrored: false }
    }

    #[test]
    fn squares_are_cut_where_they_lie_and_lose_the_mean_of_their_place() {
        let folder = tempfile::tempdir().expect("folder");
        let data = dataset(folder.path(), 1);
        let squares = data.squares(&[cut(1, 0, 2), cut(0, 1, 0)], 2);
        assert_eq!(squares.size(), [2, 3, 2, 2]);
        let values: Vec<f32> = squares.contiguous().flatten(0, -1).try_into().expect("floats");
        assert_eq!(values[..4], [101.0, 102.0, 103.0, 106.0]);
        assert_eq!(values[4..8], values[..4]);
        assert_eq!(values[12..16], [3.0, 4.0, 7.0, 8.0]);
    }

    #[test]
    fn mirrored_squares_lose_the_mean_before_they_are_mirrored() {
        let folder = tempfile::tempdir().expect("folder");
        let squares = dataset(folder.path(), 1).squares(&[Cut { mirrored: true, ..cut(1, 0, 2) }], 2);
        let values: Vec<f32> = squares.contiguous().flatten(0, -1).try_into().expect("floats");
        assert_eq!(values[..4], [102.0, 101.0, 106.0, 103.0]);
    }

    #[test]
    fn the_centre_is_rounded_towards_the_origin() {
        let folder = tempfile::tempdir().expect("folder");
        let data = dataset(folder.path(), 0);
        assert_eq!(data.centre(0, 1).expect("fits"), cut(0, 1, 1));
        assert_eq!(data.centre(0, 4).expect_err("too large").to_string(), "a crop of 4 pixels does not fit images of 3 x 4");
    }

    #[test]
    fn squashing_keeps_grey_values_of_flat_images() {
        let folder = tempfile::tempdir().expect("folder");
        let data = dataset(folder.path(), 3);
        let squashed = data.squashed(&[1, 0], 2);
        assert_eq!(squashed.size(), [2, 3, 2, 2]);
        // Half-pixel centres: the first of 2 pixels from 3 rows lies at row 0.25, from 4 columns at column 0.5.
        let first = squashed.double_value(&[1, 0, 0, 0]);
        assert!((first - (0.25 * 4.0 + 0.5 - 3.0)).abs() < 1e-5, "{first}");
    }

    /// 256 pixels to the 227 that AlexNet sees, against the formula of bilinear interpolation in double precision.
    #[test]
    fn squashing_is_bilinear_and_rounds_the_mean() {
        const SIDE: usize = 256;
        let folder = tempfile::tempdir().expect("folder");
        let pixels: Vec<u8> = (0..SIDE * SIDE).map(|place| (place % SIDE * 7 + place / SIDE * 13 + place / 3) as u8).collect();
        let mean: Vec<u8> = pixels.iter().map(|pixel| 255 - pixel / 3).collect();
        let mut writer = ImageSetWriter::create(folder.path(), 1, SIDE, SIDE).expect("writes");
        let row = ImageRow { image: 0, exam: "1".into(), slice: 0, class: "left".into(), variant: 0 };
        writer.push(row, &pixels).expect("fits");
        writer.finish().expect("complete");
        let set = ImageSet::open(&Files::of_folder(folder.path()).expect("lists")).expect("opens");
        let mean_image = Mean { height: SIDE, width: SIDE, pixels: mean.clone() };
        let data = Dataset::new(set, &CLASSES.map(String::from), &mean_image, Device::Cpu).expect("fits");
        let squashed = data.squashed(&[0], 227);
        for (row, column) in (0..227).step_by(13).flat_map(|row| (0..227).step_by(7).map(move |column| (row, column))) {
            let mean = bilinear(&mean, SIDE, 227, [row, column]) + 0.5;
            if (mean - mean.round()).abs() < 5e-3 {
                continue; // Too near to where rounding turns.
            }
            let expected = bilinear(&pixels, SIDE, 227, [row, column]) - mean.floor();
            let ours = squashed.double_value(&[0, 1, row as i64, column as i64]);
            // Places are found in single precision, so steep edges differ by a few thousandths of a grey value.
            assert!((ours - expected).abs() < 5e-3, "({row}, {column}): {ours} {expected}");
        }
    }

    fn bilinear(pixels: &[u8], from: usize, to: usize, place: [usize; 2]) -> f64 {
        let source = place.map(|place| ((place as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, from as f64 - 1.0));
        let low = source.map(|source| source as usize);
        let high = low.map(|low| (low + 1).min(from - 1));
        let [y, x] = [0, 1].map(|axis| source[axis] - low[axis] as f64);
        let at = |row: usize, column: usize| f64::from(pixels[row * from + column]);
        let line = |row: usize| at(row, low[1]) * (1.0 - x) + at(row, high[1]) * x;
        line(low[0]) * (1.0 - y) + line(high[0]) * y
    }

    #[test]
    fn an_unknown_class_is_named() {
        assert_eq!(
            label("up", &CLASSES.map(String::from)).expect_err("unknown").to_string(),
            "an image of class `up`; the network knows: left, right"
        );
    }
}
