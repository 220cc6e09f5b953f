//! Encapsulated pixel data: which fragments are which frame (PS3.5 annex A.4).

use std::borrow::Cow;

use super::Fault;
use super::dataset::Fragments;

/// The stream of each frame. Fragments belong to frames by the offset table; without one each frame is one fragment, or begins with
/// the marker that JPEG streams begin with. A single frame may have any number of fragments, though for RLE the standard forbids it.
pub(super) fn streams<'a>(fragments: &Fragments<'a>, frames: usize) -> Result<Vec<Cow<'a, [u8]>>, Fault> {
    let items = &fragments.items;
    let is_start = |bytes: &[u8]| bytes.starts_with(&[0xFF, 0xD8]) || bytes.starts_with(&[0xFF, 0x4F]);
    let starts: Vec<usize> = if frames == 1 {
        vec![0]
    } else if items.len() == frames {
        (0..frames).collect()
    } else if fragments.offsets.len() == frames {
        let place = |offset| items.iter().position(|item| item.0 == offset);
        let damaged = || Fault::Pixels("the offset table points between fragments".into());
        fragments.offsets.iter().map(|&offset| place(offset)).collect::<Option<_>>().ok_or_else(damaged)?
    } else {
        (0..items.len()).filter(|&item| is_start(items[item].1)).collect()
    };
    if items.is_empty() || starts.len() != frames || starts[0] != 0 || !starts.is_sorted_by(|a, b| a < b) {
        return Err(Fault::Pixels(format!("{} fragments cannot be told apart into {frames} frames", items.len())));
    }
    let ends = starts[1..].iter().copied().chain([items.len()]);
    Ok(starts.iter().zip(ends).map(|(&start, end)| joined(&items[start..end])).collect())
}

fn joined<'a>(items: &[(u64, &'a [u8])]) -> Cow<'a, [u8]> {
    match items {
        [(_, only)] => Cow::Borrowed(only),
        _ => Cow::Owned(items.iter().flat_map(|(_, bytes)| *bytes).copied().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_are_told_apart_by_offsets_by_number_or_by_their_marker() -> Result<(), Fault> {
        let items: [(u64, &[u8]); 3] = [(0, &[0xFF, 0xD8, 1]), (12, &[2, 2]), (22, &[0xFF, 0xD8, 3])];
        let of = |offsets: &[u64], count: usize| Fragments { offsets: offsets.to_vec(), items: items[..count].to_vec() };
        let whole = [&[0xFF, 0xD8, 1, 2, 2][..], &[0xFF, 0xD8, 3]];
        assert_eq!(streams(&of(&[], 3), 2)?, whole);
        assert_eq!(streams(&of(&[0, 22], 3), 2)?, whole);
        assert_eq!(streams(&of(&[0, 12], 3), 2)?, [&[0xFF, 0xD8, 1][..], &[2, 2, 0xFF, 0xD8, 3]]);
        assert_eq!(streams(&of(&[], 3), 3)?.len(), 3);
        assert_eq!(streams(&of(&[], 2), 1)?, [whole[0]]);
        for (offsets, count, frames) in [(&[][..], 2, 2 + 1), (&[0, 13], 3, 2), (&[22, 0], 3, 2), (&[], 0, 1), (&[], 3, 4)] {
            assert!(streams(&of(offsets, count), frames).is_err(), "{offsets:?} {count} {frames}");
        }
        Ok(())
    }
}
