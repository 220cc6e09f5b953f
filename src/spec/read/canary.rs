//! `[canary]`: models that are trained once more on permuted labels, and must then have learnt nothing.

use super::super::experiment::Model;
use super::super::section::{Item, Section, suggestion};
use super::super::tree::Value;

/// Names of the canaries; all models of the design where none is named.
pub(super) fn read(item: Option<&Item<'_>>, models: Option<&[Model]>) -> Option<Vec<String>> {
    item.map_or(Some(Vec::new()), |item| item.table(|s| canary(s, models)))
}

fn canary(s: &mut Section<'_>, models: Option<&[Model]>) -> Option<Vec<String>> {
    let permuted = s.required("permute_labels", |item| truth(&item));
    let all = || models.unwrap_or_default().iter().map(|model| model.name.clone()).collect();
    let named = s.optional("models", all(), |item| item.list(|part| known(&part, models)));
    if permuted? { named } else { Some(Vec::new()) }
}

fn truth(item: &Item<'_>) -> Option<bool> {
    match item.node.value {
        Value::Boolean(truth) => Some(truth),
        _ => item.expected("`true` or `false`"),
    }
}

fn known(item: &Item<'_>, models: Option<&[Model]>) -> Option<String> {
    let name = item.string()?;
    let known: Vec<&str> = models?.iter().map(|model| model.name.as_str()).collect();
    if known.contains(&name) {
        return Some(name.to_owned());
    }
    item.fault(format!("`{}` is no model of the design", name.escape_debug()), suggestion(name, &known))
}
