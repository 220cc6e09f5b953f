//! JPEG Lossless (T.81 annex H): each value is predicted from its neighbours and its difference is coded.

use super::Shape;
use super::bits::{Bits, Stuffing};
use super::huffman::{Codes, difference};
use super::segment::{FrameHeader, ScanHeader, Tables, damaged};
use crate::dicom::Fault;

pub(super) fn decode(
    data: &[u8],
    frame: &FrameHeader,
    scan: &ScanHeader,
    tables: &Tables,
    shape: Shape,
) -> Result<Vec<u16>, Fault> {
    if !(1..=7).contains(&scan.start) || scan.low >= frame.precision {
        return Err(damaged("its predictor is unknown"));
    }
    let codes: Option<Vec<&Codes>> = scan.tables.iter().map(|table| tables.dc[table.0].as_ref()).collect();
    let codes = codes.ok_or_else(|| damaged("a Huffman table is missing"))?;
    let mut image = Image {
        values: vec![0; shape.values()],
        stride: shape.samples,
        row: usize::from(shape.width) * shape.samples,
        predictor: scan.start,
        first: 1 << (frame.precision - scan.low - 1),
        begin: 0,
    };
    let mut bits = Bits::of(data, Stuffing::Byte);
    for pixel in 0..shape.pixels() {
        if tables.restart > 0 && pixel > 0 && pixel % tables.restart == 0 {
            bits.restart()?;
            image.begin = pixel * shape.samples;
        }
        for (sample, codes) in codes.iter().enumerate() {
            let size = u32::from(codes.symbol(&mut bits)?);
            // 16 bits stand for 32768 alone (T.81 table H.2).
            let difference = if size >= 16 { 32768 } else { difference(&mut bits, size) };
            image.put(pixel * shape.samples + sample, difference);
        }
    }
    bits.finish()?;
    image.values.iter_mut().for_each(|value| *value <<= scan.low);
    Ok(image.values)
}

struct Image {
    values: Vec<u16>,
    stride: usize,
    /// Values of a row.
    row: usize,
    predictor: u8,
    /// What the first value is predicted to be.
    first: i32,
    /// Where the image, or the part behind the last restart, begins.
    begin: usize,
}

impl Image {
    fn put(&mut self, at: usize, difference: i32) {
        self.values[at] = (self.prediction(at) + difference) as u16;
    }

    /// T.81 table H.1; the first row knows only what is left of a value, the first column only what is above it.
    fn prediction(&self, at: usize) -> i32 {
        let value = |at: usize| i32::from(self.values[at]);
        if at < self.begin + self.stride {
            return self.first;
        }
        if at < self.begin + self.row {
            return value(at - self.stride);
        }
        if at % self.row < self.stride {
            return value(at - self.row);
        }
        let (left, above, corner) = (value(at - self.stride), value(at - self.row), value(at - self.row - self.stride));
        match self.predictor {
            1 => left,
            2 => above,
            3 => corner,
            4 => left + above - corner,
            5 => left + ((above - corner) >> 1),
            6 => above + ((left - corner) >> 1),
            _ => (left + above) >> 1,
        }
    }
}
