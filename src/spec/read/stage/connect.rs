//! From stages that name each other to stages in an order in which each comes after what it reads.

use std::collections::BTreeSet;

use super::super::super::section::suggestion;
use super::super::super::stage::{Stage, Wire};
use super::Draft;
use super::inputs::Reference;
use crate::stage::command::{Output, Shape};

pub(super) fn all(drafts: Vec<Draft<'_>>) -> Option<Vec<Stage>> {
    let are_distinct = distinct(&drafts);
    let targets: Vec<_> = drafts.iter().map(|draft| targets(draft, &drafts)).collect();
    let targets = targets.into_iter().collect::<Option<Vec<_>>>()?;
    are_distinct?;
    let order = order(&drafts)?;
    let stages: Vec<&Stage> = drafts.iter().map(|draft| draft.stage.as_ref()).collect::<Option<_>>()?;
    let connected = |at: usize| connected(stages[at], &targets[at], &stages);
    Some(order.into_iter().map(connected).collect())
}

fn distinct(drafts: &[Draft<'_>]) -> Option<()> {
    let mut is_whole = true;
    for (at, draft) in drafts.iter().enumerate() {
        if let Some(name) = &draft.name
            && drafts[..at].iter().any(|other| other.name.as_ref() == Some(name))
        {
            draft.item.fault::<()>(format!("two stages are called `{name}`"), "give each a name of its own");
            is_whole = false;
        }
    }
    is_whole.then_some(())
}

/// What an input reads: its port, the other stage and the output there.
struct Target {
    port: String,
    stage: String,
    output: String,
    made: Output,
}

fn targets(draft: &Draft<'_>, drafts: &[Draft<'_>]) -> Option<Vec<Target>> {
    let targets: Vec<_> = draft.references.iter().map(|reference| target(reference, drafts)).collect();
    targets.into_iter().collect()
}

fn target(reference: &Reference<'_>, drafts: &[Draft<'_>]) -> Option<Target> {
    let (item, stage) = (&reference.item, &reference.stage);
    let Some(producer) = drafts.iter().find(|other| other.name.as_ref() == Some(stage)) else {
        let names: Vec<&str> = drafts.iter().filter_map(|draft| draft.name.as_deref()).collect();
        return item.fault(format!("there is no stage `{stage}`"), suggestion(stage, &names));
    };
    let outputs = producer.outputs.as_ref()?;
    let names: Vec<&str> = outputs.keys().map(String::as_str).collect();
    let output = match (&reference.output, names.as_slice()) {
        (Some(output), _) => output.clone(),
        (None, [only]) => (*only).to_owned(),
        (None, _) => {
            return item.fault(format!("stage `{stage}` has several outputs"), format!("add `output`: {}", names.join(", ")));
        }
    };
    let Some(made) = outputs.get(&output) else {
        return item.fault(format!("stage `{stage}` has no output `{output}`"), suggestion(&output, &names));
    };
    Some(Target { port: reference.port.clone(), stage: stage.clone(), output, made: made.clone() })
}

/// Positions of the stages, each after those that it reads from; a circle is a fault.
fn order(drafts: &[Draft<'_>]) -> Option<Vec<usize>> {
    let name = |at: usize| drafts[at].name.as_deref().unwrap_or_default();
    let (mut order, mut placed): (Vec<usize>, BTreeSet<&str>) = (vec![], BTreeSet::new());
    while order.len() < drafts.len() {
        let open: Vec<usize> = (0..drafts.len()).filter(|at| !order.contains(at)).collect();
        let is_free = |at: &usize| drafts[*at].references.iter().all(|reference| placed.contains(reference.stage.as_str()));
        let free: Vec<usize> = open.iter().copied().filter(is_free).collect();
        if free.is_empty() {
            let names: Vec<&str> = open.iter().map(|at| name(*at)).collect();
            let fact = format!("stages wait for each other: {}", names.join(", "));
            return drafts[*open.first()?].item.fault(fact, "a stage cannot read what is made of its own output");
        }
        placed.extend(free.iter().map(|at| name(*at)));
        order.extend(free);
    }
    Some(order)
}

fn connected(stage: &Stage, targets: &[Target], stages: &[&Stage]) -> Stage {
    let mut stage = stage.clone();
    for Target { port, stage: producer, output, made } in targets {
        let gathers = stages.iter().find(|other| other.name == *producer).is_some_and(|other| is_gathered(&stage, other));
        let shape = if gathers { Shape::Folder } else { made.shape };
        stage.params.inputs.insert(port.clone(), shape);
        stage.inputs.insert(port.clone(), Wire::Stage { stage: producer.clone(), output: output.clone() });
    }
    stage
}

/// Whether one instance of `reader` reads several of `producer`.
fn is_gathered(reader: &Stage, producer: &Stage) -> bool {
    let axes = |stage: &Stage| -> BTreeSet<String> {
        let own = stage.instances.first().map(|instance| instance.each.iter().map(|(axis, _)| axis.clone()).collect());
        own.unwrap_or_else(|| [super::slots::EXAM.to_owned()].into())
    };
    !axes(producer).is_subset(&axes(reader))
}
