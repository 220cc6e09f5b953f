//! Bits of an entropy-coded segment, most significant first. JPEG puts a zero byte after each 0xFF, JPEG-LS a zero bit.

use crate::dicom::Fault;

/// What follows a byte of 0xFF that belongs to the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stuffing {
    /// A zero byte (T.81 F.1.2.3).
    Byte,
    /// A zero bit (T.87 A.1).
    Bit,
}

/// Reads bits up to the next marker.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    stuffing: Stuffing,
    /// Bits not yet taken, at the top.
    held: u64,
    count: u32,
    /// Zero bits that were made up behind the end of the data.
    invented: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn of(bytes: &'a [u8], stuffing: Stuffing) -> Self {
        Self { bytes, at: 0, stuffing, held: 0, count: 0, invented: 0 }
    }

    /// Holds at least 32 bits, zeros behind the end.
    fn fill(&mut self) {
        if let Some(word) = self.plain() {
            let width = (64 - self.count) / 8 * 8;
            self.held |= word >> (64 - width) << (64 - width) >> self.count;
            self.count += width;
            self.at += width as usize / 8;
            return;
        }
        while self.count <= 48 {
            let Some((byte, width)) = self.next() else {
                self.invented += 64 - self.count;
                self.count = 64;
                return;
            };
            self.held |= u64::from(byte) << (64 - width - self.count);
            self.count += width;
        }
    }

    /// The next eight bytes where they are data throughout: most of the time, since only bytes of 0xFF are followed by something else.
    fn plain(&self) -> Option<u64> {
        let word = u64::from_be_bytes(*self.bytes.get(self.at..)?.first_chunk()?);
        let after_full = self.at > 0 && self.bytes[self.at - 1] == 0xFF;
        // The usual search for a zero byte, in the complement.
        let full = (!word).wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080;
        (full == 0 && !after_full).then_some(word)
    }

    /// The next byte and how many bits of it are data.
    fn next(&mut self) -> Option<(u8, u32)> {
        let byte = *self.bytes.get(self.at)?;
        let after_full = self.stuffing == Stuffing::Bit && self.at > 0 && self.bytes[self.at - 1] == 0xFF;
        if byte != 0xFF || after_full {
            self.at += 1;
            return Some(if after_full { (byte, 7) } else { (byte, 8) });
        }
        let next = self.bytes.get(self.at + 1).copied().unwrap_or(0xFF);
        let is_data = if self.stuffing == Stuffing::Byte { next == 0 } else { next < 0x80 };
        if !is_data {
            return None;
        }
        self.at += if self.stuffing == Stuffing::Byte { 2 } else { 1 };
        Some((byte, 8))
    }

    /// The next `width` bits (1 to 32) without taking them.
    pub(super) fn peek(&mut self, width: u32) -> u32 {
        if self.count < 32 {
            self.fill();
        }
        (self.held >> (64 - width)) as u32
    }

    /// Takes bits that were peeked.
    pub(super) fn skip(&mut self, width: u32) {
        self.held <<= width;
        self.count -= width;
    }

    /// The next `width` bits, 0 to 32.
    pub(super) fn take(&mut self, width: u32) -> u32 {
        if width == 0 {
            return 0;
        }
        let bits = self.peek(width);
        self.skip(width);
        bits
    }

    /// Zeros before the next one, which is taken as well; `limit` where there are more.
    pub(super) fn zeros(&mut self, limit: u32) -> u32 {
        let mut zeros = 0;
        loop {
            let run = self.peek(32).leading_zeros();
            if run < 32 || zeros + run > limit {
                self.skip(if run < 32 { run + 1 } else { 32 });
                return (zeros + run).min(limit);
            }
            self.skip(32);
            zeros += 32;
        }
    }

    /// Refuses a stream of which more was read than there is.
    pub(super) fn finish(&self) -> Result<(), Fault> {
        // What is still held was not taken.
        if self.invented > self.count { Err(Fault::Pixels("the compressed image ends early".into())) } else { Ok(()) }
    }

    /// Goes on behind the next restart marker.
    pub(super) fn restart(&mut self) -> Result<(), Fault> {
        self.finish()?;
        let rest = &self.bytes[self.at..];
        let marker = rest.windows(2).position(|pair| pair[0] == 0xFF && (0xD0..=0xD7).contains(&pair[1]));
        let marker = marker.ok_or_else(|| Fault::Pixels("a restart marker of the JPEG stream is missing".into()))?;
        *self = Self::of(&rest[marker + 2..], self.stuffing);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffed_bytes_and_bits_are_no_data() -> Result<(), Fault> {
        let mut bytes = Bits::of(&[0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD9], Stuffing::Byte);
        assert_eq!([bytes.take(8), bytes.take(8), bytes.take(8)], [0x12, 0xFF, 0x34]);
        bytes.finish()?;
        let mut bits = Bits::of(&[0xFF, 0x7F, 0x80, 0xFF, 0xD9], Stuffing::Bit);
        assert_eq!([bits.take(8), bits.take(7), bits.take(8)], [0xFF, 0x7F, 0x80]);
        bits.finish()
    }

    #[test]
    fn what_lies_behind_the_end_is_told() {
        let mut bits = Bits::of(&[0xA0], Stuffing::Byte);
        assert_eq!(bits.take(3), 5);
        assert!(bits.finish().is_ok());
        bits.take(5);
        assert!(bits.finish().is_ok());
        bits.take(1);
        assert!(bits.finish().is_err());
    }

    #[test]
    fn zeros_are_counted_up_to_the_limit() {
        let mut bits = Bits::of(&[0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x80], Stuffing::Byte);
        assert_eq!((bits.zeros(64), bits.take(4), bits.zeros(64)), (43, 0, 0));
        assert_eq!(Bits::of(&[0; 40], Stuffing::Byte).zeros(30), 30);
    }
}
