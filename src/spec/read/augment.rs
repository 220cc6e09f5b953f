//! `[augment.NAME]`: windows x geometries x filters. A table with no keys is no augmentation.

use super::super::section::{Item, Section, suggestion};
use super::super::tree::Value;
use super::images;
use crate::imaging::{Filter, Geometry, Recipe, Window};

/// A recipe, or `None` for the images as they are.
pub(super) type Augment = Option<Recipe>;

/// Reads a recipe. `plain` is the window of `[images]`: variant 0 must be the unaugmented image.
pub(super) fn read(item: &Item<'_>, plain: Option<Window>) -> Option<Augment> {
    if matches!(&item.node.value, Value::Table(table) if table.entries.is_empty()) {
        return Some(None);
    }
    item.table(|s| recipe(s, plain)).map(Some)
}

fn recipe(s: &mut Section<'_>, plain: Option<Window>) -> Option<Recipe> {
    let windows = match s.get("windows") {
        Some(item) => windows(&item, plain),
        None => plain.map(|window| vec![window]),
    };
    let identity = [Geometry::Identity];
    let geometry = s.optional("geometry", identity.to_vec(), |item| starting_with(&item, &identity[0], geometry));
    let filter = s.optional("filter", vec![Vec::new()], |item| starting_with(&item, &Vec::new(), chain));
    Some(Recipe { windows: windows?, geometry: geometry?, filter: filter? })
}

fn windows(item: &Item<'_>, plain: Option<Window>) -> Option<Vec<Window>> {
    let windows = item.list(|part| images::window(&part))?;
    match plain {
        Some(plain) if plain != windows[0] => item.fault(
            format!("`{}` does not start with the window of `[images]`", item.path),
            format!("put {{ width = {}, level = {} }} first: variant 0 is the unaugmented image", plain.width, plain.level),
        ),
        _ => distinct(item, windows),
    }
}

/// An array of distinct values that starts with the one that changes nothing.
fn starting_with<'a, T: PartialEq>(item: &Item<'a>, unchanged: &T, read: impl Fn(&Item<'a>) -> Option<T>) -> Option<Vec<T>> {
    let values = item.list(|part| read(&part))?;
    if values[0] != *unchanged {
        return item.fault(
            format!("`{}` does not start with `\"identity\"`", item.path),
            "put \"identity\" first: variant 0 is the unaugmented image",
        );
    }
    distinct(item, values)
}

/// Two equal steps would make the same image twice.
fn distinct<T: PartialEq>(item: &Item<'_>, values: Vec<T>) -> Option<Vec<T>> {
    for (index, part) in item.items().unwrap_or_default().iter().enumerate() {
        if values[..index].contains(&values[index]) {
            return part.fault(format!("`{}` repeats an earlier entry", part.path), "each image would be made twice");
        }
    }
    Some(values)
}

fn geometry(item: &Item<'_>) -> Option<Geometry> {
    let angle =
        |item: &Item<'_>| item.number("an angle in degrees, above -180 and below 180, not 0", |x| x != 0.0 && x.abs() < 180.0);
    let factor = |item: &Item<'_>| item.number("a factor above 1, at most 10", |x| 1.0 < x && x <= 10.0);
    let (name, value) = operation(item, &["identity", "zoom", "rotate"])?;
    match (name, value) {
        ("identity", None) => Some(Geometry::Identity),
        ("zoom", Some(value)) => factor(&value).map(Geometry::Zoom),
        ("rotate", Some(value)) => angle(&value).map(Geometry::Rotate),
        (name, None) => item.fault(format!("`{name}` lacks its amount"), format!("write {{ {name} = … }}")),
        (name, Some(_)) => item.fault(format!("`{name}` takes no amount"), format!("write \"{name}\"")),
    }
}

/// One filter, or several applied left to right; `"identity"` alone is none.
fn chain(item: &Item<'_>) -> Option<Vec<Filter>> {
    match &item.node.value {
        Value::Array(_) => item.list(|part| {
            filter(&part).and_then(|filter| filter.or_else(|| part.fault("`identity` within a chain", "leave it out")))
        }),
        _ => filter(item).map(|filter| filter.into_iter().collect()),
    }
}

fn filter(item: &Item<'_>) -> Option<Option<Filter>> {
    let sigma = |item: &Item<'_>| item.rate(50.0);
    let (name, value) = operation(item, &["identity", "blur", "smooth", "sharpen", "find_edges", "unsharp_mask"])?;
    match (name, value) {
        ("identity", None) => Some(None),
        ("smooth", None) => Some(Some(Filter::Smooth)),
        ("sharpen", None) => Some(Some(Filter::Sharpen)),
        ("find_edges", None) => Some(Some(Filter::FindEdges)),
        ("blur", Some(value)) => sigma(&value).map(|sigma| Some(Filter::Blur(sigma))),
        ("unsharp_mask", Some(value)) => value.table(unsharp_mask).map(Some),
        (name, None) => item.fault(format!("`{name}` lacks its amount"), format!("write {{ {name} = … }}")),
        (name, Some(_)) => item.fault(format!("`{name}` takes no amount"), format!("write \"{name}\"")),
    }
}

/// Defaults as the dialog of ImageJ has them.
fn unsharp_mask(s: &mut Section<'_>) -> Option<Filter> {
    let sigma = s.optional("sigma", 1.0, |item| item.rate(50.0));
    let weight = s.optional("weight", 0.6, |item| item.share());
    Some(Filter::UnsharpMask { sigma: sigma?, weight: weight? })
}

/// `"sharpen"` or `{ blur = 2.0 }`: the name of an operation and what it takes.
fn operation<'a>(item: &Item<'a>, known: &[&'static str]) -> Option<(&'static str, Option<Item<'a>>)> {
    let (name, value) = match &item.node.value {
        Value::String(name) => (name.as_str(), None),
        Value::Table(table) if table.entries.len() == 1 => {
            let (name, _, value) = item.named()?.pop()?;
            (name, Some(value))
        }
        _ => return item.expected("an operation like \"identity\" or `{ blur = 2.0 }`"),
    };
    match known.iter().find(|known| **known == name) {
        Some(name) => Some((name, value)),
        None => item.fault(format!("unknown operation `{}`", name.escape_debug()), advice(name, known)),
    }
}

fn advice(name: &str, known: &[&str]) -> String {
    let mirrors = ["mirror", "flip", "horizontal_flip", "hflip"];
    if mirrors.contains(&name) {
        return "mirroring can turn a label into another, so it is `mirror` in `[training]`, which knows the classes"
            .to_owned();
    }
    suggestion(name, known)
}
