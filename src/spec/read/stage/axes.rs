//! `for_each`: what a stage is fanned out over, a list or the files that a pattern finds.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::super::section::Item;
use super::beside;

/// More steps than this are a slip, not a plan.
const MOST: usize = 1_000_000;

/// One axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub(super) name: String,
    /// At least one, all different.
    pub(super) values: Vec<String>,
}

pub(super) fn read(item: &Item<'_>) -> Option<Vec<Axis>> {
    let entries = item.named()?;
    if entries.is_empty() {
        return item.fault(format!("`{}` is empty", item.path), "name an axis, for example { exam = \"data/*.nii\" }");
    }
    let axis = |(name, _, item): (&str, _, Item<'_>)| Some(Axis { name: name.to_owned(), values: values(&item)? });
    let axes: Vec<_> = entries.into_iter().map(axis).collect();
    let axes = axes.into_iter().collect::<Option<Vec<_>>>()?;
    let product = axes.iter().try_fold(1_usize, |product, axis| product.checked_mul(axis.values.len()));
    if product.is_none_or(|product| product > MOST) {
        return item.fault(format!("`{}` makes more than {MOST} steps", item.path), "take axes or values away");
    }
    distinct(item, &axes)?;
    Some(axes)
}

/// Steps are called by their values, joined; no two may be called the same.
fn distinct(item: &Item<'_>, axes: &[Axis]) -> Option<()> {
    let mut seen = BTreeSet::new();
    for each in combinations(axes) {
        let name = each.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("-");
        if !seen.insert(name.clone()) {
            return item
                .fault(format!("two steps would be called `{name}`"), "choose values without `-` where they are joined");
        }
    }
    Some(())
}

/// Every combination of values, the first axis slowest; one without values where there is no axis.
pub(super) fn combinations(axes: &[Axis]) -> Vec<Vec<(String, String)>> {
    axes.iter().fold(vec![Vec::new()], |combined, axis| {
        let with = |before: &Vec<(String, String)>, value: &String| {
            let mut each = before.clone();
            each.push((axis.name.clone(), value.clone()));
            each
        };
        combined.iter().flat_map(|before| axis.values.iter().map(move |value| with(before, value))).collect()
    })
}

fn values(item: &Item<'_>) -> Option<Vec<String>> {
    let values = match item.items() {
        Some(_) => item.list(|part| Some(part.node.label()))?,
        None => found(item, item.string()?)?,
    };
    let mut seen = BTreeSet::new();
    for value in &values {
        if value.is_empty() || value.contains(['/', '\0', '\n']) || value.starts_with('.') {
            return item.fault(format!("{value:?} cannot be the value of an axis"), "steps and folders are called by it");
        }
        if !seen.insert(value) {
            return item.fault(format!("`{value}` is there twice"), "name each value once");
        }
    }
    Some(values)
}

/// What the star of a pattern stands for in each file that it finds.
fn found(item: &Item<'_>, pattern: &str) -> Option<Vec<String>> {
    if pattern.matches('*').count() != 1 || pattern.contains(['?', '[']) {
        return item
            .expected("a list, or a pattern with one `*` such as \"data/*.nii\"; the values are what the star stands for");
    }
    let whole = beside(item).join(pattern);
    let whole = whole.to_string_lossy();
    let (before, after) = whole.split_once('*').unwrap_or((&whole, ""));
    let between = |path: &Path| Some(path.to_str()?.strip_prefix(before)?.strip_suffix(after)?.to_owned());
    let paths: Vec<_> = glob(&whole).filter(|path| !is_hidden(path)).collect();
    let values: Option<Vec<String>> = paths.iter().map(|path| between(path)).collect();
    match values {
        None => item.fault(format!("{whole} finds a file whose name is not UTF-8"), "rename it"),
        Some(values) if values.is_empty() => {
            item.fault(format!("{whole} finds nothing"), "relative paths start at the file that names them")
        }
        Some(values) => Some(values),
    }
}

/// The paths that a pattern finds, in alphabetical order; those that cannot be looked at are left out.
pub(super) fn glob(pattern: &str) -> impl Iterator<Item = std::path::PathBuf> {
    ::glob::glob(pattern).into_iter().flatten().filter_map(Result::ok)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}
