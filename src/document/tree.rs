//! The tree of a TOML text in which every key and value knows where it was written, so that a fault found after merging three
//! files still points into the right one.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::source::{Log, Origin};

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// A TOML value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    String(String),
    Integer(i128),
    Float(f64),
    Boolean(bool),
    Datetime(String),
    Array(Vec<Node>),
    Table(Table),
}

/// Entries in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
    /// Written in braces: a value of its own that replaces another as a whole.
    pub(crate) inline: bool,
}

/// A key, where it was written, and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) origin: Origin,
    pub(crate) node: Node,
}

/// The key whose tables are told apart by their `name`.
const STAGES: &str = "stage";

impl Table {
    /// The value of `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    fn put(&mut self, over: Entry) {
        match self.entries.iter_mut().find(|entry| entry.key == over.key) {
            Some(entry) => *entry = over,
            None => self.entries.push(over),
        }
    }

    fn merge(&mut self, over: Entry) {
        match self.entries.iter_mut().find(|entry| entry.key == over.key) {
            Some(entry) if over.key == STAGES => entry.node.merge_named(over.node),
            Some(entry) => {
                entry.origin = over.origin;
                entry.node.merge(over.node);
            }
            None => self.entries.push(over),
        }
    }
}

impl Node {
    /// Lays `over` on top: tables merge key by key, everything else, inline tables included, is replaced.
    pub(crate) fn merge(&mut self, over: Node) {
        match (&mut self.value, over.value) {
            (Value::Table(table), Value::Table(over_table)) if !over_table.inline => {
                over_table.entries.into_iter().for_each(|entry| table.merge(entry));
                self.origin = over.origin;
            }
            (value, over_value) => {
                *value = over_value;
                self.origin = over.origin;
            }
        }
    }

    /// Lays an array of tables on top of another: tables of one name merge, the others come after.
    fn merge_named(&mut self, over: Self) {
        match (&mut self.value, over.value) {
            (Value::Array(own), Value::Array(others)) => {
                for other in others {
                    let twin = own.iter_mut().find(|node| node.name().is_some() && node.name() == other.name());
                    match twin {
                        Some(node) => node.merge(other),
                        None => own.push(other),
                    }
                }
            }
            (value, other) => *value = other,
        }
    }

    /// What the table is called, if it is one and says so.
    fn name(&self) -> Option<&str> {
        let Value::Table(table) = &self.value else { return None };
        match &table.get("name")?.value {
            Value::String(name) => Some(name),
            _ => None,
        }
    }

    /// Puts `node` at `path` and makes the tables on the way; what it makes is said to be written at `origin`.
    ///
    /// # Errors
    /// The part of the path that is there and is no table.
    pub(crate) fn set(&mut self, path: &[String], origin: &Origin, node: Node) -> Result<(), String> {
        let [first, rest @ ..] = path else {
            *self = node;
            return Ok(());
        };
        if let Value::Array(items) = &mut self.value
            && let Some(item) = items.iter_mut().find(|item| item.name() == Some(first))
        {
            return item.set(rest, origin, node).map_err(|at| joined(first, &at));
        }
        let Value::Table(table) = &mut self.value else { return Err(String::new()) };
        if rest.is_empty() {
            table.put(Entry { key: first.clone(), origin: origin.clone(), node });
            return Ok(());
        }
        let below = match table.entries.iter_mut().position(|entry| entry.key == *first) {
            Some(index) => index,
            None => {
                let empty = Node { value: Value::Table(Table::default()), origin: origin.clone() };
                table.entries.push(Entry { key: first.clone(), origin: origin.clone(), node: empty });
                table.entries.len() - 1
            }
        };
        table.entries[below].node.set(rest, origin, node).map_err(|at| joined(first, &at))
    }

    /// What kind of value it is, in words that fit after "is".
    pub(crate) fn described(&self) -> String {
        match &self.value {
            Value::String(text) => format!("{text:?}"),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Boolean(truth) => truth.to_string(),
            Value::Datetime(text) => format!("the date {text}"),
            Value::Array(items) if items.is_empty() => "an empty array".to_owned(),
            Value::Array(_) => "an array".to_owned(),
            Value::Table(_) => "a table".to_owned(),
        }
    }

    /// The value as the name of a level: strings bare, numbers in their shortest form, the parts of a table or array joined.
    pub(crate) fn label(&self) -> String {
        match &self.value {
            Value::String(text) => text.clone(),
            Value::Array(items) => items.iter().map(Node::label).collect::<Vec<_>>().join("+"),
            Value::Table(table) => {
                let parts = table.entries.iter().map(|entry| format!("{}={}", entry.key, entry.node.label()));
                parts.collect::<Vec<_>>().join(",")
            }
            Value::Datetime(text) => text.clone(),
            _ => self.described(),
        }
    }
}

/// Two parts of a dotted path.
pub(crate) fn joined(path: &str, key: &str) -> String {
    match (path, key) {
        ("", one) | (one, "") => one.to_owned(),
        _ => format!("{path}.{key}"),
    }
}

/// Reads source number `source` of `log`; syntax errors are noted there.
pub(crate) fn parse(log: &Log, source: usize) -> Option<Node> {
    let (table, errors) = DeTable::parse_recoverable(log.text(source));
    let mut line = None;
    for error in &errors {
        // One slip makes the parser stumble several times on the same line; the first says it best.
        let this = error.span().map(|span| log.text(source)[..span.start].matches('\n').count());
        if line != Some(this) {
            log.fault(&Origin { source, span: error.span().or(Some(0..0)) }, format!("not TOML: {}", error.message()), "");
        }
        line = Some(this);
    }
    let reader = Reader { log, source };
    errors.is_empty().then(|| Node { value: reader.table(table.get_ref(), false), origin: reader.whole() })
}

/// Reads the value that starts at byte `at` of source number `source`; `Err` is what the parser says.
pub(crate) fn parse_value(log: &Log, source: usize, at: usize) -> Result<Node, toml::de::Error> {
    let value = DeValue::parse(&log.text(source)[at..])?;
    let mut node = Reader { log, source }.node(&value);
    node.shift(at);
    Ok(node)
}

/// The parts of a dotted key (`network.alexnet.epochs`, quoted parts as TOML has them).
pub(crate) fn parse_path(text: &str) -> Option<Vec<String>> {
    if text.contains(['=', '#', '\n', '\r']) {
        return None;
    }
    let document = format!("{text} = 0");
    let parsed = DeTable::parse(&document).ok()?;
    let (mut table, mut path) = (parsed.get_ref(), Vec::new());
    loop {
        let (key, value) = table.iter().next().filter(|_| table.len() == 1)?;
        path.push(key.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(below) => table = below,
            DeValue::Integer(_) => return Some(path),
            _ => return None,
        }
    }
}

impl Node {
    fn shift(&mut self, by: usize) {
        let moved = |origin: &mut Origin| origin.span = origin.span.take().map(|span| span.start + by..span.end + by);
        moved(&mut self.origin);
        match &mut self.value {
            Value::Array(items) => items.iter_mut().for_each(|item| item.shift(by)),
            Value::Table(table) => table.entries.iter_mut().for_each(|entry| {
                moved(&mut entry.origin);
                entry.node.shift(by);
            }),
            _ => {}
        }
    }
}

struct Reader<'a> {
    log: &'a Log,
    source: usize,
}

impl Reader<'_> {
    fn whole(&self) -> Origin {
        Origin { source: self.source, span: None }
    }

    fn at(&self, span: Range<usize>) -> Origin {
        Origin { source: self.source, span: Some(span) }
    }

    fn node(&self, spanned: &Spanned<DeValue<'_>>) -> Node {
        let value = match spanned.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Value::Integer(number),
                // Too long for any range that follows; as a float it keeps its sign and size for the fault.
                Err(_) => Value::Float(number.as_str().parse().unwrap_or(f64::INFINITY)),
            },
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(truth) => Value::Boolean(*truth),
            DeValue::Datetime(date) => Value::Datetime(date.to_string()),
            DeValue::Array(items) => Value::Array(items.iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => self.table(table, self.is_braced(spanned.span())),
        };
        Node { value, origin: self.at(spanned.span()) }
    }

    fn is_braced(&self, span: Range<usize>) -> bool {
        self.log.text(self.source).get(span).is_some_and(|text| text.starts_with('{'))
    }

    fn table(&self, table: &DeTable<'_>, inline: bool) -> Value {
        // The parser's own map may sort by key; authors think in the order that they wrote.
        let mut written: Vec<(&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)> = table.iter().collect();
        written.sort_by_key(|(key, _)| key.span().start);
        let entry = |(key, value): (&Spanned<Cow<'_, str>>, _)| Entry {
            key: key.get_ref().to_string(),
            origin: self.at(key.span()),
            node: self.node(value),
        };
        Value::Table(Table { entries: written.into_iter().map(entry).collect(), inline })
    }
}
