//! Kind `png`: the PNG slices of one exam to its volume.
//!
//! Input `png`: the files, in the order of the numbers in their names. Output `volume`. Grey levels are taken as they are, 0 to 255 or 65535:
//! they are no HU, so a window is one of grey levels (`{ width = 256, level = 128 }` leaves 8 bits as they are). A PNG does not say how its
//! slice lies: nothing is turned, and distances are not known.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::ingest::Params;
use super::{Kind, Needs, Run, Task};
use crate::artifact::{Files, SliceRow, Volume};
use crate::dicom::{ExamFiles, SeriesFiles};
use crate::labels::Slices;

/// The kind. Input `png`; parameters are those of `ingest`.
pub const KIND: Kind = Kind {
    name: "png",
    version: 1,
    outputs: &["volume"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 0.5,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    run(&task.params()?, task.input("png")?, &task.job.port("volume")?)
}

/// Every folder that holds PNG files is an exam, called as its path; files in the root itself are exams of one slice.
///
/// # Errors
/// When a folder cannot be listed.
pub fn scan(root: &Path) -> Result<Vec<ExamFiles>> {
    let mut exams: std::collections::BTreeMap<String, Vec<(String, std::path::PathBuf)>> = std::collections::BTreeMap::new();
    for (name, path) in Files::of_folder(root)?.iter().filter(|(name, _)| name.to_ascii_lowercase().ends_with(".png")) {
        let (exam, file) = match name.rsplit_once('/') {
            Some((folder, file)) => (folder, file),
            None => (&name[..name.len() - ".png".len()], name),
        };
        exams.entry(exam.to_owned()).or_default().push((file.to_owned(), path.to_owned()));
    }
    let exam = |(name, files): (String, Vec<_>)| {
        let series = SeriesFiles { uid: String::new(), modality: String::new(), description: String::new(), files, texts: 0 };
        let folder = name.clone();
        ExamFiles { study: name, patient: String::new(), accession: String::new(), folder, series: vec![series] }
    };
    Ok(exams.into_iter().map(exam).collect())
}

/// How many slices will be used.
///
/// # Errors
/// When no slice is kept.
pub fn foresee(files: &Files, slices: &Slices) -> Result<usize> {
    Ok(slices.of(&places(files.iter().count()))?.len())
}

/// Writes the volume into `out`.
///
/// # Errors
/// When a file is no grey PNG, the sizes differ, or no slice is kept.
pub fn run(params: &Params, files: &Files, out: &Path) -> Result<()> {
    let mut files: Vec<(&str, &Path)> = files.iter().collect();
    files.sort_by_cached_key(|(name, _)| natural(name));
    let kept = params.slices.of(&places(files.len()))?;
    let mut hu = vec![];
    let mut shape = None;
    for slice in &kept {
        let (name, path) = files[*slice];
        let (size, grey) = grey(path).with_context(|| format!("cannot read {name}"))?;
        let first = *shape.get_or_insert(size);
        ensure!(size == first, "{name} is {} x {} where the first slice is {} x {}", size[0], size[1], first[0], first[1]);
        hu.extend(grey);
    }
    let [columns, rows] = shape.unwrap_or_default();
    let row = |slice| SliceRow {
        slice,
        position_mm: f64::NAN,
        row_spacing_mm: f64::NAN,
        column_spacing_mm: f64::NAN,
        thickness_mm: None,
        tilt_deg: f64::NAN,
    };
    let slices = (0..kept.len()).map(row).collect();
    Volume { slices, rows, columns, hu, series: [("Format".to_owned(), "PNG, no HU".to_owned())].into() }.write(out)
}

/// Nobody knows them, so a range in mm keeps no slice.
fn places(count: usize) -> Vec<f64> {
    vec![f64::NAN; count]
}

/// Text and numbers of a name in turn, so that `slice10` comes after `slice9`.
pub fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts = vec![];
    let mut rest = name;
    while !rest.is_empty() {
        let text: String = rest.chars().take_while(|c| !c.is_ascii_digit()).collect();
        rest = &rest[text.len()..];
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        rest = &rest[digits.len()..];
        parts.push((text, digits.parse().unwrap_or(u64::MAX)));
    }
    parts
}

/// Columns, rows, and the grey level of each pixel.
fn grey(path: &Path) -> Result<([usize; 2], Vec<f32>)> {
    let mut decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path)?));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info()?;
    let mut bytes = vec![0; reader.output_buffer_size().context("the image is too large")?];
    let info = reader.next_frame(&mut bytes)?;
    let samples: Vec<f32> = match info.bit_depth {
        png::BitDepth::Sixteen => bytes.as_chunks::<2>().0.iter().map(|pair| f32::from(u16::from_be_bytes(*pair))).collect(),
        _ => bytes.iter().map(|byte| f32::from(*byte)).collect(),
    };
    let (channels, colours) = match info.color_type {
        png::ColorType::Grayscale => (1, 1),
        png::ColorType::GrayscaleAlpha => (2, 1),
        png::ColorType::Rgb => (3, 3),
        png::ColorType::Rgba => (4, 3),
        png::ColorType::Indexed => anyhow::bail!("its palette cannot be expanded"),
    };
    let size = [info.width as usize, info.height as usize];
    let pixels = samples.chunks_exact(channels).take(size[0] * size[1]);
    let is_grey = |pixel: &[f32]| pixel[..colours].iter().all(|sample| *sample == pixel[0]);
    ensure!(pixels.clone().all(is_grey), "it is in colour; a slice is grey");
    Ok((size, pixels.map(|pixel| pixel[0]).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, colour: png::ColorType, pixels: &[u8]) -> Result<()> {
        let mut encoder = png::Encoder::new(std::fs::File::create(path)?, 2, 1);
        encoder.set_color(colour);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(pixels)?;
        Ok(())
    }

    #[test]
    fn slices_come_in_the_order_of_their_numbers_and_colours_are_refused() -> Result<()> {
        let (folder, out) = (tempfile::tempdir()?, tempfile::tempdir()?);
        std::fs::create_dir(folder.path().join("exam"))?;
        write(&folder.path().join("exam/s10.png"), png::ColorType::Grayscale, &[3, 4])?;
        write(&folder.path().join("exam/s9.png"), png::ColorType::Rgb, &[1, 1, 1, 2, 2, 2])?;
        write(&folder.path().join("alone.png"), png::ColorType::Rgb, &[1, 1, 2, 2, 2, 2])?;
        let exams = scan(folder.path())?;
        assert_eq!(exams.iter().map(|exam| exam.folder.as_str()).collect::<Vec<_>>(), ["alone", "exam"]);
        let all = Params { slices: Slices::All };
        run(&all, &exams[1].files(), out.path())?;
        assert_eq!(Volume::open(&Files::of_folder(out.path())?)?.hu, [1.0, 2.0, 3.0, 4.0]);
        let told = run(&all, &exams[0].files(), out.path()).expect_err("in colour");
        assert_eq!(format!("{told:#}"), "cannot read alone.png: it is in colour; a slice is grey");
        let in_mm = Slices::Millimetres { from: -1000.0, to: 1000.0 };
        assert!(foresee(&exams[1].files(), &in_mm).is_err());
        Ok(())
    }
}
