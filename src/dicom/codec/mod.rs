//! Decoders of encapsulated pixel data, one file a family. Each gets one frame and what the header says of it, refuses a stream
//! that says otherwise before memory is taken, and gives values as the stream holds them: masks, signs and HU come later.

mod bits;
mod huffman;
mod idct;
mod jpeg;
mod jpeg2000;
mod jpegls;
mod lossless;
mod rle;
mod segment;
mod sequential;

use dicom_dictionary_std::uids;

use super::Fault;

/// What the header says of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) samples: usize,
    /// Bytes a value: 1 or 2.
    pub(super) bytes: usize,
}

impl Shape {
    pub(super) fn pixels(self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }

    pub(super) fn values(self) -> usize {
        self.pixels() * self.samples
    }

    /// Refuses a stream whose own header has another size.
    fn agrees(self, format: &str, width: u64, height: u64, samples: usize) -> Result<(), Fault> {
        if (width, height, samples) == (self.width.into(), self.height.into(), self.samples) {
            return Ok(());
        }
        let told = format!("the {format} stream has {width} x {height} pixels of {samples} samples");
        Err(Fault::Pixels(format!("{told}, the header says {} x {} of {}", self.width, self.height, self.samples)))
    }
}

/// The values of one frame, samples of a pixel side by side, in two's complement where they are negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) values: Vec<u16>,
    /// Whether the stream itself says that its values are signed. It is believed before the header (PS3.5 section 8.2.4).
    pub(super) signed: bool,
}

type Decode = fn(&[u8], Shape) -> Result<Frame, Fault>;

/// The decoder of a transfer syntax, or why there is none.
pub(super) fn decoder(uid: &str) -> Result<Decode, Fault> {
    let name = match uid {
        uids::RLE_LOSSLESS => return Ok(rle::decode),
        uids::JPEG_BASELINE8_BIT | uids::JPEG_EXTENDED12_BIT | uids::JPEG_LOSSLESS | uids::JPEG_LOSSLESS_SV1 => {
            return Ok(jpeg::decode);
        }
        uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => return Ok(jpegls::decode),
        uids::JPEG2000_LOSSLESS | uids::JPEG2000 => return Ok(jpeg2000::decode),
        uids::HTJ2K_LOSSLESS | uids::HTJ2K_LOSSLESS_RPCL | uids::HTJ2K => return Ok(jpeg2000::decode),
        _ if uid.starts_with("1.2.840.10008.1.2.4.5") || uid.starts_with("1.2.840.10008.1.2.4.6") => "a retired JPEG process",
        _ if uid.starts_with("1.2.840.10008.1.2.4.10") => "video",
        _ if uid.starts_with("1.2.840.10008.1.2.4.11") => "JPEG XL",
        _ => "unknown here",
    };
    Err(Fault::Syntax { uid: uid.to_owned(), name })
}
