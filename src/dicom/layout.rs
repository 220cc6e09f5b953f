//! How a header lays out values, and their reading: cut to Bits Stored below High Bit, their sign extended from there (PS3.5 section 8.1.1).

use super::codec::Shape;
use super::dataset::Encoding;
use super::native::Native;
use super::pixels::AIR;
use super::{Fault, Header};

/// How many values of which layout a header promises.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) shape: Shape,
    pub(super) frames: usize,
    /// Bits Allocated: 1, 8, 16 or 32.
    pub(super) allocated: usize,
    /// How far the value stands above bit 0.
    pub(super) shift: u32,
    pub(super) bits: u32,
    pub(super) signed: bool,
}

impl Layout {
    pub(super) fn of(header: &Header) -> Result<Self, Fault> {
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

    /// Whether uncompressed pixel data of so many bytes hold all that the header promises.
    pub(super) fn check(&self, length: usize, encoding: Encoding) -> Result<(), Fault> {
        if self.allocated == 8 && encoding.big_endian {
            let told = "8-bit values in big endian are not read: convert the file to little endian first";
            return Err(Fault::Pixels(told.into()));
        }
        let bits = self.shape.values().checked_mul(self.frames).and_then(|values| values.checked_mul(self.allocated));
        let needed = bits.map_or(usize::MAX, |bits| bits.div_ceil(8));
        let told = || Fault::Pixels(format!("{length} bytes where the header promises {needed}"));
        if needed <= length { Ok(()) } else { Err(told()) }
    }

    /// Hands the values of one frame of uncompressed pixel data to `with`, a piece at a time.
    pub(super) fn read(
        &self,
        native: Native,
        encoding: Encoding,
        frame: usize,
        mut with: impl FnMut(&mut [i32]),
    ) -> Result<(), Fault> {
        let bits = self.shape.values() * self.allocated;
        let (start, end) = (frame * bits, (frame + 1) * bits);
        let (mut stored, mut at) = (Vec::new(), start);
        native.pieces(start / 8..end.div_ceil(8), |piece| {
            let (halves, _) = piece.as_chunks::<2>();
            let (words, _) = piece.as_chunks::<4>();
            stored.clear();
            match self.allocated {
                // Frames follow each other without a gap, the first pixel in the lowest bit (PS3.5 section 8.1.1).
                1 => {
                    let pixels = piece.iter().flat_map(|&byte| (0..8).map(move |bit| i32::from(byte >> bit & 1)));
                    stored.extend(pixels.skip(at % 8).take(end - at));
                    at += stored.len();
                }
                8 => stored.extend(piece.iter().map(|&byte| self.value(byte.into()))),
                // The common cases, so that the compiler makes vectors of them.
                16 if self.bits == 16 && self.signed && !encoding.big_endian => {
                    stored.extend(halves.iter().map(|&half| i32::from(i16::from_le_bytes(half))));
                }
                16 if !encoding.big_endian => {
                    stored.extend(halves.iter().map(|&half| self.value(u16::from_le_bytes(half).into())))
                }
                16 => stored.extend(halves.iter().map(|&half| self.value(encoding.u16(half).into()))),
                _ => stored.extend(words.iter().map(|&word| self.value(encoding.u32(word)))),
            }
            with(&mut stored);
        })
    }

    /// HU of what most scanners write, words with a slope of 1, in 16 bits throughout: a third of the time. `None` where it is something else, or
    /// HU leave 16 bits.
    pub(super) fn shifted(
        &self,
        native: Native,
        encoding: Encoding,
        frame: usize,
        intercept: i16,
        padding: Padding,
    ) -> Result<Option<Vec<i16>>, Fault> {
        if self.allocated != 16 || encoding.big_endian || !(self.signed || self.bits < 16) {
            return Ok(None);
        }
        let (up, down) = (16 - self.bits - self.shift, 16 - self.bits);
        let (first, last) = padding.narrow();
        let values = self.shape.values();
        let (mut hu, mut least, mut most) = (Vec::with_capacity(values), 0, 0);
        native.pieces(2 * frame * values..2 * (frame + 1) * values, |piece| {
            let (words, _) = piece.as_chunks::<2>();
            let words = words.iter().map(|&word| u16::from_le_bytes(word) << up);
            let start = hu.len();
            match self.signed {
                true => hu.extend(words.map(|word| word.cast_signed() >> down)),
                false => hu.extend(words.map(|word| (word >> down).cast_signed())),
            }
            for value in &mut hu[start..] {
                let is_padding = -i16::from((first <= *value) & (*value <= last));
                *value = AIR as i16 & is_padding | value.saturating_add(intercept) & !is_padding;
            }
            least = hu[start..].iter().fold(least, |least, &hu| hu.min(least));
            most = hu[start..].iter().fold(most, |most, &hu| hu.max(most));
        })?;
        // The outermost numbers may stand for what lies beyond them.
        Ok((least > i16::MIN && most < i16::MAX).then_some(hu))
    }

    /// Planes to pixels.
    pub(super) fn interleaved<T: Clone>(&self, planes: &[T]) -> Vec<T> {
        let (pixels, samples) = (self.shape.pixels(), self.shape.samples);
        (0..pixels * samples).map(|at| planes[at % samples * pixels + at / samples].clone()).collect()
    }

    pub(super) fn value(&self, word: u32) -> i32 {
        let at_top = word << (32 - self.bits - self.shift);
        if self.signed { at_top.cast_signed() >> (32 - self.bits) } else { (at_top >> (32 - self.bits)).cast_signed() }
    }
}

/// Stored values that mean "outside the field of view"; none where `least` is above `most` (PS3.3 C.7.5.1.1.2).
#[derive(Debug, Clone, Copy)]
pub(super) struct Padding {
    pub(super) least: i32,
    pub(super) most: i32,
}

impl Padding {
    /// The first and the last in 16 bits, for values that have no more.
    pub(super) fn narrow(self) -> (i16, i16) {
        let last = self.most.min(i16::MAX.into());
        let both = i16::try_from(self.least).ok().zip(i16::try_from(last).ok());
        both.unwrap_or((1, 0))
    }

    pub(super) fn has(self, stored: i32) -> bool {
        (self.least <= stored) & (stored <= self.most)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

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

    /// Frames of pixels of one bit begin within a byte, and no frame is a whole number of pieces.
    #[test]
    fn frames_are_found_in_bytes_and_in_a_file() -> anyhow::Result<()> {
        let (width, height, frames) = (301, 177, 3);
        let values = width * height;
        let bytes: Vec<u8> = (0..4 * values * frames).map(|at| (at % 251) as u8 ^ (at >> 8) as u8).collect();
        let mut file = tempfile::tempfile()?;
        file.write_all(&[&[9; 77], bytes.as_slice()].concat())?;
        let at = |frame: usize, value: usize| frame * values + value;
        let one = |place: usize| i32::from(bytes[place / 8] >> (place % 8) & 1);
        let half = |place: usize| i32::from(u16::from_le_bytes([bytes[2 * place], bytes[2 * place + 1]]));
        let word = |place: usize| i32::from_le_bytes(*bytes[4 * place..].first_chunk().expect("there are four"));
        let expected: [(usize, &dyn Fn(usize) -> i32); 4] =
            [(1, &one), (8, &|place| bytes[place].into()), (16, &half), (32, &word)];
        for (allocated, value) in expected {
            let shape = Shape { width: width as u16, height: height as u16, samples: 1, bytes: allocated / 8 };
            let layout = Layout { shape, frames, allocated, shift: 0, bits: allocated as u32, signed: false };
            for (frame, native) in
                (0..frames).flat_map(|frame| [Native::Read(&bytes), Native::InFile(&file, 77)].map(|native| (frame, native)))
            {
                let mut read = Vec::new();
                layout.read(native, Encoding::EXPLICIT_LE, frame, |stored| read.extend_from_slice(stored))?;
                assert!(
                    read == (0..values).map(|pixel| value(at(frame, pixel))).collect::<Vec<_>>(),
                    "{allocated} bits, frame {frame}"
                );
            }
        }
        Ok(())
    }

    /// Whatever bits a word has: 16 bits give what 32 give, or nothing.
    #[test]
    fn words_that_are_shifted_are_those_that_are_rescaled() -> Result<(), Fault> {
        let bytes: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let shape = Shape { width: 256, height: 256, samples: 1, bytes: 2 };
        let paddings =
            [(1, 0), (-2000, -2000), (-5, 3), (63_536, 65_535), (4000, 40_000)].map(|(least, most)| Padding { least, most });
        let mut narrow = 0;
        for (bits, shift) in [(8, 0), (8, 8), (12, 0), (12, 4), (15, 1), (15, 0), (16, 0)] {
            for (signed, intercept, padding) in [true, false].iter().flat_map(|signed| {
                [0, -1024, 32_767].iter().flat_map(move |at| paddings.map(|padding| (*signed, *at, padding)))
            }) {
                let layout = Layout { shape, frames: 1, allocated: 16, shift, bits, signed };
                let shifted = layout.shifted(Native::Read(&bytes), Encoding::EXPLICIT_LE, 0, intercept, padding)?;
                let of = |stored: i32| if padding.has(stored) { AIR as i32 } else { stored + i32::from(intercept) };
                let wide: Vec<i32> = (0..=u16::MAX).map(|word| of(layout.value(word.into()))).collect();
                narrow += usize::from(shifted.is_some());
                assert!(
                    shifted.is_none_or(|hu| hu.into_iter().map(i32::from).eq(wide)),
                    "{bits} {shift} {signed} {intercept} {padding:?}"
                );
            }
        }
        assert!(narrow > 50, "only {narrow} layouts are read in 16 bits");
        Ok(())
    }
}
