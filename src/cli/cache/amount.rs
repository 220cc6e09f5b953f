//! Sizes and ages as people write and read them.

use std::time::Duration;

const SIZES: [(&str, f64); 9] = [
    ("TiB", (1u64 << 40) as f64),
    ("GiB", (1u64 << 30) as f64),
    ("MiB", (1u64 << 20) as f64),
    ("KiB", (1u64 << 10) as f64),
    ("TB", 1e12),
    ("GB", 1e9),
    ("MB", 1e6),
    ("kB", 1e3),
    ("B", 1.0),
];

const AGES: [(&str, f64); 4] = [("d", 86_400.0), ("h", 3_600.0), ("m", 60.0), ("s", 1.0)];

/// `1536` is `1.5 KiB`.
pub(in crate::cli) fn size(bytes: u64) -> String {
    let power = (bytes.max(1).ilog2() / 10).min(4);
    format!("{:.1} {}", bytes as f64 / (1u64 << (10 * power)) as f64, ["B", "KiB", "MiB", "GiB", "TiB"][power as usize])
}

/// `50GiB`, `1.5 TB`, or a number of bytes.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    quantity(text, &SIZES)
        .map(|bytes| bytes as u64)
        .ok_or_else(|| format!("`{text}` is no size; write 50GiB, 500MB or a number of bytes"))
}

/// `30d`, `12h`, `10m`, `5s`, or `0`.
pub(super) fn parse_age(text: &str) -> Result<Duration, String> {
    let seconds = if text.trim() == "0" { Some(0.0) } else { quantity(text, &AGES).filter(|_| !is_bare(text)) };
    let age = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    age.ok_or_else(|| format!("`{text}` is no age; write 30d, 12h, 10m, 5s or 0"))
}

fn is_bare(text: &str) -> bool {
    text.trim().ends_with(|letter: char| letter.is_ascii_digit())
}

fn quantity(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let (number, factor) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor))).unwrap_or((text, 1.0));
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_are_read_with_their_units() {
        assert_eq!(parse_size("1.5 KiB"), Ok(1536));
        assert_eq!(parse_size("50GiB"), Ok(50 << 30));
        assert_eq!((parse_size("7"), parse_size("2kB"), parse_size("3B")), (Ok(7), Ok(2000), Ok(3)));
        assert!(["", "GiB", "-1", "5 parsecs", "nan", "inf"].iter().all(|text| parse_size(text).is_err()));
        assert_eq!(parse_age("1.5h"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse_age("0"), Ok(Duration::ZERO));
        assert!(["30", "", "d", "-1d", "1e300d"].iter().all(|text| parse_age(text).is_err()));
        assert_eq!((size(0), size(1536), size(5 << 40)), ("0.0 B".into(), "1.5 KiB".into(), "5.0 TiB".into()));
    }
}
