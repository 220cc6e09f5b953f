//! What one cell says.

/// How R, pandas, SQL, SAS and people write that there is no value.
const MISSING: [&str; 14] = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "null", "NULL", "None", "none", ".", "-"];

/// Whether the cell says that there is no value.
pub(super) fn is_missing(cell: &[u8]) -> bool {
    MISSING.iter().any(|spelling| spelling.as_bytes() == cell)
}

/// The number in a cell, correctly rounded; `Inf` and `-inf` are numbers, a missing one is NaN. `None` for any other text.
pub(super) fn number(cell: &[u8]) -> Option<f64> {
    let parsed = std::str::from_utf8(cell).ok().and_then(|text| text.parse().ok());
    parsed.or_else(|| is_missing(cell).then_some(f64::NAN))
}

/// Whether the cell would be a number with its comma read as a decimal point.
pub(super) fn has_decimal_comma(cell: &str) -> bool {
    cell.matches(',').count() == 1 && cell.replace(',', ".").parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_r_and_pandas_write_them() {
        let read = |text: &str| number(text.as_bytes());
        assert_eq!(
            ["0.1", "-1e-3", "Inf", "-Inf", "inf", "+2", "7"].map(read),
            [Some(0.1), Some(-0.001), Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(f64::INFINITY), Some(2.0), Some(7.0)]
        );
        assert_eq!(["high", "0,5", "1 2", "0x10", "--"].map(read), [None; 5]);
        assert!(["", "NA", "nan", "NaN", ".", "-", "null"].map(read).iter().all(|number| number.is_some_and(f64::is_nan)));
    }
}
