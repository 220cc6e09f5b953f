//! How numbers are printed: the one place that rounds. Files for machines carry full precision instead.
//!
//! Rules: AUC with two decimals, a third where two would claim a perfect value; p as the AMA manual of style prints it (below
//! 0.001 as such, three decimals below 0.01 and where two would round across 0.05, else two); never 0.000.

use crate::artifact::results::{Estimate, Rate};

/// What stands in a table where an estimate does not exist.
pub(super) const NOT_ESTIMABLE: &str = "not estimable";

/// An area, a rate or a limit of one, in [0, 1].
pub(super) fn area(value: f64) -> String {
    let claims_perfection =
        |decimals| matches!(format!("{value:.decimals$}").parse(), Ok(0.0 | 1.0)) && value != 0.0 && value != 1.0;
    match (claims_perfection(2), claims_perfection(3)) {
        (false, _) => format!("{value:.2}"),
        (true, false) => format!("{value:.3}"),
        (true, true) if value < 0.5 => "<0.001".to_owned(),
        (true, true) => ">0.999".to_owned(),
    }
}

/// Limits of an interval of areas: `0.73, 0.89`.
pub(super) fn limits([low, high]: [f64; 2]) -> String {
    format!("{}, {}", area(low), area(high))
}

/// A rate with its counts and its interval: `47/55 = 0.85 (0.73, 0.94)`.
pub(super) fn rate(rate: &Rate) -> String {
    format!("{}/{} = {} ({})", count(rate.hits), count(rate.of), area(rate.value), limits(rate.ci))
}

/// A ratio with three digits or so: two decimals below 10, one above.
pub(super) fn ratio(value: f64) -> String {
    if value < 9.995 { format!("{value:.2}") } else { format!("{value:.1}") }
}

/// A difference of areas, in [-1, 1], with a true minus sign.
pub(super) fn difference(value: f64) -> String {
    let two = signed(value, 2);
    if two == "0.00" && value != 0.0 { signed(value, 3) } else { two }
}

/// Limits of an interval of differences.
pub(super) fn difference_limits([low, high]: [f64; 2]) -> String {
    format!("{}, {}", difference(low), difference(high))
}

/// A p-value without its `p =`.
pub(super) fn p(value: f64) -> String {
    match value {
        v if v < 0.001 => "<0.001".to_owned(),
        v if v < 0.01 || (0.045..0.055).contains(&v) => format!("{v:.3}"),
        v if v > 0.99 => ">0.99".to_owned(),
        v => format!("{v:.2}"),
    }
}

/// A p-value in a sentence or legend, kept on one line: `p = 0.02`, `p < 0.001`, `p not estimable`.
pub(super) fn p_statement(p_value: &Estimate<f64>) -> String {
    match p_value {
        Estimate::Undefined(_) => format!("p {NOT_ESTIMABLE}"),
        Estimate::Defined(value) => {
            let text = p(*value);
            match text.split_at_checked(1) {
                Some((sign @ ("<" | ">"), rest)) => format!("p\u{a0}{sign}\u{a0}{rest}"),
                _ => format!("p\u{a0}=\u{a0}{text}"),
            }
        }
    }
}

/// A count with its thousands set apart by narrow no-break spaces, from five digits on.
pub(super) fn count(value: usize) -> String {
    let digits = value.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(String::from_utf8_lossy).collect::<Vec<_>>().join("\u{202f}")
}

/// `count` things, in the singular where there is one.
pub(super) fn counted(value: usize, singular: &str, plural: &str) -> String {
    format!("{} {}", count(value), if value == 1 { singular } else { plural })
}

/// A loss.
pub(super) fn loss(value: f64) -> String {
    format!("{value:.3}")
}

/// A share as percent without needless digits: `95%`, `97.5%`.
pub(super) fn percent(share: f64) -> String {
    format!("{}%", (share * 1e6).round() / 1e4)
}

/// A double in the shortest form that reads back to the same bits; for files that machines read.
pub(super) fn exact(value: f64) -> String {
    value.to_string()
}

/// [`exact`], or nothing where there is no estimate.
pub(super) fn exact_or_empty(estimate: &Estimate<f64>) -> String {
    match estimate {
        Estimate::Defined(value) => exact(*value),
        Estimate::Undefined(_) => String::new(),
    }
}

fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    if value < 0.0 && text.bytes().any(|digit| matches!(digit, b'1'..=b'9')) { format!("\u{2212}{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_never_rounded_to_perfection() {
        assert_eq!([0.954, 0.998, 0.9999, 1.0, 0.0, 0.0004].map(area), ["0.95", "0.998", ">0.999", "1.00", "0.00", "<0.001"]);
    }

    #[test]
    fn p_is_never_zero_and_never_rounds_across_the_level() {
        let values = [0.0, 0.00099, 0.0062, 0.012, 0.0496, 0.0504, 0.12, 0.996, 1.0];
        assert_eq!(values.map(p), ["<0.001", "<0.001", "0.006", "0.01", "0.050", "0.050", "0.12", ">0.99", ">0.99"]);
    }

    #[test]
    fn p_statements_read_as_sentences() {
        assert_eq!(p_statement(&Estimate::Defined(0.0001)), "p\u{a0}<\u{a0}0.001");
        assert_eq!(p_statement(&Estimate::Defined(0.02)), "p\u{a0}=\u{a0}0.02");
        assert_eq!(p_statement(&Estimate::Undefined("one exam".into())), "p not estimable");
    }

    #[test]
    fn differences_carry_a_minus_sign_unless_they_are_nothing() {
        assert_eq!(
            [-0.141, 0.0, -0.004, -0.0004, 0.02].map(difference),
            ["\u{2212}0.14", "0.00", "\u{2212}0.004", "0.000", "0.02"]
        );
    }

    #[test]
    fn rates_show_what_they_are_made_of() {
        assert_eq!(rate(&Rate { hits: 47, of: 55, value: 47.0 / 55.0, ci: [0.733, 0.935] }), "47/55 = 0.85 (0.73, 0.94)");
        assert_eq!([0.123, 9.994, 9.996, 48.01].map(ratio), ["0.12", "9.99", "10.0", "48.0"]);
    }

    #[test]
    fn counts_are_grouped_from_five_digits_on() {
        assert_eq!([231, 9999, 11_088, 1_234_567].map(count), ["231", "9999", "11\u{202f}088", "1\u{202f}234\u{202f}567"]);
        assert_eq!(counted(1, "exam", "exams"), "1 exam");
    }

    #[test]
    fn levels_print_as_percent() {
        assert_eq!([0.95, 0.975, 0.9].map(percent), ["95%", "97.5%", "90%"]);
    }
}
