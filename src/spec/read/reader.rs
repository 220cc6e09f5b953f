//! `[[reader]]`: scores from elsewhere that are compared with the models.

use std::path::Path;

use super::super::experiment::{Model, Reader};
use super::super::section::{Item, Section, suggestion};
use super::columns;

pub(super) fn read(item: Option<&Item<'_>>, models: Option<&[Model]>) -> Option<Vec<Reader>> {
    let Some(item) = item else { return Some(Vec::new()) };
    let readers = item.list(|part| part.table(|s| one(s, models)))?;
    let taken = |index: usize, name: &String| {
        readers[..index].iter().any(|reader| reader.name == *name)
            || models.unwrap_or_default().iter().any(|model| model.pooled == *name || model.name == *name)
    };
    match (0..readers.len()).find(|&index| taken(index, &readers[index].name)) {
        Some(index) => {
            item.fault(format!("`{}` is the name of two", readers[index].name), "give each reader a name that no model has")
        }
        None => Some(readers),
    }
}

fn one(s: &mut Section<'_>, models: Option<&[Model]>) -> Option<Reader> {
    let name = s.required("name", |item| name(&item));
    let file = s.required("file", |item| {
        let path = item.path()?;
        match path.is_file() {
            true => Some((columns::of(&item, &path)?, path)),
            false => {
                item.fault(format!("there is no file {}", path.display()), "relative paths start at the file that names them")
            }
        }
    });
    let table = file.as_ref().map(|(columns, path)| (columns.as_slice(), path.as_path()));
    let score = s.get("column").map_or(Some("score".to_owned()), |item| column(&item, table));
    let is_there = score.as_ref().zip(table).and_then(|(score, table)| there(s, table, score).and(there(s, table, "exam")));
    let class = s.optional("class", None, |item| column(&item, table).map(Some));
    let threshold = s.optional("threshold", None, |item| item.number("a number", |_| true).map(Some));
    let all = models.unwrap_or_default().iter().map(|model| model.pooled.clone()).collect();
    let against = s.optional("against", all, |item| item.list(|part| model(&part, models)));
    let against = distinct(against?);
    is_there?;
    Some(Reader { name: name?, file: file?.1, column: score?, class: class?, threshold: threshold?, against })
}

/// A name that can be that of a file.
fn name(item: &Item<'_>) -> Option<String> {
    let is_fit = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    match item.string()? {
        name if name.chars().all(is_fit) && !name.starts_with('.') => Some(name.to_owned()),
        _ => item.expected("a name of letters, digits, spaces, `-`, `_` and `.`"),
    }
}

fn column(item: &Item<'_>, table: Option<(&[String], &Path)>) -> Option<String> {
    let name = item.string()?;
    let (columns, path) = table?;
    let known: Vec<&str> = columns.iter().map(String::as_str).collect();
    if known.contains(&name) {
        return Some(name.to_owned());
    }
    item.fault(format!("{} has no column `{}`", path.display(), name.escape_debug()), suggestion(name, &known))
}

/// A column that the spec need not name.
fn there(s: &Section<'_>, (columns, path): (&[String], &Path), name: &str) -> Option<()> {
    let is_there = columns.iter().any(|column| column == name);
    is_there.then_some(()).or_else(|| {
        let known: Vec<&str> = columns.iter().map(String::as_str).collect();
        s.fault(format!("{} has no column `{name}`", path.display()), suggestion(name, &known))
    })
}

/// Models of several seeds share a name.
fn distinct(names: Vec<String>) -> Vec<String> {
    names.into_iter().fold(Vec::new(), |mut distinct, name| {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
        distinct
    })
}

fn model(item: &Item<'_>, models: Option<&[Model]>) -> Option<String> {
    let name = item.string()?;
    let known: Vec<&str> = models?.iter().map(|model| model.pooled.as_str()).collect();
    if known.contains(&name) {
        return Some(name.to_owned());
    }
    item.fault(format!("`{}` is no model of the design", name.escape_debug()), suggestion(name, &known))
}
