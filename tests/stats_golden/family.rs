//! Adjusted p-values.

use bgh::stats;

use crate::golden::*;

#[test]
fn every_adjustment_agrees_with_r() {
    type Adjustment = fn(&[f64]) -> Vec<f64>;
    let adjustments: [(&str, Adjustment); 5] = [
        ("bonferroni", stats::bonferroni),
        ("holm", stats::holm),
        ("hochberg", stats::hochberg),
        ("BH", stats::benjamini_hochberg),
        ("BY", stats::benjamini_yekutieli),
    ];
    let mut checked = 0;
    for golden in goldens() {
        let families = ["adjusted_p_all_pairs", "adjusted_p_family"].map(|family| golden.expected.get(family));
        for family in families.into_iter().flatten() {
            for (name, adjust) in adjustments {
                for (got, want) in adjust(&numbers(&family["p"])).into_iter().zip(numbers(&family[name])) {
                    assert_close(got, want, 1e-14, 0.0, &golden.place(name));
                }
                checked += 1;
            }
        }
    }
    assert!(checked >= 25, "only {checked} families");
}
