//! Pixels to PNG. It stands here because this package is always optimised: a figure at 600 dpi has millions of pixels.

use anyhow::Result;
use png::{BitDepth, ColorType, Compression, DeflateCompression, Encoder, Filter, PixelDimensions, Unit};

use super::Image;

/// With every line told by what is different from the one above, half the time of the usual level 6 for a tenth more bytes.
const LEVEL: u8 = 4;

/// A PNG of `rgba`, four bytes a pixel, all of them opaque; `size` is (width, height), the resolution is in pixels a metre.
///
/// # Errors
/// When the number of bytes does not fit the size.
pub fn opaque_png(rgba: &[u8], size: (u32, u32), per_metre: u32) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_deflate_compression(DeflateCompression::Level(LEVEL));
    encoder.set_filter(Filter::Up);
    encoder.set_pixel_dims(Some(PixelDimensions { xppu: per_metre, yppu: per_metre, unit: Unit::Meter }));
    let mut rgb = Vec::with_capacity(rgba.len() / 4 * 3);
    rgba.chunks_exact(4).for_each(|pixel| rgb.extend_from_slice(&pixel[..3]));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}

/// A PNG of a grey image, for a screen: it takes little time rather than little space.
///
/// # Errors
/// When the image is larger than PNG allows.
pub fn grey_png(image: &Image) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, u32::try_from(image.width())?, u32::try_from(image.height())?);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(image.pixels())?;
    writer.finish()?;
    Ok(bytes)
}
