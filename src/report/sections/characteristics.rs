//! Who was examined and how: the baseline table and the table of the acquisitions.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Section;
use crate::artifact::{Acquired, Characteristics, Group, Spread};
use crate::report::document::Block;
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Series, Table};

pub(super) const SECTION: Section = Section { id: "characteristics", heading: "Characteristics of the exams", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let Some(all) = study.characteristics.filter(|all| !all.groups.is_empty()) else { return Ok(vec![]) };
    let acquisition = (!all.acquisition.is_empty()).then(|| Block::Table(acquisition(all)));
    Ok([Block::Table(baseline(all))].into_iter().chain(acquisition).collect())
}

/// A column a partition and class, a row a fact.
fn baseline(all: &Characteristics) -> Table {
    let mut table = Table::new(Series::Supplement, "Characteristics of the exams by partition and class.");
    table.columns = vec![Column::words("Characteristic")];
    table.columns.extend(all.groups.iter().map(|group| Column::numbers(format!("{}, {}", group.partition, group.class))));
    let mut row = |name: String, cells: Vec<String>| table.rows.push([name].into_iter().chain(cells).map(Cell::from).collect());
    let counts = |count: fn(&Group) -> usize| all.groups.iter().map(|group| number::count(count(group))).collect();
    row("Exams".to_owned(), counts(|group| group.exams));
    row("Patients".to_owned(), counts(|group| group.patients));
    row("Slices".to_owned(), counts(|group| group.slices));
    for name in names(all, |group| group.numbers.keys().collect()) {
        let cell = |group: &Group| group.numbers.get(name).map(spread).unwrap_or_default();
        row(format!("{name}, mean \u{b1} SD (range)"), all.groups.iter().map(cell).collect());
    }
    for name in names(all, |group| group.words.iter().filter(|(_, values)| !values.is_empty()).map(|(name, _)| name).collect())
    {
        let values: BTreeSet<&String> =
            all.groups.iter().filter_map(|group| group.words.get(name)).flat_map(|tally| tally.keys()).collect();
        for value in values {
            let count = |group: &Group| group.words.get(name).and_then(|tally| tally.get(value)).copied().unwrap_or(0);
            row(format!("{name}: {value}"), all.groups.iter().map(|group| number::count(count(group))).collect());
        }
    }
    table.notes = all.groups.iter().flat_map(missing).collect();
    table.data.header =
        ["partition", "class", "fact", "value", "exams", "mean", "sd", "least", "most"].map(String::from).to_vec();
    table.data.rows = all.groups.iter().flat_map(data).collect();
    table
}

fn names<'a>(all: &'a Characteristics, of: impl Fn(&'a Group) -> Vec<&'a String>) -> BTreeSet<&'a String> {
    all.groups.iter().flat_map(of).collect()
}

fn spread(spread: &Spread) -> String {
    let sd = spread.sd.map(|sd| format!(" \u{b1} {}", short(sd))).unwrap_or_default();
    format!("{}{sd} ({}\u{2013}{})", short(spread.mean), short(spread.least), short(spread.most))
}

/// Three digits or so.
fn short(value: f64) -> String {
    if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Facts that some exams lack, where others of the group have them.
fn missing(group: &Group) -> Vec<String> {
    let known = |(name, known): (&String, usize)| {
        let lacking = group.exams - known;
        (lacking > 0 && known > 0)
            .then(|| format!("{name} is not known of {} of {}, {}.", lacking, group.partition, group.class))
    };
    let numbers = group.numbers.iter().map(|(name, spread)| (name, spread.known));
    numbers.chain(group.words.iter().map(|(name, tally)| (name, tally.values().sum()))).filter_map(known).collect()
}

fn data(group: &Group) -> Vec<Vec<String>> {
    let cell = |fact: &str, value: &str, exams: usize, rest: [String; 4]| {
        let facts = [&group.partition, &group.class, fact, value].map(str::to_owned);
        facts.into_iter().chain([exams.to_string()]).chain(rest).collect::<Vec<_>>()
    };
    let none = || [const { String::new() }; 4];
    let counts = [("exams", group.exams), ("patients", group.patients), ("slices", group.slices)];
    let counts = counts.map(|(name, count)| cell(name, "", count, none()));
    let numbers = group.numbers.iter().map(|(name, spread)| {
        let sd = spread.sd.map(number::exact).unwrap_or_default();
        let rest = [number::exact(spread.mean), sd, number::exact(spread.least), number::exact(spread.most)];
        cell(name, "", spread.known, rest)
    });
    let words = group.words.iter().flat_map(|(name, tally)| tally.iter().map(move |(value, exams)| (name, value, *exams)));
    let words = words.map(|(name, value, exams)| cell(name, value, exams, none()));
    counts.into_iter().chain(numbers).chain(words).collect()
}

fn acquisition(all: &Characteristics) -> Table {
    let mut partitions: Vec<&String> = vec![];
    for group in &all.groups {
        if !partitions.contains(&&group.partition) {
            partitions.push(&group.partition);
        }
    }
    let mut table =
        Table::new(Series::Supplement, "How the exams were acquired: exams of each value, from the headers of the images.");
    table.keys = 2;
    table.columns = ["Fact", "Value"].map(Column::words).into();
    table.columns.extend(partitions.iter().map(|name| Column::numbers(*name)));
    let counts = |row: &Acquired| partitions.iter().map(|name| row.exams.get(*name).copied().unwrap_or(0)).collect::<Vec<_>>();
    let mut previous = None;
    for row in &all.acquisition {
        let fact = if previous == Some(&row.fact) { String::new() } else { row.fact.clone() };
        previous = Some(&row.fact);
        let value = if row.value.is_empty() { "not said".to_owned() } else { row.value.clone() };
        table.rows.push([fact, value].into_iter().chain(counts(row).into_iter().map(number::count)).map(Cell::from).collect());
    }
    table.data.header =
        ["fact", "value"].into_iter().chain(partitions.iter().map(|name| name.as_str())).map(String::from).collect();
    let data = |row: &Acquired| {
        let counts = counts(row).into_iter().map(|count| count.to_string());
        [row.fact.clone(), row.value.clone()].into_iter().chain(counts).collect()
    };
    table.data.rows = all.acquisition.iter().map(data).collect();
    table
}
