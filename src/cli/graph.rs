//! `bgh graph`: the plan as a picture, steps of one kind drawn as one box.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, ValueEnum};

use super::Failure;
use super::session::{Session, SpecArguments};

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
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let session = arguments.spec.open()?;
    let (nodes, edges) = if arguments.steps { steps(&session) } else { kinds(&session) };
    match arguments.format {
        Format::Mermaid => {
            println!("flowchart LR");
            nodes.iter().for_each(|(name, label)| println!("  {name}[\"{label}\"]"));
            edges.iter().for_each(|(from, to)| println!("  {from} --> {to}"));
        }
        Format::Dot => {
            println!("digraph bgh {{\n  rankdir=LR; node [shape=box];");
            nodes.iter().for_each(|(name, label)| println!("  {name} [label=\"{label}\"];"));
            edges.iter().for_each(|(from, to)| println!("  {from} -> {to};"));
            println!("}}");
        }
    }
    Ok(())
}

type Picture = (Vec<(String, String)>, BTreeSet<(String, String)>);

fn steps(session: &Session) -> Picture {
    let name = |index: usize| format!("s{index}");
    let nodes = session.plan.in_order().map(|id| (name(id.index()), session.plan.step(id).label.clone())).collect();
    (nodes, session.plan.edges().map(|(from, to)| (name(from.index()), name(to.index()))).collect())
}

fn kinds(session: &Session) -> Picture {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    session.plan.in_order().for_each(|id| *counts.entry(session.plan.step(id).kind.name).or_default() += 1);
    let label = |(kind, count): (&str, usize)| {
        (format!("k_{kind}"), if count > 1 { format!("{kind} × {count}") } else { kind.to_owned() })
    };
    let name = |id| format!("k_{}", session.plan.step(id).kind.name);
    (counts.into_iter().map(label).collect(), session.plan.edges().map(|(from, to)| (name(from), name(to))).collect())
}
