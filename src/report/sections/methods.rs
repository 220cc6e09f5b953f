//! The methods as a text to start a manuscript from, written from what was done.

use anyhow::Result;

use super::Section;
use crate::artifact::Pretraining;
use crate::imaging::{Fit, Recipe};
use crate::report::document::Block;
use crate::report::number;
use crate::report::prose::{self, Described, varying};
use crate::report::study::Study;
use crate::stage::explain::Fill;
use crate::stage::predict::Eval;
use crate::stage::train::{Matched, Params, Precision, Rule, Sampling, Schedule, Select, Start};

pub(super) const SECTION: Section = Section { id: "methods", heading: "Methods", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let models = prose::described(study);
    let described = (!models.is_empty()).then(|| [images(study, &models), training(study, &models)]);
    let closer = [explanations(study), robustness(study)].into_iter().flatten();
    let texts = described.into_iter().flatten().chain([scoring(study, &models), statistics(study)]).chain(closer);
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
                Fit::Pad => "padded to the square, proportions in mm kept",
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
        "Training. Networks: {}. Weights started from {}. They were trained by {} and a weight decay of {} for {} with batches of \
         {}; the learning rate was {} at its height and {}. An epoch showed each image {} in {}. {}The weights of {} were kept. All random streams derive \
         from the seed {}.",
        told(network),
        told(start),
        told(rule),
        told(|model| number::exact(model.methods.train.solver.weight_decay)),
        told(|model| number::counted(model.methods.train.epochs, "epoch", "epochs")),
        told(|model| number::counted(model.methods.train.batch, "image", "images")),
        told(|model| number::exact(model.methods.train.solver.learning_rate)),
        told(schedule),
        told(exposure),
        told(|model| match model.methods.train.sampling {
            Sampling::Reshuffle => "an order drawn anew for every epoch".to_owned(),
            Sampling::Cyclic => "one shuffled order, round and round".to_owned(),
        }),
        options(study, models),
        told(|model| match model.methods.train.select {
            Select::TuneLoss => "the epoch of least loss on the tuning set".to_owned(),
            Select::Last => "the last epoch".to_owned(),
        }),
        study.params.seed,
    )
}

fn rule(model: &Described) -> String {
    let solver = &model.methods.train.solver;
    let clip = solver.clip.map(|limit| format!(", gradients clipped to a norm of {}", number::exact(limit)));
    let rule = match solver.rule {
        Rule::Sgd { momentum } => format!("stochastic gradient descent with a momentum of {}", number::exact(momentum)),
        Rule::Adamw { beta1, beta2, .. } => {
            format!("AdamW with moments of {} and {}", number::exact(beta1), number::exact(beta2))
        }
    };
    rule + &clip.unwrap_or_default()
}

fn schedule(model: &Described) -> String {
    let solver = &model.methods.train.solver;
    let fall = match solver.schedule {
        Schedule::Step { share, gamma } => {
            format!("was multiplied by {gamma} after each {} of all updates", number::percent(share))
        }
        Schedule::Cosine { floor } => format!("fell by half a cosine to {} of it", number::percent(floor)),
        Schedule::Constant => "stayed there".to_owned(),
    };
    let rise = format!(" after a linear rise over the first {} of all updates", number::percent(solver.warm_up));
    if solver.warm_up > 0.0 { fall + &rise } else { fall }
}

/// How often an epoch shows an image; more than once where arms of unequal augmentation make equal updates.
fn exposure(model: &Described) -> String {
    match model.methods.train.matched {
        None => "once".to_owned(),
        Some(Matched { largest, own }) if largest % own == 0 => format!("{} times", largest / own),
        Some(Matched { largest, own }) => format!("{largest}/{own} times"),
    }
}

/// Sentences on what few trainings use, each only where one of them does.
fn options(study: &Study, models: &[Described]) -> String {
    let sentence = |is_used: fn(&Params) -> bool, words: &str, fact: fn(&Described) -> String| {
        let used = models.iter().any(|model| is_used(&model.methods.train));
        if used { format!("{words} {}. ", varying(study, models, fact)) } else { String::new() }
    };
    [
        sentence(|train| train.mirror.is_some(), "Training images were", mirroring),
        sentence(|train| train.patience.is_some(), "Training ended after", ending),
        sentence(|train| train.precision != Precision::Fp32, "Updates were computed in", precision),
    ]
    .concat()
}

fn mirroring(model: &Described) -> String {
    let Params { mirror, classes, .. } = &model.methods.train;
    let Some(images) = mirror else { return "not mirrored".to_owned() };
    let swaps = images.iter().enumerate().filter(|(class, image)| *class < **image);
    let swaps: Vec<String> = swaps.map(|(class, image)| format!("{} and {}", classes[class], classes[*image])).collect();
    let labels =
        if swaps.is_empty() { String::new() } else { format!(", labels {} exchanged with the sides", prose::list(&swaps)) };
    format!("mirrored with a probability of one half{labels}")
}

fn ending(model: &Described) -> String {
    model.methods.train.patience.map_or_else(
        || "all epochs".to_owned(),
        |epochs| format!("{} without a new least tuning loss", number::counted(epochs, "epoch", "epochs")),
    )
}

fn precision(model: &Described) -> String {
    match model.methods.train.precision {
        Precision::Fp32 => "single precision",
        Precision::Tf32 => "single precision with TF32 products",
        Precision::Bf16 => "bfloat16 products with single-precision weights",
    }
    .to_owned()
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
        (Start::Formula, Some(pretrain), record) => format!(
            "formula pretraining, in which the network told {} of {} apart{}",
            number::counted(pretrain.samples, "rendered image", "rendered images"),
            number::counted(pretrain.categories, "iterated function system", "iterated function systems"),
            record.and_then(|record| record.pretraining.as_ref()).map(pretrained).unwrap_or_default(),
        ),
        (Start::Formula, None, _) => "formula pretraining on rendered fractals".to_owned(),
        (Start::File { .. }, _, Some(record)) => format!("a weight file, {}", record.start),
        (Start::File { .. }, _, None) => "a weight file".to_owned(),
    }
}

/// What a formula pretraining came to.
fn pretrained(pretraining: &Pretraining) -> String {
    format!(
        " (formula version {}, {}, held-out loss {}, {} of held-out images right)",
        pretraining.formula,
        number::counted(pretraining.updates, "update", "updates"),
        number::loss(pretraining.loss),
        number::percent((pretraining.accuracy * 1000.0).round() / 1000.0),
    )
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

fn explanations(study: &Study) -> Option<String> {
    let (model, all) = study.explanations.iter().next()?;
    let looks: Vec<String> = study.explanations.keys().cloned().collect();
    let fill = match study.params.looks.get(model)?.explain.fill {
        Fill::Mean => "the mean grey of the training images".to_owned(),
        Fill::Grey(grey) => format!("grey level {grey}"),
    };
    Some(format!(
        "Explanations. Of {}, exams were picked by a rule that is stated with each figure. Occlusion (Zeiler and Fergus 2014): a box of {fill} was laid over the \
         finding, and slid over what the network sees ({side} \u{d7} {side} pixels in steps of {stride}), and the probabilities were computed anew. Activations are of \
         one channel, chosen by a rule that does not know where the finding is. Class activation is Grad-CAM (Selvaraju 2017).",
        prose::list(&looks),
        side = all.side,
        stride = all.stride,
    ))
}

fn robustness(study: &Study) -> Option<String> {
    let changes: Vec<String> = study.params.changes.iter().map(ToString::to_string).collect();
    (!study.robustness.is_empty()).then(|| {
        format!(
            "Robustness. The models were applied once more to the test images with one thing changed ({}), and compared with themselves on the images as they are \
             by DeLong's paired test; thresholds stayed those of the unchanged tuning exams.",
            prose::list(&changes)
        )
    })
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
