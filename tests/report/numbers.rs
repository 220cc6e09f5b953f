//! Walks a rendered report and looks every number up in what the report was made from.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use bgh::artifact::Files;
use serde_json::Value;

/// A number as it is printed: its value and its decimals.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Printed {
    /// The text, for messages.
    pub(crate) text: String,
    value: f64,
    decimals: i32,
}

/// All numbers that the report may print.
#[derive(Debug, Default)]
pub(crate) struct Known {
    values: Vec<f64>,
    texts: BTreeSet<String>,
}

impl Known {
    /// Every number of `tree`, the length of every list, and the numbers within its texts.
    pub(crate) fn add(&mut self, tree: &Value) {
        match tree {
            Value::Number(number) => self.values.extend(number.as_f64()),
            Value::String(text) => self.texts.extend(numbers_of(text).into_iter().map(|number| number.text)),
            Value::Array(items) => {
                self.values.push(items.len() as f64);
                items.iter().for_each(|item| self.add(item));
            }
            Value::Object(fields) => fields.iter().for_each(|(name, field)| {
                self.texts.extend(numbers_of(name).into_iter().map(|number| number.text));
                self.add(field);
            }),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Every number of the JSON and CSV files below `folder`.
    pub(crate) fn add_files(&mut self, folder: &Path) -> Result<()> {
        for (name, path) in Files::of_folder(folder)?.iter() {
            match name.rsplit_once('.').map(|(_, kind)| kind) {
                Some("json") => self.add(&serde_json::from_slice(&std::fs::read(path)?)?),
                Some("csv") => self.add_table(path)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Slices are counted from 0 in files and from 1 in print.
    fn add_table(&mut self, path: &Path) -> Result<()> {
        for row in csv::Reader::from_path(path)?.records() {
            for cell in &row? {
                self.texts.extend(numbers_of(cell).into_iter().map(|number| number.text));
                self.values.extend(cell.parse::<f64>().into_iter().flat_map(|value| [value, value + 1.0]));
            }
        }
        Ok(())
    }

    /// A number that is made of those of the inputs without any statistics.
    pub(crate) fn add_value(&mut self, value: f64) {
        self.values.push(value);
    }

    /// Whether `number` is one of these, rounded as it is printed, or as percent.
    pub(crate) fn hold(&self, number: &Printed) -> bool {
        let reach = 0.5 * 10f64.powi(-number.decimals) + 1e-9;
        let near = |value: f64| (value.abs() - number.value).abs() <= reach;
        self.texts.contains(&number.text) || self.values.iter().any(|value| near(*value) || near(100.0 * value))
    }
}

/// Numbers that stand by themselves; digits within names (`x48`, `S1`), links and labels of exhibits are none.
pub(crate) fn numbers_of(text: &str) -> Vec<Printed> {
    let letters: Vec<char> = text.chars().filter(|letter| *letter != '\u{202f}').collect();
    let mut found = vec![];
    let mut at = 0;
    while at < letters.len() {
        if !letters[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let mut end = at;
        while end < letters.len() && (letters[end].is_ascii_digit() || is_point(&letters, end)) {
            end += 1;
        }
        let word =
            |letter: Option<&char>| letter.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.'));
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(end).filter(|letter| **letter != '.' && **letter != '-');
        if !word(before) && !word(after) {
            found.extend(printed(&letters[at..end].iter().collect::<String>()));
        }
        at = end;
    }
    found
}

fn is_point(letters: &[char], at: usize) -> bool {
    letters[at] == '.' && letters.get(at + 1).is_some_and(char::is_ascii_digit)
}

fn printed(text: &str) -> Option<Printed> {
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
    Some(Printed { text: text.to_owned(), value: text.parse().ok()?, decimals })
}

/// The report without what only names things: labels of exhibits, links, and the letters of footnotes.
pub(crate) fn prose(markdown: &str) -> String {
    let without_links = markdown.split("](").enumerate().map(|(position, part)| match position {
        0 => part,
        _ => part.split_once(')').map_or(part, |(_, rest)| rest),
    });
    let text = without_links.collect::<Vec<_>>().join(" ");
    let mut words: Vec<&str> = text.split([' ', '\n']).collect();
    let label = |word: &str| ["Table", "Figure"].contains(&word.trim_start_matches('*'));
    for at in 1..words.len() {
        if label(words[at - 1]) {
            words[at] = "";
        }
    }
    words.join(" ")
}
