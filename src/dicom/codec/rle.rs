//! RLE Lossless (PS3.5 annex G). Own code because the decoder at hand indexes past damaged or fragmented data.

use super::{Frame, Shape};
use crate::dicom::Fault;

/// Decodes one frame.
pub(super) fn decode(frame: &[u8], shape: Shape) -> Result<Frame, Fault> {
    let Shape { samples, bytes, .. } = shape;
    let (pixels, values) = (shape.pixels(), shape.values());
    let segments = segments(frame, samples * bytes)?;
    // A run of 128 takes two bytes; more cannot come out, so nothing is allocated for a header that claims it.
    if values.saturating_mul(bytes) > 64 * frame.len() {
        return Err(Fault::Pixels(format!("{} bytes of RLE cannot hold {pixels} pixels", frame.len())));
    }
    let mut values = vec![0; values];
    for (segment, packed) in segments.into_iter().enumerate() {
        // Segments are a sample's plane after the other, the most significant byte first.
        let (sample, shift) = (segment / bytes, 8 * (bytes - 1 - segment % bytes));
        let bytes = unpacked(packed, pixels)?;
        let add = |(value, byte): (&mut u16, u8)| *value |= u16::from(byte) << shift;
        // Grey is told apart from colour, so that the compiler makes vectors of it.
        match samples {
            1 => values.iter_mut().zip(bytes).for_each(add),
            _ => values[sample..].iter_mut().step_by(samples).zip(bytes).for_each(add),
        }
    }
    Ok(Frame { values, signed: false })
}

fn segments(frame: &[u8], expected: usize) -> Result<Vec<&[u8]>, Fault> {
    let damaged = || Fault::Pixels("the RLE header does not fit its data".into());
    let (words, _) = frame.get(..64).ok_or_else(damaged)?.as_chunks::<4>();
    let words: Vec<usize> = words.iter().map(|&word| u32::from_le_bytes(word) as usize).collect();
    if words[0] != expected || expected > 15 {
        return Err(Fault::Pixels(format!("{} RLE segments where {expected} are needed", words[0])));
    }
    let ends = words[2..=expected].iter().copied().chain([frame.len()]);
    words[1..=expected].iter().zip(ends).map(|(&start, end)| frame.get(start..end).ok_or_else(damaged)).collect()
}

/// PackBits: n in 0..=127 copies n + 1 bytes, n in -127..=-1 repeats one byte 1 - n times, -128 is nothing.
fn unpacked(mut packed: &[u8], length: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let short = || Fault::Pixels(format!("an RLE segment ends after {} of {length} bytes", bytes.len()));
        let (&head, rest) = packed.split_first().ok_or_else(short)?;
        packed = match head {
            0..=127 => {
                let (literal, rest) = rest.split_at_checked(usize::from(head) + 1).ok_or_else(short)?;
                bytes.extend_from_slice(literal);
                rest
            }
            128 => rest,
            129..=255 => {
                let (&value, rest) = rest.split_first().ok_or_else(short)?;
                bytes.extend(std::iter::repeat_n(value, 257 - usize::from(head)));
                rest
            }
        };
    }
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { width: 2, height: 2, samples: 1, bytes: 2 };

    fn frame(segments: &[&[u8]]) -> Vec<u8> {
        let mut words = vec![segments.len() as u32];
        let mut at = 64;
        for segment in segments {
            words.push(at);
            at += segment.len() as u32;
        }
        words.resize(16, 0);
        [words.iter().flat_map(|word| word.to_le_bytes()).collect(), segments.concat()].concat()
    }

    #[test]
    fn runs_and_literals_become_values() -> Result<(), Fault> {
        let high = [0xFE, 0x01, 0x80, 0x00, 0x02];
        let low = [0x03, 10, 20, 30, 40];
        assert_eq!(decode(&frame(&[&high, &low]), SHAPE)?.values, [256 + 10, 256 + 20, 256 + 30, 512 + 40]);
        Ok(())
    }

    #[test]
    fn planes_of_colours_come_side_by_side() -> Result<(), Fault> {
        let shape = Shape { width: 2, height: 1, samples: 3, bytes: 1 };
        assert_eq!(decode(&frame(&[&[1, 1, 2], &[1, 3, 4], &[1, 5, 6]]), shape)?.values, [1, 3, 5, 2, 4, 6]);
        Ok(())
    }

    #[test]
    fn damage_is_told_and_never_a_panic() {
        let good = frame(&[&[0xFD, 7], &[0xFD, 9]]);
        assert!(decode(&good, SHAPE).is_ok());
        for end in 0..good.len() {
            assert!(decode(&good[..end], SHAPE).is_err(), "cut at {end}");
        }
        assert!(decode(&good, Shape { width: 5, ..SHAPE }).is_err());
        assert!(decode(&good, Shape { width: u16::MAX, height: u16::MAX, ..SHAPE }).is_err());
        assert!(decode(&good, Shape { samples: 3, ..SHAPE }).is_err());
        let mut swapped = good;
        swapped.swap(4, 8);
        assert!(decode(&swapped, SHAPE).is_err());
    }
}
