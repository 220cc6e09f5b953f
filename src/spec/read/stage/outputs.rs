//! `outputs`: what a command has to leave, by path below the folder that it runs in.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use super::super::super::section::Item;
use super::slots;
use crate::stage::command::{Output, Shape};

pub(super) fn read(item: &Item<'_>, axes: &[&str]) -> Option<BTreeMap<String, Output>> {
    let entries = item.named()?;
    if entries.is_empty() {
        return item.fault(
            format!("`{}` is empty", item.path),
            "a stage that makes nothing is never needed: name a file that it leaves",
        );
    }
    let one = |(name, _, item): (&str, _, Item<'_>)| Some((fit(name, &item)?, output(&item, axes)?));
    let read: Vec<_> = entries.into_iter().map(one).collect();
    let outputs: BTreeMap<String, Output> = read.into_iter().collect::<Option<_>>()?;
    apart(item, &outputs)?;
    Some(outputs)
}

/// A port is a folder and a word in slots.
pub(super) fn fit(name: &str, item: &Item<'_>) -> Option<String> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_fit) {
        return Some(name.to_owned());
    }
    item.fault(
        format!("`{}` cannot be the name of a port", name.escape_debug()),
        "use letters, digits, `-` and `_`, a letter first",
    )
}

fn output(item: &Item<'_>, axes: &[&str]) -> Option<Output> {
    let text = item.string()?;
    slots::check(item, text, &[], &|slot| slots::is_axis(slot, axes))?;
    let (path, shape) = text.strip_suffix('/').map_or((text, Shape::File), |path| (path, Shape::Folder));
    let is_inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if path.is_empty() || !is_inside || path.starts_with("in/") || path == "in" {
        return item.expected("a relative path below the folder that the command runs in, and not in its folder `in`");
    }
    Some(Output { path: path.to_owned(), shape })
}

/// No output lies in another.
fn apart(item: &Item<'_>, outputs: &BTreeMap<String, Output>) -> Option<()> {
    for (name, output) in outputs {
        let inside = outputs.iter().find(|(other, outer)| *other != name && Path::new(&output.path).starts_with(&outer.path));
        if let Some((other, _)) = inside {
            return item.fault(format!("output `{name}` lies in output `{other}`"), "give each output a place of its own");
        }
    }
    Some(())
}
