//! Which models a comparison sets against each other: those that differ in its factor alone.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::{Comparison, Params};
use crate::artifact::results::Factor;

type Levels = BTreeMap<String, String>;

/// Factors held equal within a row, in the order of the columns: those of the comparison, then any other that is not fixed (a pair
/// must never differ in two factors).
pub(super) fn held_equal<'a>(params: &'a Params, comparison: &'a Comparison) -> Result<Vec<&'a Factor>> {
    let asked = comparison.within.iter().map(|name| factor(params, name)).collect::<Result<Vec<_>>>()?;
    let asked_for = |factor: &&Factor| comparison.within.contains(&factor.name);
    let rest = params.factors.iter().filter(|factor| !asked_for(factor));
    let settled = |factor: &&Factor| factor.name == comparison.factor || comparison.fixed.contains_key(&factor.name);
    Ok(asked.into_iter().chain(rest).filter(|factor| !settled(factor)).collect())
}

/// Positions in `params.models` of the first and the second model of each row: cell by cell of the factors held equal, first
/// column slowest, and within a cell every pair of the factor's levels in their order.
pub(super) fn pairs(params: &Params, comparison: &Comparison) -> Result<Vec<(usize, usize)>> {
    let levels = &factor(params, &comparison.factor)?.levels;
    check_fixed(params, comparison)?;
    let mut pairs = Vec::new();
    for cell in cells(held_equal(params, comparison)?, &comparison.fixed) {
        let model = |level: &String| model(params, with(&cell, &comparison.factor, level));
        let models = levels.iter().map(model).collect::<Result<Vec<_>>>()?;
        pairs.extend(
            (0..models.len()).flat_map(|a| (a + 1..models.len()).map(move |b| (a, b))).map(|(a, b)| (models[a], models[b])),
        );
    }
    Ok(pairs)
}

fn factor<'a>(params: &'a Params, name: &str) -> Result<&'a Factor> {
    let known = || params.factors.iter().map(|factor| factor.name.as_str()).collect::<Vec<_>>().join(", ");
    let found = params.factors.iter().find(|factor| factor.name == name);
    found.with_context(|| format!("the design has no factor `{name}`; it has: {}", known()))
}

fn check_fixed(params: &Params, comparison: &Comparison) -> Result<()> {
    for (name, level) in &comparison.fixed {
        ensure!(*name != comparison.factor, "factor `{name}` is compared and cannot be fixed");
        let levels = &factor(params, name)?.levels;
        ensure!(levels.contains(level), "factor `{name}` has no level `{level}`; it has: {}", levels.join(", "));
    }
    Ok(())
}

fn cells(held_equal: Vec<&Factor>, fixed: &Levels) -> Vec<Levels> {
    held_equal.into_iter().fold(vec![fixed.clone()], |cells, factor| {
        cells.iter().flat_map(|cell| factor.levels.iter().map(|level| with(cell, &factor.name, level))).collect()
    })
}

fn with(cell: &Levels, factor: &str, level: &str) -> Levels {
    let mut cell = cell.clone();
    cell.insert(factor.to_owned(), level.to_owned());
    cell
}

fn model(params: &Params, levels: Levels) -> Result<usize> {
    let found = params.models.iter().position(|model| model.levels == levels);
    found.with_context(|| {
        let levels: Vec<_> = levels.iter().map(|(factor, level)| format!("{factor} = {level}")).collect();
        format!("there is no model with {}", levels.join(", "))
    })
}
