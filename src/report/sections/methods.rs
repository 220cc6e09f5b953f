//! The methods as a text to start a manuscript from, written from what was done.

use anyhow::Result;

use super::Section;
use crate::imaging::{Fit, Recipe};
use crate::report::document::Block;
use crate::report::number;
use crate::report::prose::{self, Described, varying};
use crate::report::study::Study;
use crate::stage::predict::Eval;
use crate::stage::train::{Select, Start};

pub(super) const SECTION: Section = Section { id: "methods", heading: "Methods", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let models = prose::described(study);
    let described = (!models.is_empty()).then(|| [images(study, &models), training(study, &models)]);
    let texts = described.into_iter().flatten().chain([scoring(study, &models), statistics(study)]);
    Ok(texts.map(Block::Text).collect())
}

fn images(study: &Study, models: &[Described]) -> String {
    let told = |fact: fn(&Described) -> String| varying(study, models, fact);
    format!(
        "Images. CT slices were displayed with {} as 8-bit images of {}. Augmentation of the training images: {}.",
        told(|model| format!(
            "a window of width {} HU and level {} HU",
            model.methods.images.window.width, model.methods.images.window.level
        )),
        told(|model| {
            let fit = match model.methods.images.fit {
                Fit::Squash => "squashed to the square",
                Fit::Pad => "padded to the square",
            };
            format!("{0} \u{d7} {0} pixels ({fit})", model.methods.images.size)
        }),
        told(|model| augmentation(model.methods.augment.as_ref())),
    )
}

fn augmentation(recipe: Option<&Recipe>) -> String {
    recipe.map_or("none".to_owned(), |recipe| {
        format!(
            "{} variants of each image, {} \u{d7} {} \u{d7} {}",
            number::count(recipe.product()),
            number::counted(recipe.windows.len(), "window", "windows"),
            number::counted(recipe.geometry.len(), "geometry", "geometries"),
            number::counted(recipe.filter.len(), "filter chain", "filter chains"),
        )
    })
}

fn training(study: &Study, models: &[Described]) -> String {
    let told = |fact: fn(&Described) -> String| varying(study, models, fact);
    format!(
        "Training. Networks: {}. Weights started from {}. They were trained by stochastic gradient descent with a momentum of {} \
         and a weight decay of {} for {} with batches of {}; the learning rate began at {} and was multiplied by {}. The \
         weights of {} were kept. All random streams derive from the seed {}.",
        told(network),
        told(start),
        told(|model| number::exact(model.methods.train.solver.momentum)),
        told(|model| number::exact(model.methods.train.solver.weight_decay)),
        told(|model| number::counted(model.methods.train.epochs, "epoch", "epochs")),
        told(|model| number::counted(model.methods.train.batch, "image", "images")),
        told(|model| number::exact(model.methods.train.solver.learning_rate)),
        told(|model| format!(
            "{} after each {} of all updates",
            model.methods.train.solver.gamma,
            number::percent(model.methods.train.solver.step)
        )),
        told(|model| match model.methods.train.select {
            Select::TuneLoss => "the epoch of least loss on the tuning set".to_owned(),
            Select::Last => "the last epoch".to_owned(),
        }),
        study.params.seed,
    )
}

fn network(model: &Described) -> String {
    let network = &model.methods.train.network;
    let width =
        if network.width == 1.0 { String::new() } else { format!(" at {} of its width", number::percent(network.width)) };
    format!("{}{width} on crops of {1} \u{d7} {1} pixels", network.name, network.crop)
}

fn start(model: &Described) -> String {
    match (&model.methods.train.start, &model.methods.pretrain, model.record) {
        (Start::Untrained, ..) => "random values".to_owned(),
        (Start::Formula, Some(pretrain), _) => format!(
            "a pretraining on {} rendered from {} by formula",
            number::counted(pretrain.samples, "fractal image", "fractal images"),
            number::counted(pretrain.categories, "iterated function system", "iterated function systems"),
        ),
        (Start::Formula, None, _) => "a pretraining on fractal images rendered by formula".to_owned(),
        (Start::File, _, Some(record)) => format!("a weight file, {}", record.start),
        (Start::File, _, None) => "a weight file".to_owned(),
    }
}

fn scoring(study: &Study, models: &[Described]) -> String {
    let told = |fact: fn(&Described) -> String| varying(study, models, fact);
    let seen = (!models.is_empty()).then(|| {
        let view = told(|model| match model.methods.predict.eval {
            Eval::CenterCrop => "the centre of each image".to_owned(),
            Eval::Squash => "each whole image, resized".to_owned(),
        });
        format!("The networks saw {view}. ")
    });
    let positive: Vec<String> = study.results.positive.iter().map(|class| format!("P({class})")).collect();
    format!(
        "Scores. {}The slices of an exam were made one score by the rule \u{201c}{}\u{201d}; the score for a positive exam is {}, and \
         the unit of analysis is the exam.",
        seen.unwrap_or_default(),
        study.results.aggregate,
        positive.join(" + "),
    )
}

fn statistics(study: &Study) -> String {
    let told =
        [areas(study), contrasts(study), seeds(study), operating(study), readers(study), subgroups(study), canaries(study)];
    format!("Statistics. {}", told.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn areas(study: &Study) -> Option<String> {
    Some(format!(
        "The area under the empirical ROC curve (larger score = more suspicious) is given with its {} confidence interval from the \
         variance of DeLong, DeLong and Clarke-Pearson (1988), on the logit scale (Pepe 2003); where the scores separate the classes \
         completely, with the exact interval.",
        number::percent(study.results.level)
    ))
}

fn contrasts(study: &Study) -> Option<String> {
    let any = study.results.comparisons.iter().any(|comparison| !comparison.rows.is_empty());
    any.then(|| {
        "Models were compared on the same exams by DeLong's paired test, two-sided; p-values are given as they are and adjusted by Holm's \
         method over all contrasts between models that have one, each pair counted once. Sensitivities and specificities were \
         compared by McNemar's exact test, unadjusted."
            .to_owned()
    })
}

fn seeds(study: &Study) -> Option<String> {
    study.has_seeds().then(|| {
        "Models that differ in their seed alone are one model: its score of an exam is the mean of theirs, in every table but those of \
         single trainings."
            .to_owned()
    })
}

fn operating(study: &Study) -> Option<String> {
    let any = study.results.models.iter().any(|model| model.operating.defined().is_some());
    any.then(|| {
        format!(
            "Operating points were chosen on the tuning exams ({}) and applied to the test exams, which had no part in the choice; \
             intervals of rates are Clopper and Pearson's.",
            study.results.operating_rule
        )
    })
}

fn readers(study: &Study) -> Option<String> {
    (!study.results.reader_contrasts.is_empty()).then(|| {
        "Readers were compared with models in the same way; Holm's method was applied to these contrasts as a family of their own.".to_owned()
    })
}

fn subgroups(study: &Study) -> Option<String> {
    (!study.results.subgroups.is_empty()).then(|| {
        "Subgroups that hold positive and negative exams were analysed within themselves; those of one sort were set against all exams of \
         the other sort (Pepe 2003). Their areas are exploratory: no test was made."
            .to_owned()
    })
}

fn canaries(study: &Study) -> Option<String> {
    (!study.results.canaries.is_empty()).then(|| {
        "As a check for leaks, models were trained once more on classes permuted among the development patients and judged on the true \
         classes of the test exams."
            .to_owned()
    })
}
