//! `[robustness]`: changes of the test images under which the models are judged once more.

use super::super::experiment::{Model, Robustness};
use super::super::section::{Item, Section, suggestion};
use super::images;
use crate::stage::perturb::Change;

/// What is changed; `Some(None)` where nothing is.
pub(super) fn read(item: Option<&Item<'_>>, models: Option<&[Model]>) -> Option<Option<Robustness>> {
    item.map_or(Some(None), |item| item.table(|s| robustness(s, models)).map(Some))
}

fn robustness(s: &mut Section<'_>, models: Option<&[Model]>) -> Option<Robustness> {
    let all = models.unwrap_or_default().iter().map(|model| model.pooled.clone()).collect();
    let chosen = s.optional("models", all, |item| item.list(|part| known(&part, models)));
    let hu = "a number from -500 to 500 HU other than 0";
    let offsets = changes(s, "offset", |item| item.number(hu, |x| x.abs() <= 500.0 && x != 0.0).map(Change::Offset));
    let noises = changes(s, "noise", |item| item.rate(500.0).map(Change::Noise));
    let windows = changes(s, "window", |item| images::window(item).map(Change::Window));
    let turn = "an angle from -180 to 180 degrees other than 0";
    let turns = changes(s, "rotate", |item| item.number(turn, |x| x.abs() <= 180.0 && x != 0.0).map(Change::Rotate));
    let mut changes: Vec<Change> = vec![];
    for change in [offsets?, noises?, windows?, turns?].concat() {
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    if changes.is_empty() {
        return s.fault("`robustness` changes nothing", "add one of `offset`, `noise`, `window` and `rotate`, each a list");
    }
    Some(Robustness { models: chosen?, changes })
}

fn changes(s: &mut Section<'_>, key: &'static str, one: impl Fn(&Item<'_>) -> Option<Change>) -> Option<Vec<Change>> {
    s.optional(key, vec![], |item| item.list(|part| one(&part)))
}

fn known(item: &Item<'_>, models: Option<&[Model]>) -> Option<String> {
    let name = item.string()?;
    let known: Vec<&str> = models?.iter().map(|model| model.pooled.as_str()).collect();
    if known.contains(&name) {
        return Some(name.to_owned());
    }
    item.fault(format!("`{}` is no model of the design", name.escape_debug()), suggestion(name, &known))
}
