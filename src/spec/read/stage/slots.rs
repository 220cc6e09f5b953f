//! Slots that name nothing are slips of the author; braces with a meaning of their own are not.

use super::super::super::section::{Item, suggestion};
use super::super::super::stage::Place;
use super::axes::Axis;
use crate::stage::template::{self, Slot};

/// The name of the axis of stages that stand at each exam.
pub(super) const EXAM: &str = "exam";

/// Names of the axes that texts of a stage may have slots for.
pub(super) fn axes(axes: &[Axis], replaces: Option<Place>) -> Vec<&str> {
    let exam = replaces.map(|_| EXAM);
    axes.iter().map(|axis| axis.name.as_str()).chain(exam).collect()
}

/// Whether a slot names an axis.
pub(super) fn is_axis(slot: &Slot<'_>, axes: &[&str]) -> bool {
    slot.space.is_none() && axes.contains(&slot.name)
}

/// Every slot of `text` that is meant to be one must be `known`; one is meant when it looks into one of the `spaces`.
pub(super) fn check(item: &Item<'_>, text: &str, spaces: &[&str], known: &dyn Fn(&Slot<'_>) -> bool) -> Option<()> {
    let is_meant = |slot: &Slot<'_>| slot.space.is_some_and(|space| spaces.iter().any(|known| is_near(space, known)));
    let unknown: Vec<Slot<'_>> = template::slots(text).filter(|slot| is_meant(slot) && !known(slot)).collect();
    for slot in &unknown {
        let space = slot.space.unwrap_or_default();
        let hint = match spaces.contains(&space) {
            true => format!(
                "there is no `{}` among the {space} of this stage; to mean the braces themselves write `{{{}}}`",
                slot.name, slot.whole
            ),
            false => suggestion(space, spaces),
        };
        item.fault::<()>(format!("`{}` names nothing", slot.whole), hint);
    }
    unknown.is_empty().then_some(())
}

/// Whether a name is one that is known, or a slip of it.
fn is_near(name: &str, known: &str) -> bool {
    strsim::damerau_levenshtein(name, known) <= 1
}
