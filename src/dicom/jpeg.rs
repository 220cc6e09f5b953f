//! JPEG Lossless (PS3.5 annex A.4.1, ISO/IEC 10918-1 process 14). Lossy processes are refused: their HU are not the scanner's.

use jpeg_decoder::{Decoder, PixelFormat};

use super::Fault;

/// Decodes one frame to little-endian values of `bytes` bytes.
pub(super) fn decode(frame: &[u8], width: u16, height: u16, bytes: usize) -> Result<Vec<u8>, Fault> {
    let failed = |failure: jpeg_decoder::Error| Fault::Pixels(format!("JPEG: {failure}"));
    let pixels = usize::from(width) * usize::from(height);
    // A pixel takes at least one bit, so nothing is allocated for a header that claims more than the stream can hold.
    if pixels > 8 * frame.len() {
        return Err(Fault::Pixels(format!("{} bytes of JPEG Lossless cannot hold {pixels} pixels", frame.len())));
    }
    let mut decoder = Decoder::new(frame);
    decoder.read_info().map_err(failed)?;
    let info = decoder.info().ok_or(Fault::Pixels("JPEG without a frame header".into()))?;
    let format = if bytes == 1 { PixelFormat::L8 } else { PixelFormat::L16 };
    if (info.width, info.height, info.pixel_format) != (width, height, format) {
        let told = format!("the JPEG stream is {} x {} {:?}", info.width, info.height, info.pixel_format);
        return Err(Fault::Pixels(format!("{told}, the header says {width} x {height} {format:?}")));
    }
    let values = decoder.decode().map_err(failed)?;
    Ok(if bytes == 1 { values } else { little_endian(&values) })
}

/// The decoder gives 16-bit values in the machine's own order.
fn little_endian(values: &[u8]) -> Vec<u8> {
    let (words, _) = values.as_chunks::<2>();
    words.iter().flat_map(|&word| u16::from_ne_bytes(word).to_le_bytes()).collect()
}
