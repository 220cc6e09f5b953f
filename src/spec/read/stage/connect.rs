//! From stages that name each other to stages in an order in which each comes after what it reads.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::super::super::section::suggestion;
use super::super::super::stage::{Stage, Wire};
use super::Draft;
use super::inputs::Reference;
use crate::stage::command::{Output, Shape};

pub(super) fn all(drafts: Vec<Draft<'_>>) -> Option<Vec<Stage>> {
    let are_distinct = distinct(&drafts);
    let by_name = by_name(&drafts);
    let targets: Vec<_> = drafts.iter().map(|draft| targets(draft, &drafts, &by_name)).collect();
    let targets = targets.into_iter().collect::<Option<Vec<_>>>()?;
    are_distinct?;
    let order = order(&drafts, &by_name)?;
    let stages: Vec<&Stage> = drafts.iter().map(|draft| draft.stage.as_ref()).collect::<Option<_>>()?;
    let connected = |at: usize| connected(stages[at], &targets[at], &stages, &by_name);
    Some(order.into_iter().map(connected).collect())
}

/// Where the stage of a name stands, the first of several.
type ByName<'a> = HashMap<&'a str, usize>;

fn by_name<'a>(drafts: &'a [Draft<'_>]) -> ByName<'a> {
    let named = drafts.iter().enumerate().rev();
    named.filter_map(|(at, draft)| Some((draft.name.as_deref()?, at))).collect()
}

fn distinct(drafts: &[Draft<'_>]) -> Option<()> {
    let (mut is_whole, mut seen) = (true, HashSet::new());
    for draft in drafts {
        if let Some(name) = &draft.name
            && !seen.insert(name)
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

fn targets(draft: &Draft<'_>, drafts: &[Draft<'_>], by_name: &ByName<'_>) -> Option<Vec<Target>> {
    let targets: Vec<_> = draft.references.iter().map(|reference| target(reference, drafts, by_name)).collect();
    targets.into_iter().collect()
}

fn target(reference: &Reference<'_>, drafts: &[Draft<'_>], by_name: &ByName<'_>) -> Option<Target> {
    let (item, stage) = (&reference.item, &reference.stage);
    let Some(producer) = by_name.get(stage.as_str()).map(|at| &drafts[*at]) else {
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
fn order(drafts: &[Draft<'_>], by_name: &ByName<'_>) -> Option<Vec<usize>> {
    let producers = |draft: &Draft<'_>| -> Vec<usize> {
        draft.references.iter().filter_map(|reference| by_name.get(reference.stage.as_str()).copied()).collect()
    };
    let (mut waits, mut readers) = (vec![0; drafts.len()], vec![vec![]; drafts.len()]);
    for (at, draft) in drafts.iter().enumerate() {
        for producer in producers(draft) {
            waits[at] += 1;
            readers[producer].push(at);
        }
    }
    let mut free: VecDeque<usize> = (0..drafts.len()).filter(|at| waits[*at] == 0).collect();
    let mut order = vec![];
    while let Some(at) = free.pop_front() {
        order.push(at);
        for reader in &readers[at] {
            waits[*reader] -= 1;
            if waits[*reader] == 0 {
                free.push_back(*reader);
            }
        }
    }
    if order.len() == drafts.len() { Some(order) } else { circle(drafts, &waits) }
}

fn circle(drafts: &[Draft<'_>], waits: &[usize]) -> Option<Vec<usize>> {
    let open: Vec<&Draft<'_>> = drafts.iter().zip(waits).filter(|(_, waits)| **waits > 0).map(|(draft, _)| draft).collect();
    let names: Vec<&str> = open.iter().map(|draft| draft.name.as_deref().unwrap_or_default()).collect();
    let fact = format!("stages wait for each other: {}", names.join(", "));
    open.first()?.item.fault(fact, "a stage cannot read what is made of its own output")
}

fn connected(stage: &Stage, targets: &[Target], stages: &[&Stage], by_name: &ByName<'_>) -> Stage {
    let mut stage = stage.clone();
    for Target { port, stage: producer, output, made } in targets {
        let gathers = by_name.get(producer.as_str()).is_some_and(|at| is_gathered(&stage, stages[*at]));
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
