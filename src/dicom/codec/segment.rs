//! Marker segments of JPEG and JPEG-LS streams (T.81 annex B), and what a decoder has to know of them.

use super::Shape;
use super::huffman::Codes;
use crate::dicom::Fault;

/// One marker with the bytes of its segment.
pub(super) struct Segments<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Segments<'a> {
    /// The segments behind the start of image.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, Fault> {
        if bytes.starts_with(&[0xFF, 0xD8]) { Ok(Self { bytes, at: 2 }) } else { Err(damaged("it does not begin as one")) }
    }

    /// The next marker and its segment; entropy-coded data begin at `at` behind a start of scan.
    pub(super) fn next(&mut self) -> Result<(u8, &'a [u8]), Fault> {
        let ended = || damaged("it ends between its parts");
        while self.bytes.get(self.at) == Some(&0xFF) && self.bytes.get(self.at + 1) == Some(&0xFF) {
            self.at += 1;
        }
        let &[0xFF, marker] = self.bytes.get(self.at..self.at + 2).ok_or_else(ended)? else {
            return Err(damaged("a marker is missing"));
        };
        self.at += 2;
        if marker == 0xD9 {
            return Err(damaged("it ends before its image"));
        }
        let length = self.bytes.get(self.at..self.at + 2).ok_or_else(ended)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let segment = self.bytes.get(self.at + 2..self.at + length.max(2)).ok_or_else(ended)?;
        self.at += length.max(2);
        Ok((marker, segment))
    }

    /// What follows the segments read so far.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }
}

/// A fault of a JPEG stream.
pub(super) fn damaged(fact: &str) -> Fault {
    Fault::Pixels(format!("the JPEG stream is damaged: {fact}"))
}

/// The frame header (T.81 B.2.2).
#[derive(Debug, Clone)]
pub(super) struct FrameHeader {
    pub(super) precision: u32,
    pub(super) components: Vec<Component>,
}

/// One component of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Component {
    id: u8,
    pub(super) quantisation: usize,
}

impl FrameHeader {
    /// Reads a frame header that has to agree with `shape`. Subsampled components are refused: they are colours.
    pub(super) fn of(segment: &[u8], shape: Shape) -> Result<Self, Fault> {
        let &[precision, h0, h1, w0, w1, count, ref parts @ ..] = segment else {
            return Err(damaged("a frame header is short"));
        };
        let (height, width) = (u16::from_be_bytes([h0, h1]), u16::from_be_bytes([w0, w1]));
        let (parts, _) = parts.as_chunks::<3>();
        shape.agrees("JPEG", width.into(), height.into(), count.into())?;
        if parts.len() < count.into() || count == 0 {
            return Err(damaged("a frame header is short"));
        }
        let parts = &parts[..count.into()];
        if count > 1 && parts.iter().any(|part| part[1] != 0x11) {
            return Err(Fault::Pixels("JPEG with subsampled colours is not read: colours are not HU".into()));
        }
        if !(2..=16).contains(&precision) || usize::from(precision) > 8 * shape.bytes {
            return Err(Fault::Pixels(format!(
                "the JPEG stream has {precision} bits a value, BitsAllocated {}",
                8 * shape.bytes
            )));
        }
        let component = |part: &[u8; 3]| Component { id: part[0], quantisation: usize::from(part[2] & 3) };
        Ok(Self { precision: precision.into(), components: parts.iter().map(component).collect() })
    }
}

/// The scan header (T.81 B.2.3).
#[derive(Debug)]
pub(super) struct ScanHeader {
    /// For each component of the frame: its tables for DC (or lossless) and AC.
    pub(super) tables: Vec<(usize, usize)>,
    /// Ss: predictor of lossless, near of JPEG-LS.
    pub(super) start: u8,
    /// Al: point transform.
    pub(super) low: u32,
}

impl ScanHeader {
    /// Reads the header of a scan that has to hold all components of the frame, in their order.
    pub(super) fn of(segment: &[u8], frame: &FrameHeader) -> Result<Self, Fault> {
        let count = frame.components.len();
        if segment.first().copied().map(usize::from) != Some(count) {
            return Err(Fault::Pixels("JPEG with several scans is not read".into()));
        }
        let parts = segment.get(1..4 + 2 * count).ok_or_else(|| damaged("a scan header is short"))?;
        let (tables, ends) = parts.split_at(2 * count);
        let (tables, _) = tables.as_chunks::<2>();
        if tables.iter().zip(&frame.components).any(|(table, component)| table[0] != component.id) {
            return Err(damaged("its scan names other components than its frame"));
        }
        let tables = tables.iter().map(|table| (usize::from(table[1] >> 4 & 3), usize::from(table[1] & 3))).collect();
        Ok(Self { tables, start: ends[0], low: u32::from(ends[2] & 15) })
    }
}

/// Tables that segments before a scan define.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) dc: [Option<Codes>; 4],
    pub(super) ac: [Option<Codes>; 4],
    /// In zig-zag order.
    pub(super) quantisation: [Option<[u16; 64]>; 4],
    /// Units between restart markers; 0 for none.
    pub(super) restart: usize,
}

impl Tables {
    /// Huffman tables (T.81 B.2.4.2).
    pub(super) fn huffman(&mut self, mut segment: &[u8]) -> Result<(), Fault> {
        let short = || damaged("a Huffman table is short");
        while let Some((&head, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(short)?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(total).ok_or_else(short)?;
            let class = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            class[usize::from(head & 3)] = Some(Codes::of(counts, symbols)?);
            segment = rest;
        }
        Ok(())
    }

    /// Quantisation tables (T.81 B.2.4.1).
    pub(super) fn quantisation(&mut self, mut segment: &[u8]) -> Result<(), Fault> {
        while let Some((&head, rest)) = segment.split_first() {
            let width = if head >> 4 == 0 { 1 } else { 2 };
            let (values, rest) = rest.split_at_checked(64 * width).ok_or_else(|| damaged("a quantisation table is short"))?;
            let value = |bytes: &[u8]| bytes.iter().fold(0, |value, &byte| value << 8 | u16::from(byte));
            let mut table = [0; 64];
            table.iter_mut().zip(values.chunks_exact(width)).for_each(|(to, from)| *to = value(from));
            self.quantisation[usize::from(head & 3)] = Some(table);
            segment = rest;
        }
        Ok(())
    }

    /// The restart interval (T.81 B.2.4.4).
    pub(super) fn restart(&mut self, segment: &[u8]) -> Result<(), Fault> {
        let &[high, low] = segment else { return Err(damaged("a restart interval is no number")) };
        self.restart = u16::from_be_bytes([high, low]).into();
        Ok(())
    }
}
