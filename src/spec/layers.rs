//! A spec may rest on another (`extends`) and be overridden on the command line (`--set`). The layers become one tree here.

use std::fs;
use std::path::{Path, PathBuf};

use super::Place;
use super::source::{Log, Origin, Source};
use super::tree::{self, Node, Value};

/// The tree of the spec at `path` with what it extends below and `overrides` (`key.path=value`) on top.
pub(super) fn gather(log: &mut Log, path: &Path, overrides: &[String]) -> Option<Node> {
    let mut root = file(log, path, None, &mut Vec::new())?;
    for text in overrides {
        set(log, &mut root, text);
    }
    Some(root)
}

/// Reads one file and what it extends. `above` holds the files on the way here, to find a circle.
fn file(log: &mut Log, path: &Path, named: Option<&Origin>, above: &mut Vec<PathBuf>) -> Option<Node> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return unreadable(log, path, named, &error),
    };
    above.push(path.canonicalize().unwrap_or_else(|_| path.to_owned()));
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let source = log.add(Source { name: path.display().to_string(), folder, text });
    let mut own = tree::parse(log, source)?;
    let Some(extends) = take_extends(log, &mut own)? else { return Some(own) };
    let base_path = log.folder(&extends.1).join(&extends.0);
    if base_path.canonicalize().is_ok_and(|base| above.contains(&base)) {
        log.fault(&extends.1, format!("`extends` leads back to {}", base_path.display()), "a spec cannot rest on itself");
        return None;
    }
    let mut base = file(log, &base_path, Some(&extends.1), above)?;
    base.merge(own);
    Some(base)
}

fn unreadable(log: &Log, path: &Path, named: Option<&Origin>, error: &std::io::Error) -> Option<Node> {
    let fact = format!("cannot read {}: {error}", path.display());
    match named {
        Some(origin) => log.fault(origin, fact, "`extends` names a file relative to the one that it stands in"),
        None => {
            let place = Place { file: path.display().to_string(), spot: None };
            log.fault_in(place, fact, "name a spec, for example experiments/study.toml");
        }
    }
    None
}

/// Takes `extends` out of the tree: `Some(None)` where it is not there, `None` where it is no string.
fn take_extends(log: &Log, root: &mut Node) -> Option<Option<(String, Origin)>> {
    let Value::Table(table) = &mut root.value else { return Some(None) };
    let Some(index) = table.entries.iter().position(|entry| entry.key == "extends") else { return Some(None) };
    let node = table.entries.remove(index).node;
    if let Value::String(path) = node.value {
        return Some(Some((path, node.origin)));
    }
    log.fault(&node.origin, format!("`extends` is {}", node.described()), "expected the path of another spec, in quotes");
    None
}

/// Applies `key.path=value`.
fn set(log: &mut Log, root: &mut Node, text: &str) {
    // Relative paths given on the command line start where the command was called.
    let source = log.add(Source { name: "--set".to_owned(), folder: PathBuf::new(), text: text.to_owned() });
    let equals = text.find('=').unwrap_or(text.len());
    let key = Origin { source, span: Some(0..equals) };
    let Some(path) = tree::parse_path(&text[..equals]).filter(|_| equals < text.len()) else {
        return log.fault(&key, "not an override", "expected `key.path=value`, for example `network.alexnet.epochs=10`");
    };
    let Some(node) = value(log, source, equals + 1) else { return };
    if let Err(at) = root.set(&path, &key, node) {
        log.fault(&key, format!("`{at}` is no table"), "only keys of tables can be set");
    }
}

/// The value after the `=`: TOML, or else a bare word, so that `network=alexnet` needs no quotes within quotes.
fn value(log: &Log, source: usize, at: usize) -> Option<Node> {
    let text = &log.text(source)[at..];
    let origin = Origin { source, span: Some(at..at + text.len()) };
    match tree::parse_value(log, source, at) {
        Ok(node) => Some(node),
        Err(error) if text.trim_start().starts_with(['[', '{', '"', '\'']) => {
            log.fault(&origin, format!("not TOML: {}", error.message()), "");
            None
        }
        Err(_) => Some(Node { value: Value::String(text.trim().to_owned()), origin }),
    }
}
