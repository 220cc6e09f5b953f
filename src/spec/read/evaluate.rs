//! What of `[evaluate]` is chosen on the tuning exams.

use super::super::section::{Item, Section, listed};
use super::super::tree::Value;
use crate::stage::compare::OperatingRule;

/// `operating_point = "youden"`, `{ sensitivity = 0.9 }` or `{ specificity = 0.9 }`.
pub(super) fn operating_point(s: &mut Section<'_>) -> Option<OperatingRule> {
    s.optional("operating_point", OperatingRule::Youden, |item| match &item.node.value {
        Value::Table(_) => item.table(fixed),
        Value::String(name) if name == "youden" => Some(OperatingRule::Youden),
        _ => item.expected(&rules()),
    })
}

fn rules() -> String {
    listed(&["\"youden\"", "{ sensitivity = 0.9 }", "{ specificity = 0.9 }"])
}

fn fixed(s: &mut Section<'_>) -> Option<OperatingRule> {
    let rate = |item: Item<'_>| item.rate(1.0);
    match (s.get("sensitivity").map(rate), s.get("specificity").map(rate)) {
        (Some(sensitivity), None) => sensitivity.map(OperatingRule::Sensitivity),
        (None, Some(specificity)) => specificity.map(OperatingRule::Specificity),
        _ => s.fault("an operating point fixes one rate", format!("expected {}", rules())),
    }
}
