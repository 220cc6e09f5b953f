//! Kind `cases`: the test exams of one model that deserve a look, each with the one slice that shows it. Runs in `bgh`.
//!
//! Inputs: `predictions` of the model, the `images` that they were made of, `volumes/<exam>`; of phantoms `truth/<exam>`, which knows the places
//! of lesions. Output `cases`.
//!
//! 1. An exam is named by its classes' probabilities, averaged over its slices, as in the comparison.
//! 2. Picked are the exams asked for, the most confident right ones of each positive class, and the wrong ones (`pick`).
//! 3. An exam is shown by the slice with most of its lesion, where that is known, else by its most suspicious one (`mark`).

mod mark;
mod pick;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

pub use self::mark::Marked;
use self::mark::Places;
use self::pick::{Judged, Picked};
use super::{Kind, Needs, Run, Task, window};
use crate::artifact::{Case, Cases, Files, ImageSet, ImageSetWriter, Predictions, Volume};
use crate::imaging::Fit;

/// The kind.
pub const KIND: Kind = Kind {
    name: "cases",
    version: 2,
    outputs: &["cases"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 1.0,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    let inputs = Inputs {
        predictions: task.input("predictions")?,
        images: task.input("images")?,
        volumes: &task.inputs_below("volumes"),
        truth: &task.inputs_below("truth"),
    };
    run(&task.params()?, &inputs, &task.job.port("cases")?)
}

/// Everything that decides the cases beside the inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// Classes that count as positive.
    pub positive: Vec<String>,
    /// How slices came to the square, to find places in it.
    pub fit: Fit,
    /// Exams that are picked in any case.
    pub exams: Vec<String>,
    /// Exams of each positive class that are picked for being named rightly with the greatest confidence.
    pub confident: usize,
    /// At most so many exams that are named wrongly, the most confident first.
    pub wrong: usize,
    /// Places of lesions that the author marked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Marked>,
}

/// The artifacts that a pick is made of.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Predictions of the test exams.
    pub predictions: &'a Files,
    /// The images that were predicted.
    pub images: &'a Files,
    /// Volumes by exam.
    pub volumes: &'a BTreeMap<String, Files>,
    /// Truths of phantoms by exam.
    pub truth: &'a BTreeMap<String, Files>,
}

/// Picks cases and writes them with their slices into `out`.
///
/// # Errors
/// When an exam asked for has no prediction, the inputs do not fit each other, or a file cannot be read or written.
pub fn run(params: &Params, inputs: &Inputs<'_>, out: &Path) -> Result<()> {
    let predictions = Predictions::open(inputs.predictions)?;
    let judged = pick::judge(params, &predictions)?;
    let picked = pick::pick(params, &judged)?;
    let places = Places::open(&params.marks, inputs)?;
    let set = ImageSet::open(inputs.images)?;
    let rows = picked.iter().enumerate().map(|(at, picked)| case(params, inputs, &places, &set, (at, picked)));
    let rows = rows.collect::<Result<Vec<_>>>()?;
    let mut writer = ImageSetWriter::create(out, rows.len(), set.height, set.width)?;
    for case in &rows {
        let image = position(&set, &case.exam, case.slice)?;
        writer.push(set.rows[image].clone(), set.image(image))?;
    }
    writer.finish()?;
    Cases::write(out, &rows)
}

fn position(set: &ImageSet, exam: &str, slice: usize) -> Result<usize> {
    let place = set.rows.iter().position(|row| row.exam == exam && row.slice == slice);
    place.with_context(|| format!("exam `{exam}`: slice {slice} was predicted, but there is no image of it"))
}

fn case(
    params: &Params,
    inputs: &Inputs<'_>,
    places: &Places,
    set: &ImageSet,
    (at, Picked { exam, why }): (usize, &Picked<'_>),
) -> Result<Case> {
    let &&Judged { id, class, named, probability, .. } = exam;
    let volume = inputs.volumes.get(id).with_context(|| format!("exam `{id}` has predictions but no volume"))?;
    let [rows, columns] = Volume::matrix(volume)?;
    let seen = |slice: usize| exam.slices.contains_key(&slice);
    let mark = places.of(id, params.positive.iter().any(|positive| positive == class), seen);
    let slice = mark.map_or(exam.most_suspicious(), |mark| mark.slice);
    let geometry = Volume::slices(volume)?.into_iter().find(|row| row.slice == slice);
    let geometry = geometry.with_context(|| format!("exam `{id}` has no slice {slice}"))?;
    ensure!(set.height == set.width, "images of {} x {} are no squares", set.height, set.width);
    let place = |point: [f64; 2]| params.fit.place(point, [columns, rows], window::aspect(&geometry), set.width);
    let point = mark.map(|mark| place([mark.column, mark.row]));
    let (spacing, unit) = (geometry.column_spacing_mm, place([1.0, 0.0])[0] - place([0.0; 2])[0]);
    Ok(Case {
        case: at,
        exam: id.to_owned(),
        slice,
        class: class.to_owned(),
        named: named.to_owned(),
        probability,
        why: *why,
        mark: mark.map(|mark| mark.what.clone()),
        column: point.map(|point| point[0]),
        row: point.map(|point| point[1]),
        radius: mark.map(|mark| mark.radius(spacing) * unit),
        pixel_mm: spacing / unit,
    })
}

#[cfg(test)]
mod tests;
