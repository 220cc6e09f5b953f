//! The facts of a header that decide what an image is and where it lies.

use std::collections::BTreeMap;
use std::fs::File;
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

/// Functional groups that say where a frame lies and what its values mean.
const GROUPS: [Tag; 6] = [
    tags::CT_IMAGE_FRAME_TYPE_SEQUENCE,
    tags::PIXEL_MEASURES_SEQUENCE,
    tags::PLANE_POSITION_SEQUENCE,
    tags::PLANE_ORIENTATION_SEQUENCE,
    tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    tags::CT_RECONSTRUCTION_SEQUENCE,
];

/// What may differ from frame to frame of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// Image Type, or Frame Type, value by value.
    pub image_type: Vec<String>,
    /// Rescale Slope, HU a stored unit.
    pub slope: Option<f64>,
    /// Rescale Intercept, HU.
    pub intercept: Option<f64>,
    /// Rescale Type; empty means HU for CT.
    pub unit: String,
    /// Image Orientation (Patient).
    pub orientation: Option<Orientation>,
    /// Image Position (Patient), mm.
    pub position: Option<[f64; 3]>,
    /// Pixel Spacing: between rows, between columns, mm.
    pub spacing: Option<[f64; 2]>,
    /// Slice Thickness, mm.
    pub thickness: Option<f64>,
    /// Convolution Kernel.
    pub kernel: String,
}

/// How the UIDs of Secondary Capture and its multi-frame forms begin (PS3.4 B.5).
const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";

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
    /// Series Number.
    pub series_number: String,
    /// Acquisition Number.
    pub acquisition_number: String,
    /// Instance Number.
    pub instance_number: String,
    /// Modality.
    pub modality: String,
    /// Burned In Annotation is YES: the makers of the file say that its pixels show text.
    pub burned_in: bool,
    /// Whether it is a Secondary Capture: a picture of a screen or of a film, whatever its Modality says.
    pub captured: bool,
    /// Photometric Interpretation. It says how values are shown and changes no HU.
    pub photometric: String,
    /// Whether a colour's values lie plane by plane (Planar Configuration 1).
    pub planar: bool,
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
    /// What holds for the only frame, or for those of `places` where they say nothing else.
    pub shared: Frame,
    /// What each frame of an enhanced object says of itself (PS3.3 C.7.6.16).
    pub places: Vec<Frame>,
    /// Bits Allocated.
    pub bits_allocated: Option<u16>,
    /// Bits Stored.
    pub bits_stored: Option<u16>,
    /// High Bit.
    pub high_bit: Option<u16>,
    /// Whether stored values are two's complement (Pixel Representation 1).
    pub signed: Option<bool>,
    /// Pixel Padding Value and Pixel Padding Range Limit as 16 bits, whatever VR they were given: only the pixels' sign says what they
    /// mean.
    pub padding: Option<(u16, u16)>,
    /// Whether a Modality LUT Sequence takes the place of slope and intercept.
    pub has_lut: bool,
    /// Acquisition facts by keyword.
    pub acquisition: BTreeMap<String, String>,
}

impl Header {
    /// Reads the header of a file and nothing of its pixels.
    ///
    /// # Errors
    /// When the file is no DICOM file or damaged, or an attribute has a value that makes no sense.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        with_head(&File::open(path)?, Self::of_bytes)
    }

    /// Reads the header in the bytes of a file, or in the first of them.
    ///
    /// # Errors
    /// As [`Header::read`]; [`Fault::Cut`] where the header goes on.
    pub fn of_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let source = Source::of(bytes)?;
        Self::of(&source.transfer_syntax, &source.dataset(Extent::Header)?)
    }

    pub(super) fn of(transfer_syntax: &str, dataset: &Dataset) -> Result<Self, Fault> {
        let facts = Facts(dataset);
        let signed = facts.word(tags::PIXEL_REPRESENTATION, "PixelRepresentation")?.map(|word| word == 1);
        let frames = facts.count(tags::NUMBER_OF_FRAMES, "NumberOfFrames")?.unwrap_or(1);
        let mut shared = Frame::default().with(dataset)?;
        for group in dataset.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)? {
            shared = shared.with_groups(&group)?;
        }
        let groups = dataset.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)?;
        let places: Vec<Frame> = groups.iter().map(|group| shared.clone().with_groups(group)).collect::<Result<_, _>>()?;
        if !places.is_empty() && places.len() != frames as usize {
            return Err(Fault::Pixels(format!("{} functional groups for {frames} frames", places.len())));
        }
        Ok(Self {
            transfer_syntax: transfer_syntax.to_owned(),
            instance: facts.text(tags::SOP_INSTANCE_UID),
            series: facts.text(tags::SERIES_INSTANCE_UID),
            study: facts.text(tags::STUDY_INSTANCE_UID),
            patient: facts.text(tags::PATIENT_ID),
            accession: facts.text(tags::ACCESSION_NUMBER),
            description: facts.text(tags::SERIES_DESCRIPTION),
            series_number: facts.text(tags::SERIES_NUMBER),
            acquisition_number: facts.text(tags::ACQUISITION_NUMBER),
            instance_number: facts.text(tags::INSTANCE_NUMBER),
            modality: facts.text(tags::MODALITY),
            burned_in: facts.text(tags::BURNED_IN_ANNOTATION) == "YES",
            captured: facts.text(tags::SOP_CLASS_UID).starts_with(SECONDARY_CAPTURE),
            photometric: facts.text(tags::PHOTOMETRIC_INTERPRETATION),
            planar: facts.word(tags::PLANAR_CONFIGURATION, "PlanarConfiguration")? == Some(1),
            has_pixels: dataset.has_pixels,
            rows: facts.word(tags::ROWS, "Rows")?,
            columns: facts.word(tags::COLUMNS, "Columns")?,
            samples: facts.word(tags::SAMPLES_PER_PIXEL, "SamplesPerPixel")?,
            frames,
            bits_allocated: facts.word(tags::BITS_ALLOCATED, "BitsAllocated")?,
            bits_stored: facts.word(tags::BITS_STORED, "BitsStored")?,
            high_bit: facts.word(tags::HIGH_BIT, "HighBit")?,
            signed,
            padding: facts.padding()?,
            has_lut: dataset.value(tags::MODALITY_LUT_SEQUENCE).is_some(),
            places,
            shared,
            acquisition: facts.acquisition(),
        })
    }

    /// Why its pixels may show text, and with it a name; `None` where nothing hints at it, which proves nothing.
    pub fn shows_text(&self) -> Option<&'static str> {
        match (self.burned_in, self.captured) {
            (true, _) => Some("BurnedInAnnotation is YES"),
            (_, true) => Some("it is a secondary capture"),
            _ => None,
        }
    }

    /// What is said of frame `index`.
    pub fn frame(&self, index: usize) -> &Frame {
        self.places.get(index).unwrap_or(&self.shared)
    }

    /// Why ingest would take no frame as an axial CT slice; `None` when it would take one.
    pub fn unusable(&self) -> Option<String> {
        let frames = 0..self.places.len().max(1);
        let reasons: Vec<_> = frames.map(|frame| self.unusable_frame(frame)).collect();
        if reasons.iter().any(Option::is_none) { None } else { reasons.into_iter().next().flatten() }
    }

    /// Why ingest would not take frame `index` as an axial CT slice; `None` when it would.
    pub fn unusable_frame(&self, index: usize) -> Option<String> {
        let told = |value: &str| if value.is_empty() { "not given".to_owned() } else { value.to_owned() };
        if !self.has_pixels {
            return Some("has no pixel data".into());
        }
        if self.modality != "CT" {
            return Some(format!("Modality is {}, not CT", told(&self.modality)));
        }
        let frame = self.frame(index);
        if !frame.is_slice() {
            return Some(format!("ImageType is {}: not a slice", told(&frame.image_type.join("\\"))));
        }
        if self.samples != Some(1) || !["MONOCHROME1", "MONOCHROME2"].contains(&self.photometric.as_str()) {
            return Some(format!("PhotometricInterpretation is {}: colours are not HU", told(&self.photometric)));
        }
        if self.frames != 1 && self.places.is_empty() {
            return Some(format!("has {} frames without a place of their own", self.frames));
        }
        frame.unplaced().or_else(|| self.no_rescale(frame))
    }

    fn no_rescale(&self, frame: &Frame) -> Option<String> {
        match (frame.slope, frame.intercept) {
            _ if self.has_lut => Some("has a Modality LUT Sequence: its HU are not linear".into()),
            (None, _) => Some("has no RescaleSlope: its HU are undefined".into()),
            (_, None) => Some("has no RescaleIntercept: its HU are undefined".into()),
            (Some(0.0), _) => Some("RescaleSlope is 0: its HU are undefined".into()),
            _ if !frame.is_in_hu() => Some(format!("RescaleType is {}, not HU", frame.unit)),
            _ => None,
        }
    }
}

impl Frame {
    /// With what a data set itself says, where it says anything.
    fn with(mut self, dataset: &Dataset) -> Result<Self, Fault> {
        let facts = Facts(dataset);
        let types = facts.text(tags::IMAGE_TYPE);
        let types = if types.is_empty() { facts.text(tags::FRAME_TYPE) } else { types };
        if !types.is_empty() {
            self.image_type = types.split('\\').map(|value| value.trim().to_owned()).collect();
        }
        let or = |said: String, before: String| if said.is_empty() { before } else { said };
        self.slope = facts.number(tags::RESCALE_SLOPE, "RescaleSlope")?.or(self.slope);
        self.intercept = facts.number(tags::RESCALE_INTERCEPT, "RescaleIntercept")?.or(self.intercept);
        self.unit = or(facts.text(tags::RESCALE_TYPE), self.unit);
        let vectors = facts.numbers(tags::IMAGE_ORIENTATION_PATIENT, "ImageOrientationPatient")?;
        self.orientation = vectors.map(Orientation::of).or(self.orientation);
        self.position = facts.numbers(tags::IMAGE_POSITION_PATIENT, "ImagePositionPatient")?.or(self.position);
        self.spacing = facts.numbers(tags::PIXEL_SPACING, "PixelSpacing")?.or(self.spacing);
        self.thickness = facts.number(tags::SLICE_THICKNESS, "SliceThickness")?.or(self.thickness);
        self.kernel = or(facts.text(tags::CONVOLUTION_KERNEL), self.kernel);
        Ok(self)
    }

    /// With what the functional groups of an item say (PS3.3 C.7.6.16.2 and C.8.15.3).
    fn with_groups(mut self, item: &Dataset) -> Result<Self, Fault> {
        for group in GROUPS {
            for facts in item.items(group)? {
                self = self.with(&facts)?;
            }
        }
        Ok(self)
    }

    /// By Image Type (PS3.3 C.8.2.1.1.1): no localizer, and nothing made afterwards (pages, renderings) unless it is still said to be
    /// axial, as anonymised, recompressed or reformatted slices are.
    fn is_slice(&self) -> bool {
        let says = |kind: &str| self.image_type.iter().any(|value| value == kind);
        !says("LOCALIZER") && (says("AXIAL") || !says("SECONDARY"))
    }

    /// By Rescale Type (PS3.3 C.11.1.1.2). Perfusion and energy maps say that they are in something else; `US`, unspecified, is no
    /// unit of an original image, whose values the standard demands in HU (C.8.2.1.1.2).
    fn is_in_hu(&self) -> bool {
        match self.unit.as_str() {
            "" | "HU" => true,
            "US" => self.image_type.first().is_some_and(|first| first == "ORIGINAL"),
            _ => false,
        }
    }

    /// Why its place in the patient is unknown, or is not that of an axial slice.
    fn unplaced(&self) -> Option<String> {
        let Some(spacing) = self.spacing else { return Some("has no PixelSpacing: its size is unknown".into()) };
        if spacing.iter().any(|&side| side <= 0.0) {
            return Some("has a PixelSpacing that is not positive: its size is unknown".into());
        }
        if self.position.is_none() {
            return Some("has no ImagePositionPatient: its place in the volume is unknown".into());
        }
        match &self.orientation {
            None => Some("has no ImageOrientationPatient: left and right are unknown".into()),
            Some(orientation) if !orientation.is_axial() => Some("is not axial by its ImageOrientationPatient".into()),
            Some(_) => None,
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

    fn padding(&self) -> Result<Option<(u16, u16)>, Fault> {
        let value = self.word(tags::PIXEL_PADDING_VALUE, "PixelPaddingValue")?;
        let limit = self.word(tags::PIXEL_PADDING_RANGE_LIMIT, "PixelPaddingRangeLimit")?;
        Ok(value.map(|value| (value, limit.unwrap_or(value))))
    }

    fn acquisition(&self) -> BTreeMap<String, String> {
        let told = ACQUISITION.iter().map(|&(tag, keyword)| (keyword.to_owned(), self.text(tag)));
        told.filter(|(_, value)| !value.is_empty()).collect()
    }
}
