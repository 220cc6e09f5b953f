//! `bgh diff`: two runs, two specs, or a run and a spec beside each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::past::{self, CacheArguments, when};
use super::session::SpecArguments;
use super::{Failure, lines};
use crate::execute::{Executor, Options};
use crate::history::{Area, CellChange, Difference, Measure, Runs, Shared, Side, TableChange};
use crate::plan::Cause;

/// Arguments of `bgh diff`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A run (its id or the beginning of it, `last`, `last~1`) or a spec (a TOML file)
    a: String,

    /// Another one
    b: String,

    #[command(flatten)]
    cache: CacheArguments,

    /// One JSON object: `a` and `b` (what is compared), `only_a`, `only_b` (steps), `changes` (`causes` with their `steps`; see `bgh
    /// plan --help` for the types), `same` (a number of steps), `different`, `unknown` (steps), `measures` (`model`, and `auc` with
    /// `interval` as `a` and `b`), `tables` (`table` and its `cells`: `row`, `column`, `a`, `b`)
    #[arg(long)]
    json: bool,

    /// Every step and every cell
    #[arg(long)]
    all: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let store = arguments.cache.store()?;
    let (name_a, a) = side(&arguments.a, arguments)?;
    let (name_b, b) = side(&arguments.b, arguments)?;
    let difference = Difference::between(&a, &b, &store)?;
    if arguments.json {
        let mut object = serde_json::to_value(&difference).map_err(anyhow::Error::from)?;
        (object["a"], object["b"]) = (json!(name_a), json!(name_b));
        return lines::print([object.to_string()]);
    }
    let few = if arguments.all { usize::MAX } else { 4 };
    lines::print([format!("a  {name_a}"), format!("b  {name_b}")].into_iter().chain(told(&difference, few)))
}

/// What a name on the command line means, and what there is of it.
fn side(name: &str, arguments: &Arguments) -> Result<(String, Side), Failure> {
    let store = arguments.cache.store()?;
    if Path::new(name).is_file() || name.ends_with(".toml") {
        let site = arguments.cache.site.clone();
        let session = SpecArguments::of(PathBuf::from(name), site).open()?;
        let options = Options { experiment: session.spec.name.clone(), ..Options::default() };
        let executor = Executor::survey(&session.plan, &session.store, &options)?;
        return Ok((name.to_owned(), Side::of_plan(&session.plan, &executor, &session.store)));
    }
    let run = past::find(&Runs::of(&store), name)?;
    let header = run.header();
    let told = format!("run {} of {}, {}", header.id, header.experiment, when(header.started));
    Ok((told, Side::of_run(&run, &store)?))
}

fn told(difference: &Difference, few: usize) -> Vec<String> {
    let Difference { only_a, only_b, changes, same, different, unknown, measures, tables } = difference;
    let mut text = vec![];
    text.extend(steps("only in a", only_a, few));
    text.extend(steps("only in b", only_b, few));
    if !changes.is_empty() {
        text.push("made otherwise".to_owned());
        text.extend(changes.iter().flat_map(|shared| change(shared, few)));
    }
    text.push(format!("outputs: {same} steps the same, {} different, {} unknown", different.len(), unknown.len()));
    text.extend(steps("different", different, few));
    text.extend(steps("unknown", unknown, few));
    text.extend(areas(measures));
    text.extend(tables.iter().flat_map(|table| cells(table, few)));
    text
}

/// Steps by name where they are few, by kind and number where they are many.
fn steps(what: &str, labels: &[String], few: usize) -> Vec<String> {
    if labels.is_empty() {
        return vec![];
    }
    lines::wrapped(&format!("{what}: {}", listed(labels, few)), "  ")
}

fn listed(labels: &[String], few: usize) -> String {
    if labels.len() <= few {
        return labels.join(", ");
    }
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for label in labels {
        kinds.entry(label.split('[').next().unwrap_or(label)).or_default().push(label);
    }
    let told = kinds.iter().map(|(kind, labels)| match labels.as_slice() {
        [one] => (*one).to_owned(),
        many => format!("{kind} × {}", many.len()),
    });
    told.collect::<Vec<_>>().join(", ")
}

fn change(shared: &Shared, few: usize) -> Vec<String> {
    let head = lines::wrapped(&format!("  {}", listed(&shared.steps, few)), "    ");
    let shown = shared.causes.iter().take(few).flat_map(cause);
    let more = shared.causes.len().saturating_sub(few);
    let rest = (more > 0).then(|| format!("    and {more} more"));
    head.into_iter().chain(shown).chain(rest).collect()
}

fn cause(cause: &Cause) -> Vec<String> {
    lines::wrapped(&format!("    {cause}"), "      ")
}

fn areas(measures: &[Measure]) -> Vec<String> {
    if measures.is_empty() {
        return vec![];
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(["AUC (interval)", "a", "b", "b − a"]);
    for Measure { model, a, b } in measures {
        table.add_row([model.clone(), area(*a), area(*b), format!("{:+.3}", b.auc - a.auc)]);
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

fn area(area: Area) -> String {
    let interval = area.interval.map_or_else(|| "undefined".to_owned(), |[low, high]| format!("{low:.3}, {high:.3}"));
    format!("{:.3} ({interval})", area.auc)
}

fn cells(TableChange { table, cells }: &TableChange, few: usize) -> Vec<String> {
    let cell = |CellChange { row, column, a, b }: &CellChange| {
        let text = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "(absent)".to_owned());
        lines::fit(&format!("  {row} · {column}  {} → {}", text(a), text(b)))
    };
    let more = cells.len().saturating_sub(few);
    let rest = (more > 0).then(|| format!("  and {more} more"));
    let head = format!("{table}: {} cells differ", cells.len());
    [head].into_iter().chain(cells.iter().take(few).map(cell)).chain(rest).collect()
}
