//! From the files of one exam to its one volume.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, anyhow, bail};
use rayon::prelude::*;

use super::pixels::Hu;
use super::slice::Slice;
use super::stack::{Stack, StackFacts};
use crate::artifact::{Files, Volume, VolumeWriter};

/// The axial series of an exam, its slices in order from the feet to the head.
///
/// Of all files, the frames that are axial CT slices count ([`super::Header::unusable`] tells why the others do not); copies of one
/// instance, and of the same pixels at the same place, count once. They form stacks: one series, orientation, matrix, pixel size
/// and kernel, one slice at each place. Slices are sorted along their normal, never by file name, Instance Number or Slice Location.
/// Of several stacks one is taken, by the first of these rules that tells them apart:
///
/// 1. what says that it shows the head, before what says nothing, before what says that it shows something else;
/// 2. kernels for soft tissue before those that enhance edges, which bury its contrast in noise;
/// 3. without contrast agent before with;
/// 4. not derived before derived;
/// 5. what covers at least three quarters of the length that the longest stack covers;
/// 6. the thickness that is nearest to 5 mm, where none is given the step between slices;
/// 7. more slices;
/// 8. the first Series Instance UID in alphabetical order.
#[derive(Debug)]
pub struct AxialSeries {
    slices: Vec<Slice>,
    facts: StackFacts,
    others: Vec<StackFacts>,
}

impl AxialSeries {
    /// Finds the series among the files of one exam by their headers.
    ///
    /// # Errors
    /// When no file is an axial CT slice; the message counts the reasons.
    pub fn find(files: &Files) -> Result<Self> {
        let files: Vec<_> = files.iter().collect();
        let told: Vec<_> = files.par_iter().map(|&(name, path)| Slice::of_file(name, path)).collect();
        let mut reasons = BTreeMap::<String, usize>::new();
        let mut slices = Vec::new();
        for of_file in told {
            match of_file {
                Ok(of_file) => slices.extend(of_file),
                Err(reason) => *reasons.entry(reason).or_default() += 1,
            }
        }
        let mut seen = HashSet::new();
        slices.retain(|slice: &Slice| slice.instance().is_none_or(|(uid, frame)| seen.insert((uid.to_owned(), frame))));
        Self::preferred(Stack::all(slices)).with_context(|| no_slices(&reasons))
    }

    fn preferred(mut stacks: Vec<Stack>) -> Option<Self> {
        let widest = stacks.iter().map(Stack::coverage).fold(0.0, f64::max);
        stacks.sort_by_cached_key(|stack| std::cmp::Reverse(stack.rank(widest)));
        let facts: Vec<_> = stacks.iter().map(Stack::facts).collect();
        let (first, others) = facts.split_first()?;
        Some(Self { facts: first.clone(), others: others.to_vec(), slices: stacks.swap_remove(0).slices })
    }

    /// Number of slices, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a series without slices is not found")]
    pub fn len(&self) -> usize {
        self.slices.len()
    }

    /// Where each slice lies along the slices' normal, mm, ascending.
    pub fn places(&self) -> Vec<f64> {
        self.slices.iter().map(|slice| slice.position).collect()
    }

    /// Names of the files in the order of the slices.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.slices.iter().map(|slice| slice.name.as_str())
    }

    /// What is known of the stack that was taken.
    pub fn facts(&self) -> &StackFacts {
        &self.facts
    }

    /// The stacks that were not taken, the next best first.
    pub fn others(&self) -> &[StackFacts] {
        &self.others
    }

    /// Decodes these slices, in parallel. Images are turned to the radiological convention (the patient's right on the image's
    /// left, the front on top) and padding becomes [`super::AIR`].
    ///
    /// # Errors
    /// When there is no such slice, or a file cannot be decoded: a volume with a hole is no volume.
    pub fn volume(&self, keep: &[usize]) -> Result<Volume> {
        let kept = self.kept(keep)?;
        let hu: Vec<OnceLock<Vec<f32>>> = kept.iter().map(|_| OnceLock::new()).collect();
        decoded(&kept, |place, of_slice| {
            hu[place].set(of_slice.into_f32()).map_err(|_| anyhow!("BUG: slice {place} came twice"))
        })?;
        Ok(Volume {
            slices: kept.iter().enumerate().map(|(index, slice)| slice.row(index)).collect(),
            rows: kept[0].rows(),
            columns: kept[0].columns(),
            hu: hu.into_iter().filter_map(OnceLock::into_inner).flatten().collect(),
            series: self.acquisition(),
        })
    }

    /// Writes the volume of these slices into `folder`, one slice a core in memory at a time.
    ///
    /// # Errors
    /// As [`AxialSeries::volume`], or when a file cannot be written.
    pub fn write(&self, keep: &[usize], folder: &Path) -> Result<()> {
        let kept = self.kept(keep)?;
        // Almost every CT has whole HU; where one has not, what was written is written anew.
        if !self.write_as::<i16>(&kept, folder)? {
            self.write_as::<f32>(&kept, folder)?;
        }
        Ok(())
    }

    /// Whether all values could be written as they are.
    fn write_as<T: FromHu>(&self, kept: &[&Slice], folder: &Path) -> Result<bool> {
        let writer = VolumeWriter::<T>::create(folder, [kept.len(), kept[0].rows(), kept[0].columns()])?;
        let unfit = AtomicBool::new(false);
        decoded(kept, |place, hu| match T::of(hu) {
            Some(hu) => writer.put(place, &hu),
            None => {
                unfit.store(true, Ordering::Relaxed);
                Ok(())
            }
        })?;
        if unfit.into_inner() {
            return Ok(false);
        }
        let rows: Vec<_> = kept.iter().enumerate().map(|(index, slice)| slice.row(index)).collect();
        writer.finish(&rows, &self.acquisition())?;
        Ok(true)
    }

    fn kept(&self, keep: &[usize]) -> Result<Vec<&Slice>> {
        let told = || format!("the series has {} slices", self.len());
        let kept = keep.iter().map(|&index| self.slices.get(index)).collect::<Option<Vec<_>>>();
        let kept = kept.with_context(|| format!("slice {:?} was asked for, {}", keep.iter().max(), told()))?;
        if kept.is_empty() { bail!("no slice is left, {}", told()) } else { Ok(kept) }
    }

    fn acquisition(&self) -> BTreeMap<String, String> {
        self.slices[0].header.acquisition.clone()
    }
}

/// Hands the HU of each slice, and its place among them, to `with`, on all cores. Each file is opened once, however many slices it holds.
fn decoded(kept: &[&Slice], with: impl Fn(usize, Hu) -> Result<()> + Sync) -> Result<()> {
    let mut files = BTreeMap::<&Path, Vec<usize>>::new();
    for (place, slice) in kept.iter().enumerate() {
        files.entry(&slice.path).or_default().push(place);
    }
    files.into_par_iter().try_for_each(|(_, places)| {
        kept[places[0]].with_pixels(|pixels| places.par_iter().try_for_each(|&place| with(place, kept[place].hu_of(pixels)?)))
    })
}

/// Values of a slice as an element of a volume's array.
trait FromHu: crate::artifact::Element + Send + Sync {
    /// The values, or `None` where they do not fit.
    fn of(hu: Hu) -> Option<Vec<Self>>;
}

impl FromHu for i16 {
    fn of(hu: Hu) -> Option<Vec<Self>> {
        if let Hu::Whole(hu) = hu { Some(hu) } else { None }
    }
}

impl FromHu for f32 {
    fn of(hu: Hu) -> Option<Vec<Self>> {
        Some(hu.into_f32())
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

    /// A slice so high above the feet.
    fn at(height: f64, instance: &'static str) -> Synthetic {
        Synthetic { position: [0.0, 0.0, height], ..Synthetic::new(instance) }
    }

    fn whole(instances: &[Synthetic]) -> Result<Volume> {
        let (_folder, files) = written(instances)?;
        let series = AxialSeries::find(&files)?;
        series.volume(&(0..series.len()).collect::<Vec<_>>())
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
        let volume = whole(&[at(0.0, "1.1"), at(0.0, "1.1"), at(5.0, "1.2")])?;
        assert_eq!(volume.slices.len(), 2);
        let volume = whole(&[at(0.0, "1.1"), at(0.0, "1.3"), at(5.0, "1.2")])?;
        assert_eq!(volume.slices.len(), 2, "the same pixels at the same place under another UID");
        Ok(())
    }

    #[test]
    fn soft_tissue_comes_before_more_slices_and_more_slices_before_the_uid() -> Result<()> {
        let slice = |instance: &'static str, series, kernel, grey| Synthetic {
            series,
            kernel,
            pixels: [grey; 6],
            ..at(if instance.ends_with('1') { 0.0 } else { 5.0 }, instance)
        };
        let bone = [slice("1.1", "1", "BONE", 1), slice("1.2", "1", "BONE", 1)];
        let thin = [slice("2.1", "2", "STANDARD", 2)];
        let thick = [slice("3.1", "3", "STANDARD", 3), slice("3.2", "3", "STANDARD", 3)];
        let volume = whole(&[bone.as_slice(), &thin, &thick].concat())?;
        assert_eq!((volume.slices.len(), volume.hu[0]), (2, -1021.0));
        Ok(())
    }

    /// Two phases share a series: each place has two slices with different pixels.
    #[test]
    fn phases_of_one_series_are_told_apart_by_their_acquisition() -> Result<()> {
        let slice = |instance, height, grey| Synthetic { pixels: [grey; 6], ..at(height, instance) };
        let (_folder, files) =
            written(&[slice("1.1", 0.0, 1), slice("1.2", 5.0, 2), slice("1.3", 0.0, 3), slice("1.4", 5.0, 4)])?;
        let series = AxialSeries::find(&files)?;
        assert_eq!((series.len(), series.others().len()), (2, 1));
        assert_eq!(series.volume(&[0, 1])?.hu[5..7], [-1023.0, -1022.0]);
        assert!(series.facts().notes[0].starts_with("one of 2 stacks of its series at the same places"));
        Ok(())
    }

    #[test]
    fn a_volume_written_slice_by_slice_is_the_volume_in_memory() -> Result<()> {
        for intercept in ["-1024", "-1024.5"] {
            let slice = |instance, height| Synthetic { intercept: Some(intercept), ..at(height, instance) };
            let (_folder, files) = written(&[slice("1.1", 0.0), slice("1.2", 5.0)])?;
            let series = AxialSeries::find(&files)?;
            let out = tempfile::tempdir()?;
            series.write(&[0, 1], out.path())?;
            assert_eq!(Volume::open(&Files::of_folder(out.path())?)?, series.volume(&[0, 1])?, "{intercept}");
        }
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
        let (folder, files) = written(&[at(0.0, "1.1"), at(5.0, "1.2")])?;
        let path = folder.path().join("01.dcm");
        let bytes = std::fs::read(&path)?;
        std::fs::write(&path, &bytes[..bytes.len() - 4])?;
        let series = AxialSeries::find(&files)?;
        let told = format!("{:#}", series.volume(&[0, 1]).expect_err("one is cut"));
        assert_eq!(told, "01.dcm: element (7FE0,0010) declares 12 bytes where 8 are left: the file is truncated or damaged");
        Ok(())
    }
}
