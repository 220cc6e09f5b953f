//! Kind `characteristics`: who was examined and how, by partition and class. Runs in `bgh`.
//!
//! Inputs `volumes/<exam>`. Output `characteristics`. Facts about patients come from the label table or the phantom, those about the
//! acquisition from the headers that the volumes keep.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{Kind, Needs, Run, Task};
use crate::artifact::{Acquired, Characteristics, Files, Group, Spread, Volume};

/// The kind.
pub const KIND: Kind = Kind {
    name: "characteristics",
    version: 1,
    outputs: &["characteristics"],
    run: Run::Here(task),
    needs: Needs::one_core,
    cost: 1.0,
    random: false,
};

fn task(task: &Task<'_>) -> Result<()> {
    run(&task.params()?, &task.inputs_below("volumes"))?.write(&task.job.port("characteristics")?)
}

/// Who the exams are of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// Partitions in their order.
    pub partitions: Vec<String>,
    /// Classes in their order.
    pub classes: Vec<String>,
    /// The exams, in any order.
    pub exams: Vec<Exam>,
}

/// One exam.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exam {
    /// Its name.
    pub id: String,
    /// Whose it is.
    pub patient: String,
    /// The reference standard.
    pub class: String,
    /// What it is for, one of the partitions.
    pub partition: String,
    /// What else is known of it.
    pub facts: BTreeMap<String, String>,
}

/// Facts of the acquisition that are reported, by DICOM keyword.
const KEYWORDS: [(&str, &str); 6] = [
    ("Manufacturer", "Manufacturer"),
    ("ManufacturerModelName", "Scanner"),
    ("KVP", "Tube voltage, kV"),
    ("ConvolutionKernel", "Kernel"),
    ("ReconstructionDiameter", "Field of view, mm"),
    ("ContrastBolusAgent", "Contrast agent"),
];

/// Counts the exams.
///
/// # Errors
/// When an exam has no volume, or one is damaged.
pub fn run(params: &Params, volumes: &BTreeMap<String, Files>) -> Result<Characteristics> {
    let scanned = params.exams.iter().map(|exam| Ok((exam, Scanned::of(exam, volumes)?))).collect::<Result<Vec<_>>>()?;
    let cells = params.partitions.iter().flat_map(|part| params.classes.iter().map(move |class| (part, class)));
    let telling = telling(&params.exams);
    Ok(Characteristics {
        groups: cells.filter_map(|(partition, class)| group((partition, class), &telling, &scanned)).collect(),
        acquisition: acquisition(&scanned),
    })
}

/// What the volume of an exam says of its acquisition.
struct Scanned {
    slices: usize,
    facts: Vec<(String, String)>,
}

impl Scanned {
    fn of(exam: &Exam, volumes: &BTreeMap<String, Files>) -> Result<Self> {
        let files = volumes.get(&exam.id).with_context(|| format!("exam `{}` has no volume", exam.id))?;
        let place = || format!("exam `{}`", exam.id);
        let (slices, series) = (Volume::slices(files).with_context(place)?, Volume::series(files).with_context(place)?);
        let [rows, columns] = Volume::matrix(files).with_context(place)?;
        let told =
            KEYWORDS.iter().map(|(keyword, name)| ((*name).to_owned(), series.get(*keyword).cloned().unwrap_or_default()));
        let first = slices.first();
        let thickness = first.and_then(|slice| slice.thickness_mm).map(|mm| rounded(mm, 2)).unwrap_or_default();
        let spacing =
            slices.windows(2).next().map(|pair| rounded(pair[1].position_mm - pair[0].position_mm, 1)).unwrap_or_default();
        let tilt = first.map(|slice| if slice.tilt_deg.abs() < 0.5 { "none" } else { "tilted" }.to_owned()).unwrap_or_default();
        let geometry = [
            ("Slice thickness, mm", thickness),
            ("Distance between slices, mm", spacing),
            ("Matrix", format!("{columns} \u{d7} {rows}")),
            ("Gantry tilt", tilt),
        ];
        let facts = told.chain(geometry.map(|(name, value)| (name.to_owned(), value))).collect();
        Ok(Self { slices: slices.len(), facts })
    }
}

/// With so many decimals at most.
fn rounded(value: f64, decimals: i32) -> String {
    let scale = 10f64.powi(decimals);
    ((value * scale).round() / scale).to_string()
}

/// Words of more values than this describe nobody: they are names, dates or remarks, and belong into no report.
const MOST_WORDS: usize = 12;

/// Facts that tell something of a group: numbers, and words of few values.
fn telling(exams: &[Exam]) -> BTreeSet<&String> {
    let mut values: BTreeMap<&String, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in exams.iter().flat_map(|exam| &exam.facts) {
        values.entry(name).or_default().extend((value.parse::<f64>().is_err()).then_some(value.as_str()));
    }
    values.into_iter().filter(|(_, words)| words.len() <= MOST_WORDS).map(|(name, _)| name).collect()
}

fn group((partition, class): (&str, &str), telling: &BTreeSet<&String>, exams: &[(&Exam, Scanned)]) -> Option<Group> {
    let own: Vec<_> = exams.iter().filter(|(exam, _)| exam.partition == partition && exam.class == class).collect();
    let names: BTreeSet<&String> =
        own.iter().flat_map(|(exam, _)| exam.facts.keys()).filter(|name| telling.contains(name)).collect();
    let (mut numbers, mut words) = (BTreeMap::new(), BTreeMap::new());
    for name in names {
        let known: Vec<&str> = own.iter().filter_map(|(exam, _)| exam.facts.get(name)).map(String::as_str).collect();
        let known: Vec<&str> = known.into_iter().filter(|value| !value.is_empty()).collect();
        let parsed: Option<Vec<f64>> =
            known.iter().map(|value| value.parse().ok().filter(|number: &f64| number.is_finite())).collect();
        match parsed.as_deref().and_then(Spread::of) {
            Some(spread) => {
                numbers.insert(name.clone(), spread);
            }
            None => {
                words.insert(name.clone(), tallied(known));
            }
        }
    }
    (!own.is_empty()).then(|| Group {
        partition: partition.to_owned(),
        class: class.to_owned(),
        exams: own.len(),
        patients: own.iter().map(|(exam, _)| &exam.patient).collect::<BTreeSet<_>>().len(),
        slices: own.iter().map(|(_, scanned)| scanned.slices).sum(),
        numbers,
        words,
    })
}

fn tallied(values: Vec<&str>) -> BTreeMap<String, usize> {
    values.into_iter().fold(BTreeMap::new(), |mut tally, value| {
        *tally.entry(value.to_owned()).or_default() += 1;
        tally
    })
}

/// Values of a fact that are told one by one; of more numbers ranges are told.
const MOST_VALUES: usize = 6;

/// Facts in their order, values by how many exams have them, then by name, ranges ascending; a fact that no exam has is left out.
fn acquisition(exams: &[(&Exam, Scanned)]) -> Vec<Acquired> {
    let count = exams.first().map_or(0, |(_, scanned)| scanned.facts.len());
    (0..count).flat_map(|fact| acquired(exams, fact)).collect()
}

fn acquired(exams: &[(&Exam, Scanned)], fact: usize) -> Vec<Acquired> {
    let told: Vec<&str> = exams.iter().map(|(_, scanned)| scanned.facts[fact].1.as_str()).collect();
    if told.iter().all(|value| value.is_empty()) {
        return vec![];
    }
    let ranges = ranges(&told);
    let mut values: Vec<(String, BTreeMap<String, usize>)> = vec![];
    let distinct: BTreeSet<&str> = told.iter().copied().collect();
    let named = |value: &str| ranges.as_ref().and_then(|ranges| ranges.of(value)).unwrap_or_else(|| value.to_owned());
    let names = ranges.as_ref().map_or_else(|| distinct.iter().map(|value| (*value).to_owned()).collect(), Ranges::names);
    let unknown = (ranges.is_some() && distinct.contains("")).then(String::new);
    for name in names.into_iter().chain(unknown) {
        let mut tally: BTreeMap<String, usize> = BTreeMap::new();
        let own = exams.iter().zip(&told).filter(|(_, value)| named(value) == name);
        own.for_each(|((exam, _), _)| *tally.entry(exam.partition.clone()).or_default() += 1);
        values.extend((!tally.is_empty()).then_some((name, tally)));
    }
    if ranges.is_none() {
        values.sort_by_key(|(_, exams)| std::cmp::Reverse(exams.values().sum::<usize>()));
    }
    let name = &exams[0].1.facts[fact].0;
    values.into_iter().map(|(value, exams)| Acquired { fact: name.clone(), value, exams }).collect()
}

/// Ranges of equal and round width.
struct Ranges {
    first: i64,
    last: i64,
    step: f64,
}

/// Ranges for numbers of more than a few values; `None` for words and for few values.
fn ranges(told: &[&str]) -> Option<Ranges> {
    let known: BTreeSet<&str> = told.iter().copied().filter(|value| !value.is_empty()).collect();
    let numbers: Vec<f64> =
        known.iter().map(|value| value.parse().ok().filter(|number: &f64| number.is_finite())).collect::<Option<_>>()?;
    if numbers.len() <= MOST_VALUES {
        return None;
    }
    let Spread { least, most, .. } = Spread::of(&numbers)?;
    let start = (most - least).log10().floor() as i32 - 1;
    let steps = (start..start + 3).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
    let bin = |value: f64, step: f64| (value / step + 1e-9).floor() as i64;
    let mut fitting = steps.filter(|step| (bin(most, *step) - bin(least, *step)) < MOST_VALUES as i64);
    let step = fitting.next()?;
    Some(Ranges { first: bin(least, step), last: bin(most, step), step })
}

impl Ranges {
    fn names(&self) -> Vec<String> {
        (self.first..=self.last).map(|bin| self.name(bin)).collect()
    }

    fn of(&self, value: &str) -> Option<String> {
        let number: f64 = value.parse().ok()?;
        Some(self.name((number / self.step + 1e-9).floor() as i64))
    }

    fn name(&self, bin: i64) -> String {
        let limit = |bin: i64| rounded(bin as f64 * self.step, 6);
        format!("{} to below {}", limit(bin), limit(bin + 1))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::digest;
    use super::*;
    use crate::artifact::SliceRow;

    fn volume(folder: &Path, slices: usize, kernel: &str) -> Result<Files> {
        std::fs::create_dir_all(folder)?;
        let slice = |slice| SliceRow {
            slice,
            position_mm: 2.5 * slice as f64,
            row_spacing_mm: 0.5,
            column_spacing_mm: 0.5,
            thickness_mm: Some(5.0),
            tilt_deg: 18.0,
        };
        let series = [("ConvolutionKernel".to_owned(), kernel.to_owned())].into();
        let slices: Vec<SliceRow> = (0..slices).map(slice).collect();
        Volume { hu: vec![0.0; 6 * slices.len()], slices, rows: 2, columns: 3, series }.write(folder)?;
        Files::of_folder(folder)
    }

    fn exam(id: &str, patient: &str, class: &str, facts: &[(&str, &str)]) -> Exam {
        let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Exam { id: id.into(), patient: patient.into(), class: class.into(), partition: "Test".into(), facts }
    }

    fn characterised() -> Result<Characteristics> {
        let root = tempfile::tempdir()?;
        let kernels = [("a", 1, "UB"), ("b", 2, "STANDARD"), ("c", 3, "UB")];
        let volumes = kernels.map(|(id, slices, kernel)| Ok((id.to_owned(), volume(&root.path().join(id), slices, kernel)?)));
        let volumes = volumes.into_iter().collect::<Result<_>>()?;
        let exams = vec![
            exam("a", "p", "left", &[("age", "60"), ("sex", "F")]),
            exam("b", "p", "left", &[("age", "70"), ("sex", "M")]),
            exam("c", "q", "none", &[("age", ""), ("sex", "F")]),
        ];
        let words = |words: [&str; 2]| words.map(String::from).to_vec();
        run(&Params { partitions: words(["Training", "Test"]), classes: words(["none", "left"]), exams }, &volumes)
    }

    #[test]
    fn numbers_spread_and_words_are_counted() -> Result<()> {
        let all = characterised()?;
        let [none, left] = &all.groups[..] else { panic!("{all:?}") };
        assert_eq!((left.exams, left.patients, left.slices, none.slices), (2, 1, 3, 3));
        assert_eq!((left.numbers["age"].mean, left.words["sex"]["F"]), (65.0, 1));
        assert!(none.numbers.is_empty() && none.words["age"].is_empty(), "an age that nobody has is no number");
        Ok(())
    }

    #[test]
    fn acquisitions_come_by_fact_the_most_frequent_value_first() -> Result<()> {
        let all = characterised()?;
        let told: Vec<_> =
            all.acquisition.iter().map(|row| (row.fact.as_str(), row.value.as_str(), row.exams["Test"])).collect();
        let expected = [
            ("Kernel", "UB", 2),
            ("Kernel", "STANDARD", 1),
            ("Slice thickness, mm", "5", 3),
            ("Distance between slices, mm", "2.5", 2),
            ("Distance between slices, mm", "", 1),
            ("Matrix", "3 \u{d7} 2", 3),
            ("Gantry tilt", "tilted", 3),
        ];
        assert_eq!(told, expected);
        Ok(())
    }

    #[test]
    fn words_of_many_values_are_left_out() {
        let exams: Vec<Exam> = (0..20)
            .map(|at| {
                let id = at.to_string();
                exam(
                    &id,
                    &id,
                    "none",
                    &[("age", &id), ("remark", &format!("remark {at}")), ("sex", if at % 2 == 0 { "F" } else { "M" })],
                )
            })
            .collect();
        assert_eq!(telling(&exams).into_iter().collect::<Vec<_>>(), ["age", "sex"]);
    }

    #[test]
    fn many_numbers_become_ranges_of_round_width() {
        let told: Vec<String> = (223..250).map(|mm| mm.to_string()).collect();
        let told: Vec<&str> = told.iter().map(String::as_str).chain([""]).collect();
        let ranges = ranges(&told).expect("many numbers");
        let names = [
            "220 to below 225",
            "225 to below 230",
            "230 to below 235",
            "235 to below 240",
            "240 to below 245",
            "245 to below 250",
        ];
        assert_eq!(ranges.names(), names);
        assert_eq!((ranges.of("230"), ranges.of("")), (Some(names[2].to_owned()), None));
        assert!(super::ranges(&["1", "2", "3"]).is_none() && super::ranges(&["a", "b", "c", "d", "e", "f", "g"]).is_none());
    }

    #[test]
    fn version_1_writes_these_bytes() -> Result<()> {
        let out = tempfile::tempdir()?;
        characterised()?.write(out.path())?;
        assert_eq!((KIND.version, digest(out.path())?.as_str()), (1, "66ba5d6170c797cf"));
        Ok(())
    }
}
