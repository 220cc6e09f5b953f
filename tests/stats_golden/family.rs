//! Adjusted p-values.

use bgh::stats;

use crate::golden::*;

#[test]
fn holm_agrees_with_r() {
    for golden in goldens() {
        let Some(family) = golden.expected.get("adjusted_p_all_pairs") else { continue };
        let place = golden.place("holm");
        for (got, want) in stats::holm(&numbers(&family["p"])).into_iter().zip(numbers(&family["holm"])) {
            assert_close(got, want, 1e-15, 0.0, &place);
        }
    }
}
