//! What ingest sees in one file.

use std::path::Path;

use serde::Serialize;

use super::pixels::Decoded;
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
    /// Whether ingest would take it as an axial CT slice.
    pub usable: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// Looks into one file. Never fails: what cannot be read is told in the result.
pub fn inspect(path: &Path) -> Inspection {
    let decoded = std::fs::read(path).map_err(Fault::from).and_then(|bytes| Decoded::of(&bytes));
    let header = match &decoded {
        Ok(decoded) => Ok(decoded.header.clone()),
        Err(_) => Header::read(path),
    };
    let hu = decoded.as_ref().ok().and_then(hu_range);
    let error = decoded.err().map(|fault| fault.to_string());
    let reason = header.as_ref().ok().and_then(Header::unusable).or_else(|| error.clone());
    let header = header.ok();
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
        slope: header.as_ref().and_then(|header| header.slope),
        intercept: header.as_ref().and_then(|header| header.intercept),
        hu_min: hu.map(|[min, _, _]| min),
        hu_max: hu.map(|[_, max, _]| max),
        hu_mean: hu.map(|[_, _, mean]| mean),
        usable: reason.is_none(),
        reason,
    }
}

/// Least, largest and mean HU, exact: rescaled from the statistics of the stored values.
fn hu_range(decoded: &Decoded) -> Option<[f64; 3]> {
    let header = &decoded.header;
    let (slope, intercept) = (header.slope?, header.intercept?);
    if header.modality != "CT" || header.samples != Some(1) {
        return None;
    }
    let stored = &decoded.stored;
    let sum: i64 = stored.iter().map(|&value| i64::from(value)).sum();
    let ends = [*stored.iter().min()?, *stored.iter().max()?].map(|value| slope * f64::from(value) + intercept);
    let mean = slope * (sum as f64 / stored.len() as f64) + intercept;
    Some([ends[0].min(ends[1]), ends[0].max(ends[1]), mean])
}
