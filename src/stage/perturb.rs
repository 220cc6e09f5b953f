//! Kind `perturb`: volumes to 8-bit images as kind `window` makes them, with one thing changed that a scanner, a technician or a
//! viewer might change. Runs in `bgh`. A model that holds is one whose predictions of these images agree with those of the others.
//!
//! Inputs `exams/<id>`. Output `images`, slices and rows as of kind `window`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use rand_distr::{Distribution, Normal};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::window::{self, Ordered};
use super::{Kind, Needs, Run, Task};
use crate::artifact::{Files, ImageSetWriter, VolumeReader};
use crate::imaging::{Geometry, Image, Window};
use crate::seed::Seed;

/// The kind. The stream is that of the noise.
pub const KIND: Kind = Kind {
    name: "perturb",
    version: 2,
    outputs: &["images"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 1.0,
    random: true,
};

fn task(task: &Task<'_>) -> Result<()> {
    let seed = task.seed.context("BUG: a kind that draws has a stream")?;
    run(&task.params()?, seed, &task.inputs_below("exams"), &task.job.port("images")?)
}

/// Everything that decides the images beside the volumes and the stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// What the images would be without a change.
    pub window: window::Params,
    /// What is changed.
    pub change: Change,
}

/// One change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// All values are larger by this, HU: a scanner out of calibration.
    Offset(f64),
    /// Independent normal noise of this standard deviation is added to every value, HU: a lower dose.
    Noise(f64),
    /// Another window.
    Window(Window),
    /// The windowed slice is turned clockwise, degrees: another position of the head.
    Rotate(f64),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(hu) => write!(f, "offset {} HU", signed(*hu)),
            Self::Noise(hu) => write!(f, "noise of {hu} HU"),
            Self::Window(window) => write!(f, "window {}/{}", window.width, window.level),
            Self::Rotate(degrees) => write!(f, "rotation by {}\u{b0}", signed(*degrees)),
        }
    }
}

fn signed(value: f64) -> String {
    if value < 0.0 { format!("\u{2212}{}", -value) } else { format!("+{value}") }
}

impl Change {
    /// The change in letters that file names bear (`offset-5`, `window100-40`).
    pub fn slug(&self) -> String {
        match self {
            Self::Offset(hu) => format!("offset{hu}"),
            Self::Noise(hu) => format!("noise{hu}"),
            Self::Window(window) => format!("w{}l{}", window.width, window.level),
            Self::Rotate(degrees) => format!("rotate{degrees}"),
        }
    }
}

/// Writes the changed images into `out`: as many slices are in memory as there are threads.
///
/// # Errors
/// When an exam has no volume, or a file cannot be read or written.
pub fn run(params: &Params, seed: Seed, volumes: &BTreeMap<String, Files>, out: &Path) -> Result<()> {
    let Params { window, change } = params;
    let exams = window.ordered(volumes)?;
    let mut set = ImageSetWriter::create(out, window::count(&exams)?, window.size, window.size)?;
    for Ordered { exam, files, name } in exams {
        let volume = VolumeReader::open(files).with_context(|| format!("exam {}", exam.id))?;
        let stream = seed.child(name);
        let slices = (0..volume.slices.len()).into_par_iter();
        let images: Vec<Image> = slices.map(|slice| image(window, *change, stream, &volume, slice)).collect::<Result<_>>()?;
        window::append(&mut set, exam, &images)?;
    }
    set.finish()
}

fn image(params: &window::Params, change: Change, stream: Seed, volume: &VolumeReader, slice: usize) -> Result<Image> {
    let hu = &volume.slice(slice)?;
    let changed = match change {
        Change::Offset(offset) => params.window.apply(&hu.iter().map(|hu| hu + offset as f32).collect::<Vec<_>>()),
        Change::Noise(deviation) => params.window.apply(&noisy(hu, deviation, stream.child(slice))),
        Change::Window(window) => window.apply(hu),
        Change::Rotate(_) => params.window.apply(hu),
    };
    let native = Image::new(volume.columns, volume.rows, changed);
    let turned = match change {
        Change::Rotate(degrees) => Geometry::Rotate(degrees).apply(&native),
        _ => native,
    };
    Ok(params.fit.apply(&turned, window::aspect(&volume.slices[slice]), params.size))
}

fn noisy(hu: &[f32], deviation: f64, stream: Seed) -> Vec<f32> {
    let normal = Normal::new(0.0, deviation).expect("BUG: a deviation that is no number was let through");
    let mut rng = stream.rng();
    hu.iter().map(|hu| (f64::from(*hu) + normal.sample(&mut rng)) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::super::digest;
    use super::window::{ExamLabel, Order};
    use super::*;
    use crate::artifact::{ImageSet, SliceRow, Volume};
    use crate::imaging::Fit;

    const SIDE: usize = 24;
    const BRAIN: Window = Window { width: 80.0, level: 35.0 };

    fn changed(change: Change) -> Result<(Vec<u8>, String)> {
        let folder = tempfile::tempdir()?;
        let slice = SliceRow {
            slice: 0,
            position_mm: 0.0,
            row_spacing_mm: 1.0,
            column_spacing_mm: 1.0,
            thickness_mm: None,
            tilt_deg: 0.0,
        };
        let mut hu = vec![35.0; SIDE * SIDE];
        hu[3 * SIDE + SIDE / 2] = 70.0;
        Volume { slices: vec![slice], rows: SIDE, columns: SIDE, hu, series: BTreeMap::new() }.write(folder.path())?;
        let volumes = BTreeMap::from([("a".to_owned(), Files::of_folder(folder.path())?)]);
        let exams = vec![ExamLabel { id: "a".into(), class: "none".into() }];
        let window = window::Params { window: BRAIN, size: SIDE, fit: Fit::Squash, exams, order: Order::Listed };
        let out = tempfile::tempdir()?;
        run(&Params { window, change }, Seed::root(3), &volumes, out.path())?;
        let set = ImageSet::open(&Files::of_folder(out.path())?)?;
        Ok((set.image(0).to_vec(), digest(out.path())?))
    }

    #[test]
    fn each_change_does_what_it_says() -> Result<()> {
        let (grey, bright) = (BRAIN.grey(35.0), BRAIN.grey(70.0));
        let at = |pixels: &[u8], row: usize, column: usize| pixels[row * SIDE + column];
        let plain = changed(Change::Offset(0.0))?.0;
        assert_eq!((at(&plain, 9, 9), at(&plain, 3, SIDE / 2)), (grey, bright));
        let brighter = changed(Change::Offset(7.0))?.0;
        assert_eq!(at(&brighter, 9, 9), BRAIN.grey(42.0));
        let wide = Window { width: 200.0, level: 35.0 };
        assert_eq!(at(&changed(Change::Window(wide))?.0, 3, SIDE / 2), wide.grey(70.0));
        let turned = changed(Change::Rotate(180.0))?.0;
        assert!(at(&turned, SIDE - 4, SIDE / 2 - 1) > grey && at(&turned, 3, SIDE / 2) == grey, "{turned:?}");
        Ok(())
    }

    #[test]
    fn noise_has_its_deviation_and_equal_streams_equal_noise() -> Result<()> {
        let (pixels, digest) = changed(Change::Noise(5.0))?;
        let hu: Vec<f64> = pixels.iter().map(|&grey| f64::from(grey) / 255.0 * 79.0).collect();
        let mean = hu.iter().sum::<f64>() / hu.len() as f64;
        let sd = (hu.iter().map(|hu| (hu - mean).powi(2)).sum::<f64>() / hu.len() as f64).sqrt();
        assert!((4.2..6.2).contains(&sd), "{sd}");
        assert_eq!(changed(Change::Noise(5.0))?.1, digest);
        Ok(())
    }

    #[test]
    fn version_2_writes_these_bytes() -> Result<()> {
        let digests = [Change::Noise(5.0), Change::Rotate(10.0)].map(|change| changed(change).map(|(_, digest)| digest));
        let digests: Vec<String> = digests.into_iter().collect::<Result<_>>()?;
        assert_eq!((KIND.version, digests), (2, vec!["2ba85391c7d97392".to_owned(), "77528b91dfb5e74c".to_owned()]));
        Ok(())
    }

    #[test]
    fn a_change_is_called_in_words_and_in_letters() {
        let changes = [
            Change::Offset(-5.0),
            Change::Noise(2.5),
            Change::Window(Window { width: 100.0, level: 40.0 }),
            Change::Rotate(10.0),
        ];
        assert_eq!(
            changes.map(|change| change.to_string()),
            ["offset \u{2212}5 HU", "noise of 2.5 HU", "window 100/40", "rotation by +10\u{b0}"]
        );
        assert_eq!(changes.map(|change| change.slug()), ["offset-5", "noise2.5", "w100l40", "rotate10"]);
    }
}
