//! How `bgh roc` prints numbers: AUCs and shares with three decimals and never rounded to a perfect one, p with two significant
//! digits and `<0.001` below that. Files for machines carry full doubles.

/// An area or a share, in [0, 1].
pub(super) fn share(value: f64) -> String {
    match format!("{value:.3}").as_str() {
        "1.000" if value < 1.0 => ">0.999".to_owned(),
        "0.000" if value > 0.0 => "<0.001".to_owned(),
        text => text.to_owned(),
    }
}

/// A difference, with a true minus sign.
pub(super) fn difference(value: f64) -> String {
    let text = format!("{:.3}", value.abs());
    if value < 0.0 && text != "0.000" { format!("\u{2212}{text}") } else { text }
}

/// A statistic in units of its standard error.
pub(super) fn statistic(value: f64) -> String {
    let text = format!("{:.2}", value.abs());
    if value < 0.0 && text != "0.00" { format!("\u{2212}{text}") } else { text }
}

/// A standard error, three significant digits.
pub(super) fn error(value: f64) -> String {
    significant(value, 3)
}

/// A probability of error; a third digit where two would put it on the other side of 0.05.
pub(super) fn p(value: f64) -> String {
    match value {
        value if value < 0.001 => "<0.001".to_owned(),
        1.0 => "1".to_owned(),
        value if value > 0.99 => ">0.99".to_owned(),
        value if (0.0495..0.0505).contains(&value) => significant(value, 3),
        value => significant(value, 2),
    }
}

/// `= 0.012` or `< 0.001`.
pub(super) fn p_statement(value: f64) -> String {
    let text = p(value);
    match text.strip_prefix('<') {
        Some(bound) => format!("< {bound}"),
        None => format!("= {text}").replace("= >", "> "),
    }
}

/// A share as percent, without needless digits.
pub(super) fn percent(share: f64) -> String {
    ((share * 1e6).round() / 1e4).to_string()
}

/// A ratio or a threshold, four significant digits.
pub(super) fn plain(value: f64) -> String {
    match value.abs() {
        size if size != 0.0 && size.is_finite() && !(1e-4..1e6).contains(&size) => format!("{value:.3e}"),
        size if size.is_finite() => significant(value, 4),
        _ if value > 0.0 => "∞".to_owned(),
        _ => "\u{2212}∞".to_owned(),
    }
}

/// Limits with `to` between them, which no minus sign can be mistaken for.
pub(super) fn limits(low: &str, high: &str) -> String {
    format!("{low} to {high}")
}

fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = (digits - 1 - value.abs().log10().floor() as i32).max(0) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_rounded_to_perfection_or_to_zero() {
        assert_eq!(
            [1.0, 0.99996, 0.9994, 0.5, 0.0001, 0.0].map(share),
            ["1.000", ">0.999", "0.999", "0.500", "<0.001", "0.000"]
        );
        assert_eq!([-0.0604, 0.0604, -0.0002, 0.0].map(difference), ["\u{2212}0.060", "0.060", "0.000", "0.000"]);
    }

    #[test]
    fn p_has_two_digits_and_keeps_its_side() {
        let values = [0.0, 0.00123, 0.0123, 0.0496, 0.05, 0.0504, 0.123, 0.5, 0.999, 1.0];
        assert_eq!(values.map(p), ["<0.001", "0.0012", "0.012", "0.0496", "0.0500", "0.0504", "0.12", "0.50", ">0.99", "1"]);
    }

    #[test]
    fn other_numbers_keep_their_size() {
        assert_eq!([0.123_456, 1234.5, 2e9, 1e-7, f64::INFINITY].map(plain), ["0.1235", "1234", "2.000e9", "1.000e-7", "∞"]);
    }
}
