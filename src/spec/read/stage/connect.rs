//! From stages that name each other to stages in an order in which each comes after what it reads.

use std::collections::BTreeSet;

use super::super::super::section::suggestion;
use super::super::super::stage::{Stage, Wire};
use super::Draft;
use super::inputs::Reference;
use crate::stage::command::Shape;

pub(super) fn all(drafts: Vec<Draft<'_>>) -> Option<Vec<Stage>> {
    let mut is_whole = true;
    for (at, draft) in drafts.iter().enumerate() {
        if drafts[..at].iter().any(|other| other.stage.name == draft.stage.name) {
            draft.item.fault::<()>(format!("two stages are called `{}`", draft.stage.name), "give each a name of its own");
            is_whole = false;
        }
    }
    let wires: Vec<_> = drafts.iter().map(|draft| wires(draft, &drafts)).collect();
    if !is_whole {
        return None;
    }
    let wires = wires.into_iter().collect::<Option<Vec<_>>>()?;
    let order = order(&drafts)?;
    let mut stages: Vec<_> = drafts.into_iter().zip(wires).map(|(draft, wires)| Some(connected(draft, wires))).collect();
    Some(order.into_iter().filter_map(|at| stages[at].take()).collect())
}

/// An input with what it is connected to and how it is seen.
type Connection = (String, Wire, Shape);

fn wires(draft: &Draft<'_>, drafts: &[Draft<'_>]) -> Option<Vec<Connection>> {
    let wires: Vec<_> = draft.wires.iter().map(|reference| wire(draft, reference, drafts)).collect();
    wires.into_iter().collect()
}

fn wire(draft: &Draft<'_>, reference: &Reference<'_>, drafts: &[Draft<'_>]) -> Option<Connection> {
    let Some(producer) = drafts.iter().find(|other| other.stage.name == reference.stage) else {
        let names: Vec<&str> = drafts.iter().map(|draft| draft.stage.name.as_str()).collect();
        return reference.item.fault(format!("there is no stage `{}`", reference.stage), suggestion(&reference.stage, &names));
    };
    let outputs = &producer.stage.params.outputs;
    let names: Vec<&str> = outputs.keys().map(String::as_str).collect();
    let output = match (&reference.output, names.as_slice()) {
        (Some(output), _) => output.clone(),
        (None, [only]) => (*only).to_owned(),
        (None, _) => {
            return reference.item.fault(
                format!("stage `{}` has several outputs", reference.stage),
                format!("add `output`: {}", names.join(", ")),
            );
        }
    };
    let Some(made) = outputs.get(&output) else {
        let fact = format!("stage `{}` has no output `{output}`", reference.stage);
        return reference.item.fault(fact, suggestion(&output, &names));
    };
    let shape = if is_gathered(&draft.stage, &producer.stage) { Shape::Folder } else { made.shape };
    Some((reference.port.clone(), Wire::Stage { stage: reference.stage.clone(), output }, shape))
}

/// Whether one instance of `reader` reads several of `producer`.
fn is_gathered(reader: &Stage, producer: &Stage) -> bool {
    let axes = |stage: &Stage| -> BTreeSet<String> {
        let own = stage.instances.first().map(|instance| instance.each.iter().map(|(axis, _)| axis.clone()).collect());
        own.unwrap_or_else(|| [super::slots::EXAM.to_owned()].into())
    };
    !axes(producer).is_subset(&axes(reader))
}

/// Positions of the stages, each after those that it reads from; a circle is a fault.
fn order(drafts: &[Draft<'_>]) -> Option<Vec<usize>> {
    let (mut order, mut placed) = (vec![], BTreeSet::new());
    while order.len() < drafts.len() {
        let is_free = |draft: &Draft<'_>| draft.wires.iter().all(|reference| placed.contains(reference.stage.as_str()));
        let free: Vec<usize> =
            (0..drafts.len()).filter(|at| !placed.contains(drafts[*at].stage.name.as_str()) && is_free(&drafts[*at])).collect();
        if free.is_empty() {
            let stuck = drafts.iter().filter(|draft| !placed.contains(draft.stage.name.as_str()));
            let names: Vec<&str> = stuck.clone().map(|draft| draft.stage.name.as_str()).collect();
            let draft = stuck.into_iter().next()?;
            return draft.item.fault(
                format!("stages wait for each other: {}", names.join(", ")),
                "a stage cannot read what is made of its own output",
            );
        }
        placed.extend(free.iter().map(|at| drafts[*at].stage.name.as_str()));
        order.extend(free);
    }
    Some(order)
}

fn connected(draft: Draft<'_>, wires: Vec<Connection>) -> Stage {
    let mut stage = draft.stage;
    for (port, wire, shape) in wires {
        stage.params.inputs.insert(port.clone(), shape);
        stage.inputs.insert(port, wire);
    }
    stage
}
