//! What ingest sees in one file.

use std::path::Path;

use serde::Serialize;

use super::pixels::{Pixels, with_pixels};
use super::{Fault, Header};

/// One file as `bgh inspect` reports it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// The file as it was named.
    pub path: String,
    /// Whether its pixels could be decoded.
    pub ok: bool,
    /// Why not.
    pub error: Option<String>,
    /// Modality.
    pub modality: Option<String>,
    /// Rows.
    pub rows: Option<u16>,
    /// Columns.
    pub columns: Option<u16>,
    /// Frames; 1 where the header says nothing.
    pub frames: Option<u32>,
    /// Transfer syntax UID.
    pub transfer_syntax: Option<String>,
    /// Photometric Interpretation.
    pub photometric: Option<String>,
    /// Rescale Slope.
    pub slope: Option<f64>,
    /// Rescale Intercept, HU.
    pub intercept: Option<f64>,
    /// Least HU over all stored pixels, padding included. HU are told for CT with one sample a pixel.
    pub hu_min: Option<f64>,
    /// Largest HU.
    pub hu_max: Option<f64>,
    /// Mean HU.
    pub hu_mean: Option<f64>,
    /// Why its pixels may show text: look at it before it is passed on.
    pub text: Option<&'static str>,
    /// Whether ingest would take it as an axial CT slice.
    pub usable: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// Looks into one file. Never fails: what cannot be read is told in the result.
pub fn inspect(path: &Path) -> Inspection {
    let decoded = std::fs::read(path).map_err(Fault::from).and_then(|bytes| with_pixels(&bytes, Decoded::of));
    told(path, decoded, || Header::read(path))
}

/// The same of a file's bytes, which are called `name`.
pub fn inspect_bytes(name: &Path, bytes: &[u8]) -> Inspection {
    told(name, with_pixels(bytes, Decoded::of), || Header::of_bytes(bytes))
}

fn told(path: &Path, decoded: Result<Decoded, Fault>, alone: impl FnOnce() -> Result<Header, Fault>) -> Inspection {
    let (header, hu, error) = match decoded {
        Ok(decoded) => (Some(decoded.header), decoded.hu, None),
        Err(fault) => (alone().ok(), None, Some(fault.to_string())),
    };
    let reason = header.as_ref().and_then(Header::unusable).or_else(|| error.clone());
    let fact = |fact: fn(&Header) -> &str| header.as_ref().map(fact).filter(|text| !text.is_empty()).map(str::to_owned);
    Inspection {
        path: path.display().to_string(),
        ok: error.is_none(),
        error,
        modality: fact(|header| &header.modality),
        rows: header.as_ref().and_then(|header| header.rows),
        columns: header.as_ref().and_then(|header| header.columns),
        frames: header.as_ref().filter(|header| header.has_pixels).map(|header| header.frames),
        transfer_syntax: fact(|header| &header.transfer_syntax),
        photometric: fact(|header| &header.photometric),
        slope: header.as_ref().and_then(|header| header.frame(0).slope),
        intercept: header.as_ref().and_then(|header| header.frame(0).intercept),
        hu_min: hu.map(|[min, _, _]| min),
        hu_max: hu.map(|[_, max, _]| max),
        hu_mean: hu.map(|[_, _, mean]| mean),
        text: header.as_ref().and_then(Header::shows_text),
        usable: reason.is_none(),
        reason,
    }
}

/// What is learned by decoding every frame.
struct Decoded {
    header: Header,
    hu: Option<[f64; 3]>,
}

impl Decoded {
    fn of(pixels: &Pixels) -> Result<Self, Fault> {
        let frames = (0..pixels.frames()).map(|frame| Range::of(pixels, frame)).collect::<Result<Vec<_>, _>>()?;
        let header = pixels.header().clone();
        let is_ct = header.modality == "CT" && header.samples == Some(1);
        let hu = frames.into_iter().reduce(Range::joined).filter(|_| is_ct).and_then(|range| range.hu);
        Ok(Self { header, hu })
    }
}

/// Least, largest and mean HU, exact: rescaled from the statistics of the stored values.
struct Range {
    frames: f64,
    hu: Option<[f64; 3]>,
}

impl Range {
    fn of(pixels: &Pixels, frame: usize) -> Result<Self, Fault> {
        let stored = pixels.map(frame, |stored| stored)?;
        let Ok((slope, intercept)) = pixels.rescale(frame) else { return Ok(Self { frames: 1.0, hu: None }) };
        let sum: i64 = stored.iter().map(|&value| i64::from(value)).sum();
        let (least, most) =
            stored.iter().fold((i32::MAX, i32::MIN), |(least, most), &value| (least.min(value), most.max(value)));
        let ends = [least, most].map(|value| slope * f64::from(value) + intercept);
        let mean = slope * (sum as f64 / stored.len() as f64) + intercept;
        Ok(Self { frames: 1.0, hu: Some([ends[0].min(ends[1]), ends[0].max(ends[1]), mean]) })
    }

    fn joined(self, other: Self) -> Self {
        let frames = self.frames + other.frames;
        let mean = |a: f64, b: f64| (a * self.frames + b * other.frames) / frames;
        let hu = self.hu.zip(other.hu).map(|(a, b)| [a[0].min(b[0]), a[1].max(b[1]), mean(a[2], b[2])]);
        Self { frames, hu }
    }
}

/// Reads the stored values of a file: frame after frame, row after row, samples of a pixel side by side, after masking and sign
/// extension and before any rescaling.
///
/// # Errors
/// When the file or a frame of it cannot be decoded.
pub fn stored(path: &Path) -> Result<Vec<i32>, Fault> {
    let bytes = std::fs::read(path)?;
    with_pixels(&bytes, |pixels| {
        let frames = (0..pixels.frames()).map(|frame| pixels.map(frame, |stored| stored));
        frames.collect::<Result<Vec<_>, _>>().map(|frames| frames.concat())
    })
}
