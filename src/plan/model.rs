//! A trained model as one file, and the steps that apply it to new exams.
//!
//! The file is a tar archive: `card.json` says what the model is and how images were made for it, the rest is the `model` port of its
//! training. Applying it makes the same steps as the study did, of the same kinds in the same versions: a card of other versions
//! is refused, so a score never comes from images that were made in another way.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::{Input, Plan, Step, StepId};
use crate::artifact::Files;
use crate::imaging::{Fit, Window};
use crate::labels::Slices;
use crate::stage::compare::Aggregate;
use crate::stage::{Format, Kind, LIBTORCH, ingest, predict, window, worklist};

const CARD: &str = "card.json";
const FORMAT: u32 = 1;

/// What a model is, and how images are made for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Version of this file's form.
    pub format: u32,
    /// The model's name in its study.
    pub model: String,
    /// The study's name.
    pub experiment: String,
    /// Class names in the order of the network's outputs.
    pub classes: Vec<String>,
    /// Classes that count as positive.
    pub positive: Vec<String>,
    /// Which slices of an exam it sees.
    pub slices: Slices,
    /// The window of its images.
    pub window: Window,
    /// Side of its images, pixels.
    pub size: usize,
    /// How other shapes come to that square.
    pub fit: Fit,
    /// How an image becomes what the network sees.
    pub predict: predict::Params,
    /// The rule that makes one score of an exam's slices.
    pub aggregate: Aggregate,
    /// Scores from here on call an exam positive, as the tuning exams chose; `None` where they chose none for this model alone.
    pub threshold: Option<f64>,
    /// The rule that chose it.
    pub operating_rule: String,
    /// Exams that it was trained on.
    pub trained_on: usize,
    /// Area under the ROC curve on the test exams of its study.
    pub auc: Option<f64>,
    /// Versions of the kinds of steps that make its scores.
    pub kinds: BTreeMap<String, u32>,
    /// The libtorch that computes them.
    pub libtorch: String,
    /// Digest of every file beside the card.
    pub files: BTreeMap<String, String>,
}

/// The kinds between the files of an exam and its score.
const KINDS: [&Kind; 3] = [&ingest::KIND, &window::KIND, &predict::KIND];

impl Card {
    /// The form and the versions that this program writes and applies.
    pub fn versions() -> (u32, BTreeMap<String, u32>, String) {
        (FORMAT, KINDS.iter().map(|kind| (kind.name.to_owned(), kind.version)).collect(), LIBTORCH.to_owned())
    }

    /// Refuses what this program would apply otherwise than it was trained.
    fn check(&self) -> Result<()> {
        let (format, kinds, libtorch) = Self::versions();
        ensure!(self.format == format, "the model is in form {}, this program reads {format}", self.format);
        let differs = |(name, version): (&String, &u32)| (self.kinds.get(name) != Some(version)).then(|| name.clone());
        let mut other: Vec<String> = kinds.iter().filter_map(differs).collect();
        other.extend((self.libtorch != libtorch).then(|| "libtorch".to_owned()));
        ensure!(
            other.is_empty(),
            "the model was made with other versions of {}: its images would be made otherwise than in training; apply it with the program that \
             exported it, or train and export it again",
            other.join(", ")
        );
        Ok(())
    }

    /// Writes the model, whose files are `model`, as one archive.
    ///
    /// # Errors
    /// When a file cannot be read or `out` not be written.
    pub fn write(&self, model: &Files, out: impl Write) -> Result<()> {
        let mut archive = tar::Builder::new(out);
        let contents = model.iter().map(|(name, path)| {
            Ok((name.to_owned(), std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?))
        });
        let contents: BTreeMap<String, Vec<u8>> = contents.collect::<Result<_>>()?;
        let files = contents.iter().map(|(name, bytes)| (name.clone(), digest(bytes))).collect();
        let card = serde_json::to_vec_pretty(&Self { files, ..self.clone() }).context("BUG: a card is plain data")?;
        let members = [(CARD.to_owned(), card)].into_iter().chain(contents);
        for (name, bytes) in members {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, bytes.as_slice())?;
        }
        archive.into_inner()?.flush()?;
        Ok(())
    }

    /// Reads a model and lays its files into `folder`.
    ///
    /// # Errors
    /// When the file is no model, is damaged, or would be applied otherwise than it was trained.
    pub fn read(path: &Path, folder: &Path) -> Result<(Self, Files)> {
        let place = || format!("cannot read {}", path.display());
        let file = std::fs::File::open(path).with_context(place)?;
        let mut archive = tar::Archive::new(std::io::BufReader::new(file));
        let mut contents: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for entry in archive.entries().with_context(place)? {
            let mut entry = entry.with_context(|| format!("{} is no model that `bgh export-model` wrote", path.display()))?;
            let name = entry.path().with_context(place)?.to_string_lossy().into_owned();
            let mut bytes = vec![];
            entry.read_to_end(&mut bytes).with_context(place)?;
            contents.insert(name, bytes);
        }
        let Some(card) = contents.remove(CARD) else { bail!("{} has no {CARD}: it is no model", path.display()) };
        let card: Self = serde_json::from_slice(&card).with_context(|| format!("{}: {CARD}", path.display()))?;
        card.check().with_context(|| path.display().to_string())?;
        let whole: BTreeMap<String, String> = contents.iter().map(|(name, bytes)| (name.clone(), digest(bytes))).collect();
        ensure!(whole == card.files, "{} is damaged: its files are not those that its card names", path.display());
        for (name, bytes) in &contents {
            ensure!(Path::new(name).components().count() == 1, "{}: `{name}` is no plain name", path.display());
            std::fs::write(folder.join(name), bytes).with_context(|| format!("cannot write into {}", folder.display()))?;
        }
        Ok((card, Files::of_folder(folder)?))
    }

    /// The steps from the files of exams to the worklist, which is the last.
    pub fn apply(&self, model: &Files, format: Format, exams: &BTreeMap<String, Files>) -> (Plan, StepId) {
        let mut plan = Plan::default();
        let mut volumes = BTreeMap::new();
        for (exam, files) in exams {
            let inputs = [(format.name().to_owned(), Input::Source(files.clone()))].into();
            let params = ingest::Params { slices: self.slices.clone() };
            let step = add(&mut plan, format.kind(), format!("ingest[{exam}]"), &params, inputs);
            volumes.insert(format!("exams/{exam}"), output(step, "volume"));
        }
        // Nobody knows the class of a new exam; image sets have a column for it, and the worklist does not look at it.
        let class = self.classes.first().cloned().unwrap_or_default();
        let labels = exams.keys().map(|exam| window::ExamLabel { id: exam.clone(), class: class.clone() });
        let params = window::Params {
            window: self.window,
            size: self.size,
            fit: self.fit,
            exams: labels.collect(),
            order: window::Order::Listed,
        };
        let images = add(&mut plan, &window::KIND, "window".to_owned(), &params, volumes);
        let inputs =
            [("model".to_owned(), Input::Source(model.clone())), ("images".to_owned(), output(images, "images"))].into();
        let predicted = add(&mut plan, &predict::KIND, format!("predict[{}]", self.model), &self.predict, inputs);
        let params = worklist::Params {
            model: format!("{}/{}", self.experiment, self.model),
            classes: self.classes.clone(),
            positive: self.positive.clone(),
            aggregate: self.aggregate,
            threshold: self.threshold,
        };
        let inputs = [("predictions".to_owned(), output(predicted, "predictions"))].into();
        let list = add(&mut plan, &worklist::KIND, "worklist".to_owned(), &params, inputs);
        (plan, list)
    }
}

fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn add(
    plan: &mut Plan,
    kind: &'static Kind,
    label: String,
    params: &impl Serialize,
    inputs: BTreeMap<String, Input>,
) -> StepId {
    let params = serde_json::to_value(params).expect("BUG: parameters are plain data");
    plan.add(Step::of_kind(kind, label, params, None, inputs))
}

fn output(step: StepId, port: &str) -> Input {
    Input::Output { step, port: port.to_owned() }
}
