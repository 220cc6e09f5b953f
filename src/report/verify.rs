//! Whether a report is what was made, and whether its numbers follow from its scores. Needs the folder alone: neither the cache nor
//! the spec, so that a reviewer can ask.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::numbers::{Number, numbers};
use crate::artifact::Files;
use crate::artifact::results::{ModelResult, Results};
use crate::stats::{self, Placements, Reference, Scores};
use crate::store::{Artifact, Blob, Digest};

/// Files that a run lays beside a report, with times and hosts; outside its digest.
pub const BESIDE: [&str; 5] = ["provenance.json", "ro-crate-metadata.json", "spec.toml", "compute.csv", "looks.csv"];

/// One thing that was looked at: what it is, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub what: &'static str,
    /// What was confirmed, or every fault.
    pub found: Result<String, Vec<String>>,
}

/// Looks at the files, the numbers and the areas of the report in `folder`.
///
/// # Errors
/// When `folder` holds no report, or the disk refuses.
pub fn verify(folder: &Path) -> Result<Vec<Check>> {
    ensure!(folder.join("report.html").is_file(), "{} holds no report.html: name the folder of a report", folder.display());
    let files = Files::of_folder(folder)?;
    let check = |what: &'static str, found: Result<String, Vec<String>>| Check { what, found };
    Ok(vec![check("files", bytes(&files)), check("numbers", cited(&files)), check("areas", recomputed(&files))])
}

/// The files have the digest that the run recorded.
fn bytes(files: &Files) -> Result<String, Vec<String>> {
    let (made, found) = (Made::of(files).map_err(alone)?.report, present(files).map_err(alone)?);
    if found.digest() == made {
        let size = found.0.len();
        return Ok(format!("{size} files have the bytes that the step `report` made (digest {})", found.digest().short()));
    }
    Err(differing(files, &found)
        .unwrap_or_else(|| vec![format!("the files have the digest {}, the run made {}", found.digest().hex(), made.hex())]))
}

/// Key and digest of the report as its run recorded them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Key of the step.
    pub action: Digest,
    /// Digest of what it made.
    pub report: Digest,
}

impl Made {
    /// What the run says that made the report in `folder`.
    ///
    /// # Errors
    /// When `provenance.json` is missing, damaged, or silent on a report.
    pub fn read(folder: &Path) -> Result<Self> {
        Self::of(&Files::of_folder(folder)?)
    }

    fn of(files: &Files) -> Result<Self> {
        let record = json(files, BESIDE[0])?;
        let steps = record["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
        let step = steps.iter().find(|step| step["kind"] == "report").context("provenance.json tells of no step `report`")?;
        let digest = |value: &Value, what: &str| {
            serde_json::from_value(value.clone()).with_context(|| format!("provenance.json has no {what} of the report"))
        };
        Ok(Self { action: digest(&step["action"], "key")?, report: digest(&step["outputs"]["report"], "digest")? })
    }
}

fn present(files: &Files) -> Result<Artifact> {
    let blob = |(name, path): (&str, &Path)| Ok((name.to_owned(), Blob::of_file(path)?));
    Ok(Artifact(files.iter().filter(|(name, _)| !BESIDE.contains(name)).map(blob).collect::<Result<_>>()?))
}

/// The files that are not what the crate's list says; nothing where there is no list or it agrees.
fn differing(files: &Files, found: &Artifact) -> Option<Vec<String>> {
    let crate_ = json(files, BESIDE[1]).ok()?;
    let entities = crate_["@graph"].as_array()?.iter().filter(|entity| entity["@type"] == "File");
    let listed =
        entities.filter_map(|entity| Some((entity["@id"].as_str()?, entity["identifier"].as_str()?.strip_prefix("blake3:")?)));
    let listed: BTreeMap<&str, &str> = listed.collect();
    let of_listed = listed.iter().filter_map(|(name, digest)| match found.0.get(*name) {
        None => Some(format!("{name} is missing")),
        Some(blob) if blob.digest.hex() != *digest => Some(format!("{name} has other bytes than were made")),
        Some(_) => None,
    });
    let added = found.0.keys().filter(|name| !listed.contains_key(name.as_str())).map(|name| format!("{name} was added"));
    let faults: Vec<String> = of_listed.chain(added).collect();
    (!faults.is_empty()).then_some(faults)
}

/// Every number that a manuscript cites is that of the results, exact and as printed.
fn cited(files: &Files) -> Result<String, Vec<String>> {
    let results = Results::open(files).map_err(alone)?;
    let listed = listed(files).map_err(alone)?;
    let known: BTreeMap<String, Number> = numbers(&results).into_iter().map(|number| (number.name.clone(), number)).collect();
    let wrong = listed.iter().filter(|number| known.get(&number.name) != Some(*number));
    let missing = known.keys().filter(|name| !listed.iter().any(|number| &number.name == *name));
    let faults: Vec<String> = wrong
        .map(|number| format!("numbers.csv: `{}` is {}, the results say otherwise", number.name, number.printed))
        .chain(missing.map(|name| format!("numbers.csv: `{name}` is missing")))
        .collect();
    if faults.is_empty() { Ok(format!("{} numbers are those of results.json", listed.len())) } else { Err(faults) }
}

fn listed(files: &Files) -> Result<Vec<Number>> {
    let mut reader = csv::Reader::from_path(files.path("numbers.csv")?)?;
    reader.deserialize().map(|row| row.context("numbers.csv cannot be read")).collect()
}

/// The area of every model and reader follows from `scores.csv`.
fn recomputed(files: &Files) -> Result<String, Vec<String>> {
    let results = Results::open(files).map_err(alone)?;
    let table = Columns::read(files).map_err(alone)?;
    let raters: Vec<&ModelResult> = results.models.iter().chain(&results.readers).collect();
    let faults: Vec<String> =
        raters.iter().filter_map(|model| table.disagrees(model).unwrap_or_else(|error| Some(format!("{error:#}")))).collect();
    if faults.is_empty() { Ok(format!("{} areas follow from scores.csv, to the last bit", raters.len())) } else { Err(faults) }
}

/// `scores.csv` by columns.
struct Columns {
    reference: Arc<Reference>,
    scores: BTreeMap<String, Vec<f64>>,
}

impl Columns {
    fn read(files: &Files) -> Result<Self> {
        let mut reader = csv::Reader::from_path(files.path("scores.csv")?)?;
        let header: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
        let at = header.iter().position(|name| name == "reference").context("scores.csv has no column `reference`")?;
        let reference = Reference::new(rows.iter().map(|row| &row[at] == "1").collect())?;
        let score = |row: &csv::StringRecord, at: usize| {
            row[at].parse::<f64>().with_context(|| format!("scores.csv: `{}` is no score", &row[at]))
        };
        let column = |at: usize| rows.iter().map(|row| score(row, at)).collect::<Result<Vec<f64>>>();
        let scores = header.iter().enumerate().skip(at + 1).map(|(at, name)| Ok((name.clone(), column(at)?)));
        Ok(Self { reference: Arc::new(reference), scores: scores.collect::<Result<_>>()? })
    }

    fn disagrees(&self, model: &ModelResult) -> Result<Option<String>> {
        let scores = self.scores.get(&model.name).with_context(|| format!("scores.csv has no column `{}`", model.name))?;
        let auc = stats::auc(&Placements::of(&Scores::new(&self.reference, scores)?));
        let told = model.auc;
        Ok((auc != told).then(|| format!("`{}` has the area {auc} by scores.csv and {told} by results.json", model.name)))
    }
}

fn json(files: &Files, name: &str) -> Result<Value> {
    let text = fs::read_to_string(files.path(name)?).with_context(|| format!("cannot read {name}"))?;
    serde_json::from_str(&text).with_context(|| format!("{name} is damaged"))
}

fn alone(error: anyhow::Error) -> Vec<String> {
    vec![format!("{error:#}")]
}
