//! The facts of a header that decide what an image is and where it lies.

use std::collections::BTreeMap;
use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::Fault;
use super::dataset::{Dataset, Extent};
use super::file::{Source, text, with_head};
use super::orientation::Orientation;

/// Acquisition attributes that a volume carries along: none identifies a person, a place or a time.
const ACQUISITION: [(Tag, &str); 14] = [
    (tags::MANUFACTURER, "Manufacturer"),
    (tags::MANUFACTURER_MODEL_NAME, "ManufacturerModelName"),
    (tags::BODY_PART_EXAMINED, "BodyPartExamined"),
    (tags::PATIENT_POSITION, "PatientPosition"),
    (tags::SCAN_OPTIONS, "ScanOptions"),
    (tags::KVP, "KVP"),
    (tags::X_RAY_TUBE_CURRENT, "XRayTubeCurrent"),
    (tags::EXPOSURE_TIME, "ExposureTime"),
    (tags::EXPOSURE, "Exposure"),
    (tags::CONVOLUTION_KERNEL, "ConvolutionKernel"),
    (tags::RECONSTRUCTION_DIAMETER, "ReconstructionDiameter"),
    (tags::GANTRY_DETECTOR_TILT, "GantryDetectorTilt"),
    (tags::FILTER_TYPE, "FilterType"),
    (tags::CONTRAST_BOLUS_AGENT, "ContrastBolusAgent"),
];

/// One file's header. Text is empty and numbers are `None` where the attribute is missing or empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Transfer syntax UID.
    pub transfer_syntax: String,
    /// SOP Instance UID.
    pub instance: String,
    /// Series Instance UID.
    pub series: String,
    /// Study Instance UID.
    pub study: String,
    /// Patient ID.
    pub patient: String,
    /// Accession Number.
    pub accession: String,
    /// Series Description.
    pub description: String,
    /// Modality.
    pub modality: String,
    /// Image Type, value by value.
    pub image_type: Vec<String>,
    /// Photometric Interpretation.
    pub photometric: String,
    /// Convolution Kernel.
    pub kernel: String,
    /// Whether there are pixel data.
    pub has_pixels: bool,
    /// Rows.
    pub rows: Option<u16>,
    /// Columns.
    pub columns: Option<u16>,
    /// Samples per Pixel.
    pub samples: Option<u16>,
    /// Number of Frames; 1 where nothing is said.
    pub frames: u32,
    /// Bits Allocated.
    pub bits_allocated: Option<u16>,
    /// Bits Stored.
    pub bits_stored: Option<u16>,
    /// High Bit.
    pub high_bit: Option<u16>,
    /// Whether stored values are two's complement (Pixel Representation 1).
    pub signed: Option<bool>,
    /// Rescale Slope, HU a stored unit.
    pub slope: Option<f64>,
    /// Rescale Intercept, HU.
    pub intercept: Option<f64>,
    /// Stored values that mean "outside the field of view": Pixel Padding Value, or the range up to its limit.
    pub padding: Option<(i32, i32)>,
    /// Image Orientation (Patient).
    pub orientation: Option<Orientation>,
    /// Image Position (Patient), mm.
    pub position: Option<[f64; 3]>,
    /// Pixel Spacing: between rows, between columns, mm.
    pub spacing: Option<[f64; 2]>,
    /// Slice Thickness, mm.
    pub thickness: Option<f64>,
    /// Acquisition facts by keyword.
    pub acquisition: BTreeMap<String, String>,
}

impl Header {
    /// Reads the header of a file and nothing of its pixels.
    ///
    /// # Errors
    /// When the file is no DICOM file or damaged, or an attribute has a value that makes no sense.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        with_head(path, |bytes| {
            let source = Source::of(bytes)?;
            Self::of(&source.transfer_syntax, &source.dataset(Extent::Header)?)
        })
    }

    pub(super) fn of(transfer_syntax: &str, dataset: &Dataset) -> Result<Self, Fault> {
        let facts = Facts(dataset);
        let signed = facts.word(tags::PIXEL_REPRESENTATION, "PixelRepresentation")?.map(|word| word == 1);
        Ok(Self {
            transfer_syntax: transfer_syntax.to_owned(),
            instance: facts.text(tags::SOP_INSTANCE_UID),
            series: facts.text(tags::SERIES_INSTANCE_UID),
            study: facts.text(tags::STUDY_INSTANCE_UID),
            patient: facts.text(tags::PATIENT_ID),
            accession: facts.text(tags::ACCESSION_NUMBER),
            description: facts.text(tags::SERIES_DESCRIPTION),
            modality: facts.text(tags::MODALITY),
            image_type: facts.text(tags::IMAGE_TYPE).split('\\').map(|value| value.trim().to_owned()).collect(),
            photometric: facts.text(tags::PHOTOMETRIC_INTERPRETATION),
            kernel: facts.text(tags::CONVOLUTION_KERNEL),
            has_pixels: dataset.has_pixels,
            rows: facts.word(tags::ROWS, "Rows")?,
            columns: facts.word(tags::COLUMNS, "Columns")?,
            samples: facts.word(tags::SAMPLES_PER_PIXEL, "SamplesPerPixel")?,
            frames: facts.count(tags::NUMBER_OF_FRAMES, "NumberOfFrames")?.unwrap_or(1),
            bits_allocated: facts.word(tags::BITS_ALLOCATED, "BitsAllocated")?,
            bits_stored: facts.word(tags::BITS_STORED, "BitsStored")?,
            high_bit: facts.word(tags::HIGH_BIT, "HighBit")?,
            signed,
            slope: facts.number(tags::RESCALE_SLOPE, "RescaleSlope")?,
            intercept: facts.number(tags::RESCALE_INTERCEPT, "RescaleIntercept")?,
            padding: facts.padding(signed == Some(true))?,
            orientation: facts.numbers(tags::IMAGE_ORIENTATION_PATIENT, "ImageOrientationPatient")?.map(Orientation::of),
            position: facts.numbers(tags::IMAGE_POSITION_PATIENT, "ImagePositionPatient")?,
            spacing: facts.numbers(tags::PIXEL_SPACING, "PixelSpacing")?,
            thickness: facts.number(tags::SLICE_THICKNESS, "SliceThickness")?,
            acquisition: facts.acquisition(),
        })
    }

    /// Why ingest would not take the image as an axial CT slice; `None` when it would.
    pub fn unusable(&self) -> Option<String> {
        let told = |value: &str| if value.is_empty() { "not given".to_owned() } else { value.to_owned() };
        if !self.has_pixels {
            return Some("has no pixel data".into());
        }
        if self.modality != "CT" {
            return Some(format!("Modality is {}, not CT", told(&self.modality)));
        }
        if !self.is_slice() {
            return Some(format!("ImageType is {}: not a slice", told(&self.image_type.join("\\"))));
        }
        if self.frames != 1 {
            return Some(format!("has {} frames: only one slice a file is read", self.frames));
        }
        if self.samples != Some(1) || !["MONOCHROME1", "MONOCHROME2"].contains(&self.photometric.as_str()) {
            return Some(format!("PhotometricInterpretation is {}: colours are not HU", told(&self.photometric)));
        }
        if self.position.is_none() {
            return Some("has no ImagePositionPatient: its place in the volume is unknown".into());
        }
        if self.spacing.is_none() {
            return Some("has no PixelSpacing: its size is unknown".into());
        }
        match &self.orientation {
            None => Some("has no ImageOrientationPatient: left and right are unknown".into()),
            Some(orientation) if !orientation.is_axial() => Some("is not axial by its ImageOrientationPatient".into()),
            Some(_) => self.no_rescale(),
        }
    }

    /// By Image Type (PS3.3 C.8.2.1.1.1): no localizer, and nothing made afterwards (pages, renderings) unless it is still said to be
    /// axial, as anonymised, recompressed or reformatted slices are.
    fn is_slice(&self) -> bool {
        let says = |kind: &str| self.image_type.iter().any(|value| value == kind);
        !says("LOCALIZER") && (says("AXIAL") || !says("SECONDARY"))
    }

    fn no_rescale(&self) -> Option<String> {
        match (self.slope, self.intercept) {
            (None, _) => Some("has no RescaleSlope: its HU are undefined".into()),
            (_, None) => Some("has no RescaleIntercept: its HU are undefined".into()),
            (Some(0.0), _) => Some("RescaleSlope is 0: its HU are undefined".into()),
            _ => None,
        }
    }
}

/// Reads attributes by what they mean, whatever VR the writer gave them.
struct Facts<'a>(&'a Dataset<'a>);

impl Facts<'_> {
    fn text(&self, tag: Tag) -> String {
        self.0.bytes(tag).map(text).unwrap_or_default()
    }

    fn count(&self, tag: Tag, keyword: &'static str) -> Result<Option<u32>, Fault> {
        let value = self.text(tag);
        if value.is_empty() {
            return Ok(None);
        }
        value.parse().map(Some).map_err(|_| Fault::Value { keyword, value, expected: "a whole number" })
    }

    fn number(&self, tag: Tag, keyword: &'static str) -> Result<Option<f64>, Fault> {
        self.numbers(tag, keyword).map(|numbers| numbers.map(|[number]| number))
    }

    fn numbers<const N: usize>(&self, tag: Tag, keyword: &'static str) -> Result<Option<[f64; N]>, Fault> {
        let value = self.text(tag);
        if value.is_empty() {
            return Ok(None);
        }
        let finite = |part: &str| part.trim().parse().ok().filter(|number: &f64| number.is_finite());
        let numbers: Option<Vec<f64>> = value.split('\\').map(finite).collect();
        let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
        numbers.map(Some).ok_or(Fault::Value {
            keyword,
            value,
            expected: if N == 1 { "one number" } else { "numbers of its multiplicity" },
        })
    }

    fn word(&self, tag: Tag, keyword: &'static str) -> Result<Option<u16>, Fault> {
        let Some(bytes) = self.0.bytes(tag) else { return Ok(None) };
        let word = bytes.try_into().map(|word| self.0.encoding.u16(word));
        word.map(Some).map_err(|_| Fault::Value {
            keyword,
            value: format!("{} bytes", bytes.len()),
            expected: "one 16-bit number",
        })
    }

    /// The padding is written with VR US even where pixels are signed; only Pixel Representation says what it means.
    fn padding(&self, signed: bool) -> Result<Option<(i32, i32)>, Fault> {
        let meaning = |word: u16| if signed { i32::from(word.cast_signed()) } else { i32::from(word) };
        let value = self.word(tags::PIXEL_PADDING_VALUE, "PixelPaddingValue")?.map(meaning);
        let limit = self.word(tags::PIXEL_PADDING_RANGE_LIMIT, "PixelPaddingRangeLimit")?.map(meaning);
        Ok(value.map(|value| (value.min(limit.unwrap_or(value)), value.max(limit.unwrap_or(value)))))
    }

    fn acquisition(&self) -> BTreeMap<String, String> {
        let told = ACQUISITION.iter().map(|&(tag, keyword)| (keyword.to_owned(), self.text(tag)));
        told.filter(|(_, value)| !value.is_empty()).collect()
    }
}
