//! Huffman codes of JPEG (T.81 annex C), found by their first bits.

use super::bits::Bits;
use crate::dicom::Fault;

/// Codes of up to this many bits are found by one look.
const QUICK: u32 = 9;

/// A table of codes.
#[derive(Debug, Clone)]
pub(super) struct Codes {
    /// Length and symbol by the first [`QUICK`] bits; length 0 for longer codes.
    quick: Vec<(u8, u8)>,
    /// For each length, the first code that is longer, moved to 16 bits.
    ends: [u32; 17],
    /// For each length, what added to a code gives the place of its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Codes {
    /// From the number of codes of 1 to 16 bits and their symbols.
    pub(super) fn of(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, Fault> {
        let mut codes = Self { quick: vec![(0, 0); 1 << QUICK], ends: [0; 17], offsets: [0; 17], symbols: symbols.to_vec() };
        let (mut code, mut place) = (0_u32, 0_usize);
        for length in 1..=16_u32 {
            let count = u32::from(counts[length as usize - 1]);
            codes.offsets[length as usize] = place as i32 - code as i32;
            if code + count > 1 << length || place + count as usize > symbols.len() {
                return Err(Fault::Pixels("a Huffman table of the JPEG stream is damaged".into()));
            }
            for _ in 0..count {
                codes.note(length, code, symbols[place]);
                (code, place) = (code + 1, place + 1);
            }
            codes.ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(codes)
    }

    fn note(&mut self, length: u32, code: u32, symbol: u8) {
        if length <= QUICK {
            let free = QUICK - length;
            self.quick[(code << free) as usize..((code + 1) << free) as usize].fill((length as u8, symbol));
        }
    }

    /// Takes one symbol.
    pub(super) fn symbol(&self, bits: &mut Bits) -> Result<u8, Fault> {
        let ahead = bits.peek(16);
        let (length, symbol) = self.quick[(ahead >> (16 - QUICK)) as usize];
        if length > 0 {
            bits.skip(length.into());
            return Ok(symbol);
        }
        let length = (QUICK as usize + 1..=16).find(|&length| ahead < self.ends[length]);
        let length = length.ok_or_else(|| Fault::Pixels("the JPEG stream holds a code that its table lacks".into()))?;
        bits.skip(length as u32);
        let place = (ahead >> (16 - length)) as i32 + self.offsets[length];
        Ok(self.symbols[place as usize])
    }
}

/// A difference of `size` bits (T.81 F.2.2.1, EXTEND).
pub(super) fn difference(bits: &mut Bits, size: u32) -> i32 {
    if size == 0 {
        return 0;
    }
    let value = bits.take(size) as i32;
    if value < 1 << (size - 1) { value - (1 << size) + 1 } else { value }
}

#[cfg(test)]
mod tests {
    use super::super::bits::Stuffing;
    use super::*;

    #[test]
    fn short_and_long_codes_are_found() -> Result<(), Fault> {
        // Codes 0, 10, 110, … of 1 to 12 bits.
        let mut counts = [0; 16];
        counts[..12].fill(1);
        let codes = Codes::of(&counts, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])?;
        let mut bits = Bits::of(&[0b1011_1111, 0b1111_0011, 0b1000_0000], Stuffing::Byte);
        assert_eq!([codes.symbol(&mut bits)?, codes.symbol(&mut bits)?, codes.symbol(&mut bits)?], [2, 11, 1]);
        assert!(codes.symbol(&mut Bits::of(&[0xFE, 0xFF, 0], Stuffing::Byte)).is_ok());
        assert!(codes.symbol(&mut Bits::of(&[0xFF, 0, 0xFF, 0], Stuffing::Byte)).is_err());
        Ok(())
    }

    #[test]
    fn more_codes_than_there_are_is_damage() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Codes::of(&counts, &[1, 2, 3]).is_err());
        counts[0] = 2;
        assert!(Codes::of(&counts, &[1]).is_err());
    }

    #[test]
    fn differences_are_extended() {
        let take = |byte, size| difference(&mut Bits::of(&[byte, 0], Stuffing::Byte), size);
        assert_eq!([take(0x00, 3), take(0x60, 3), take(0x80, 3), take(0xE0, 3), take(0, 0)], [-7, -4, 4, 7, 0]);
    }
}
