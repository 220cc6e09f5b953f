//! `[[reader]]`: scores from elsewhere that are compared with the models.

use std::path::PathBuf;

use super::super::experiment::{Model, Reader, ScoreSource};
use super::super::section::{Item, Section, listed, suggestion};
use super::super::stage::Stage;
use super::columns;
use crate::stage::command::Shape;

pub(super) fn read(item: Option<&Item<'_>>, models: Option<&[Model]>, stages: Option<&[Stage]>) -> Option<Vec<Reader>> {
    let Some(item) = item else { return Some(Vec::new()) };
    let readers = item.list(|part| part.table(|s| one(s, models, stages)))?;
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

fn one(s: &mut Section<'_>, models: Option<&[Model]>, stages: Option<&[Stage]>) -> Option<Reader> {
    let name = s.required("name", |item| name(&item));
    let source = match s.get("scores") {
        Some(item) => item.table(|s| stage(s, stages)).map(|source| (source, None)),
        None => s.required("file", |item| file(&item)),
    };
    let header = source.as_ref().map(|(_, header)| header.as_ref());
    let score = s.get("column").map_or(Some("score".to_owned()), |item| column(&item, header));
    let is_there = score.as_ref().zip(header).and_then(|(score, header)| match header {
        Some(header) => there(s, header, score).and(there(s, header, "exam")),
        None => Some(()),
    });
    let class = s.optional("class", None, |item| column(&item, header).map(Some));
    let threshold = s.optional("threshold", None, |item| item.number("a number", |_| true).map(Some));
    let all = models.unwrap_or_default().iter().map(|model| model.pooled.clone()).collect();
    let against = s.optional("against", all, |item| item.list(|part| model(&part, models)));
    let against = distinct(against?);
    is_there?;
    let source = source.map(|(source, _)| source);
    Some(Reader { name: name?, source: source?, column: score?, class: class?, threshold: threshold?, against })
}

/// A table that is there, so that its columns can be checked.
struct Header {
    columns: Vec<String>,
    path: PathBuf,
}

fn file(item: &Item<'_>) -> Option<(ScoreSource, Option<Header>)> {
    let path = item.path()?;
    if !path.is_file() {
        return item.fault(format!("there is no file {}", path.display()), "relative paths start at the file that names them");
    }
    let columns = columns::of(item, &path)?;
    Some((ScoreSource::File(path.clone()), Some(Header { columns, path })))
}

/// The output of a stage that is one step and makes one file there.
fn stage(s: &mut Section<'_>, stages: Option<&[Stage]>) -> Option<ScoreSource> {
    let name = s.required("stage", |item| item.word().map(str::to_owned));
    let output = s.optional("output", None, |item| item.string().map(|name| Some(name.to_owned())));
    let (name, output, stages) = (name?, output?, stages?);
    let names: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();
    let Some(stage) = stages.iter().find(|stage| stage.name == name) else {
        return s.fault(format!("there is no stage `{name}`"), suggestion(&name, &names));
    };
    let files: Vec<&str> =
        stage.params.outputs.iter().filter(|(_, output)| output.shape == Shape::File).map(|(name, _)| name.as_str()).collect();
    let output = match (output, files.as_slice()) {
        (Some(output), files) if files.contains(&output.as_str()) => output,
        (None, [only]) => (*only).to_owned(),
        (output, files) => {
            let fact = output
                .map_or(format!("stage `{name}` has no one file"), |output| format!("stage `{name}` makes no file `{output}`"));
            return s.fault(fact, format!("expected {}", listed(files)));
        }
    };
    match stage.instances.len() {
        1 => Some(ScoreSource::Stage { stage: name, output }),
        _ => s.fault(format!("stage `{name}` has several steps"), "gather their tables in one stage"),
    }
}

/// A name that can be that of a file.
fn name(item: &Item<'_>) -> Option<String> {
    let is_fit = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    match item.string()? {
        name if name.chars().all(is_fit) && !name.starts_with('.') => Some(name.to_owned()),
        _ => item.expected("a name of letters, digits, spaces, `-`, `_` and `.`"),
    }
}

/// `None` stands for a faulty source, `Some(None)` for a table that is not there yet.
fn column(item: &Item<'_>, header: Option<Option<&Header>>) -> Option<String> {
    let name = item.string()?;
    let Some(Header { columns, path }) = header? else { return Some(name.to_owned()) };
    let known: Vec<&str> = columns.iter().map(String::as_str).collect();
    if known.contains(&name) {
        return Some(name.to_owned());
    }
    item.fault(format!("{} has no column `{}`", path.display(), name.escape_debug()), suggestion(name, &known))
}

/// A column that the spec need not name.
fn there(s: &Section<'_>, Header { columns, path }: &Header, name: &str) -> Option<()> {
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
