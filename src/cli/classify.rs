//! `bgh classify`: a trained model on new exams, and the list of them, most suspicious first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::progress::{self, Outlook};
use super::run::{machine, verdict};
use super::site::SiteArguments;
use super::{Exit, Failure};
use crate::artifact::Files;
use crate::dicom::ExamFiles;
use crate::dicom::report::{Finding, write_report};
use crate::execute::{Executor, Interrupt, Learned, Listener, Options};
use crate::plan::{Card, Key, Sort, numbered};
use crate::stage::Format;
use crate::stage::worklist::{Entry, Worklist};
use crate::store::Store;

/// Arguments of `bgh classify`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A model that `bgh export-model` wrote
    model: PathBuf,

    /// Folder of the exams, in any order
    exams: PathBuf,

    /// Folder to write the worklist into
    #[arg(long, value_name = "DIR", default_value = "worklist")]
    to: PathBuf,

    /// Also write a DICOM Structured Report for each exam, into `sr` below that folder
    #[arg(long)]
    sr: bool,

    /// Leave out the exams that have no usable slice instead of refusing them all
    #[arg(long)]
    skip_unusable: bool,

    /// Print the list as JSON
    #[arg(long)]
    json: bool,

    /// Steps at once [default: that of the site file, else the number of cores]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,

    /// Where networks compute: auto, cpu, cuda, or cuda:0,1 for some of several
    #[arg(long, default_value = "auto", env = "BGH_DEVICE")]
    device: String,

    #[command(flatten)]
    site: SiteArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let unpacked = tempfile::tempdir().map_err(anyhow::Error::from)?;
    let (card, model) = Card::read(&arguments.model, unpacked.path()).map_err(refused)?;
    let site = arguments.site.read()?;
    let key = Key::beside(&arguments.site.cache(&site)).map_err(|error| Failure::environment(&error))?;
    let exams = Exams::of(arguments, &card, &key)?;
    let (plan, list) = card.apply(&model, exams.format, &exams.files());
    let store = Store::open(&arguments.site.cache(&site)).map_err(|error| Failure::environment(&error))?;
    let options = Options::default();
    let mut executor = Executor::survey(&plan, &store, &options)?;
    let machine = machine(&executor, arguments.jobs, &arguments.device, &site)?;
    let interrupt = Interrupt::on_signals().map_err(anyhow::Error::from)?;
    let name = format!("{} on {}", card.model, arguments.exams.display());
    let outlook = || Outlook::of(&plan, &executor, &Learned::open(&store), machine.cpus);
    let mut listeners: Vec<Box<dyn Listener>> = vec![progress::listener(&name, outlook)];
    let summary = executor.run(&machine, &interrupt, &mut listeners)?;
    drop(listeners);
    verdict(&summary)?;
    let Some(artifact) = executor.output(list, "worklist") else {
        return Err(Failure::new(Exit::Stage, "error: there is no worklist".to_owned()));
    };
    let worklist = exams.named(Worklist::open(&store.files(artifact))?);
    std::fs::create_dir_all(&arguments.to).map_err(anyhow::Error::from)?;
    worklist.write(&arguments.to)?;
    store.save().map_err(anyhow::Error::from)?;
    if arguments.sr {
        exams.report(&card, &worklist, &arguments.to.join("sr"))?;
    }
    tell(arguments, &worklist)
}

/// The exams that will be looked at. They go through the cache under pseudonyms; the list on the reader's desk calls them by name.
struct Exams {
    format: Format,
    /// Name and files by pseudonym.
    by_pseudonym: BTreeMap<String, (String, ExamFiles)>,
}

impl Exams {
    fn of(arguments: &Arguments, card: &Card, key: &Key) -> Result<Self, Failure> {
        let (format, found) = Format::found(&arguments.exams).map_err(refused)?;
        if arguments.sr && format != Format::Dicom {
            let fact = format!("error: a Structured Report belongs to a DICOM study; these exams are {}", format.title());
            return Err(Failure::new(Exit::Spec, fact));
        }
        let hidden = |usable: BTreeMap<String, ExamFiles>| {
            let one = |(name, exam): (String, ExamFiles)| (key.pseudonym(Sort::Exam, &exam.study), (name, exam));
            Self { format, by_pseudonym: usable.into_iter().map(one).collect() }
        };
        let (mut usable, mut unusable) = (BTreeMap::new(), vec![]);
        for exam in found {
            // A study has one UID; folders may hold several studies, and `a/b` and `a_b` would be one name.
            let folder = exam.folder.replace('/', "_");
            let name = if folder.is_empty() || usable.contains_key(&folder) { exam.study.clone() } else { folder };
            match format.foresee(&exam.files(), &card.slices) {
                Ok(_) => drop(usable.insert(name, exam)),
                Err(error) => unusable.push(format!("exam `{name}`: {error:#}")),
            }
        }
        if arguments.skip_unusable && !usable.is_empty() {
            unusable.iter().for_each(|why| errln!("warning: left out: {why}"));
            return Ok(hidden(usable));
        }
        if unusable.is_empty() {
            return Ok(hidden(usable));
        }
        let lines: Vec<String> = unusable.iter().map(|why| format!("error: {why}")).collect();
        let hint = "hint: an exam that is not in the list is not seen; leave these out knowingly with --skip-unusable";
        Err(Failure::new(Exit::Spec, format!("{}\n  {hint}", lines.join("\n"))))
    }

    fn files(&self) -> BTreeMap<String, Files> {
        let one =
            |(pseudonym, (_, exam)): (&String, &(String, ExamFiles))| (pseudonym.clone(), numbered(self.format, &exam.files()));
        self.by_pseudonym.iter().map(one).collect()
    }

    /// The list with the names of the exams.
    fn named(&self, worklist: Worklist) -> Worklist {
        let name = |pseudonym: String| self.by_pseudonym.get(&pseudonym).map_or(pseudonym, |(name, _)| name.clone());
        let exams = worklist.exams.into_iter().map(|entry| Entry { exam: name(entry.exam), ..entry }).collect();
        Worklist { exams, ..worklist }
    }

    fn report(&self, card: &Card, worklist: &Worklist, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder)?;
        for entry in &worklist.exams {
            let Some((_, exam)) = self.by_pseudonym.values().find(|(name, _)| *name == entry.exam) else { continue };
            let finding = Finding {
                study: &exam.study,
                patient: &exam.patient,
                accession: &exam.accession,
                title: format!("{} ({} of {})", card.positive.join(" or "), card.model, card.experiment),
                lines: lines(card, entry),
            };
            write_report(&folder.join(format!("{}.dcm", entry.exam)), &finding)?;
        }
        Ok(())
    }
}

fn lines(card: &Card, entry: &Entry) -> Vec<String> {
    let call = match (entry.positive, card.threshold) {
        (Some(true), Some(threshold)) => format!("suspicious: the score reaches the threshold {threshold:.3}"),
        (Some(false), Some(threshold)) => format!("not suspicious: the score is below the threshold {threshold:.3}"),
        _ => "the model has no threshold".to_owned(),
    };
    vec![
        format!("Score {:.3}; {call}.", entry.score),
        format!("Most suspicious slice: {} of {}, counted from the feet.", entry.slice, entry.slices),
        "Computed by software for the order of reading; it is no diagnosis.".to_owned(),
    ]
}

fn tell(arguments: &Arguments, worklist: &Worklist) -> Result<(), Failure> {
    if arguments.json {
        outln!("{}", serde_json::to_string(worklist).map_err(anyhow::Error::from)?);
        return Ok(());
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(["rank", "exam", "score", "call", "class", "slice"]);
    for entry in &worklist.exams {
        let call = entry.positive.map_or("", |positive| if positive { "positive" } else { "negative" });
        let score = format!("{:.3}", entry.score);
        let slice = format!("{} of {}", entry.slice, entry.slices);
        table.add_row([entry.rank.to_string(), entry.exam.clone(), score, call.to_owned(), entry.class.clone(), slice]);
    }
    outln!("{table}");
    outln!("{} exams · {}", worklist.exams.len(), arguments.to.join("worklist.csv").display());
    Ok(())
}

/// The fault lies in what the user named.
fn refused(error: anyhow::Error) -> Failure {
    Failure::new(Exit::Spec, format!("error: {error:#}"))
}
