//! Pixel data to stored values and to HU.
//!
//! What is decoded is right or refused: values are cut to Bits Stored below High Bit and their sign is extended from there, bits
//! around them are ignored (PS3.5 section 8.1.1), and a CT without Rescale Slope and Intercept has no HU.

use std::borrow::Cow;

use dicom_dictionary_std::{tags, uids};

use super::codec::{self, Shape};
use super::dataset::{Dataset, Encoding, Extent, Fragments, Value};
use super::file::{EXPLICIT_VR_BIG_ENDIAN, Source};
use super::{Fault, Header};

/// Air, HU: what padding becomes.
pub const AIR: f32 = -1024.0;

/// More values than any frame of CT has; a compressed one that claims more is a bomb.
const MAX_VALUES: usize = 1 << 26;

/// HU of one frame, row after row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Hu {
    /// Every value is a whole number of 16 bits.
    Whole(Vec<i16>),
    /// Some are not.
    Fractional(Vec<f32>),
}

impl Hu {
    pub(super) fn into_f32(self) -> Vec<f32> {
        match self {
            Self::Whole(hu) => hu.into_iter().map(f32::from).collect(),
            Self::Fractional(hu) => hu,
        }
    }
}

/// A file's header and its pixel data, not yet decoded.
#[derive(Debug)]
pub(super) struct Pixels<'a> {
    header: &'a Header,
    layout: Layout,
    data: Data<'a>,
}

#[derive(Debug)]
enum Data<'a> {
    Native(&'a [u8], Encoding),
    /// One stream a frame.
    Encapsulated(Vec<Cow<'a, [u8]>>),
}

/// Reads the header of a file's bytes and hands it with its pixel data to `with`.
pub(super) fn with_pixels<T>(bytes: &[u8], with: impl FnOnce(&Pixels) -> Result<T, Fault>) -> Result<T, Fault> {
    let source = Source::of(bytes)?;
    let dataset = source.dataset(Extent::Pixels)?;
    let header = Header::of(&source.transfer_syntax, &dataset)?;
    with(&Pixels::of(&header, &dataset)?)
}

impl<'a> Pixels<'a> {
    fn of(header: &'a Header, dataset: &Dataset<'a>) -> Result<Self, Fault> {
        let pixels = dataset.value(tags::PIXEL_DATA).ok_or(Fault::Missing("PixelData"))?;
        let is_native = is_native(&header.transfer_syntax);
        if !is_native {
            codec::decoder(&header.transfer_syntax)?;
        }
        let layout = Layout::of(header)?;
        let data = match pixels {
            Value::Bytes(bytes) if is_native => layout.native(bytes, dataset.encoding)?,
            Value::Fragments(fragments) if !is_native => layout.encapsulated(fragments)?,
            _ => return Err(Fault::Pixels("not in the form that the transfer syntax has".into())),
        };
        Ok(Self { header, layout, data })
    }

    pub(super) fn header(&self) -> &'a Header {
        self.header
    }

    pub(super) fn frames(&self) -> usize {
        self.layout.frames
    }

    /// What `value` makes of each stored value of a frame, row after row, samples of a pixel side by side.
    pub(super) fn map<T: Clone + Default>(&self, frame: usize, value: impl Fn(i32) -> T) -> Result<Vec<T>, Fault> {
        self.map_signed(frame, |_| value)
    }

    /// As [`Pixels::map`], with a function that may depend on whether the values are signed.
    fn map_signed<T: Clone + Default, F: Fn(i32) -> T>(
        &self,
        frame: usize,
        value: impl FnOnce(bool) -> F,
    ) -> Result<Vec<T>, Fault> {
        let layout = &self.layout;
        let decoded = match &self.data {
            Data::Native(bytes, encoding) => layout.read(bytes, *encoding, frame, value(layout.signed)),
            Data::Encapsulated(streams) => {
                let decode = codec::decoder(&self.header.transfer_syntax)?;
                let decoded = decode(&streams[frame], layout.shape)?;
                let layout = Layout { signed: layout.signed || decoded.signed, ..*layout };
                let value = value(layout.signed);
                return Ok(decoded.values.iter().map(|&word| value(layout.value(word.into()))).collect());
            }
        };
        Ok(if self.header.planar && layout.shape.samples > 1 { layout.interleaved(&decoded) } else { decoded })
    }

    /// Slope and intercept of a frame: HU = slope · stored + intercept (PS3.3 C.11.1.1.2).
    pub(super) fn rescale(&self, frame: usize) -> Result<(f64, f64), Fault> {
        let frame = self.header.frame(frame);
        let slope = frame.slope.ok_or(Fault::Missing("RescaleSlope"))?;
        Ok((slope, frame.intercept.ok_or(Fault::Missing("RescaleIntercept"))?))
    }

    /// HU of every pixel of a frame, [`AIR`] in place of padding, nothing clamped.
    pub(super) fn hu(&self, frame: usize) -> Result<Hu, Fault> {
        let (slope, intercept) = self.rescale(frame)?;
        let whole = |number: f64| number.fract() == 0.0 && number.abs() < 32768.0;
        if whole(slope) && whole(intercept) && self.layout.bits <= 16 {
            let (slope, intercept) = (slope as i32, intercept as i32);
            let hu = self.map_signed(frame, |signed| {
                let padding = self.padding(signed);
                move |stored| if padding.has(stored) { AIR as i32 } else { slope.wrapping_mul(stored).wrapping_add(intercept) }
            })?;
            // In 64 bits nothing overflows; 16 bits of pixels and of slope fit 32.
            let (least, most) = hu.iter().fold((0, 0), |(least, most), &hu| (hu.min(least), hu.max(most)));
            if i16::try_from(least).is_ok() && i16::try_from(most).is_ok() {
                return Ok(Hu::Whole(hu.iter().map(|&hu| hu as i16).collect()));
            }
        }
        self.map_signed(frame, |signed| {
            let padding = self.padding(signed);
            move |stored| if padding.has(stored) { AIR } else { (slope * f64::from(stored) + intercept) as f32 }
        })
        .map(Hu::Fractional)
    }

    fn padding(&self, signed: bool) -> Padding {
        let meaning = |word: u16| if signed { i32::from(word.cast_signed()) } else { i32::from(word) };
        match self.header.padding {
            Some((one, other)) => Padding { least: meaning(one).min(meaning(other)), most: meaning(one).max(meaning(other)) },
            None => Padding { least: 1, most: 0 },
        }
    }
}

/// Stored values that mean "outside the field of view"; none where `least` is above `most` (PS3.3 C.7.5.1.1.2).
#[derive(Debug, Clone, Copy)]
struct Padding {
    least: i32,
    most: i32,
}

impl Padding {
    fn has(self, stored: i32) -> bool {
        self.least <= stored && stored <= self.most
    }
}

/// How many values of which layout a header promises.
#[derive(Debug, Clone, Copy)]
struct Layout {
    shape: Shape,
    frames: usize,
    /// Bits Allocated: 1, 8, 16 or 32.
    allocated: usize,
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
        if ![1, 8, 16, 32].contains(&allocated) {
            return invalid("BitsAllocated", allocated, "1, 8, 16 or 32");
        }
        if !(1..=allocated).contains(&stored) {
            return invalid("BitsStored", stored, "from 1 to BitsAllocated");
        }
        if high < stored - 1 || high >= allocated {
            return invalid("HighBit", high, "from BitsStored - 1 to below BitsAllocated");
        }
        let layout = Self {
            shape: Shape {
                width: some(header.columns, "Columns")?,
                height: some(header.rows, "Rows")?,
                samples: some(header.samples, "SamplesPerPixel")?.into(),
                bytes: usize::from(allocated / 8),
            },
            frames: header.frames as usize,
            allocated: allocated.into(),
            shift: u32::from(high + 1 - stored),
            bits: stored.into(),
            signed: header.signed.ok_or(Fault::Missing("PixelRepresentation"))?,
        };
        let has_values = layout.shape.values() > 0 && layout.frames > 0;
        if has_values { Ok(layout) } else { Err(Fault::Pixels("the header promises no pixel at all".into())) }
    }

    /// Uncompressed pixel data that hold all that the header promises.
    fn native<'a>(&self, bytes: &'a [u8], encoding: Encoding) -> Result<Data<'a>, Fault> {
        if self.allocated == 8 && encoding.big_endian {
            let told = "8-bit values in big endian are not read: convert the file to little endian first";
            return Err(Fault::Pixels(told.into()));
        }
        let bits = self.shape.values().checked_mul(self.frames).and_then(|values| values.checked_mul(self.allocated));
        let needed = bits.map_or(usize::MAX, |bits| bits.div_ceil(8));
        let told = || Fault::Pixels(format!("{} bytes where the header promises {needed}", bytes.len()));
        Ok(Data::Native(bytes.get(..needed).ok_or_else(told)?, encoding))
    }

    fn encapsulated<'a>(&self, fragments: &Fragments<'a>) -> Result<Data<'a>, Fault> {
        if ![8, 16].contains(&self.allocated) || self.shape.values() > MAX_VALUES {
            return Err(Fault::Pixels(format!(
                "{} compressed values of {} bits are not read",
                self.shape.values(),
                self.allocated
            )));
        }
        Ok(Data::Encapsulated(streams(fragments, self.frames)?))
    }

    /// Values of one frame of uncompressed pixel data.
    fn read<T>(&self, bytes: &[u8], encoding: Encoding, frame: usize, value: impl Fn(i32) -> T) -> Vec<T> {
        let values = self.shape.values();
        let of_frame = || &bytes[frame * values * self.allocated / 8..][..values * self.allocated / 8];
        match self.allocated {
            // Frames follow each other without a gap, the first pixel in the lowest bit (PS3.5 section 8.1.1).
            1 => (frame * values..(frame + 1) * values).map(|at| value((bytes[at / 8] >> (at % 8) & 1).into())).collect(),
            8 => of_frame().iter().map(|&byte| value(self.value(byte.into()))).collect(),
            // The common case, written so that the compiler makes vectors of it.
            16 if self.bits == 16 && self.signed && !encoding.big_endian => {
                let (words, _) = of_frame().as_chunks::<2>();
                words.iter().map(|&word| value(i16::from_le_bytes(word).into())).collect()
            }
            16 => {
                let (words, _) = of_frame().as_chunks::<2>();
                words.iter().map(|&word| value(self.value(encoding.u16(word).into()))).collect()
            }
            _ => {
                let (words, _) = of_frame().as_chunks::<4>();
                words.iter().map(|&word| value(self.value(encoding.u32(word)))).collect()
            }
        }
    }

    /// Planes to pixels.
    fn interleaved<T: Clone + Default>(&self, planes: &[T]) -> Vec<T> {
        let (pixels, samples) = (self.shape.pixels(), self.shape.samples);
        (0..pixels * samples).map(|at| planes[at % samples * pixels + at / samples].clone()).collect()
    }

    fn value(&self, word: u32) -> i32 {
        let at_top = word << (32 - self.bits - self.shift);
        if self.signed { at_top.cast_signed() >> (32 - self.bits) } else { (at_top >> (32 - self.bits)).cast_signed() }
    }
}

/// The stream of each frame. Fragments belong to frames by the offset table; without one each frame is one fragment, or begins with
/// the marker that JPEG streams begin with. A single frame may have any number of fragments, though for RLE the standard forbids it.
fn streams<'a>(fragments: &Fragments<'a>, frames: usize) -> Result<Vec<Cow<'a, [u8]>>, Fault> {
    let items = &fragments.items;
    let is_start = |bytes: &[u8]| bytes.starts_with(&[0xFF, 0xD8]) || bytes.starts_with(&[0xFF, 0x4F]);
    let starts: Vec<usize> = if frames == 1 {
        vec![0]
    } else if items.len() == frames {
        (0..frames).collect()
    } else if fragments.offsets.len() == frames {
        let place = |offset| items.iter().position(|item| item.0 == offset);
        let damaged = || Fault::Pixels("the offset table points between fragments".into());
        fragments.offsets.iter().map(|&offset| place(offset)).collect::<Option<_>>().ok_or_else(damaged)?
    } else {
        (0..items.len()).filter(|&item| is_start(items[item].1)).collect()
    };
    if items.is_empty() || starts.len() != frames || starts[0] != 0 || !starts.is_sorted_by(|a, b| a < b) {
        return Err(Fault::Pixels(format!("{} fragments cannot be told apart into {frames} frames", items.len())));
    }
    let ends = starts[1..].iter().copied().chain([items.len()]);
    Ok(starts.iter().zip(ends).map(|(&start, end)| joined(&items[start..end])).collect())
}

fn joined<'a>(items: &[(u64, &'a [u8])]) -> Cow<'a, [u8]> {
    match items {
        [(_, only)] => Cow::Borrowed(only),
        _ => Cow::Owned(items.iter().flat_map(|(_, bytes)| *bytes).copied().collect()),
    }
}

/// Whether pixel data are uncompressed.
fn is_native(uid: &str) -> bool {
    let native = [uids::IMPLICIT_VR_LITTLE_ENDIAN, uids::EXPLICIT_VR_LITTLE_ENDIAN, uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN];
    native.contains(&uid) || uid == EXPLICIT_VR_BIG_ENDIAN
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::Synthetic;
    use super::*;

    fn layout(bits: u32, shift: u32, signed: bool) -> Layout {
        let shape = Shape { width: 1, height: 1, samples: 1, bytes: 2 };
        Layout { shape, frames: 1, allocated: 16, shift, bits, signed }
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

    #[test]
    fn fragments_are_told_apart_by_offsets_by_number_or_by_their_marker() -> Result<(), Fault> {
        let items: [(u64, &[u8]); 3] = [(0, &[0xFF, 0xD8, 1]), (12, &[2, 2]), (22, &[0xFF, 0xD8, 3])];
        let of = |offsets: &[u64], count: usize| Fragments { offsets: offsets.to_vec(), items: items[..count].to_vec() };
        let whole = [&[0xFF, 0xD8, 1, 2, 2][..], &[0xFF, 0xD8, 3]];
        assert_eq!(streams(&of(&[], 3), 2)?, whole);
        assert_eq!(streams(&of(&[0, 22], 3), 2)?, whole);
        assert_eq!(streams(&of(&[0, 12], 3), 2)?, [&[0xFF, 0xD8, 1][..], &[2, 2, 0xFF, 0xD8, 3]]);
        assert_eq!(streams(&of(&[], 3), 3)?.len(), 3);
        assert_eq!(streams(&of(&[], 2), 1)?, [whole[0]]);
        for (offsets, count, frames) in [(&[][..], 2, 2 + 1), (&[0, 13], 3, 2), (&[22, 0], 3, 2), (&[], 0, 1), (&[], 3, 4)] {
            assert!(streams(&of(offsets, count), frames).is_err(), "{offsets:?} {count} {frames}");
        }
        Ok(())
    }

    #[test]
    fn whole_numbers_stay_whole_and_others_do_not() -> Result<(), Fault> {
        let hu = |slice: &Synthetic| with_pixels(&slice.bytes(), |pixels| pixels.hu(0));
        let slice = Synthetic { pixels: [-2000, 0, 1, 2, 3, 4], padding: Some(-2000), ..Synthetic::new("1.1") };
        assert_eq!(hu(&slice)?, Hu::Whole(vec![-1024, -1024, -1023, -1022, -1021, -1020]));
        let half = Synthetic { intercept: Some("-1024.5"), ..slice.clone() };
        assert_eq!(hu(&half)?, Hu::Fractional(vec![-1024.0, -1024.5, -1023.5, -1022.5, -1021.5, -1020.5]));
        let far = Synthetic { pixels: [i16::MIN, 0, 0, 0, 0, 0], ..Synthetic::new("1.1") };
        assert_eq!(hu(&far)?, Hu::Fractional(vec![-33792.0, -1024.0, -1024.0, -1024.0, -1024.0, -1024.0]));
        Ok(())
    }

    /// Any byte of the header may be wrong, and the file may end anywhere.
    #[test]
    fn damage_is_told_and_never_a_panic() {
        let decoded = |bytes: &[u8]| with_pixels(bytes, |pixels| pixels.hu(0));
        let whole = Synthetic { padding: Some(-2000), ..Synthetic::new("1.1") }.bytes();
        assert!(decoded(&whole).is_ok());
        for at in 128..whole.len() {
            assert!(decoded(&whole[..at]).is_err(), "cut at {at}");
            for byte in [0x00, 0x01, 0x7F, 0xFF] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                drop(decoded(&damaged));
            }
        }
    }
}
