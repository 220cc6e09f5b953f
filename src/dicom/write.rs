//! Writing CT Image Storage instances in the two ways that scanners store HU, free of anything that identifies a person.

use std::path::Path;

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject, WithMetaError};
use thiserror::Error;

/// Dates are fixed: the same exam has the same bytes on every day.
const DATE: &str = "20170101";
const TIME: &str = "120000";

/// How HU become stored values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Signed 16-bit; pixels outside the reconstruction circle hold `padding`.
    Signed {
        /// Rescale Intercept, HU.
        intercept: i16,
        /// Pixel Padding Value, a stored value.
        padding: i16,
    },
    /// Unsigned 12-bit with Rescale Intercept -1024 and no padding.
    Unsigned,
}

/// What all instances of an axial series share. Lengths are in mm.
#[derive(Debug, Clone, PartialEq)]
pub struct CtSeries {
    /// Pseudonym, in Patient ID and Patient's Name.
    pub patient: String,
    /// Years.
    pub age: u32,
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
    /// Frame of Reference UID.
    pub frame_of_reference: String,
    /// Manufacturer.
    pub manufacturer: String,
    /// Manufacturer's Model Name.
    pub model: String,
    /// Convolution Kernel.
    pub kernel: String,
    /// Encoding of pixels.
    pub storage: Storage,
    /// Window Center and Window Width, HU.
    pub windows: Vec<(f64, f64)>,
    /// Rows and Columns.
    pub matrix: usize,
    /// Reconstruction Diameter.
    pub field_of_view: f64,
    /// Slice Thickness.
    pub thickness: f64,
    /// Distance between neighbouring slices.
    pub spacing: f64,
    /// Gantry/Detector Tilt, degrees.
    pub tilt: f64,
    /// Table Height.
    pub table: f64,
    /// X-Ray Tube Current, mA.
    pub current: f64,
    /// Exposure Time, ms.
    pub exposure_time: f64,
    /// Exposure, mAs.
    pub exposure: f64,
}

/// What is an instance's own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CtSlice<'a> {
    /// SOP Instance UID.
    pub instance: &'a str,
    /// Instance Number, from 1.
    pub number: usize,
    /// Slice Location, mm upward.
    pub location: f64,
    /// HU in -1024..=3071, row after row from anterior, each from the patient's right.
    pub hu: &'a [i16],
}

/// Why an instance was not written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The pixels are not a square of the series' matrix.
    #[error("{pixels} pixels do not fill Rows x Columns of {matrix} x {matrix}")]
    Size {
        /// Pixels that were given.
        pixels: usize,
        /// Rows and columns of the series.
        matrix: usize,
    },
    /// DICOM has no room for so many rows.
    #[error("Rows of {0} cannot be written; the attribute holds at most 65535")]
    Rows(usize),
    /// The file meta information could not be made.
    #[error("file meta information: {0}")]
    Meta(#[from] Box<WithMetaError>),
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] Box<dicom_object::WriteError>),
}

/// A UID of the form `2.25.<integer>` (DICOM PS3.5 B.2) whose UUID is a hash of `name`: equal names, equal UIDs.
pub fn uid(name: &[u8]) -> String {
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&blake3::derive_key("bgh 2026 DICOM unique identifiers", name)[..16]);
    // RFC 9562: version 8 (vendor's own), variant 10.
    uuid[6] = (uuid[6] & 0x0f) | 0x80;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
    format!("2.25.{}", u128::from_be_bytes(uuid))
}

/// Writes one axial slice as an Explicit VR Little Endian file.
///
/// # Errors
/// When the pixels do not fit the matrix or the file cannot be written.
pub fn write_ct(path: &Path, series: &CtSeries, slice: &CtSlice) -> Result<(), WriteError> {
    let matrix = u16::try_from(series.matrix).map_err(|_| WriteError::Rows(series.matrix))?;
    if slice.hu.len() != series.matrix * series.matrix {
        return Err(WriteError::Size { pixels: slice.hu.len(), matrix: series.matrix });
    }
    let mut object = InMemDicomObject::new_empty();
    put_identity(&mut object, series, slice);
    put_acquisition(&mut object, series);
    put_geometry(&mut object, series, slice);
    put_pixels(&mut object, series, slice, matrix);
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let file = object.with_meta(meta).map_err(Box::new)?;
    Ok(file.write_to_file(path).map_err(Box::new)?)
}

fn text(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

fn number(object: &mut InMemDicomObject, tag: Tag, value: u16) {
    object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
}

/// A decimal string (DS), or several.
fn decimals(object: &mut InMemDicomObject, tag: Tag, values: &[f64]) {
    let texts: Vec<String> = values.iter().map(|value| decimal(*value)).collect();
    object.put(DataElement::new(tag, VR::DS, PrimitiveValue::Strs(texts.into())));
}

/// At most 16 characters, as DS allows; no trailing zeros and no negative zero.
fn decimal(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

fn put_identity(object: &mut InMemDicomObject, series: &CtSeries, slice: &CtSlice) {
    let instance_number = slice.number.to_string();
    let rows = [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
        (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, slice.instance),
        (tags::STUDY_INSTANCE_UID, VR::UI, &series.study),
        (tags::SERIES_INSTANCE_UID, VR::UI, &series.series),
        (tags::FRAME_OF_REFERENCE_UID, VR::UI, &series.frame_of_reference),
        (tags::STUDY_DATE, VR::DA, DATE),
        (tags::SERIES_DATE, VR::DA, DATE),
        (tags::STUDY_TIME, VR::TM, TIME),
        (tags::SERIES_TIME, VR::TM, TIME),
        (tags::ACCESSION_NUMBER, VR::SH, ""),
        (tags::REFERRING_PHYSICIAN_NAME, VR::PN, ""),
        (tags::STUDY_ID, VR::SH, "1"),
        (tags::SERIES_NUMBER, VR::IS, "2"),
        (tags::INSTANCE_NUMBER, VR::IS, &instance_number),
        (tags::PATIENT_NAME, VR::PN, &series.patient),
        (tags::PATIENT_ID, VR::LO, &series.patient),
        (tags::PATIENT_BIRTH_DATE, VR::DA, ""),
        (tags::PATIENT_SEX, VR::CS, ""),
        (tags::PATIENT_AGE, VR::AS, &format!("{:03}Y", series.age.min(999))),
        (tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES"),
        (tags::DEIDENTIFICATION_METHOD, VR::LO, "SYNTHETIC: NO PATIENT"),
        (tags::POSITION_REFERENCE_INDICATOR, VR::LO, ""),
    ];
    rows.into_iter().for_each(|(tag, vr, value)| text(object, tag, vr, value));
}

fn put_acquisition(object: &mut InMemDicomObject, series: &CtSeries) {
    let rows = [
        (tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL"),
        (tags::MODALITY, VR::CS, "CT"),
        (tags::BODY_PART_EXAMINED, VR::CS, "HEAD"),
        (tags::PATIENT_POSITION, VR::CS, "HFS"),
        (tags::SERIES_DESCRIPTION, VR::LO, "HEAD WITHOUT CONTRAST"),
        (tags::MANUFACTURER, VR::LO, &series.manufacturer),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, &series.model),
        (tags::CONVOLUTION_KERNEL, VR::SH, &series.kernel),
        (tags::X_RAY_TUBE_CURRENT, VR::IS, &decimal(series.current.round())),
        (tags::EXPOSURE_TIME, VR::IS, &decimal(series.exposure_time.round())),
        (tags::EXPOSURE, VR::IS, &decimal(series.exposure.round())),
    ];
    rows.into_iter().for_each(|(tag, vr, value)| text(object, tag, vr, value));
    decimals(object, tags::KVP, &[120.0]);
    decimals(object, tags::TABLE_HEIGHT, &[series.table]);
}

/// Rows run along the tilted gantry: their direction and the first pixel turn with it (DICOM PS3.3 C.7.6.2.1.1).
fn put_geometry(object: &mut InMemDicomObject, series: &CtSeries, slice: &CtSlice) {
    let pixel = series.field_of_view / series.matrix as f64;
    let half = pixel * (series.matrix as f64 - 1.0) / 2.0;
    let (sin, cos) = series.tilt.to_radians().sin_cos();
    let rows: [(Tag, &[f64]); 8] = [
        (tags::RECONSTRUCTION_DIAMETER, &[series.field_of_view]),
        (tags::SLICE_THICKNESS, &[series.thickness]),
        (tags::SPACING_BETWEEN_SLICES, &[series.spacing]),
        (tags::GANTRY_DETECTOR_TILT, &[series.tilt]),
        (tags::PIXEL_SPACING, &[pixel, pixel]),
        (tags::SLICE_LOCATION, &[slice.location]),
        (tags::IMAGE_ORIENTATION_PATIENT, &[1.0, 0.0, 0.0, 0.0, cos, -sin]),
        (tags::IMAGE_POSITION_PATIENT, &[-half, -half * cos, slice.location + half * sin]),
    ];
    rows.into_iter().for_each(|(tag, values)| decimals(object, tag, values));
}

fn put_pixels(object: &mut InMemDicomObject, series: &CtSeries, slice: &CtSlice, matrix: u16) {
    let storage = series.storage;
    text(object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    let numbers = [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, matrix),
        (tags::COLUMNS, matrix),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, storage.bits()),
        (tags::HIGH_BIT, storage.bits() - 1),
        (tags::PIXEL_REPRESENTATION, u16::from(storage != Storage::Unsigned)),
    ];
    numbers.into_iter().for_each(|(tag, value)| number(object, tag, value));
    decimals(object, tags::RESCALE_INTERCEPT, &[f64::from(storage.intercept())]);
    decimals(object, tags::RESCALE_SLOPE, &[1.0]);
    text(object, tags::RESCALE_TYPE, VR::LO, "HU");
    decimals(object, tags::WINDOW_CENTER, &series.windows.iter().map(|window| window.0).collect::<Vec<_>>());
    decimals(object, tags::WINDOW_WIDTH, &series.windows.iter().map(|window| window.1).collect::<Vec<_>>());
    if let Storage::Signed { padding, .. } = storage {
        object.put(DataElement::new(tags::PIXEL_PADDING_VALUE, VR::SS, PrimitiveValue::from(padding)));
    }
    let stored: Vec<u16> = storage.stored(slice.hu, series.matrix);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(stored.into())));
}

impl Storage {
    fn bits(self) -> u16 {
        if self == Self::Unsigned { 12 } else { 16 }
    }

    fn intercept(self) -> i16 {
        match self {
            Self::Signed { intercept, .. } => intercept,
            Self::Unsigned => -1024,
        }
    }

    /// Stored values in two's complement, outside the reconstruction circle the padding if there is any.
    fn stored(self, hu: &[i16], matrix: usize) -> Vec<u16> {
        let value = |hu: i16| hu.clamp(-1024, 3071) - self.intercept();
        let pixel = |(index, hu): (usize, &i16)| match self {
            Self::Signed { padding, .. } if outside(index, matrix) => padding,
            _ => value(*hu),
        };
        hu.iter().enumerate().map(pixel).map(|stored| stored as u16).collect()
    }
}

/// Whether a pixel lies outside the circle that the square encloses.
fn outside(index: usize, matrix: usize) -> bool {
    let middle = (matrix as f64 - 1.0) / 2.0;
    let (row, column) = ((index / matrix) as f64, (index % matrix) as f64);
    (row - middle).hypot(column - middle) > matrix as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_object::open_file;

    fn series(storage: Storage) -> CtSeries {
        CtSeries {
            patient: "PHANTOM001".into(),
            age: 61,
            study: uid(b"study"),
            series: uid(b"series"),
            frame_of_reference: uid(b"frame"),
            manufacturer: "M".into(),
            model: "N".into(),
            kernel: "UB".into(),
            storage,
            windows: vec![(40.0, 80.0), (40.0, 80.0)],
            matrix: 64,
            field_of_view: 240.0,
            thickness: 5.0,
            spacing: 5.0,
            tilt: 18.5,
            table: 150.0,
            current: 150.0,
            exposure_time: 1500.0,
            exposure: 225.0,
        }
    }

    /// Reads pixels with nothing but the attributes of the file: HU, and which pixels are padding.
    fn read(path: &Path) -> Result<(Vec<f64>, Vec<bool>), Box<dyn std::error::Error>> {
        let object = open_file(path)?;
        let signed = object.element(tags::PIXEL_REPRESENTATION)?.to_int::<u16>()? == 1;
        let intercept: f64 = object.element(tags::RESCALE_INTERCEPT)?.to_float64()?;
        let slope: f64 = object.element(tags::RESCALE_SLOPE)?.to_float64()?;
        let padding = object.element_opt(tags::PIXEL_PADDING_VALUE)?.map(|e| e.to_int::<i32>()).transpose()?;
        let words: Vec<u16> = object.element(tags::PIXEL_DATA)?.to_multi_int()?;
        let stored: Vec<i32> = words.iter().map(|w| if signed { i32::from(*w as i16) } else { i32::from(*w) }).collect();
        let hu = stored.iter().map(|value| f64::from(*value) * slope + intercept).collect();
        Ok((hu, stored.iter().map(|value| Some(*value) == padding).collect()))
    }

    #[test]
    fn all_encodings_decode_to_the_same_hu() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.dcm");
        let hu: Vec<i16> = (0..64 * 64).map(|i| (i % 4096) as i16 - 1024).collect();
        let a = Storage::Signed { intercept: 0, padding: -1500 };
        let shifted = Storage::Signed { intercept: -1024, padding: -2000 };
        for storage in [a, shifted, Storage::Unsigned] {
            let slice = CtSlice { instance: &uid(b"1"), number: 1, location: 3.0, hu: &hu };
            write_ct(&path, &series(storage), &slice)?;
            let (read, padded) = read(&path)?;
            assert_eq!(padded.iter().filter(|padded| **padded).count() > 0, storage != Storage::Unsigned);
            assert!(padded.iter().enumerate().all(|(i, padded)| !padded || outside(i, 64)));
            let inside = hu.iter().zip(&read).zip(&padded).filter(|(_, padded)| !**padded);
            assert!(inside.into_iter().all(|((hu, read), _)| f64::from(*hu) == *read), "{storage:?}");
        }
        Ok(())
    }

    #[test]
    fn the_file_is_a_ct_image_of_nobody() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.dcm");
        let slice = CtSlice { instance: &uid(b"1"), number: 4, location: -2.5, hu: &[0; 64 * 64] };
        write_ct(&path, &series(Storage::Unsigned), &slice)?;
        let object = open_file(&path)?;
        let text = |tag| object.element(tag).expect("present").to_str().expect("text").into_owned();
        assert_eq!(object.meta().transfer_syntax(), uids::EXPLICIT_VR_LITTLE_ENDIAN);
        assert_eq!(object.meta().media_storage_sop_instance_uid(), uid(b"1"));
        assert_eq!(text(tags::PATIENT_BIRTH_DATE), "");
        assert_eq!(text(tags::PATIENT_AGE), "061Y");
        assert_eq!(text(tags::WINDOW_CENTER), "40\\40");
        assert_eq!(text(tags::IMAGE_ORIENTATION_PATIENT), "1\\0\\0\\0\\0.948324\\-0.317305");
        assert_eq!(object.element(tags::BITS_STORED)?.to_int::<u16>()?, 12);
        Ok(())
    }

    #[test]
    fn pixels_that_do_not_fill_the_matrix_are_refused() {
        let slice = CtSlice { instance: "2.25.1", number: 1, location: 0.0, hu: &[0; 9] };
        let refused = write_ct(Path::new("/nowhere.dcm"), &series(Storage::Unsigned), &slice);
        assert_eq!(refused.expect_err("9 pixels").to_string(), "9 pixels do not fill Rows x Columns of 64 x 64");
    }

    /// A UID has at most 64 characters and its integer no leading zero; the UUID says its version and variant.
    #[test]
    fn uids_are_valid_and_follow_the_name() {
        let (one, two) = (uid(b"one"), uid(b"two"));
        assert_eq!(one, uid(b"one"));
        assert_ne!(one, two);
        let integer: u128 = one["2.25.".len()..].parse().expect("an integer");
        assert_eq!((integer >> 76 & 0xf, integer >> 62 & 0b11), (8, 0b10));
        assert!(one.len() <= 64 && !one["2.25.".len()..].starts_with('0'));
    }
}
