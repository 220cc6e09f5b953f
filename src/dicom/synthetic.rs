//! The smallest CT files, made in memory in Explicit VR Little Endian, for tests of those who read exams.

/// A CT slice of 2 x 3 pixels.
#[derive(Debug, Clone)]
pub struct Synthetic {
    /// SOP Instance UID.
    pub instance: &'static str,
    /// Series Instance UID.
    pub series: &'static str,
    /// Image Type, values joined by backslashes.
    pub image_type: &'static str,
    /// Convolution kernel; left out where it is empty.
    pub kernel: &'static str,
    /// Image Orientation (Patient).
    pub orientation: [f64; 6],
    /// Image Position (Patient), mm.
    pub position: [f64; 3],
    /// Rescale intercept as written; `None` leaves it out.
    pub intercept: Option<&'static str>,
    /// Pixel padding value.
    pub padding: Option<i16>,
    /// Stored values, row by row.
    pub pixels: [i16; 6],
}

impl Synthetic {
    /// An axial slice of the first series at the origin, all pixels 0.
    pub fn new(instance: &'static str) -> Self {
        Self {
            instance,
            series: "1",
            image_type: "ORIGINAL\\PRIMARY\\AXIAL",
            kernel: "",
            orientation: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            position: [0.0; 3],
            intercept: Some("-1024"),
            padding: None,
            pixels: [0; 6],
        }
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let word = |value: u16| value.to_le_bytes().to_vec();
        let text = |value: &str| value.as_bytes().to_vec();
        let decimals = |values: &[f64]| text(&values.iter().map(f64::to_string).collect::<Vec<_>>().join("\\"));
        let mut elements = vec![
            element(0x0002_0010, b"UI", text("1.2.840.10008.1.2.1")),
            element(0x0008_0008, b"CS", text(self.image_type)),
            element(0x0008_0018, b"UI", text(self.instance)),
            element(0x0008_0060, b"CS", text("CT")),
            element(0x0018_1210, b"SH", text(self.kernel)),
            element(0x0020_000D, b"UI", text("1.9")),
            element(0x0020_000E, b"UI", text(self.series)),
            element(0x0020_0032, b"DS", decimals(&self.position)),
            element(0x0020_0037, b"DS", decimals(&self.orientation)),
            element(0x0028_0002, b"US", word(1)),
            element(0x0028_0004, b"CS", text("MONOCHROME2")),
            element(0x0028_0010, b"US", word(2)),
            element(0x0028_0011, b"US", word(3)),
            element(0x0028_0030, b"DS", text("0.5\\0.5")),
            element(0x0028_0100, b"US", word(16)),
            element(0x0028_0101, b"US", word(16)),
            element(0x0028_0102, b"US", word(15)),
            element(0x0028_0103, b"US", word(1)),
        ];
        elements.extend(self.padding.map(|padding| element(0x0028_0120, b"US", word(padding.cast_unsigned()))));
        elements.extend(self.intercept.map(|intercept| element(0x0028_1052, b"DS", text(intercept))));
        elements.push(element(0x0028_1053, b"DS", text("1")));
        elements.push(element(0x7FE0_0010, b"OW", self.pixels.iter().flat_map(|pixel| pixel.to_le_bytes()).collect()));
        [[0; 128].as_slice(), b"DICM", &elements.concat()].concat()
    }
}

fn element(tag: u32, vr: &[u8; 2], mut value: Vec<u8>) -> Vec<u8> {
    if value.len() % 2 == 1 {
        value.push(b' ');
    }
    let [group, number] = [(tag >> 16) as u16, tag as u16].map(u16::to_le_bytes);
    let length = match vr {
        b"OW" => [[0, 0].as_slice(), &(value.len() as u32).to_le_bytes()].concat(),
        _ => (value.len() as u16).to_le_bytes().to_vec(),
    };
    [group.as_slice(), &number, vr, &length, &value].concat()
}
