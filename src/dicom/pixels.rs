//! Pixel data to stored values and to HU.
//!
//! What is decoded is right or refused: values are cut to Bits Stored below High Bit and their sign is extended from there, bits
//! around them are ignored (PS3.5 section 8.1.1), and a CT without Rescale Slope and Intercept has no HU.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;

use dicom_dictionary_std::{tags, uids};

use super::codec;
use super::dataset::{Dataset, Encoding, Extent, Fragments, UNDEFINED, Value};
use super::file::{EXPLICIT_VR_BIG_ENDIAN, Source, with_head};
use super::fragment::streams;
use super::layout::{Layout, Padding};
use super::native::{Native, PIECE};
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
    Native(Native<'a>, Encoding),
    /// One stream a frame.
    Encapsulated(Vec<Cow<'a, [u8]>>),
}

/// As [`with_pixels`], of a file. Uncompressed values are read when a frame is wanted, and no more of them than the frame needs; all else
/// is read whole.
pub(super) fn with_file<T>(path: &Path, with: impl FnOnce(&Pixels) -> Result<T, Fault>) -> Result<T, Fault> {
    let file = File::open(path)?;
    match with_head(&file, Unread::of)? {
        Some(unread) => with(&unread.pixels(&file)?),
        None => with_pixels(&std::fs::read(path)?, with),
    }
}

/// Uncompressed pixel data that are still in their file.
struct Unread {
    header: Header,
    encoding: Encoding,
    /// Where they begin, from the start of the file.
    at: u64,
    /// Their declared length, bytes.
    length: u32,
}

impl Unread {
    /// Finds them by the start of a file; `None` where they are compressed, deflated or missing.
    fn of(head: &[u8]) -> Result<Option<Self>, Fault> {
        let source = Source::of(head)?;
        let dataset = source.dataset(Extent::Header)?;
        let header = Header::of(&source.transfer_syntax, &dataset)?;
        let (Some(start), Some((at, length)), true) = (source.start(head), dataset.unread, is_native(&header.transfer_syntax))
        else {
            return Ok(None);
        };
        let unread = Self { header, encoding: dataset.encoding, at: (start + at) as u64, length };
        Ok((length != UNDEFINED).then_some(unread))
    }

    fn pixels<'a>(&'a self, file: &'a File) -> Result<Pixels<'a>, Fault> {
        let (declared, left) = (self.length.into(), file.metadata()?.len().saturating_sub(self.at));
        if declared > left {
            return Err(Fault::Cut { tag: tags::PIXEL_DATA, declared, left });
        }
        let layout = Layout::of(&self.header)?;
        layout.check(self.length as usize, self.encoding)?;
        Ok(Pixels { header: &self.header, layout, data: Data::Native(Native::InFile(file, self.at), self.encoding) })
    }
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
            Value::Bytes(bytes) if is_native => {
                layout.check(bytes.len(), dataset.encoding)?;
                Data::Native(Native::Read(bytes), dataset.encoding)
            }
            Value::Fragments(fragments) if !is_native => Data::Encapsulated(compressed(&layout, fragments)?),
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
    pub(super) fn map<T: Clone>(&self, frame: usize, value: impl Fn(i32) -> T) -> Result<Vec<T>, Fault> {
        let values = self.gathered(frame, |_, stored, values| values.extend(stored.iter().map(|&stored| value(stored))))?;
        let planes = matches!(self.data, Data::Native(..)) && self.header.planar && self.layout.shape.samples > 1;
        Ok(if planes { self.layout.interleaved(&values) } else { values })
    }

    /// What `add` appends for each piece of a frame. Memory is taken once there are values: a compressed file's header alone is not believed.
    fn gathered<T>(&self, frame: usize, mut add: impl FnMut(bool, &mut [i32], &mut Vec<T>)) -> Result<Vec<T>, Fault> {
        let (count, mut values) = (self.layout.shape.values(), Vec::new());
        self.stored(frame, |signed, stored| {
            values.reserve_exact(count.saturating_sub(values.len()));
            add(signed, stored, &mut values);
        })?;
        Ok(values)
    }

    /// Hands the stored values of a frame to `with` as they lie in the file, some thousands at a time, and whether they are signed.
    fn stored(&self, frame: usize, mut with: impl FnMut(bool, &mut [i32])) -> Result<(), Fault> {
        let layout = &self.layout;
        match &self.data {
            Data::Native(native, encoding) => layout.read(*native, *encoding, frame, |stored| with(layout.signed, stored)),
            Data::Encapsulated(streams) => {
                let decoded = codec::decoder(&self.header.transfer_syntax)?(&streams[frame], layout.shape)?;
                let layout = Layout { signed: layout.signed || decoded.signed, ..*layout };
                for words in decoded.values.chunks(PIECE / 2) {
                    with(layout.signed, &mut words.iter().map(|&word| layout.value(word.into())).collect::<Vec<_>>());
                }
                Ok(())
            }
        }
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
        let is_whole = |number: f64| number.fract() == 0.0 && number.abs() < 32768.0;
        let may_be_whole = is_whole(slope) && is_whole(intercept) && self.layout.bits <= 16;
        let whole = if may_be_whole { self.whole(frame, slope as i32, intercept as i32)? } else { None };
        if let Some(hu) = whole {
            return Ok(Hu::Whole(hu));
        }
        let hu = self.gathered(frame, |signed, stored, hu| {
            let padding = self.padding(signed);
            let of = |stored: i32| if padding.has(stored) { AIR } else { (slope * f64::from(stored) + intercept) as f32 };
            hu.extend(stored.iter().map(|&stored| of(stored)));
        })?;
        Ok(Hu::Fractional(hu))
    }

    /// HU in whole numbers; `None` where 16 bits do not hold them. Each loop does one thing, so that the compiler makes vectors of it.
    fn whole(&self, frame: usize, slope: i32, intercept: i32) -> Result<Option<Vec<i16>>, Fault> {
        if let (Data::Native(native, encoding), 1, Ok(intercept)) = (&self.data, slope, i16::try_from(intercept)) {
            let padding = self.padding(self.layout.signed);
            if let Some(hu) = self.layout.shifted(*native, *encoding, frame, intercept, padding)? {
                return Ok(Some(hu));
            }
        }
        let (mut least, mut most) = (0, 0);
        let whole = self.gathered(frame, |signed, hu, whole| {
            let padding = self.padding(signed);
            for value in hu.iter_mut() {
                // 16 bits of pixels and of slope fit 32.
                let (rescaled, is_padding) =
                    (slope.wrapping_mul(*value).wrapping_add(intercept), -i32::from(padding.has(*value)));
                *value = AIR as i32 & is_padding | rescaled & !is_padding;
            }
            least = hu.iter().fold(least, |least, &hu| hu.min(least));
            most = hu.iter().fold(most, |most, &hu| hu.max(most));
            whole.extend(hu.iter().map(|&hu| hu as i16));
        })?;
        Ok((i16::try_from(least).is_ok() && i16::try_from(most).is_ok()).then_some(whole))
    }

    fn padding(&self, signed: bool) -> Padding {
        let meaning = |word: u16| if signed { i32::from(word.cast_signed()) } else { i32::from(word) };
        match self.header.padding {
            Some((one, other)) => Padding { least: meaning(one).min(meaning(other)), most: meaning(one).max(meaning(other)) },
            None => Padding { least: 1, most: 0 },
        }
    }
}

/// The stream of each frame, where the header promises what decoders give.
fn compressed<'a>(layout: &Layout, fragments: &Fragments<'a>) -> Result<Vec<Cow<'a, [u8]>>, Fault> {
    if ![8, 16].contains(&layout.allocated) || layout.shape.values() > MAX_VALUES {
        return Err(Fault::Pixels(format!(
            "{} compressed values of {} bits are not read",
            layout.shape.values(),
            layout.allocated
        )));
    }
    streams(fragments, layout.frames)
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
