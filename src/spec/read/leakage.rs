//! `[leakage]`: when images of two parts count as one, and which likenesses the author knows of.

use std::collections::BTreeSet;

use super::super::experiment::Leakage;
use super::super::section::{Item, Section};
use super::super::tree::Value;

/// Two patients correlate less, copies that were not scaled down much more; [`crate::imaging::Fingerprint`] has the measurement.
const NEAR: f64 = 0.95;

pub(super) fn read(s: &mut Section<'_>) -> Option<Leakage> {
    let near = s.optional("near", Some(NEAR), |item| near(&item));
    let acknowledged =
        s.optional("acknowledge", BTreeSet::new(), |item| Some(item.list(|pair| two(&pair))?.into_iter().collect()));
    Some(Leakage { near: near?, acknowledged: acknowledged? })
}

/// A correlation, or `false` for equal pixels alone.
fn near(item: &Item<'_>) -> Option<Option<f64>> {
    match item.node.value {
        Value::Boolean(false) => Some(None),
        _ => item
            .number("a correlation from 0.5 to 1, or `false` to look for equal pixels alone", |x| (0.5..=1.0).contains(&x))
            .map(Some),
    }
}

/// Two exams, in the order of their names.
fn two(item: &Item<'_>) -> Option<(String, String)> {
    let mut names = item.list(|name| name.string().map(str::to_owned))?;
    names.sort();
    match <[String; 2]>::try_from(names) {
        Ok([a, b]) if a != b => Some((a, b)),
        _ => item.expected("the names of two exams"),
    }
}
