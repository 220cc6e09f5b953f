//! One axial slice of CT: a frame of a file with its place in the patient.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};

use super::pixels::{Hu, Pixels, with_file};
use super::{Frame, Header, Orientation};
use crate::artifact::SliceRow;

/// A slice and where its pixels are.
#[derive(Debug, Clone)]
pub(super) struct Slice {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) header: Arc<Header>,
    index: usize,
    pub(super) orientation: Orientation,
    /// Along the normal, mm.
    pub(super) position: f64,
    /// Between rows, between columns, mm.
    pub(super) spacing: [f64; 2],
}

impl Slice {
    /// The slices in a file, or why there is none.
    pub(super) fn of_file(name: &str, path: &Path) -> Result<Vec<Self>, String> {
        let header = Arc::new(Header::read(path).map_err(|fault| fault.to_string())?);
        let frames = 0..header.places.len().max(1);
        let usable = frames.filter(|&frame| header.unusable_frame(frame).is_none());
        header
            .unusable()
            .map_or_else(|| Ok(usable.filter_map(|frame| Self::of_frame(name, path, &header, frame)).collect()), Err)
    }

    fn of_frame(name: &str, path: &Path, header: &Arc<Header>, index: usize) -> Option<Self> {
        let &Frame { orientation, position, spacing, .. } = header.frame(index);
        let orientation = orientation?;
        Some(Self {
            name: name.to_owned(),
            path: path.to_owned(),
            header: header.clone(),
            index,
            orientation,
            position: orientation.distance(position?),
            spacing: spacing?,
        })
    }

    pub(super) fn frame(&self) -> &Frame {
        self.header.frame(self.index)
    }

    /// What names this image in the world: SOP Instance UID and frame; `None` where the file has no UID.
    pub(super) fn instance(&self) -> Option<(&str, usize)> {
        (!self.header.instance.is_empty()).then_some((self.header.instance.as_str(), self.index))
    }

    pub(super) fn rows(&self) -> usize {
        self.header.rows.unwrap_or(0).into()
    }

    pub(super) fn columns(&self) -> usize {
        self.header.columns.unwrap_or(0).into()
    }

    pub(super) fn row(&self, slice: usize) -> SliceRow {
        let [row_spacing_mm, column_spacing_mm] = self.spacing;
        SliceRow {
            slice,
            position_mm: self.position,
            row_spacing_mm,
            column_spacing_mm,
            thickness_mm: self.frame().thickness,
            tilt_deg: self.orientation.tilt_degrees(),
        }
    }

    /// HU in the radiological convention: the patient's right on the image's left, the front on top.
    pub(super) fn hu(&self) -> Result<Hu> {
        self.with_pixels(|pixels| self.hu_of(pixels))
    }

    /// Hands the pixels of the slice's file to `with`: those of every slice that lies in it.
    ///
    /// # Errors
    /// When the file cannot be read or is another than the one that the slice was found in, and those of `with`.
    pub(super) fn with_pixels<T>(&self, with: impl FnOnce(&Pixels) -> Result<T>) -> Result<T> {
        let told = with_file(&self.path, |pixels| Ok((*pixels.header() == *self.header).then(|| with(pixels))));
        told.with_context(|| self.name.clone())?.with_context(|| format!("{} changed while it was read", self.name))?
    }

    /// As [`Slice::hu`], where the pixels of its file are at hand.
    pub(super) fn hu_of(&self, pixels: &Pixels) -> Result<Hu> {
        Ok(match pixels.hu(self.index).with_context(|| self.name.clone())? {
            Hu::Whole(hu) => Hu::Whole(self.turned(hu)),
            Hu::Fractional(hu) => Hu::Fractional(self.turned(hu)),
        })
    }

    fn turned<T: Copy>(&self, mut hu: Vec<T>) -> Vec<T> {
        let columns = self.columns();
        match (self.orientation.flips_columns(), self.orientation.flips_rows()) {
            (false, false) => {}
            (true, true) => hu.reverse(),
            (true, false) => hu.chunks_exact_mut(columns).for_each(<[T]>::reverse),
            (false, true) => hu = hu.chunks_exact(columns).rev().flatten().copied().collect(),
        }
        hu
    }
}
