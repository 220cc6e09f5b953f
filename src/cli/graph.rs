//! `bgh graph`: the plan as a picture, steps of one kind drawn as one box, coloured by what a run would do.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, ValueEnum};

use super::outlook::Outlook;
use super::session::{Session, SpecArguments};
use super::{Failure, layout, lines};
use crate::execute::{Executor, Options};

/// Arguments of `bgh graph`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    spec: SpecArguments,

    /// Language of the picture
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    format: Format,

    /// Draw every step instead of one box a kind
    #[arg(long)]
    steps: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Mermaid,
    Dot,
    Svg,
}

/// A box: its text, and what a run would do with the step (with the first that is not cached, where it stands for several).
pub(super) struct Node {
    pub(super) label: String,
    pub(super) state: &'static str,
}

/// Boxes and arrows between them, by the numbers of the boxes.
pub(super) struct Picture {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: BTreeSet<(usize, usize)>,
}

/// Fill and border of each state.
pub(super) const COLOURS: [(&str, &str, &str); 4] = [
    ("cached", "#e3f1e6", "#3b7d4c"),
    ("run", "#fde9d0", "#b8620a"),
    ("wait", "#e8eaf6", "#4a57a0"),
    ("left", "#f2f2f2", "#8a8a8a"),
];

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let session = arguments.spec.open()?;
    let options = Options { experiment: session.experiment.name.clone(), ..Options::default() };
    let executor = Executor::survey(&session.plan, &session.store, &options)?;
    let picture = if arguments.steps { steps(&session, &executor) } else { kinds(&session, &executor) };
    lines::print(match arguments.format {
        Format::Mermaid => mermaid(&picture),
        Format::Dot => dot(&picture),
        Format::Svg => layout::svg(&picture),
    })
}

fn steps(session: &Session, executor: &Executor<'_>) -> Picture {
    let node = |id| Node { label: session.plan.step(id).label.clone(), state: Outlook::of(executor, id).word() };
    let edges = session.plan.edges().map(|(from, to)| (from.index(), to.index())).collect();
    Picture { nodes: session.plan.in_order().map(node).collect(), edges }
}

fn kinds(session: &Session, executor: &Executor<'_>) -> Picture {
    let (mut places, mut counts): (BTreeMap<&str, usize>, Vec<(&str, usize, &'static str)>) = (BTreeMap::new(), vec![]);
    for id in session.plan.in_order() {
        let (kind, state) = (session.plan.step(id).kind.name, Outlook::of(executor, id).word());
        let place = *places.entry(kind).or_insert_with(|| {
            counts.push((kind, 0, "cached"));
            counts.len() - 1
        });
        counts[place].1 += 1;
        if counts[place].2 == "cached" {
            counts[place].2 = state;
        }
    }
    let label = |kind: &str, count: usize| if count > 1 { format!("{kind} × {count}") } else { kind.to_owned() };
    let place = |id| places[session.plan.step(id).kind.name];
    let edges = session.plan.edges().map(|(from, to)| (place(from), place(to))).filter(|(from, to)| from != to).collect();
    Picture { nodes: counts.into_iter().map(|(kind, count, state)| Node { label: label(kind, count), state }).collect(), edges }
}

fn mermaid(picture: &Picture) -> Vec<String> {
    let quoted = |label: &str| label.replace('"', "#quot;");
    let node = |(at, node): (usize, &Node)| format!("  n{at}[\"{}\"]:::{}", quoted(&node.label), node.state);
    let class = |(state, fill, line): &(&str, &str, &str)| format!("  classDef {state} fill:{fill},stroke:{line},color:#222");
    let edges = picture.edges.iter().map(|(from, to)| format!("  n{from} --> n{to}"));
    let head = ["flowchart LR".to_owned()].into_iter();
    head.chain(picture.nodes.iter().enumerate().map(node)).chain(edges).chain(COLOURS.iter().map(class)).collect()
}

fn dot(picture: &Picture) -> Vec<String> {
    let node = |(at, node): (usize, &Node)| {
        let (_, fill, line) = COLOURS.iter().find(|(state, ..)| *state == node.state).unwrap_or(&COLOURS[0]);
        let label = node.label.replace('\\', "\\\\").replace('"', "\\\"");
        format!("  n{at} [label=\"{label}\", fillcolor=\"{fill}\", color=\"{line}\"];")
    };
    let edges = picture.edges.iter().map(|(from, to)| format!("  n{from} -> n{to};"));
    let head = ["digraph bgh {".to_owned(), "  rankdir=LR; node [shape=box, style=filled];".to_owned()].into_iter();
    head.chain(picture.nodes.iter().enumerate().map(node)).chain(edges).chain(["}".to_owned()]).collect()
}
