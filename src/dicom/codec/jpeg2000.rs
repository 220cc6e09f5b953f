//! JPEG 2000 and its high-throughput form (PS3.5 annexes A.4.4 and A.4.16). The codestream's own header is read here first, because the
//! library takes the memory that it asks for.

use jpeg2k::{DecodeParameters, Image};

use super::{Frame, Shape};
use crate::dicom::Fault;

/// Start of codestream and the marker of its size (T.800 A.4).
const START: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
/// A codestream may lie in a JP2 file, though DICOM forbids it; its boxes are small.
const MAX_BOXES: usize = 4096;

/// Decodes one frame.
pub(super) fn decode(bytes: &[u8], shape: Shape) -> Result<Frame, Fault> {
    let head = &bytes[..bytes.len().min(MAX_BOXES)];
    let start = head.windows(4).position(|window| window == START);
    let start = start.ok_or_else(|| Fault::Pixels("it does not hold a JPEG 2000 codestream".into()))?;
    let size = Size::of(&bytes[start + 4..]).ok_or_else(|| Fault::Pixels("the JPEG 2000 header is short or damaged".into()))?;
    size.agrees(shape)?;
    // Even an image of one value needs some bytes of each code-block of at most 4096 pixels.
    if shape.values() / 4096 > bytes.len() {
        return Err(Fault::Pixels(format!("{} bytes of JPEG 2000 cannot hold {} pixels", bytes.len(), shape.pixels())));
    }
    let parameters = DecodeParameters::new().strict(true);
    let image = Image::from_bytes_with(&bytes[start..], parameters)
        .map_err(|failure| Fault::Pixels(format!("JPEG 2000: {failure}")))?;
    let components = image.components();
    let whole = |component: &jpeg2k::ImageComponent| {
        (component.width(), component.height()) == (shape.width.into(), shape.height.into())
    };
    if components.len() != shape.samples || !components.iter().all(whole) {
        return Err(Fault::Pixels("the JPEG 2000 components do not have the size of the image".into()));
    }
    let mut values = vec![0; shape.values()];
    for (sample, component) in components.iter().enumerate() {
        values[sample..].iter_mut().step_by(shape.samples).zip(component.data()).for_each(|(to, &from)| *to = from as u16);
    }
    Ok(Frame { values, signed: size.signed })
}

/// The size segment (T.800 A.5.1).
struct Size {
    width: u64,
    height: u64,
    samples: usize,
    bits: u8,
    signed: bool,
    subsampled: bool,
}

impl Size {
    fn of(segment: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_be_bytes(segment.get(at..at + 4)?.try_into().ok()?));
        let sides = [word(4)?.checked_sub(word(12)?)?, word(8)?.checked_sub(word(16)?)?];
        let tiles = [word(20)?, word(24)?];
        let samples = usize::from(u16::from_be_bytes(segment.get(36..38)?.try_into().ok()?));
        let (components, _) = segment.get(38..38 + 3 * samples)?.as_chunks::<3>();
        let first = components.first()?;
        // So many tiles are a bomb: each takes memory of its own.
        let many = u64::from(sides[0]).div_ceil(tiles[0].max(1).into()) * u64::from(sides[1]).div_ceil(tiles[1].max(1).into());
        Some(Self {
            width: sides[0].into(),
            height: sides[1].into(),
            samples,
            bits: (first[0] & 0x7F) + 1,
            signed: first[0] & 0x80 != 0,
            subsampled: many > 65535 || components.iter().any(|part| part[0] != first[0] || part[1..] != [1, 1]),
        })
    }

    fn agrees(&self, shape: Shape) -> Result<(), Fault> {
        shape.agrees("JPEG 2000", self.width, self.height, self.samples)?;
        if self.subsampled {
            return Err(Fault::Pixels("JPEG 2000 with unequal components is not read".into()));
        }
        if usize::from(self.bits) > 8 * shape.bytes {
            let told = format!("the JPEG 2000 stream has {} bits a value", self.bits);
            return Err(Fault::Pixels(format!("{told}, the header {}", 8 * shape.bytes)));
        }
        Ok(())
    }
}
