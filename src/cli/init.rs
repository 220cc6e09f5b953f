//! `bgh init`: a spec and a label table to fill in, drafted from the exams that a folder holds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::{Exit, Failure};
use crate::dicom::ExamFiles;
use crate::stage::Format;

/// Arguments of `bgh init`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the exams: DICOM in any order, else NIfTI files, else folders of PNG slices
    folder: PathBuf,

    /// Folder to write spec.toml and labels.csv into; neither is ever overwritten
    #[arg(long, value_name = "DIR", default_value = ".")]
    to: PathBuf,

    /// The classes, the negative one first
    #[arg(long, value_delimiter = ',', value_name = "NAMES", default_value = "negative,positive")]
    classes: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let refused = |error: anyhow::Error| Failure::new(Exit::Spec, format!("error: {error:#}"));
    if arguments.classes.len() < 2 {
        return Err(Failure::new(Exit::Spec, "error: --classes names one class; a study needs two at least".to_owned()));
    }
    let (format, exams) = Format::found(&arguments.folder).map_err(refused)?;
    let root = arguments.folder.canonicalize().context("the folder").map_err(refused)?;
    std::fs::create_dir_all(&arguments.to).map_err(anyhow::Error::from)?;
    let (spec, labels) = (arguments.to.join("spec.toml"), arguments.to.join("labels.csv"));
    for path in [&spec, &labels] {
        if path.exists() {
            let hint = "hint: it is never overwritten; remove it, or name another folder with --to";
            return Err(Failure::new(Exit::Spec, format!("error: {} is there already\n  {hint}", path.display())));
        }
    }
    std::fs::write(&labels, table(&exams)?).map_err(anyhow::Error::from)?;
    std::fs::write(&spec, draft(format, &root, &arguments.classes)).map_err(anyhow::Error::from)?;
    outln!("{} exams of {} files below {}", exams.len(), format.title(), arguments.folder.display());
    outln!("{}: fill in the column `class`: {}", labels.display(), arguments.classes.join(", "));
    outln!("{}: then `bgh check` and `bgh run` it", spec.display());
    Ok(())
}

/// A row an exam, called as shortly as tells it from the others.
fn table(exams: &[ExamFiles]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(vec![]);
    writer.write_record(["exam", "class", "patient"])?;
    let mut rows: Vec<[&str; 3]> = exams.iter().map(|exam| [name(exam, exams), "", exam.patient.as_str()]).collect();
    rows.sort_unstable();
    rows.iter().try_for_each(|row| writer.write_record(row))?;
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn name<'a>(exam: &'a ExamFiles, exams: &[ExamFiles]) -> &'a str {
    let last = exam.folder.rsplit('/').next().unwrap_or_default();
    let candidates = [last, exam.accession.as_str(), exam.folder.as_str()];
    let tells = |name: &&str| exams.iter().filter(|other| other.is_called(name)).count() == 1;
    candidates.into_iter().find(tells).unwrap_or(&exam.study)
}

fn draft(format: Format, root: &Path, classes: &[String]) -> String {
    let distinct: BTreeSet<&String> = classes.iter().collect();
    debug_assert_eq!(distinct.len(), classes.len(), "a class named twice is told by `bgh check`");
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let list = |names: &[String]| format!("[{}]", names.iter().map(|name| text(name)).collect::<Vec<_>>().join(", "));
    let window = match format {
        Format::Dicom | Format::Nifti => "{ width = 80, level = 35 }      # brain, HU",
        Format::Png => "{ width = 256, level = 128 }    # grey levels as they are: PNG has no HU",
    };
    format!(
        r#"# Drafted by `bgh init`. Fill in the column `class` of labels.csv, then
#   bgh check spec.toml     every fault at once
#   bgh run   spec.toml     the whole study
name = "study"
seed = 1

[cohort]
source   = {source}
root     = {root}
labels   = "labels.csv"         # further columns: part (train, tune, test), slices, z, series, and facts for subgroups
classes  = {classes}
positive = {positive}
slices   = "all"                # or a part of the stack like {{ from = 0.3, to = 0.6 }}

[split]
by   = "patient"
test = 0.3                      # chance of each patient to be tested; or numbers by class, or folds = 5 instead of test and tune
tune = 0.25

[images]
size   = 128
window = {window}

[network.alexnet]
width  = 0.25
crop   = 112
epochs = 20
batch  = 32

[weights.untrained]
learning_rate = 0.01
"#,
        source = text(format.name()),
        root = text(&root.to_string_lossy()),
        classes = list(classes),
        positive = list(&classes[1..]),
    )
}
