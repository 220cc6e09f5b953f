//! Pixels to PNG. It stands here because this package is always optimised: a figure at 600 dpi has millions of pixels.

use anyhow::Result;
use png::{BitDepth, ColorType, Compression, Encoder, PixelDimensions, Unit};

/// A PNG of `rgba`, four bytes a pixel, all of them opaque; `size` is (width, height), the resolution is in pixels a metre.
///
/// # Errors
/// When the number of bytes does not fit the size.
pub fn opaque_png(rgba: &[u8], size: (u32, u32), per_metre: u32) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    encoder.set_pixel_dims(Some(PixelDimensions { xppu: per_metre, yppu: per_metre, unit: Unit::Meter }));
    let rgb: Vec<u8> = rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}
