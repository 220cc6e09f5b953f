//! Pixel data to stored values and to HU.
//!
//! What is decoded is right or refused: values are cut to Bits Stored below High Bit and their sign is extended from there, bits
//! around them are ignored (PS3.5 section 8.1.1), and a CT without Rescale Slope and Intercept has no HU.

use dicom_dictionary_std::{tags, uids};

use super::dataset::{Dataset, Encoding, Extent, Value};
use super::file::{EXPLICIT_VR_BIG_ENDIAN, Source};
use super::{Fault, Header, jpeg, rle};

/// Air, HU: what padding becomes.
pub const AIR: f32 = -1024.0;

/// A file's header and its stored values.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) header: Header,
    /// Frame after frame, row after row. Colours of RLE come plane after plane.
    pub(super) stored: Vec<i32>,
}

impl Decoded {
    /// Decodes the bytes of a file.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, Fault> {
        let source = Source::of(bytes)?;
        let dataset = source.dataset(Extent::Pixels)?;
        let header = Header::of(&source.transfer_syntax, &dataset)?;
        let stored = stored(&header, &dataset)?;
        Ok(Self { header, stored })
    }

    /// HU of every stored value, nothing clamped or replaced: slope · stored + intercept (PS3.3 C.11.1.1.2).
    pub(super) fn hu(&self) -> Result<Vec<f32>, Fault> {
        let slope = self.header.slope.ok_or(Fault::Missing("RescaleSlope"))?;
        let intercept = self.header.intercept.ok_or(Fault::Missing("RescaleIntercept"))?;
        Ok(self.stored.iter().map(|&stored| (slope * f64::from(stored) + intercept) as f32).collect())
    }

    /// As [`Decoded::hu`], with [`AIR`] in place of padding.
    pub(super) fn hu_without_padding(&self) -> Result<Vec<f32>, Fault> {
        let mut hu = self.hu()?;
        if let Some((least, most)) = self.header.padding {
            let padded = self.stored.iter().zip(&mut hu).filter(|(stored, _)| (least..=most).contains(stored));
            padded.for_each(|(_, hu)| *hu = AIR);
        }
        Ok(hu)
    }
}

/// How many values of which layout a header promises.
struct Layout {
    width: u16,
    height: u16,
    samples: usize,
    frames: usize,
    /// Bytes a value.
    bytes: usize,
    /// How far the value stands above bit 0.
    shift: u32,
    bits: u32,
    signed: bool,
}

impl Layout {
    fn of(header: &Header) -> Result<Self, Fault> {
        let some = |value: Option<u16>, keyword| value.ok_or(Fault::Missing(keyword));
        let invalid = |keyword, value: u16, expected| Err(Fault::Value { keyword, value: value.to_string(), expected });
        let allocated = some(header.bits_allocated, "BitsAllocated")?;
        let stored = some(header.bits_stored, "BitsStored")?;
        let high = some(header.high_bit, "HighBit")?;
        if ![8, 16].contains(&allocated) {
            return invalid("BitsAllocated", allocated, "8 or 16");
        }
        if !(1..=allocated).contains(&stored) {
            return invalid("BitsStored", stored, "from 1 to BitsAllocated");
        }
        if high < stored - 1 || high >= allocated {
            return invalid("HighBit", high, "from BitsStored - 1 to below BitsAllocated");
        }
        Ok(Self {
            width: some(header.columns, "Columns")?,
            height: some(header.rows, "Rows")?,
            samples: some(header.samples, "SamplesPerPixel")?.into(),
            frames: header.frames as usize,
            bytes: usize::from(allocated / 8),
            shift: u32::from(high + 1 - stored),
            bits: stored.into(),
            signed: header.signed.ok_or(Fault::Missing("PixelRepresentation"))?,
        })
    }

    fn pixels(&self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }

    /// Values of all frames, or `None` where they are more than any memory.
    fn values(&self) -> Option<usize> {
        self.pixels().checked_mul(self.samples)?.checked_mul(self.frames).filter(|&values| values > 0 && values < 1 << 40)
    }

    fn value(&self, word: u16) -> i32 {
        let above = 32 - self.bits - self.shift;
        let at_top = u32::from(word) << above;
        if self.signed { at_top.cast_signed() >> (32 - self.bits) } else { (at_top >> (32 - self.bits)).cast_signed() }
    }
}

fn stored(header: &Header, dataset: &Dataset) -> Result<Vec<i32>, Fault> {
    let pixels = dataset.value(tags::PIXEL_DATA).ok_or(Fault::Missing("PixelData"))?;
    let is_native = is_native(&header.transfer_syntax)?;
    let layout = Layout::of(header)?;
    let values = layout.values().ok_or(Fault::Pixels("the header promises no pixel at all, or too many".into()))?;
    match pixels {
        Value::Bytes(bytes) if is_native => native(bytes, &layout, values, dataset.encoding),
        Value::Fragments(fragments) if !is_native => encapsulated(fragments, &layout, &header.transfer_syntax),
        _ => Err(Fault::Pixels("not in the form that the transfer syntax has".into())),
    }
}

fn native(bytes: &[u8], layout: &Layout, values: usize, encoding: Encoding) -> Result<Vec<i32>, Fault> {
    if layout.bytes == 1 && encoding.big_endian {
        return Err(Fault::Pixels("8-bit values in big endian are not read: convert the file to little endian first".into()));
    }
    let needed = values * layout.bytes;
    let told = || Fault::Pixels(format!("{} bytes where the header promises {needed}", bytes.len()));
    Ok(numbers(bytes.get(..needed).ok_or_else(told)?, layout, encoding))
}

fn numbers(bytes: &[u8], layout: &Layout, encoding: Encoding) -> Vec<i32> {
    if layout.bytes == 1 {
        return bytes.iter().map(|&byte| layout.value(byte.into())).collect();
    }
    let (words, _) = bytes.as_chunks::<2>();
    words.iter().map(|&word| layout.value(encoding.u16(word))).collect()
}

fn encapsulated(fragments: &[&[u8]], layout: &Layout, syntax: &str) -> Result<Vec<i32>, Fault> {
    let mut stored = Vec::new();
    for frame in frames(fragments, layout.frames)? {
        let bytes = match syntax {
            uids::RLE_LOSSLESS => rle::decode(&frame, layout.pixels(), layout.samples, layout.bytes)?,
            _ if layout.samples == 1 => jpeg::decode(&frame, layout.width, layout.height, layout.bytes)?,
            _ => return Err(Fault::Pixels("JPEG Lossless in colour is not read".into())),
        };
        stored.extend(numbers(&bytes, layout, Encoding::EXPLICIT_LE));
    }
    Ok(stored)
}

/// One frame may be cut into any number of fragments, though for RLE the standard forbids it; several frames need one each.
fn frames(fragments: &[&[u8]], frames: usize) -> Result<Vec<Vec<u8>>, Fault> {
    match frames {
        1 => Ok(vec![fragments.concat()]),
        _ if fragments.len() == frames => Ok(fragments.iter().map(|fragment| fragment.to_vec()).collect()),
        _ => Err(Fault::Pixels(format!("{} fragments for {frames} frames", fragments.len()))),
    }
}

/// Whether pixel data are uncompressed; what is not decoded is refused by name, so that a user knows what to convert.
fn is_native(uid: &str) -> Result<bool, Fault> {
    let name = match uid {
        uids::IMPLICIT_VR_LITTLE_ENDIAN
        | uids::EXPLICIT_VR_LITTLE_ENDIAN
        | EXPLICIT_VR_BIG_ENDIAN
        | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => return Ok(true),
        uids::RLE_LOSSLESS | uids::JPEG_LOSSLESS | uids::JPEG_LOSSLESS_SV1 => return Ok(false),
        uids::JPEG_BASELINE8_BIT => "JPEG Baseline, lossy",
        uids::JPEG_EXTENDED12_BIT => "JPEG Extended, lossy",
        uids::JPEGLS_LOSSLESS => "JPEG-LS Lossless",
        uids::JPEGLS_NEAR_LOSSLESS => "JPEG-LS Near-Lossless",
        uids::JPEG2000_LOSSLESS => "JPEG 2000 Lossless",
        uids::JPEG2000 => "JPEG 2000",
        _ if uid.starts_with("1.2.840.10008.1.2.4.20") => "High-Throughput JPEG 2000",
        _ if uid.starts_with("1.2.840.10008.1.2.4.5") => "a retired JPEG process",
        _ => "unknown here",
    };
    Err(Fault::Syntax { uid: uid.to_owned(), name })
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::Synthetic;
    use super::*;

    fn layout(bits: u32, shift: u32, signed: bool) -> Layout {
        Layout { width: 1, height: 1, samples: 1, frames: 1, bytes: 2, shift, bits, signed }
    }

    /// PS3.5 section 8.1.1: only the bits from High Bit down to High Bit - Bits Stored + 1 are the value.
    #[test]
    fn values_are_masked_and_sign_extended() {
        assert_eq!(layout(12, 0, false).value(0xFFFF), 4095);
        assert_eq!(layout(12, 0, true).value(0x0FFF), -1);
        assert_eq!(layout(12, 0, true).value(0xF7FF), 2047);
        assert_eq!(layout(12, 4, false).value(0xABCD), 0xABC);
        assert_eq!(layout(12, 4, true).value(0x800F), -2048);
        assert_eq!(layout(16, 0, true).value(0x8000), -32768);
        assert_eq!(layout(16, 0, false).value(0x8000), 32768);
        assert_eq!(layout(1, 0, false).value(3), 1);
    }

    /// Any byte of the header may be wrong, and the file may end anywhere.
    #[test]
    fn damage_is_told_and_never_a_panic() {
        let whole = Synthetic { padding: Some(-2000), ..Synthetic::new("1.1") }.bytes();
        assert!(Decoded::of(&whole).is_ok());
        for at in 128..whole.len() {
            assert!(Decoded::of(&whole[..at]).is_err(), "cut at {at}");
            for byte in [0x00, 0x01, 0x7F, 0xFF] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                drop(Decoded::of(&damaged).map(|decoded| decoded.hu_without_padding()));
            }
        }
    }
}
