//! From the files of one exam to its one volume.
//!
//! Of all files, those that are axial CT slices count ([`Header::unusable`] tells why the others do not); copies of one instance
//! count once. They are grouped by series and, within a series, by orientation and matrix, since series with two orientations
//! exist. Of several groups one is taken: first by reconstruction kernel, because edge-enhancing kernels bury the contrast of
//! soft tissue in noise; then by the number of slices; then the first series UID in alphabetical order. Slices are sorted along
//! their normal, never by file name, Instance Number or Slice Location.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use rayon::prelude::*;

use super::pixels::{Hu, Pixels, with_pixels};
use super::{Frame, Header, Orientation};
use crate::artifact::{Files, SliceRow, Volume};

/// The axial series of an exam, its slices in order from the feet to the head.
#[derive(Debug)]
pub struct AxialSeries {
    slices: Vec<Slice>,
}

#[derive(Debug)]
struct Slice {
    name: String,
    path: PathBuf,
    header: Arc<Header>,
    /// Which frame of the file.
    frame: usize,
    orientation: Orientation,
    /// Along the normal, mm.
    position: f64,
    spacing: [f64; 2],
}

impl AxialSeries {
    /// Finds the series among the files of one exam by their headers.
    ///
    /// # Errors
    /// When no file is an axial CT slice; the message counts the reasons.
    pub fn find(files: &Files) -> Result<Self> {
        let files: Vec<_> = files.iter().collect();
        let told: Vec<_> = files.par_iter().map(|&(name, path)| slices(name, path)).collect();
        let mut reasons = BTreeMap::<String, usize>::new();
        let mut found = Vec::new();
        for of_file in told {
            match of_file {
                Ok(of_file) => found.extend(of_file),
                Err(reason) => *reasons.entry(reason).or_default() += 1,
            }
        }
        let mut seen = HashSet::new();
        found.retain(|slice: &Slice| {
            slice.header.instance.is_empty() || seen.insert((slice.header.instance.clone(), slice.frame))
        });
        let Some(mut slices) = preferred(groups(found)) else { bail!("{}", no_slices(&reasons)) };
        slices.sort_by(|a, b| a.position.total_cmp(&b.position).then_with(|| a.name.cmp(&b.name)));
        Ok(Self { slices })
    }

    /// Number of slices, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a series without slices is not found")]
    pub fn len(&self) -> usize {
        self.slices.len()
    }

    /// Names of the files in the order of the slices.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.slices.iter().map(|slice| slice.name.as_str())
    }

    /// Decodes these slices, in parallel. Images are turned to the radiological convention (the patient's right on the image's
    /// left, the front on top) and padding becomes [`super::AIR`].
    ///
    /// # Errors
    /// When there is no such slice, or a file cannot be decoded: a volume with a hole is no volume.
    pub fn volume(&self, keep: &[usize]) -> Result<Volume> {
        let told = || format!("the series has {} slices", self.len());
        let kept = keep.iter().map(|&index| self.slices.get(index)).collect::<Option<Vec<_>>>();
        let kept = kept.with_context(|| format!("slice {:?} was asked for, {}", keep.iter().max(), told()))?;
        let first = kept.first().with_context(|| format!("no slice is left, {}", told()))?;
        let hu: Vec<Vec<f32>> = kept.par_iter().map(|slice| slice.hu()).collect::<Result<_>>()?;
        let size = |side: Option<u16>| usize::from(side.unwrap_or(0));
        Ok(Volume {
            slices: kept.iter().enumerate().map(|(index, slice)| slice.row(index)).collect(),
            rows: size(first.header.rows),
            columns: size(first.header.columns),
            hu: hu.concat(),
            series: first.header.acquisition.clone(),
        })
    }
}

impl Slice {
    fn frame(&self) -> &Frame {
        self.header.frame(self.frame)
    }

    fn row(&self, slice: usize) -> SliceRow {
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

    fn hu(&self) -> Result<Vec<f32>> {
        let bytes = std::fs::read(&self.path).with_context(|| format!("cannot read {}", self.path.display()))?;
        let read = |pixels: &Pixels| pixels.hu(self.frame).map(|hu| (pixels.header().clone(), hu));
        let (header, hu) = with_pixels(&bytes, read).with_context(|| self.name.clone())?;
        ensure!(header == *self.header, "{} changed while it was read", self.name);
        let mut hu = match hu {
            Hu::Whole(hu) => hu.into_iter().map(f32::from).collect(),
            Hu::Fractional(hu) => hu,
        };
        let columns = usize::from(self.header.columns.unwrap_or(1));
        if self.orientation.flips_columns() {
            hu.chunks_exact_mut(columns).for_each(<[f32]>::reverse);
        }
        if self.orientation.flips_rows() {
            hu = hu.chunks_exact(columns).rev().flatten().copied().collect();
        }
        Ok(hu)
    }
}

/// The slices in a file, or why there is none.
fn slices(name: &str, path: &Path) -> Result<Vec<Slice>, String> {
    let header = Arc::new(Header::read(path).map_err(|fault| fault.to_string())?);
    let reason = header.unusable();
    let slice = |index: usize| {
        let frame = header.frame(index);
        let (Some(orientation), Some(position), Some(spacing)) = (frame.orientation, frame.position, frame.spacing) else {
            return None;
        };
        let position = orientation.distance(position);
        Some(Slice {
            name: name.to_owned(),
            path: path.to_owned(),
            header: header.clone(),
            frame: index,
            orientation,
            position,
            spacing,
        })
    };
    let frames = (0..header.frames as usize).filter(|&frame| header.unusable_frame(frame).is_none());
    reason.map_or_else(|| Ok(frames.filter_map(slice).collect()), Err)
}

/// Slices that can stand in one volume.
fn groups(slices: Vec<Slice>) -> Vec<Vec<Slice>> {
    let mut groups: Vec<Vec<Slice>> = Vec::new();
    for slice in slices {
        match groups.iter_mut().find(|group| belong_together(&group[0], &slice)) {
            Some(group) => group.push(slice),
            None => groups.push(vec![slice]),
        }
    }
    groups
}

fn belong_together(a: &Slice, b: &Slice) -> bool {
    let series = |slice: &Slice| (slice.header.series.clone(), slice.header.rows, slice.header.columns);
    series(a) == series(b) && a.orientation.agrees_with(&b.orientation)
}

fn preferred(groups: Vec<Vec<Slice>>) -> Option<Vec<Slice>> {
    groups.into_iter().max_by_key(|group| {
        let first = &group[0];
        (!enhances_edges(&first.frame().kernel), group.len(), Reverse(first.header.series.clone()))
    })
}

/// Whether a Convolution Kernel is one for bone or lung. Names are the vendors': GE spells it out, Siemens numbers sharpness (`H60s`,
/// `Br64f`, `J70h`), Canon groups it (`FC30`, `FC81`), Philips has letters (`YB` to `YD`, `D`, `E`). What is unknown counts as soft.
fn enhances_edges(kernel: &str) -> bool {
    let kernel = kernel.split('\\').next().unwrap_or_default().trim().to_ascii_uppercase();
    let number: Option<u32> =
        kernel.trim_start_matches(|c: char| !c.is_ascii_digit()).get(..2).and_then(|digits| digits.parse().ok());
    let vendor_names = ["BONE", "EDGE", "LUNG", "ULTRA"];
    match number {
        _ if vendor_names.iter().any(|name| kernel.contains(name)) => true,
        Some(group) if kernel.starts_with("FC") => matches!(group, 30..=39 | 50..=59 | 80..=89),
        Some(sharpness) => sharpness >= 60,
        None => ["YB", "YC", "YD", "D", "E"].contains(&kernel.as_str()),
    }
}

fn no_slices(reasons: &BTreeMap<String, usize>) -> String {
    let files: usize = reasons.values().sum();
    let told: Vec<_> = reasons.iter().map(|(reason, count)| format!("{count} x {reason}")).collect();
    format!("no axial CT slice among {files} files: {}", told.join("; "))
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::Synthetic;
    use super::*;

    /// The series in files of these instances, named `00.dcm`, `01.dcm`, …
    fn written(instances: &[Synthetic]) -> Result<(tempfile::TempDir, Files)> {
        let folder = tempfile::tempdir()?;
        for (index, instance) in instances.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{index:02}.dcm")), instance.bytes())?;
        }
        let files = Files::of_folder(folder.path())?;
        Ok((folder, files))
    }

    fn whole(instances: &[Synthetic]) -> Result<Volume> {
        let (_folder, files) = written(instances)?;
        let series = AxialSeries::find(&files)?;
        series.volume(&(0..series.len()).collect::<Vec<_>>())
    }

    #[test]
    fn kernels_for_bone_and_lung_are_told_from_those_for_soft_tissue() {
        let sharp = ["BONE", "BONEPLUS", "Lung", "EDGE", "H60s", "H70h\\3", "Br64f", "FC30", "FC81", "YC"];
        let soft = ["", "STANDARD", "STD+", "SOFT", "H31s", "J40s\\2", "Hr40d", "FC21", "FC64", "UB", "B", "something new"];
        assert!(sharp.iter().all(|kernel| enhances_edges(kernel)));
        assert!(!soft.iter().any(|kernel| enhances_edges(kernel)));
    }

    /// However a scanner stored the head, the patient's right comes to the image's left and the front to the top.
    #[test]
    fn flipped_copies_of_one_slice_become_one_image() -> Result<()> {
        // right front, mid front, left front; right back, mid back, left back
        let copies: [([f64; 6], [i16; 6]); 4] = [
            ([1.0, 0.0, 0.0, 0.0, 0.95, -0.31], [1, 2, 3, 4, 5, 6]),
            ([-1.0, 0.0, 0.0, 0.0, 0.95, -0.31], [3, 2, 1, 6, 5, 4]),
            ([1.0, 0.0, 0.0, 0.0, -0.95, 0.31], [4, 5, 6, 1, 2, 3]),
            ([-1.0, 0.0, 0.0, 0.0, -0.95, 0.31], [6, 5, 4, 3, 2, 1]),
        ];
        for (orientation, pixels) in copies {
            let low = Synthetic { orientation, pixels, position: [0.0, 0.0, 10.0], ..Synthetic::new("1.1") };
            let high = Synthetic { orientation, pixels: [9; 6], position: [0.0, 0.0, 20.0], ..Synthetic::new("1.2") };
            let volume = whole(&[high, low])?;
            assert_eq!((volume.rows, volume.columns), (2, 3));
            assert_eq!(volume.slice(0), [-1023.0, -1022.0, -1021.0, -1020.0, -1019.0, -1018.0], "{orientation:?}");
            assert_eq!(volume.slice(1), [-1015.0; 6]);
            assert!(volume.slices[1].position_mm > volume.slices[0].position_mm);
        }
        Ok(())
    }

    #[test]
    fn copies_of_an_instance_count_once() -> Result<()> {
        let volume = whole(&[Synthetic::new("1.1"), Synthetic::new("1.1"), Synthetic::new("1.2")])?;
        assert_eq!(volume.slices.len(), 2);
        Ok(())
    }

    #[test]
    fn soft_tissue_comes_before_more_slices_and_more_slices_before_the_uid() -> Result<()> {
        let slice = |instance: &'static str, series, kernel, grey| Synthetic {
            series,
            kernel,
            pixels: [grey; 6],
            ..Synthetic::new(instance)
        };
        let bone = [slice("1.1", "1", "BONE", 1), slice("1.2", "1", "BONE", 1), slice("1.3", "1", "BONE", 1)];
        let thin = [slice("2.1", "2", "STANDARD", 2)];
        let thick = [slice("3.1", "3", "STANDARD", 3), slice("3.2", "3", "STANDARD", 3)];
        let volume = whole(&[bone.as_slice(), &thin, &thick].concat())?;
        assert_eq!((volume.slices.len(), volume.hu[0]), (2, -1021.0));
        Ok(())
    }

    #[test]
    fn padding_becomes_air_and_a_mean_does_not_know_it() -> Result<()> {
        let padded = Synthetic { pixels: [-2000, 0, 0, 0, 0, 1064], padding: Some(-2000), ..Synthetic::new("1.1") };
        assert_eq!(whole(&[padded])?.hu, [-1024.0, -1024.0, -1024.0, -1024.0, -1024.0, 40.0]);
        Ok(())
    }

    #[test]
    fn what_is_no_axial_slice_is_counted_by_reason() -> Result<()> {
        let unscaled = Synthetic { intercept: None, ..Synthetic::new("1.1") };
        let scout = Synthetic { image_type: "ORIGINAL\\PRIMARY\\LOCALIZER", ..Synthetic::new("1.2") };
        let (_folder, files) = written(&[unscaled.clone(), unscaled, scout])?;
        let told = AxialSeries::find(&files).expect_err("no slice").to_string();
        assert_eq!(
            told,
            "no axial CT slice among 3 files: 1 x ImageType is ORIGINAL\\PRIMARY\\LOCALIZER: not a slice; \
             2 x has no RescaleIntercept: its HU are undefined"
        );
        Ok(())
    }

    #[test]
    fn a_damaged_slice_is_named_and_leaves_no_hole() -> Result<()> {
        let (folder, files) = written(&[Synthetic::new("1.1"), Synthetic::new("1.2")])?;
        let path = folder.path().join("01.dcm");
        let bytes = std::fs::read(&path)?;
        std::fs::write(&path, &bytes[..bytes.len() - 4])?;
        let series = AxialSeries::find(&files)?;
        let told = format!("{:#}", series.volume(&[0, 1]).expect_err("one is cut"));
        assert_eq!(told, "01.dcm: element (7FE0,0010) declares 12 bytes where 8 are left: the file is truncated or damaged");
        Ok(())
    }
}
