//! Which models a comparison sets against each other: those that differ in its factor alone.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::Params;
use crate::artifact::results::{Comparison, Factor};

type Levels = BTreeMap<String, String>;

/// Positions in `params.models` of the models that differ in the compared factor alone, in the order of its levels: one entry a
/// cell of the factors held equal, first column slowest.
pub(super) fn cells(params: &Params, comparison: &Comparison) -> Result<Vec<Vec<usize>>> {
    let levels = &factor(params, &comparison.factor)?.levels;
    check_fixed(params, comparison)?;
    let models = |cell: Levels| levels.iter().map(|level| model(params, with(&cell, &comparison.factor, level))).collect();
    held_equal(params, comparison)?.into_iter().map(models).collect()
}

/// Every pair of a cell, the earlier level first.
pub(super) fn pairs(cell: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    (0..cell.len()).flat_map(move |a| (a + 1..cell.len()).map(move |b| (cell[a], cell[b])))
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

/// The levels of all factors but the compared one, for each cell.
fn held_equal(params: &Params, comparison: &Comparison) -> Result<Vec<Levels>> {
    comparison.within.iter().try_fold(vec![comparison.fixed.clone()], |cells, name| {
        let factor = factor(params, name)?;
        let split = |cell: &Levels| factor.levels.iter().map(|level| with(cell, name, level)).collect::<Vec<_>>();
        Ok(cells.iter().flat_map(split).collect())
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
