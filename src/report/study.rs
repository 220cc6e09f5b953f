//! All that a report is made of, and the questions that several sections ask of it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};

use crate::artifact::results::{Contrast, ModelResult, Results, TrainingResult};
use crate::artifact::{Cases, Characteristics, Curves, Disjoint, Explanations, ImageSet, TrainingRecord};
use crate::report::stage::Params;

/// The inputs of a report.
#[derive(Debug, Clone, Copy)]
pub struct Study<'a> {
    /// What the spec says.
    pub params: &'a Params,
    /// What the comparison found.
    pub results: &'a Results,
    /// Learning curves by the name of the model.
    pub curves: &'a BTreeMap<String, Curves>,
    /// Facts of the training by the name of the model.
    pub records: &'a BTreeMap<String, TrainingRecord>,
    /// Who was examined and how.
    pub characteristics: Option<&'a Characteristics>,
    /// Exams that were picked for a closer look, by the name of the trained model.
    pub cases: &'a BTreeMap<String, Cases>,
    /// What that model looked at in them.
    pub explanations: &'a BTreeMap<String, Explanations>,
    /// What the comparison found on changed images, by the slug of the change.
    pub robustness: &'a BTreeMap<String, Results>,
    /// Augmented training images, by the number of variants.
    pub augmented: &'a BTreeMap<String, ImageSet>,
    /// What the comparison found on cohorts from elsewhere, by the name of the cohort.
    pub external: &'a BTreeMap<String, Results>,
    /// That the parts share nothing, where that was looked at.
    pub proof: Option<&'a Disjoint>,
}

impl<'a> Study<'a> {
    /// Refuses results that contradict themselves, so that sections need not doubt them.
    ///
    /// # Errors
    /// When there is no model, a contrast names an unknown one, a confusion matrix does not fit the classes, or a subgroup does not
    /// tell of every model.
    pub(super) fn check(&self) -> Result<()> {
        ensure!(!self.results.models.is_empty(), "the results hold no model: there is nothing to report");
        let classes = self.results.classes.len();
        for model in self.raters() {
            let Some(naming) = &model.naming else { continue };
            let square = naming.confusion.len() == classes && naming.confusion.iter().all(|row| row.len() == classes);
            let fits = square && naming.rightly_named.len() == classes;
            ensure!(fits, "confusion matrix of model `{}` is not {classes} by {classes}", model.name);
        }
        let models = self.results.models.len();
        for group in self.results.subgroups.iter().flat_map(|subgroup| &subgroup.groups) {
            ensure!(group.areas.len() == models, "subgroup `{}` does not tell of each of {models} models", group.name);
        }
        self.contrasts().try_for_each(|row| self.pair(row).map(|_| ()))
    }

    /// Models in the order of the design, then readers.
    pub(super) fn raters(&self) -> impl Iterator<Item = &'a ModelResult> + use<'a> {
        self.results.models.iter().chain(&self.results.readers)
    }

    /// Every contrast, between models and with readers.
    pub(super) fn contrasts(&self) -> impl Iterator<Item = &'a Contrast> + use<'a> {
        let of_models = self.results.comparisons.iter().flat_map(|comparison| &comparison.rows);
        of_models.chain(&self.results.reader_contrasts)
    }

    /// Both models of a contrast.
    ///
    /// # Errors
    /// When the results do not hold one of them.
    pub(super) fn pair(&self, contrast: &Contrast) -> Result<[&'a ModelResult; 2]> {
        Ok([self.model(&contrast.a)?, self.model(&contrast.b)?])
    }

    fn model(&self, name: &str) -> Result<&'a ModelResult> {
        self.results.model(name).with_context(|| format!("a contrast names model `{name}`, which the results do not hold"))
    }

    /// The largest area of all models.
    pub(super) fn best_auc(&self) -> f64 {
        self.results.models.iter().map(|model| model.auc).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Trainings with learning curves, in the order of the design, each with its model.
    pub(super) fn learned(&self) -> Vec<(&'a ModelResult, &'a TrainingResult, &'a Curves)> {
        self.trainings().filter_map(|(model, training)| Some((model, training, self.curves.get(&training.name)?))).collect()
    }

    /// Trainings with a record, in the order of the design, each with its model.
    pub(super) fn trained(&self) -> Vec<(&'a ModelResult, &'a TrainingResult, &'a TrainingRecord)> {
        self.trainings().filter_map(|(model, training)| Some((model, training, self.records.get(&training.name)?))).collect()
    }

    /// Every training with its model.
    pub(super) fn trainings(&self) -> impl Iterator<Item = (&'a ModelResult, &'a TrainingResult)> + use<'a> {
        self.results.models.iter().flat_map(|model| model.trainings.iter().map(move |training| (model, training)))
    }

    /// Weight updates of a model, where they are known and all its trainings made as many.
    pub(super) fn updates(&self, model: &ModelResult) -> Option<usize> {
        let of = |training: &TrainingResult| self.records.get(&training.name).map(|record| record.updates);
        let updates: Option<Vec<usize>> = model.trainings.iter().map(of).collect();
        updates?.into_iter().map(Some).reduce(|first, other| first.filter(|_| first == other)).flatten()
    }

    /// Whether some model is the mean of several trainings.
    pub(super) fn has_seeds(&self) -> bool {
        self.results.models.iter().any(|model| model.trainings.len() > 1)
    }

    /// Whether a training was made equal in updates to that of a larger arm.
    pub(super) fn is_matched(&self, model: &ModelResult) -> bool {
        let methods = |training: &TrainingResult| self.params.methods.get(&training.name);
        model.trainings.iter().filter_map(methods).any(|methods| methods.train.matched.is_some())
    }

    /// Whether a table of these models has to tell their updates: they differ, or were made equal on purpose.
    pub(super) fn tells_updates<'m>(&self, models: impl IntoIterator<Item = &'m ModelResult>) -> bool {
        let models: Vec<&ModelResult> = models.into_iter().collect();
        let updates: BTreeSet<usize> = models.iter().filter_map(|model| self.updates(model)).collect();
        updates.len() > 1 || models.iter().any(|model| self.is_matched(model))
    }

    /// A model's name for readers: where one factor tells the models apart, a bare level (`0.9`) would not say of what.
    pub(super) fn title(&self, model: &ModelResult) -> String {
        let varying = self.results.factors.iter().filter(|factor| factor.levels.len() > 1).map(|factor| &factor.name);
        match (&varying.collect::<Vec<_>>()[..], self.named_by_factors()) {
            ([only], true) if !model.levels.is_empty() => format!("{only} {}", model.levels[*only]),
            _ => model.name.clone(),
        }
    }

    /// Headings of the columns that name a model: its factors, or `model` where the design has none.
    pub(super) fn key_names(&self) -> Vec<String> {
        if self.named_by_factors() {
            self.results.factors.iter().map(|factor| factor.name.clone()).collect()
        } else {
            vec!["model".into()]
        }
    }

    /// What stands in those columns; a reader has a name and no levels.
    pub(super) fn keys(&self, model: &ModelResult) -> Vec<String> {
        if !self.named_by_factors() {
            return vec![model.name.clone()];
        }
        if model.levels.is_empty() {
            let blanks = self.results.factors.iter().skip(1).map(|_| String::new());
            return [model.name.clone()].into_iter().chain(blanks).collect();
        }
        let level = |name: &String| model.levels.get(name).cloned().unwrap_or_default();
        self.results.factors.iter().map(|factor| level(&factor.name)).collect()
    }

    /// A model without levels can only be told by its name.
    fn named_by_factors(&self) -> bool {
        let complete = |model: &ModelResult| self.results.factors.iter().all(|factor| model.levels.contains_key(&factor.name));
        !self.results.factors.is_empty() && self.results.models.iter().all(complete)
    }
}
