//! Typed reading of the tree. A reader asks for the keys that it knows and notes every fault; what nobody asked for is unknown.
//! Readers return `None` only after a fault was noted, so that all of a table is looked at before any of it is given up.

use std::path::PathBuf;

use super::source::{Log, Origin};
use super::tree::{Node, Table, Value, joined};

/// A value on its way to a type.
#[derive(Debug, Clone)]
pub(crate) struct Item<'a> {
    pub(crate) log: &'a Log,
    pub(crate) node: &'a Node,
    pub(crate) path: String,
}

/// A table that is being read.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    log: &'a Log,
    table: &'a Table,
    origin: &'a Origin,
    path: String,
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl<'a> Item<'a> {
    /// The whole document.
    pub(crate) fn root(log: &'a Log, node: &'a Node) -> Self {
        Self { log, node, path: String::new() }
    }

    /// Notes a fault of this value.
    pub(crate) fn fault<T>(&self, fact: impl Into<String>, hint: impl Into<String>) -> Option<T> {
        self.log.fault(&self.node.origin, fact, hint);
        None
    }

    /// Notes that something else was expected.
    pub(crate) fn expected<T>(&self, what: &str) -> Option<T> {
        self.fault(format!("`{}` is {}", self.path, self.node.described()), format!("expected {what}"))
    }

    /// A string that is not empty.
    pub(crate) fn string(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::String(text) if !text.trim().is_empty() => Some(text),
            _ => self.expected("a string that is not empty"),
        }
    }

    /// A string, which may be empty.
    pub(crate) fn text(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::String(text) => Some(text),
            _ => self.expected("a string"),
        }
    }

    /// Whether it is a string.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.node.value, Value::String(_))
    }

    /// `true` or `false`.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self.node.value {
            Value::Boolean(truth) => Some(truth),
            _ => self.expected("`true` or `false`"),
        }
    }

    /// A string of letters, digits, `-` and `_`, as file names and tables can bear it.
    pub(crate) fn word(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::String(text) if is_word(text) => Some(text),
            _ => self.expected("a name of letters, digits, `-` and `_`"),
        }
    }

    /// A number for which `holds`; `what` says which.
    pub(crate) fn number(&self, what: &str, holds: impl Fn(f64) -> bool) -> Option<f64> {
        let number = match self.node.value {
            Value::Integer(number) => number as f64,
            Value::Float(number) => number,
            _ => return self.expected(what),
        };
        if number.is_finite() && holds(number) { Some(number) } else { self.expected(what) }
    }

    /// A number above 0 and up to `most`.
    pub(crate) fn rate(&self, most: f64) -> Option<f64> {
        self.number(&format!("a number above 0, at most {most}"), |x| 0.0 < x && x <= most)
    }

    /// A number between 0 and 1, neither of them.
    pub(crate) fn share(&self) -> Option<f64> {
        self.number("a number between 0 and 1, neither included", |x| 0.0 < x && x < 1.0)
    }

    /// A whole number in `least..=most`.
    pub(crate) fn count(&self, least: usize, most: usize) -> Option<usize> {
        let range = least as i128..=most as i128;
        match self.node.value {
            Value::Integer(number) if range.contains(&number) => usize::try_from(number).ok(),
            _ => self.expected(&format!("a whole number from {least} to {most}")),
        }
    }

    /// One of the named values.
    pub(crate) fn one_of<T: Copy>(&self, names: &[(&str, T)]) -> Option<T> {
        let known: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        let found = |text: &String| names.iter().find(|(name, _)| name == text).map(|(_, value)| *value);
        match &self.node.value {
            Value::String(text) => found(text).or_else(|| self.fault(self.is_said(), suggestion(text, &known))),
            _ => self.expected(&listed(&known)),
        }
    }

    fn is_said(&self) -> String {
        format!("`{}` is {}", self.path, self.node.described())
    }

    /// The items of an array that holds one at least; a fault in one does not hide those of the next.
    pub(crate) fn list<T>(&self, read: impl Fn(Item<'a>) -> Option<T>) -> Option<Vec<T>> {
        let items = self.items().filter(|items| !items.is_empty());
        let Some(items) = items else { return self.expected("an array that is not empty") };
        let read: Vec<_> = items.into_iter().map(read).collect();
        read.into_iter().collect()
    }

    /// The items if this is an array.
    pub(crate) fn items(&self) -> Option<Vec<Item<'a>>> {
        let Value::Array(items) = &self.node.value else { return None };
        let item = |(index, node)| Item { log: self.log, node, path: format!("{}[{index}]", self.path) };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// A table of keys known to `read`.
    pub(crate) fn table<T>(&self, read: impl FnOnce(&mut Section<'a>) -> Option<T>) -> Option<T> {
        let Value::Table(table) = &self.node.value else { return self.expected("a table") };
        let section = Section {
            log: self.log,
            table,
            origin: &self.node.origin,
            path: self.path.clone(),
            asked: Vec::new(),
            missing: Vec::new(),
        };
        section.read(read)
    }

    /// A table whose keys the author chooses: each key with where it stands, and its value.
    pub(crate) fn named(&self) -> Option<Vec<(&'a str, &'a Origin, Item<'a>)>> {
        let Value::Table(table) = &self.node.value else { return self.expected("a table") };
        let entry = |entry: &'a super::tree::Entry| {
            let item = Item { log: self.log, node: &entry.node, path: joined(&self.path, &entry.key) };
            (entry.key.as_str(), &entry.origin, item)
        };
        Some(table.entries.iter().map(entry).collect())
    }

    /// A path, relative to the file that names it.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.string().map(|text| self.log.folder(&self.node.origin).join(text))
    }
}

impl<'a> Section<'a> {
    fn read<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let value = read(&mut self);
        self.finish();
        value
    }

    /// The value of `key` if it is there.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.asked.push(key);
        self.table.get(key).map(|node| Item { log: self.log, node, path: joined(&self.path, key) })
    }

    /// The value of a key that must be there.
    pub(crate) fn required<T>(&mut self, key: &'static str, read: impl FnOnce(Item<'a>) -> Option<T>) -> Option<T> {
        match self.get(key) {
            Some(item) => read(item),
            None => {
                self.missing.push(key);
                None
            }
        }
    }

    /// The value of a key, or `default` where it is not there.
    pub(crate) fn optional<T>(&mut self, key: &'static str, default: T, read: impl FnOnce(Item<'a>) -> Option<T>) -> Option<T> {
        self.get(key).map_or(Some(default), read)
    }

    /// The table `key`, read as empty where it is not there, so that every default has one place.
    pub(crate) fn table_or_empty<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'a>) -> Option<T>,
    ) -> Option<T> {
        static EMPTY: Table = Table { entries: Vec::new(), inline: false };
        match self.get(key) {
            Some(item) => item.table(read),
            None => {
                let path = joined(&self.path, key);
                let (log, origin) = (self.log, self.origin);
                Section { log, table: &EMPTY, origin, path, asked: Vec::new(), missing: Vec::new() }.read(read)
            }
        }
    }

    /// The path of a key of this table.
    pub(crate) fn key(&self, key: &str) -> String {
        joined(&self.path, key)
    }

    /// Notes a fault of the table as a whole.
    pub(crate) fn fault<T>(&self, fact: impl Into<String>, hint: impl Into<String>) -> Option<T> {
        self.log.fault(self.origin, fact, hint);
        None
    }

    /// Tells what was not asked for and what was asked for in vain; a misspelt key is only told as the first.
    fn finish(&self) {
        let unknown: Vec<_> = self.table.entries.iter().filter(|entry| !self.asked.contains(&entry.key.as_str())).collect();
        for entry in &unknown {
            let place = if self.path.is_empty() { self.log.document.to_owned() } else { format!("`{}`", self.path) };
            let fact = format!("unknown key `{}` in {place}", entry.key.escape_debug());
            self.log.fault(&entry.origin, fact, suggestion(&entry.key, &self.asked));
        }
        let is_misspelt = |key: &str| unknown.iter().any(|entry| nearest(&entry.key, &self.asked) == Some(key));
        for key in self.missing.iter().filter(|key| !is_misspelt(key)) {
            self.log.fault(self.origin, format!("missing `{}`", joined(&self.path, key)), "");
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// A list longer than this hides the nearest name rather than adding to it.
const FEW: usize = 8;

/// Advice for a name that is not among `known`: the nearest one, if one is near, and all of them.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(nearest) if (2..=FEW).contains(&known.len()) => format!("did you mean `{nearest}`? expected {}", listed(known)),
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("expected {}", listed(known)),
    }
}

/// The known name that `name` may be a slip of.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(&name.to_lowercase(), known);
    known.iter().copied().min_by_key(distance).filter(|known| distance(known) <= 1 + name.chars().count() / 4)
}

/// `a`, `b` or `c`.
pub(crate) fn listed(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}
