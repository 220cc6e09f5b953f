//! Two raters, or several, on the same exams: DeLong's tests of areas, McNemar's of rates.

use std::collections::BTreeMap;

use anyhow::Result;

use super::rater::Rater;
use super::{Params, limits};
use crate::artifact::results::{ChiSquare, Contrast, Estimate, JointTest, PairedRate};
use crate::stats::decision::mcnemar;
use crate::stats::proportion::{PairedProportions, newcombe};
use crate::stats::{self, Basis, Joint, Level, Pair, Undefined};

/// The contrast of `a` with `b`; its adjusted p is the raw one until the family is known.
pub(super) fn contrast(params: &Params, a: &Rater, b: &Rater, level: Level) -> Result<Contrast> {
    let pair = Pair::new(&a.placements, &b.placements)?;
    let test = pair.test();
    Ok(Contrast {
        a: a.name.clone(),
        b: b.name.clone(),
        difference: pair.difference(),
        se: pair.variance().map(f64::sqrt).into(),
        ci: pair.interval(level).map(limits).into(),
        z: test.map(|test| test.z).into(),
        p: test.map(|test| test.p).into(),
        p_holm: test.map(|test| test.p).into(),
        note: test.ok().and_then(|test| note(test.basis)),
        sensitivity: paired(params, a, b, true, level),
        specificity: paired(params, a, b, false, level),
    })
}

fn note(basis: Basis) -> Option<String> {
    let same = "both models place every exam alike: z = 0 and p = 1 by convention, the data cannot tell them apart";
    (basis == Basis::IdenticalRanking).then(|| same.to_owned())
}

/// How often both call the exams of one side rightly.
fn paired(params: &Params, a: &Rater, b: &Rater, positive: bool, level: Level) -> Estimate<PairedRate> {
    let (Some(a), Some(b)) = (a.called(), b.called()) else {
        return Estimate::Undefined("one of the two has no operating point".to_owned());
    };
    let side = (0..params.exams.len()).filter(|&exam| params.is_positive(&params.exams[exam]) == positive);
    let counts = PairedProportions::count(side.map(|exam| (a[exam] == positive, b[exam] == positive)));
    rates(&counts, level).into()
}

fn rates(counts: &PairedProportions, level: Level) -> Result<PairedRate, Undefined> {
    Ok(PairedRate {
        a: counts.first()?.estimate(),
        b: counts.second()?.estimate(),
        only_a: counts.only_first,
        only_b: counts.only_second,
        ci: newcombe(counts, level).map(limits).into(),
        p: mcnemar::exact(counts),
    })
}

/// Whether all areas of `raters` are equal; `None` where there are not two.
pub(super) fn joint(raters: &[&Rater]) -> Result<Option<JointTest>> {
    let [first, others @ ..] = raters else { return Ok(None) };
    if others.is_empty() {
        return Ok(None);
    }
    let placements: Vec<_> = others.iter().map(|rater| &rater.placements).collect();
    let test = Joint::new(&first.placements, &placements)?.test();
    let models = raters.iter().map(|rater| rater.name.clone()).collect();
    let conclusion = |test: stats::JointTest| ChiSquare { statistic: test.statistic, degrees: test.rank, p: test.p };
    Ok(Some(JointTest { models, test: test.map(conclusion).into() }))
}

/// Adjusts the contrasts of one family. One hypothesis may stand in two tables; it is one member. Undefined tests are none.
pub(super) fn adjust<'a>(contrasts: impl Iterator<Item = &'a mut Contrast>) {
    let rows: Vec<&mut Contrast> = contrasts.collect();
    let key = |row: &Contrast| (row.a.clone(), row.b.clone());
    let family: BTreeMap<_, f64> = rows.iter().filter_map(|row| row.p.defined().map(|p| (key(row), *p))).collect();
    let adjusted = stats::holm(&family.values().copied().collect::<Vec<_>>());
    let adjusted: BTreeMap<_, f64> = family.into_keys().zip(adjusted).collect();
    for row in rows {
        if let Some(&p) = adjusted.get(&key(row)) {
            row.p_holm = Estimate::Defined(p);
        }
    }
}
