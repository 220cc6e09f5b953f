//! `[manuscript]`: what only the author can say: who was excluded before the cohort was put together, and what of the CLAIM checklist no
//! record answers; and how the journal prints figures.

use std::collections::BTreeMap;

use super::super::experiment::Manuscript;
use super::super::section::Item;
use crate::stage::paper::{JOURNALS, Paper};

/// Items of CLAIM 2024.
const ITEMS: usize = 44;

pub(super) fn read(item: Option<&Item<'_>>) -> Option<Manuscript> {
    let Some(item) = item else { return Some(Manuscript::default()) };
    item.table(|s| {
        let excluded = s.optional("excluded", vec![], |item| excluded(&item));
        let claim = s.optional("claim", BTreeMap::new(), |item| claim(&item));
        let paper = s.optional("journal", Paper::default(), |item| item.one_of(&JOURNALS));
        let dpi = s.get("dpi").map_or(Some(None), |item| item.count(300, 2400).map(Some));
        let paper = paper.map(|paper| Paper { dpi: dpi.flatten().map_or(paper.dpi, |dpi| dpi as u32), ..paper });
        dpi?;
        Some(Manuscript { excluded: excluded?, claim: claim?, paper: paper? })
    })
}

/// `{ "motion artefacts" = 3, "slices thicker than 6 mm" = 12 }`.
fn excluded(item: &Item<'_>) -> Option<Vec<(String, usize)>> {
    item.named()?.into_iter().map(|(reason, _, count)| Some((reason.to_owned(), count.count(1, 100_000_000)?))).collect()
}

/// Answers by item: `14 = "page 6: consensus of two radiologists"`.
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
