//! What a network looked at in single images: `explanations.json`, a record a case, and the maps beside it in `maps.safetensors`
//! (`f32 [rows, columns]`, named `<case>/<map>`).

use std::path::Path;

use anyhow::{Context, Result, ensure};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::{Files, table};

const RECORDS: &str = "explanations.json";
const MAPS: &str = "maps.safetensors";

/// One image under explanation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The exam.
    pub exam: String,
    /// Position of the slice in the exam's volume.
    pub slice: usize,
    /// The class that is explained: the most probable one of the intact image.
    pub target: String,
    /// Probability of each class for the intact image, in the order of [`Explanations::classes`].
    pub intact: Vec<f64>,
    /// A box over what is marked, else over the place at which a box changes most.
    pub boxed: Boxed,
    /// The probability of the target with a box at each place of a grid.
    pub occlusion: Map,
    /// One channel of a layer.
    pub activation: Map,
    /// Position of that channel in its layer, from 0.
    pub channel: usize,
    /// Gradient-weighted class activation of the target.
    pub attention: Map,
}

/// The image with one box.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boxed {
    /// First row, first column, height and width, pixels of the image.
    pub frame: [usize; 4],
    /// Whether it lies over what is marked; else where the occlusion map is lowest.
    pub over_mark: bool,
    /// Probability of each class.
    pub probabilities: Vec<f64>,
}

/// Values over part of an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// First row, first column, height and width of what the map covers, pixels of the image; its cells divide it evenly.
    pub frame: [f64; 4],
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Values, row after row.
    #[serde(skip)]
    pub values: Vec<f32>,
}

impl Map {
    /// Position of the cell with the largest value, of equals the first: row and column of its centre, pixels of the image.
    pub fn peak(&self) -> [f64; 2] {
        self.extreme(|value, best| value > best)
    }

    /// The same of the smallest value.
    pub fn pit(&self) -> [f64; 2] {
        self.extreme(|value, best| value < best)
    }

    fn extreme(&self, is_better: impl Fn(f32, f32) -> bool) -> [f64; 2] {
        let places =
            (0..self.values.len()).reduce(|best, at| if is_better(self.values[at], self.values[best]) { at } else { best });
        let at = places.unwrap_or(0);
        let [top, left, height, width] = self.frame;
        let [rows, columns] = self.shape;
        let centre = |place: usize, count: usize, from: f64, length: f64| from + (place as f64 + 0.5) * length / count as f64;
        [centre(at / columns, rows, top, height), centre(at % columns, columns, left, width)]
    }

    /// Smallest and largest value; zeros where there is none.
    pub fn range(&self) -> [f32; 2] {
        let fold = |pick: fn(f32, f32) -> f32| self.values.iter().copied().reduce(pick).unwrap_or(0.0);
        [fold(f32::min), fold(f32::max)]
    }
}

/// All explanations of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanations {
    /// Class names in the order of the probabilities.
    pub classes: Vec<String>,
    /// The layer whose channels are shown, behind its rectifier where it has one.
    pub layer: String,
    /// The layer of the class activation.
    pub attention_layer: String,
    /// Side of the box of the occlusion map, pixels of the image.
    pub side: usize,
    /// Step between two of its places, pixels.
    pub stride: usize,
    /// Grey level of every box.
    pub fill: u8,
    /// The cases, in their order.
    pub cases: Vec<Explanation>,
}

impl Explanations {
    /// Writes both files into `folder`.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(MAPS);
        let stored: Vec<(String, [usize; 2], Vec<u8>)> = self.maps().collect();
        let views = stored.iter().map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.to_vec(), bytes)?)));
        let views = views.collect::<Result<Vec<_>>>().context("the shape of a map does not fit its values")?;
        safetensors::serialize_to_file(views, None, &path).with_context(|| format!("cannot write {}", path.display()))?;
        table::write_json(&folder.join(RECORDS), self)
    }

    /// Reads both files.
    ///
    /// # Errors
    /// When one is missing or damaged, or does not fit the other.
    pub fn open(files: &Files) -> Result<Self> {
        let mut all: Self = table::read_json(files.path(RECORDS)?)?;
        let path = files.path(MAPS)?;
        let place = || format!("cannot read {}", path.display());
        let bytes = std::fs::read(path).with_context(place)?;
        let tensors = SafeTensors::deserialize(&bytes).with_context(place)?;
        for (case, explanation) in all.cases.iter_mut().enumerate() {
            for (name, map) in explanation.maps_mut() {
                let name = format!("{case}/{name}");
                let tensor = tensors.tensor(&name).with_context(place)?;
                let fits = tensor.dtype() == Dtype::F32 && tensor.shape() == map.shape.as_slice();
                ensure!(fits, "{}: tensor `{name}` is not F32 {:?}", place(), map.shape);
                let (words, _) = tensor.data().as_chunks::<4>();
                map.values = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
            }
        }
        Ok(all)
    }

    fn maps(&self) -> impl Iterator<Item = (String, [usize; 2], Vec<u8>)> + '_ {
        self.cases.iter().enumerate().flat_map(|(case, explanation)| {
            explanation.maps().map(move |(name, map)| {
                let bytes = map.values.iter().flat_map(|value| value.to_le_bytes()).collect();
                (format!("{case}/{name}"), map.shape, bytes)
            })
        })
    }
}

impl Explanation {
    fn maps(&self) -> [(&'static str, &Map); 3] {
        [("occlusion", &self.occlusion), ("activation", &self.activation), ("attention", &self.attention)]
    }

    fn maps_mut(&mut self) -> [(&'static str, &mut Map); 3] {
        [("occlusion", &mut self.occlusion), ("activation", &mut self.activation), ("attention", &mut self.attention)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: &[f32]) -> Map {
        Map { frame: [2.0, 4.0, 6.0, 8.0], shape: [2, values.len() / 2], values: values.to_vec() }
    }

    #[test]
    fn what_is_written_is_read() -> Result<()> {
        let boxed = Boxed { frame: [1, 2, 3, 4], over_mark: true, probabilities: vec![1.0 / 3.0, 2.0 / 3.0] };
        let case = Explanation {
            exam: "012".into(),
            slice: 3,
            target: "left".into(),
            intact: vec![0.1 + 0.2, 0.7],
            boxed,
            occlusion: map(&[0.5, 0.25]),
            activation: map(&[0.0, 1.5, -2.0, 4.0]),
            channel: 7,
            attention: map(&[0.0; 4]),
        };
        let written = Explanations {
            classes: vec!["none".into(), "left".into()],
            layer: "conv2".into(),
            attention_layer: "conv5".into(),
            side: 8,
            stride: 2,
            fill: 128,
            cases: vec![case],
        };
        let folder = tempfile::tempdir()?;
        written.write(folder.path())?;
        assert_eq!(Explanations::open(&Files::of_folder(folder.path())?)?, written);
        Ok(())
    }

    #[test]
    fn peak_and_pit_are_centres_of_cells_and_of_equals_the_first() {
        let map = map(&[0.0, 3.0, 3.0, 0.0]);
        assert_eq!((map.peak(), map.pit(), map.range()), ([3.5, 10.0], [3.5, 6.0], [0.0, 3.0]));
    }
}
