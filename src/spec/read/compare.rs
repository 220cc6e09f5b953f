//! `[[compare]]`: which factor is compared, and where.

use std::collections::BTreeMap;

use super::super::experiment::SEED;
use super::super::section::{Item, Section, suggestion};
use crate::artifact::results::{Comparison, Factor};

/// Reads every comparison; a spec without one only reports its models. Models that differ in their seed alone are one model here.
pub(super) fn read(item: Option<&Item<'_>>, factors: &[Factor]) -> Option<Vec<Comparison>> {
    let Some(item) = item else { return Some(Vec::new()) };
    let comparable: Vec<Factor> = factors.iter().filter(|factor| factor.name != SEED).cloned().collect();
    item.list(|part| part.table(|s| one(s, &comparable)))
}

fn one(s: &mut Section<'_>, factors: &[Factor]) -> Option<Comparison> {
    let factor = s.required("factor", |item| factor(&item, factors).filter(|factor| varies(&item, factor)));
    let fixed = s.optional("where", BTreeMap::new(), |item| fixed(&item, factors, factor));
    let within = s.optional("within", Vec::new(), |item| within(&item, factors, factor, fixed.as_ref()));
    let title = s.get("title").map(|item| item.string().map(str::to_owned));
    let (factor, fixed, mut within) = (factor?, fixed?, within?);
    let free = |name: &&String| **name != factor.name && !fixed.contains_key(*name);
    for other in factors.iter().map(|factor| &factor.name).filter(free) {
        if !within.contains(other) {
            within.push(other.clone());
        }
    }
    let title = title.unwrap_or_else(|| Some(default_title(&factor.name, &fixed)))?;
    Some(Comparison { title, factor: factor.name.clone(), within, fixed })
}

fn default_title(factor: &str, fixed: &BTreeMap<String, String>) -> String {
    let mut title = format!("Effect of {factor}");
    for (index, (other, level)) in fixed.iter().enumerate() {
        title += if index == 0 { " where " } else { " and " };
        title += &format!("{other} is {level}");
    }
    title
}

fn factor<'f>(item: &Item<'_>, factors: &'f [Factor]) -> Option<&'f Factor> {
    let name = item.string()?;
    if name == SEED {
        return item.fault(
            "seeds are not compared: the scores of models that differ in `seed` alone are averaged",
            "name another factor; the report tells how areas scatter over the seeds",
        );
    }
    let known: Vec<_> = factors.iter().map(|factor| factor.name.as_str()).collect();
    let found = factors.iter().find(|factor| factor.name == name);
    found.or_else(|| item.fault(unknown(name), suggestion(name, &known)))
}

fn unknown(name: &str) -> String {
    format!("`{}` is no factor of the design", name.escape_debug())
}

fn varies(item: &Item<'_>, factor: &Factor) -> bool {
    let varies = factor.levels.len() > 1;
    if !varies {
        item.fault::<()>(
            format!("`{}` has one level, so there is no pair to compare", factor.name),
            "add a level to `[design]`",
        );
    }
    varies
}

fn fixed(item: &Item<'_>, factors: &[Factor], compared: Option<&Factor>) -> Option<BTreeMap<String, String>> {
    let known: Vec<_> = factors.iter().map(|factor| factor.name.as_str()).collect();
    let one = |(name, origin, level): (&str, _, Item<'_>)| {
        let Some(factor) = factors.iter().find(|factor| factor.name == name) else {
            item.log.fault(origin, unknown(name), suggestion(name, &known));
            return None;
        };
        if compared == Some(factor) {
            return level.fault(format!("`{name}` is compared and fixed at once: no pair is left"), "fix other factors only");
        }
        fixed_level(&level, factor).map(|level| (name.to_owned(), level))
    };
    let fixed: Vec<_> = item.named()?.into_iter().map(one).collect();
    fixed.into_iter().collect()
}

fn fixed_level(item: &Item<'_>, factor: &Factor) -> Option<String> {
    let label = item.node.label();
    if factor.levels.contains(&label) {
        return Some(label);
    }
    let known: Vec<_> = factor.levels.iter().map(String::as_str).collect();
    item.fault(format!("`{}` is no level of `{}`", label.escape_debug(), factor.name), suggestion(&label, &known))
}

fn within(
    item: &Item<'_>,
    factors: &[Factor],
    compared: Option<&Factor>,
    fixed: Option<&BTreeMap<String, String>>,
) -> Option<Vec<String>> {
    let one = |part: Item<'_>| {
        let name = &factor(&part, factors)?.name;
        if compared.is_some_and(|compared| compared.name == *name) {
            return part.fault(format!("`{name}` is compared, so it cannot be held equal"), "take it out of `within`");
        }
        if fixed.is_some_and(|fixed| fixed.contains_key(name)) {
            return part.fault(format!("`{name}` is fixed by `where` already"), "take it out of `within`");
        }
        Some(name.clone())
    };
    let items = item.items();
    let names: Vec<_> = match &items {
        Some(_) => items.unwrap_or_default().into_iter().map(one).collect(),
        None => return item.expected("an array of factors"),
    };
    let names: Vec<String> = names.into_iter().collect::<Option<_>>()?;
    match (1..names.len()).find(|index| names[..*index].contains(&names[*index])) {
        Some(index) => item.fault(format!("`{}` is named twice in `within`", names[index]), "name each once"),
        None => Some(names),
    }
}
