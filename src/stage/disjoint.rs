//! Kind `disjoint`: no image of one part is in another. Runs in the tool, before anything is trained.
//!
//! Inputs: an image set a part. Output `proof`: `disjoint.json` and `overlaps.csv`, a row a pair of images that are copies or
//! nearly so. A pair in two parts fails the step unless the author has acknowledged it. A split by patient trusts the names of
//! patients; this looks at what the networks will see.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Kind, Needs, Run, Task};
use crate::artifact::{Disjoint, Files, ImageSet, Overlap, PartProof};
use crate::imaging::{Fingerprint, Image};

/// The kind. Inputs `parts/<name>`.
pub const KIND: Kind = Kind {
    name: "disjoint",
    version: 1,
    outputs: &["proof"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 1.0,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    run(&task.params()?, &task.inputs_below("parts"), &task.job.port("proof")?)
}

/// Everything that decides the proof beside the images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// Correlation from which two images count as copies, in (0, 1]; `None` looks for equal pixels alone.
    pub near: Option<f64>,
    /// The patient of every exam of every part.
    pub patients: BTreeMap<String, BTreeMap<String, String>>,
    /// Pairs of exams whose likeness the author knows of, each in the order of the names.
    pub acknowledged: BTreeSet<(String, String)>,
}

/// Compares every image of a part with every image of the others and writes the proof into `out`.
///
/// # Errors
/// When two parts share a patient, or images that nobody acknowledged; when a set cannot be read.
pub fn run(params: &Params, parts: &BTreeMap<String, Files>, out: &Path) -> Result<()> {
    let sets = parts.iter().map(|(name, files)| Ok((name.as_str(), ImageSet::open(files)?))).collect::<Result<Vec<_>>>()?;
    let proof = compare(params, &sets)?;
    let open: Vec<&Overlap> = proof.overlaps.iter().filter(|overlap| overlap.crosses() && !overlap.acknowledged).collect();
    if !open.is_empty() || !proof.shared_patients.is_empty() {
        bail!("{}", refusal(&open, &proof.shared_patients));
    }
    proof.write(out)
}

/// One image that shows something.
struct Print<'a> {
    part: &'a str,
    exam: &'a str,
    slice: usize,
    print: Fingerprint,
}

fn compare(params: &Params, sets: &[(&str, ImageSet)]) -> Result<Disjoint> {
    let prints: Vec<Print<'_>> = sets.iter().flat_map(|(part, set)| prints(part, set)).collect();
    let overlaps = overlaps(params, &prints);
    let mut parts = vec![];
    let mut homes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, set) in sets {
        let exams: BTreeSet<&str> = set.rows.iter().map(|row| row.exam.as_str()).collect();
        let patient = |exam: &&str| {
            let known = params.patients.get(*name).and_then(|patients| patients.get(*exam));
            known.with_context(|| format!("exam {exam} has no patient"))
        };
        let patients: BTreeSet<&String> = exams.iter().map(patient).collect::<Result<_>>()?;
        for patient in &patients {
            homes.entry(patient).or_default().insert(name);
        }
        parts.push(PartProof {
            name: (*name).to_owned(),
            patients: patients.len(),
            exams: exams.len(),
            images: set.rows.len(),
            compared: prints.iter().filter(|print| print.part == *name).count(),
        });
    }
    let shared_patients =
        homes.into_iter().filter(|(_, homes)| homes.len() > 1).map(|(patient, _)| patient.to_owned()).collect();
    Ok(Disjoint { near: params.near, parts, shared_patients, overlaps })
}

fn prints<'a>(part: &'a str, set: &'a ImageSet) -> Vec<Print<'a>> {
    let one = |(at, row): (usize, &'a crate::artifact::ImageRow)| {
        let image = Image::new(set.width, set.height, set.image(at).to_vec());
        Some(Print { part, exam: &row.exam, slice: row.slice, print: Fingerprint::of(&image)? })
    };
    set.rows.par_iter().enumerate().filter_map(one).collect()
}

/// Pairs of images of two exams, those in two parts first, then by name.
fn overlaps(params: &Params, prints: &[Print<'_>]) -> Vec<Overlap> {
    let of = |at: usize| prints[at + 1..].iter().filter_map(move |other| overlap(params, &prints[at], other));
    let mut found: Vec<Overlap> = (0..prints.len()).into_par_iter().flat_map_iter(of).collect();
    found.sort_by(|a, b| {
        (!a.crosses(), &a.exam_a, a.slice_a, &a.exam_b, a.slice_b).cmp(&(
            !b.crosses(),
            &b.exam_a,
            b.slice_a,
            &b.exam_b,
            b.slice_b,
        ))
    });
    found
}

/// Neighbouring slices of one exam may be as like as they want: they are never parted.
fn overlap(params: &Params, a: &Print<'_>, b: &Print<'_>) -> Option<Overlap> {
    if (a.part, a.exam) == (b.part, b.exam) {
        return None;
    }
    let exact = a.print.is_copy(&b.print);
    let likeness = if exact { 1.0 } else { a.print.correlation(&b.print, params.near? as f32)? };
    let (a, b) = if a.exam <= b.exam { (a, b) } else { (b, a) };
    Some(Overlap {
        part_a: a.part.to_owned(),
        exam_a: a.exam.to_owned(),
        slice_a: a.slice,
        part_b: b.part.to_owned(),
        exam_b: b.exam.to_owned(),
        slice_b: b.slice,
        exact,
        likeness: f64::from((likeness * 1e4).round()) / 1e4,
        acknowledged: params.acknowledged.contains(&(a.exam.to_owned(), b.exam.to_owned())),
    })
}

/// Pairs of exams rather than of slices: that is what can be taken out or acknowledged.
fn refusal(open: &[&Overlap], patients: &[String]) -> String {
    const SHOWN: usize = 10;
    let mut pairs: BTreeMap<(&str, &str), Vec<&Overlap>> = BTreeMap::new();
    open.iter().for_each(|overlap| pairs.entry((&overlap.exam_a, &overlap.exam_b)).or_default().push(overlap));
    let mut lines: Vec<String> = pairs.values().take(SHOWN).map(|overlaps| told(overlaps)).collect();
    lines.extend((pairs.len() > SHOWN).then(|| format!("and {} more pairs of exams", pairs.len() - SHOWN)));
    lines.extend(patients.iter().map(|patient| format!("patient `{patient}` is in two parts")));
    let pairs: Vec<_> = pairs.keys().take(3).map(|(a, b)| format!("[\"{a}\", \"{b}\"]")).collect();
    format!(
        "parts overlap, so a test would see what was trained on: {}. Give both exams one name in column `patient` of the label table, take one \
         out, or say that you know: `[leakage] acknowledge = [{}]`",
        lines.join("; "),
        pairs.join(", ")
    )
}

fn told(overlaps: &[&Overlap]) -> String {
    let first = overlaps[0];
    let exact = overlaps.iter().filter(|overlap| overlap.exact).count();
    let how = match (exact, overlaps.len() - exact) {
        (0, near) => format!(
            "{near} nearly equal, likeness up to {}",
            overlaps.iter().map(|overlap| overlap.likeness).fold(0.0, f64::max)
        ),
        (exact, 0) => format!("{exact} equal"),
        (exact, near) => format!("{exact} equal and {near} nearly equal"),
    };
    format!(
        "exam `{}` ({}) and exam `{}` ({}): {how}, first slice {} and slice {}",
        first.exam_a,
        first.part_a,
        first.exam_b,
        first.part_b,
        first.slice_a + 1,
        first.slice_b + 1
    )
}
