//! JPEG (PS3.5 annex A.4.1, ITU-T T.81): lossless, and sequential DCT of 8 and 12 bits in grey. Own code because 12 bits are read by no
//! maintained decoder in Rust, and because a stream that contradicts its header has to be refused before memory is taken.

use super::segment::{FrameHeader, ScanHeader, Segments, Tables, damaged};
use super::{Frame, Shape, lossless, sequential};
use crate::dicom::Fault;

/// How the values of a frame are coded.
#[derive(Clone, Copy)]
enum Process {
    Sequential,
    Lossless,
}

/// Decodes one frame.
pub(super) fn decode(bytes: &[u8], shape: Shape) -> Result<Frame, Fault> {
    let mut segments = Segments::of(bytes)?;
    let mut tables = Tables::default();
    let mut frame = None;
    loop {
        let (marker, segment) = segments.next()?;
        match marker {
            0xC4 => tables.huffman(segment)?,
            0xDB => tables.quantisation(segment)?,
            0xDD => tables.restart(segment)?,
            0xC0 | 0xC1 => frame = Some((Process::Sequential, FrameHeader::of(segment, shape)?)),
            0xC3 => frame = Some((Process::Lossless, FrameHeader::of(segment, shape)?)),
            0xC2 | 0xC5..=0xCF => return Err(Fault::Pixels(format!("JPEG process of marker {marker:02X} is not read"))),
            0xDA => break values(&segments, segment, &tables, frame, shape),
            _ => {}
        }
    }
}

fn values(
    segments: &Segments,
    segment: &[u8],
    tables: &Tables,
    frame: Option<(Process, FrameHeader)>,
    shape: Shape,
) -> Result<Frame, Fault> {
    let (process, frame) = frame.ok_or_else(|| damaged("a scan comes before its frame header"))?;
    let scan = ScanHeader::of(segment, &frame)?;
    let data = segments.rest();
    // A pixel of lossless takes at least one bit, a block of 64 at least two.
    let most = if matches!(process, Process::Lossless) { 8 } else { 64 * 8 / 2 };
    if shape.pixels() > most * data.len() {
        return Err(Fault::Pixels(format!("{} bytes of JPEG cannot hold {} pixels", data.len(), shape.pixels())));
    }
    let values = match process {
        Process::Sequential => sequential::decode(data, &frame, &scan, tables, shape)?,
        Process::Lossless => lossless::decode(data, &frame, &scan, tables, shape)?,
    };
    Ok(Frame { values, signed: false })
}
