//! The elements of a data set, without copying a value (PS3.5 section 7).
//!
//! Own code where a library exists, for three reasons that real files taught: a declared length is compared with what the file
//! holds before any memory is taken; the few attributes that ingest needs are read by their meaning even where a writer gave them
//! the VR `UN`; and what surrounds them (over-long application titles, broken private sequences) cannot refuse the image.

use std::collections::BTreeMap;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::Fault;

const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_DELIMITER: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_DELIMITER: Tag = Tag(0xFFFE, 0xE0DD);
/// The length of what ends with a delimiter.
pub(super) const UNDEFINED: u32 = u32::MAX;
/// Deeper nesting than any object of the standard has.
const MAX_DEPTH: usize = 32;
/// VRs whose length takes four bytes in explicit encodings (PS3.5 table 7.1-1).
const LONG: [&[u8; 2]; 13] = [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];

/// How elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) explicit: bool,
    pub(super) big_endian: bool,
}

impl Encoding {
    pub(super) const EXPLICIT_LE: Self = Self { explicit: true, big_endian: false };
    pub(super) const EXPLICIT_BE: Self = Self { explicit: true, big_endian: true };
    pub(super) const IMPLICIT_LE: Self = Self { explicit: false, big_endian: false };

    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// What an element holds.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// A value of known length.
    Bytes(&'a [u8]),
    /// Encapsulated pixel data.
    Fragments(Fragments<'a>),
    /// A sequence of undefined length, and how its items are written.
    Items(&'a [u8], Encoding),
}

/// The items of encapsulated pixel data (PS3.5 annex A.4).
#[derive(Debug, Clone, Default)]
pub(super) struct Fragments<'a> {
    /// Where frames begin, counted from the first fragment's item; may be empty.
    pub(super) offsets: Vec<u64>,
    /// Where each fragment's item begins, counted likewise, and its bytes.
    pub(super) items: Vec<(u64, &'a [u8])>,
}

/// Which part of a data set is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Everything before the pixel data.
    Header,
    /// Everything up to and with the pixel data.
    Pixels,
}

/// Top-level elements by tag, in the order of the standard.
#[derive(Debug)]
pub(super) struct Dataset<'a> {
    pub(super) encoding: Encoding,
    /// Whether pixel data were met, read or not.
    pub(super) has_pixels: bool,
    /// Where the value of pixel data lies that were met and not read, and its declared length; `None` where its own header is cut.
    pub(super) unread: Option<(usize, u32)>,
    elements: BTreeMap<Tag, Value<'a>>,
}

impl<'a> Dataset<'a> {
    fn empty(encoding: Encoding) -> Self {
        Self { encoding, has_pixels: false, unread: None, elements: BTreeMap::new() }
    }

    pub(super) fn parse(bytes: &'a [u8], encoding: Encoding, extent: Extent) -> Result<Self, Fault> {
        let mut reader = Reader { bytes, at: 0, encoding };
        let mut dataset = Self::empty(encoding);
        while !reader.is_done() {
            dataset.has_pixels = reader.clone().tag()? == tags::PIXEL_DATA;
            if dataset.has_pixels && extent == Extent::Header {
                dataset.unread = reader.place().ok();
                break;
            }
            let (tag, value) = reader.element(0)?;
            dataset.elements.insert(tag, value);
            if dataset.has_pixels {
                break;
            }
        }
        Ok(dataset)
    }

    /// The file meta group (PS3.10 section 7.1) at the start of `bytes`, and where it ends. Its group length is not needed and
    /// therefore not trusted.
    pub(super) fn parse_meta(bytes: &'a [u8]) -> Result<(Self, usize), Fault> {
        let encoding = Encoding::EXPLICIT_LE;
        let mut reader = Reader { bytes, at: 0, encoding };
        let mut meta = Self::empty(encoding);
        while !reader.is_done() && reader.clone().tag()?.group() == 2 {
            let (tag, value) = reader.element(0)?;
            meta.elements.insert(tag, value);
        }
        Ok((meta, reader.at))
    }

    pub(super) fn value(&self, tag: Tag) -> Option<&Value<'a>> {
        self.elements.get(&tag)
    }

    /// The bytes of an element that is there and not empty.
    pub(super) fn bytes(&self, tag: Tag) -> Option<&'a [u8]> {
        match self.value(tag) {
            Some(Value::Bytes(bytes)) if !bytes.is_empty() => Some(bytes),
            _ => None,
        }
    }

    /// The items of a sequence; none where it is missing.
    pub(super) fn items(&self, tag: Tag) -> Result<Vec<Self>, Fault> {
        match self.value(tag) {
            None => Ok(Vec::new()),
            Some(Value::Fragments(_)) => Err(Fault::Damaged { at: 0, fact: "pixel data stand where a sequence should" }),
            Some(&Value::Items(bytes, encoding)) => Self::of_items(bytes, encoding),
            // A sequence of known length in VR UN holds implicit little endian (PS3.5 section 6.2.2).
            Some(Value::Bytes(bytes)) => {
                Self::of_items(bytes, self.encoding).or_else(|_| Self::of_items(bytes, Encoding::IMPLICIT_LE))
            }
        }
    }

    fn of_items(bytes: &'a [u8], encoding: Encoding) -> Result<Vec<Self>, Fault> {
        let mut reader = Reader { bytes, at: 0, encoding };
        let mut items = Vec::new();
        while !reader.is_done() {
            let Some((tag, length)) = reader.item()? else { break };
            let mut item = Self::empty(encoding);
            let known = (length != UNDEFINED).then(|| reader.take(tag, length.into())).transpose()?;
            let inner = &mut known.map_or_else(|| reader.clone(), |bytes| Reader { bytes, at: 0, encoding });
            while !inner.is_done() {
                let (tag, value) = inner.element(1)?;
                if tag == ITEM_DELIMITER {
                    break;
                }
                item.elements.insert(tag, value);
            }
            if known.is_none() {
                reader.at = inner.at;
            }
            items.push(item);
        }
        Ok(items)
    }
}

#[derive(Clone)]
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    encoding: Encoding,
}

impl<'a> Reader<'a> {
    /// One stray byte at the end is padding, not an element.
    fn is_done(&self) -> bool {
        self.bytes.len() - self.at < 2
    }

    fn element(&mut self, depth: usize) -> Result<(Tag, Value<'a>), Fault> {
        let tag = self.tag()?;
        let (vr, length) = self.vr_and_length(tag)?;
        let value = match length {
            UNDEFINED if tag == tags::PIXEL_DATA && depth == 0 => Value::Fragments(self.fragments()?),
            UNDEFINED => self.sequence(vr, depth)?,
            length => Value::Bytes(self.take(tag, length.into())?),
        };
        Ok((tag, value))
    }

    /// Where the value of the next element lies, and its declared length.
    fn place(&mut self) -> Result<(usize, u32), Fault> {
        let tag = self.tag()?;
        let (_, length) = self.vr_and_length(tag)?;
        Ok((self.at, length))
    }

    fn tag(&mut self) -> Result<Tag, Fault> {
        let group = self.u16(Tag(0, 0))?;
        Ok(Tag(group, self.u16(Tag(group, 0))?))
    }

    fn vr_and_length(&mut self, tag: Tag) -> Result<([u8; 2], u32), Fault> {
        if !self.encoding.explicit || tag.group() == 0xFFFE {
            return Ok((*b"  ", self.u32(tag)?));
        }
        let vr: [u8; 2] = self.array(tag)?;
        if !vr.iter().all(u8::is_ascii_uppercase) {
            return Err(Fault::Damaged { at: self.at - 2, fact: "a value representation is not two letters" });
        }
        if !LONG.contains(&&vr) {
            return Ok((vr, self.u16(tag)?.into()));
        }
        self.take(tag, 2)?;
        Ok((vr, self.u32(tag)?))
    }

    /// Skips a sequence of undefined length. One of VR `UN` holds implicit little endian (PS3.5 section 6.2.2).
    fn sequence(&mut self, vr: [u8; 2], depth: usize) -> Result<Value<'a>, Fault> {
        if depth >= MAX_DEPTH {
            return Err(Fault::Damaged { at: self.at, fact: "sequences are nested too deeply" });
        }
        let outer = self.encoding;
        if &vr == b"UN" {
            self.encoding = Encoding::IMPLICIT_LE;
        }
        let (start, inner) = (self.at, self.encoding);
        while let Some((tag, length)) = self.item()? {
            if length == UNDEFINED { self.items_elements(depth + 1)? } else { self.take(tag, length.into()).map(drop)? }
        }
        self.encoding = outer;
        Ok(Value::Items(&self.bytes[start..self.at], inner))
    }

    fn items_elements(&mut self, depth: usize) -> Result<(), Fault> {
        while self.element(depth)?.0 != ITEM_DELIMITER {}
        Ok(())
    }

    fn fragments(&mut self) -> Result<Fragments<'a>, Fault> {
        let mut fragments = Fragments::default();
        let Some((tag, length)) = self.item()? else { return Ok(fragments) };
        let (offsets, _) = self.take(tag, length.into())?.as_chunks::<4>();
        fragments.offsets = offsets.iter().map(|&offset| u32::from_le_bytes(offset).into()).collect();
        let first = self.at;
        loop {
            let at = self.at;
            let Some((tag, length)) = self.item()? else { return Ok(fragments) };
            fragments.items.push(((at - first) as u64, self.take(tag, length.into())?));
        }
    }

    /// The header of the next item, or `None` at the end of the sequence.
    fn item(&mut self) -> Result<Option<(Tag, u32)>, Fault> {
        let at = self.at;
        let (tag, length) = (self.tag()?, self.u32(ITEM)?);
        match tag {
            ITEM => Ok(Some((tag, length))),
            SEQUENCE_DELIMITER => Ok(None),
            _ => Err(Fault::Damaged { at, fact: "an item of a sequence was expected" }),
        }
    }

    fn u16(&mut self, tag: Tag) -> Result<u16, Fault> {
        self.array(tag).map(|bytes| self.encoding.u16(bytes))
    }

    fn u32(&mut self, tag: Tag) -> Result<u32, Fault> {
        self.array(tag).map(|bytes| self.encoding.u32(bytes))
    }

    fn array<const N: usize>(&mut self, tag: Tag) -> Result<[u8; N], Fault> {
        self.take(tag, N as u64).map(|bytes| bytes.try_into().expect("BUG: N bytes were taken"))
    }

    fn take(&mut self, tag: Tag, declared: u64) -> Result<&'a [u8], Fault> {
        let left = &self.bytes[self.at..];
        let length = usize::try_from(declared).ok().filter(|&length| length <= left.len());
        let length = length.ok_or(Fault::Cut { tag, declared, left: left.len() as u64 })?;
        self.at += length;
        Ok(&left[..length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Dataset<'_>, Fault> {
        Dataset::parse(bytes, Encoding::EXPLICIT_LE, Extent::Pixels)
    }

    #[test]
    fn a_length_beyond_the_file_is_told_before_memory_is_taken() {
        let bytes = [b"\xE0\x7F\x10\x00OW\0\0".as_slice(), &3_221_225_472_u32.to_le_bytes(), &[0; 10]].concat();
        let fault = parse(&bytes).expect_err("3 GB are not there");
        assert!(matches!(fault, Fault::Cut { tag: tags::PIXEL_DATA, declared: 3_221_225_472, left: 10 }), "{fault}");
    }

    /// Items and sequences may or may not know their length.
    #[test]
    fn items_are_read_however_they_end() -> Result<(), Fault> {
        let rows = b"\x28\x00\x10\x00US\x02\x00\x05\x00";
        let known = [b"\xFE\xFF\x00\xE0\x0A\0\0\0".as_slice(), rows].concat();
        let open = [b"\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF".as_slice(), rows, b"\xFE\xFF\x0D\xE0\0\0\0\0"].concat();
        for items in [[known.as_slice(), &open].concat(), [open.as_slice(), &known].concat()] {
            let length = (items.len() as u32).to_le_bytes();
            let of_known = [b"\x08\x00\x40\x11SQ\0\0".as_slice(), &length, &items].concat();
            let end = b"\xFE\xFF\xDD\xE0\0\0\0\0";
            let of_open = [b"\x08\x00\x40\x11SQ\0\0\xFF\xFF\xFF\xFF".as_slice(), &items, end].concat();
            for bytes in [of_known, of_open] {
                let dataset = parse(&bytes)?;
                let items = dataset.items(Tag(0x0008, 0x1140))?;
                assert_eq!(items.iter().map(|item| item.bytes(tags::ROWS)).collect::<Vec<_>>(), [Some(&[5, 0][..]); 2]);
            }
        }
        Ok(())
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let open = b"\x08\x00\x40\x11SQ\0\0\xFF\xFF\xFF\xFF\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF";
        let fault = parse(&open.repeat(1000)).expect_err("nested too deeply");
        assert_eq!(fault.to_string(), "the data set is damaged at byte 652: sequences are nested too deeply");
    }

    #[test]
    fn what_follows_an_unknown_sequence_is_found() -> Result<(), Fault> {
        let unknown = b"\x09\x00\x10\x10UN\0\0\xFF\xFF\xFF\xFF\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF";
        let implicit = b"\x09\x00\x11\x10\x02\x00\x00\x00ab\xFE\xFF\x0D\xE0\0\0\0\0\xFE\xFF\xDD\xE0\0\0\0\0";
        let bytes = [unknown.as_slice(), implicit, b"\x28\x00\x10\x00US\x02\x00\x05\x00"].concat();
        assert_eq!(parse(&bytes)?.bytes(tags::ROWS), Some(&[5, 0][..]));
        Ok(())
    }
}
