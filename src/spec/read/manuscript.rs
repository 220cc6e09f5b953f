//! `[manuscript]`: what only the author can answer of the CLAIM checklist, by the number of the item, and other words for the report.

use std::collections::BTreeMap;

use super::super::section::Item;

/// Items of CLAIM 2024.
const ITEMS: usize = 44;

/// Answers by item, `[manuscript.claim]`: `14 = "page 6: consensus of two radiologists"`, or `"not applicable: …"`.
pub(super) fn read(item: Option<&Item<'_>>) -> Option<BTreeMap<usize, String>> {
    let Some(item) = item else { return Some(BTreeMap::new()) };
    item.table(|s| s.required("claim", |item| claim(&item)))
}

fn claim(item: &Item<'_>) -> Option<BTreeMap<usize, String>> {
    let mut answers = BTreeMap::new();
    for (key, origin, answer) in item.named()? {
        match key.parse().ok().filter(|item| (1..=ITEMS).contains(item)) {
            Some(number) => answers.extend(answer.string().map(|answer| (number, answer.to_owned()))),
            None => {
                let fact = format!("`{}` is no item of CLAIM 2024", key.escape_debug());
                item.log.fault(origin, fact, format!("items are numbered from 1 to {ITEMS}"));
            }
        }
    }
    Some(answers)
}
