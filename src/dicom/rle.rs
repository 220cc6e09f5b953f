//! RLE Lossless (PS3.5 annex G). Own code because the decoder at hand indexes past damaged or fragmented data.

use super::Fault;

/// Decodes one frame of `pixels` pixels with `samples` samples of `bytes` bytes: little-endian values, one sample's plane after
/// the other.
pub(super) fn decode(frame: &[u8], pixels: usize, samples: usize, bytes: usize) -> Result<Vec<u8>, Fault> {
    let segments = segments(frame, samples * bytes)?;
    // A run of 128 takes two bytes; more cannot come out, so nothing is allocated for a header that claims it.
    if pixels * samples * bytes > 64 * frame.len() {
        return Err(Fault::Pixels(format!("{} bytes of RLE cannot hold {pixels} pixels", frame.len())));
    }
    let mut values = vec![0; pixels * samples * bytes];
    for (segment, packed) in segments.into_iter().enumerate() {
        // Segments come most significant byte first.
        let (sample, byte) = (segment / bytes, bytes - 1 - segment % bytes);
        let plane = &mut values[sample * pixels * bytes..][..pixels * bytes];
        plane[byte..].iter_mut().step_by(bytes).zip(unpacked(packed, pixels)?).for_each(|(to, from)| *to = from);
    }
    Ok(values)
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
    fn runs_and_literals_become_little_endian_values() -> Result<(), Fault> {
        let high = [0xFE, 0x01, 0x80, 0x00, 0x02];
        let low = [0x03, 10, 20, 30, 40];
        assert_eq!(decode(&frame(&[&high, &low]), 4, 1, 2)?, [10, 1, 20, 1, 30, 1, 40, 2]);
        Ok(())
    }

    #[test]
    fn damage_is_told_and_never_a_panic() {
        let good = frame(&[&[0xFD, 7], &[0xFD, 9]]);
        assert!(decode(&good, 4, 1, 2).is_ok());
        for end in 0..good.len() {
            assert!(decode(&good[..end], 4, 1, 2).is_err(), "cut at {end}");
        }
        assert!(decode(&good, 5, 1, 2).is_err());
        assert!(decode(&good, 1 << 40, 1, 2).is_err());
        assert!(decode(&good, 4, 3, 2).is_err());
        let mut swapped = good;
        swapped.swap(4, 8);
        assert!(decode(&swapped, 4, 1, 2).is_err());
    }
}
