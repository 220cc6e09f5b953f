//! Sequential DCT of JPEG (T.81 annex F), one component of 8 or 12 bits.

use super::Shape;
use super::bits::{Bits, Stuffing};
use super::huffman::{Codes, difference};
use super::idct::inverse;
use super::segment::{FrameHeader, ScanHeader, Tables, damaged};
use crate::dicom::Fault;

/// From the order of the stream to rows (T.81 figure A.6).
const ZIG_ZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35,
    42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

pub(super) fn decode(
    data: &[u8],
    frame: &FrameHeader,
    scan: &ScanHeader,
    tables: &Tables,
    shape: Shape,
) -> Result<Vec<u16>, Fault> {
    let ([component], [(dc, ac)]) = (frame.components.as_slice(), scan.tables.as_slice()) else {
        return Err(Fault::Pixels("JPEG in colour is not read: colours are not HU".into()));
    };
    let coder = Coder {
        dc: tables.dc[*dc].as_ref().ok_or_else(|| damaged("a Huffman table is missing"))?,
        ac: tables.ac[*ac].as_ref().ok_or_else(|| damaged("a Huffman table is missing"))?,
        steps: tables.quantisation[component.quantisation].ok_or_else(|| damaged("a quantisation table is missing"))?,
    };
    if ![8, 12].contains(&frame.precision) {
        return Err(damaged("a DCT has neither 8 nor 12 bits"));
    }
    let (width, height) = (usize::from(shape.width), usize::from(shape.height));
    let across = width.div_ceil(8);
    let mut values = vec![0; width * height];
    let mut bits = Bits::of(data, Stuffing::Byte);
    let mut last = 0;
    for block in 0..across * height.div_ceil(8) {
        if tables.restart > 0 && block > 0 && block % tables.restart == 0 {
            bits.restart()?;
            last = 0;
        }
        let pixels = inverse(&coder.block(&mut bits, &mut last)?, frame.precision);
        let (top, left) = (block / across * 8, block % across * 8);
        for (row, line) in pixels.chunks_exact(8).enumerate().take(height - top) {
            let columns = 8.min(width - left);
            values[(top + row) * width + left..][..columns].copy_from_slice(&line[..columns]);
        }
    }
    bits.finish()?;
    Ok(values)
}

struct Coder<'a> {
    dc: &'a Codes,
    ac: &'a Codes,
    steps: [u16; 64],
}

impl Coder<'_> {
    /// One block of coefficients in rows, dequantised.
    fn block(&self, bits: &mut Bits, last: &mut i32) -> Result<[i32; 64], Fault> {
        let mut block = [0; 64];
        let size = self.dc.symbol(bits)?;
        *last = last.wrapping_add(difference(bits, u32::from(size).min(16)));
        block[0] = last.wrapping_mul(self.steps[0].into());
        let mut at = 1;
        while at < 64 {
            let symbol = self.ac.symbol(bits)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            match (run, size) {
                (15, 0) => at += 16,
                (_, 0) => break,
                _ => {
                    at += run;
                    let place = ZIG_ZAG.get(at).ok_or_else(|| damaged("a block has too many coefficients"))?;
                    block[usize::from(*place)] = difference(bits, size).wrapping_mul(self.steps[at].into());
                    at += 1;
                }
            }
        }
        Ok(block)
    }
}
