//! What the cells of a row say, and what is wrong with those that say nothing.

use std::ops::RangeInclusive;

use super::{Part, Slices};

/// No stack has more slices; what is wider is a slip.
const MOST_SLICES: usize = 100_000;
/// Letters of a cell that a message repeats: a quote that is not closed makes one cell of the rest of the table.
const SHOWN: usize = 60;

/// A cell for a message.
pub(super) fn shown(cell: &str) -> String {
    match cell.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &cell[..end]),
        None => cell.to_owned(),
    }
}

pub(super) fn part(text: &str) -> Result<Part, String> {
    Part::named(text).ok_or_else(|| format!("unknown part `{}`; expected train, tune or test", shown(text)))
}

pub(super) fn fold(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|fold| *fold > 0).ok_or_else(|| format!("fold `{}` is no number from 1", shown(text)))
}

/// What is meant by the cells `slices` and `z`, before a list is written out.
#[derive(Debug, PartialEq)]
pub(super) enum Asked {
    All,
    /// Slices from 1, in order, none twice.
    Listed(Vec<RangeInclusive<usize>>),
    Millimetres {
        from: f64,
        to: f64,
    },
}

impl Asked {
    /// `slices` lists slices from 1, the lowest: `12`, `10-14`, `3 5 9`, or `all`. `z` is a range along the slices' normal in mm:
    /// `-20..40`.
    pub(super) fn of(slices: Option<&str>, z: Option<&str>) -> Result<Option<Self>, String> {
        match (slices, z) {
            (None, None) => Ok(None),
            (Some("all"), None) => Ok(Some(Self::All)),
            (Some(text), None) => listed(text).map(|list| Some(Self::Listed(list))).ok_or_else(|| {
                let form = "`12`, `10-14` or `3 5 9`";
                format!("slices `{}` are no numbers from 1 to {MOST_SLICES} such as {form}", shown(text))
            }),
            (None, Some(text)) => range(text)
                .map(|(from, to)| Some(Self::Millimetres { from, to }))
                .ok_or_else(|| format!("z `{}` is no range in mm such as `-20..40`", shown(text))),
            (Some(_), Some(_)) => Err("both `slices` and `z` say which slices are meant; leave one empty".to_owned()),
        }
    }

    pub(super) fn slices(self) -> Slices {
        match self {
            Self::All => Slices::All,
            Self::Listed(list) => Slices::Listed(list.into_iter().flatten().map(|number| number - 1).collect()),
            Self::Millimetres { from, to } => Slices::Millimetres { from, to },
        }
    }
}

fn listed(text: &str) -> Option<Vec<RangeInclusive<usize>>> {
    let mut ranges = vec![];
    for part in text.split([' ', ';', ',']).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if first == 0 || first > last || last > MOST_SLICES {
            return None;
        }
        ranges.push(first..=last);
    }
    (!ranges.is_empty()).then(|| joined(ranges))
}

/// The same numbers in order, none twice.
fn joined(mut ranges: Vec<RangeInclusive<usize>>) -> Vec<RangeInclusive<usize>> {
    ranges.sort_unstable_by_key(|range| *range.start());
    ranges.into_iter().fold(vec![], |mut joined: Vec<RangeInclusive<usize>>, next| {
        match joined.last_mut() {
            Some(last) if next.start() <= last.end() => *last = *last.start()..=*last.end().max(next.end()),
            _ => joined.push(next),
        }
        joined
    })
}

fn range(text: &str) -> Option<(f64, f64)> {
    let (from, to) = text.split_once("..")?;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let (from, to) = (number(from)?, number(to)?);
    (from < to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_numbered_from_one_and_ranges_hold_both_ends() {
        let listed = |text| Asked::of(Some(text), None).expect("slices").expect("some").slices();
        assert_eq!(listed("12"), Slices::Listed(vec![11]));
        assert_eq!(listed("10-12 3;3"), Slices::Listed(vec![2, 9, 10, 11]));
        assert_eq!(listed("4-6,1-5,9,8-9"), Slices::Listed(vec![0, 1, 2, 3, 4, 5, 7, 8]));
        assert_eq!(listed("all"), Slices::All);
        assert_eq!(Asked::of(None, Some("-20 .. 40.5")), Ok(Some(Asked::Millimetres { from: -20.0, to: 40.5 })));
        for (slice, z) in
            [(Some("0"), None), (Some("4-2"), None), (Some("-"), None), (None, Some("3..3")), (Some("1"), Some("1..2"))]
        {
            assert!(Asked::of(slice, z).is_err(), "{slice:?} {z:?}");
        }
    }

    #[test]
    fn a_list_takes_no_more_room_than_its_text_however_much_it_asks_for() {
        let much = "1-100000 ".repeat(1000);
        assert_eq!(listed(&much), Some(vec![1..=100_000]));
        assert_eq!(listed("1-100001"), None);
    }
}
