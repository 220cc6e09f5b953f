//! Tails and quantiles against 50-digit values.

use bgh::stats::special::{beta, chi_squared, student};

use crate::golden::*;

#[test]
fn student_tails() {
    for row in values("exact/special_functions.json")["pt_upper"].as_array().expect("rows") {
        let (t, df, upper) = (number(&row["t"]), number(&row["df"]), number(&row["upper"]));
        assert_close(student::upper_tail(t, df), upper, 1e-13, 0.0, &row.to_string());
        assert_close(student::two_sided(-t, df), 2.0 * upper, 1e-13, 0.0, &row.to_string());
        assert_close(student::upper_tail(-t, df), 1.0 - upper, 1e-14, 0.0, &row.to_string());
    }
}

#[test]
fn chi_squared_tails() {
    for row in values("exact/special_functions.json")["pchisq_upper"].as_array().expect("rows") {
        let tail = chi_squared::upper_tail(number(&row["x"]), number(&row["df"]));
        assert_close(tail, number(&row["upper"]), 1e-13, 0.0, &row.to_string());
    }
}

/// P(X ≤ k) for X binomial (n, ½) is I_½(n - k, k + 1).
#[test]
fn beta_tails_are_binomial_tails() {
    let half = beta::Unit { x: 0.5, y: 0.5 };
    for row in values("exact/special_functions.json")["binomial_half"].as_array().expect("rows") {
        let (k, n) = (number(&row["k"]), number(&row["n"]));
        let lower = beta::tails(n - k, k + 1.0, half).lower;
        assert_close(lower, number(&row["cdf_half"]), 1e-12, 0.0, &row.to_string());
    }
}
