//! How trainings go: from their words while they run, from the curves that they left afterwards.

use anyhow::Result;
use maud::{Markup, html};

use crate::artifact::Curves;
use crate::serve::chart::{Chart, Series};
use crate::serve::picture::{Picture, Step};
use crate::serve::site::Site;
use crate::serve::status::Status;
use crate::serve::{address, artifacts, layout};
use crate::stage::job::TrainingProgress;

const PORT: &str = "curves";
/// Trainings on the page of a run; each has a page of its own.
const MOST: usize = 16;

/// Loss and accuracy of every training, those that run first.
pub(in crate::serve) fn of_trainings(site: &Site, picture: &Picture) -> Markup {
    let begun = |step: &Step| matches!(step.status, Status::Done | Status::Cached) || !step.training.is_empty();
    let mut trainings: Vec<(usize, &Step)> =
        picture.of_kind("train").chain(picture.of_kind("pretrain")).filter(|(_, step)| begun(step)).collect();
    trainings.sort_by_key(|(at, step)| (step.status != Status::Running, *at));
    html! {
        section #trainings data-live {
            @if !trainings.is_empty() { h2 { "Trainings" } }
            div.trainings {
                @for (at, step) in trainings.iter().take(MOST) {
                    article {
                        h3 { a href=(address::step(&picture.id, *at)) { (step.entry.step) } " " span class={ "state " (step.status.word()) } { (step.status.word()) } }
                        (drawn(site, step, 2))
                    }
                }
            }
            @if trainings.len() > MOST { p.soft { "… and " (trainings.len() - MOST) " more: " a href={ (address::of_run(&picture.id, "steps")) "?kind=train" } { "all trainings" } } }
        }
    }
}

/// All that is known of one training.
pub(in crate::serve) fn of_step(site: &Site, step: &Step) -> Markup {
    drawn(site, step, 3)
}

/// The first charts of a training.
fn drawn(site: &Site, step: &Step, first: usize) -> Markup {
    let charts = |lines: Lines| html! { div.charts { @for chart in lines.charts().iter().take(first) { (chart.draw()) } } };
    layout::shown(lines(site, step).map(charts))
}

/// Over the updates.
#[derive(Debug, Default)]
struct Lines {
    loss: Vec<(f64, f64)>,
    tune_loss: Vec<(f64, f64)>,
    tune_accuracy: Vec<(f64, f64)>,
    learning_rate: Vec<(f64, f64)>,
}

fn lines(site: &Site, step: &Step) -> Result<Lines> {
    let live = Lines::of_words(&step.training);
    let made = artifacts::record(&site.store, step)?.and_then(|record| record.outputs.get(PORT).cloned());
    let Some(made) = made else { return Ok(live) };
    let kept = Lines::of_curves(&Curves::open(&artifacts::checked(&site.store, &made)?)?);
    // What was told at single updates says more about the training loss than the mean of an epoch.
    Ok(if live.loss.len() > kept.loss.len() { Lines { loss: live.loss, ..kept } } else { kept })
}

impl Lines {
    fn of_words(training: &[(f64, TrainingProgress)]) -> Self {
        let line = |value: fn(&TrainingProgress) -> f64| training.iter().map(|(at, told)| (*at, value(told))).collect();
        Self {
            loss: line(|told| told.loss),
            tune_loss: line(|told| told.tune_loss),
            tune_accuracy: line(|told| told.tune_accuracy),
            learning_rate: line(|told| told.learning_rate),
        }
    }

    fn of_curves(curves: &Curves) -> Self {
        let line = |value: fn(&crate::artifact::Curve) -> Option<f64>| {
            curves.0.iter().filter_map(|epoch| Some((epoch.updates as f64, value(epoch)?))).collect()
        };
        Self {
            loss: line(|epoch| epoch.train_loss),
            tune_loss: line(|epoch| Some(epoch.tune_loss)),
            tune_accuracy: line(|epoch| Some(epoch.tune_accuracy)),
            learning_rate: line(|epoch| Some(epoch.learning_rate)),
        }
    }

    fn charts(self) -> [Chart; 3] {
        const X: &str = "updates";
        let series = |name, line, points| Series { name, line, points };
        [
            Chart {
                title: "Loss",
                x: X,
                series: vec![series("training", 1, self.loss), series("tuning", 2, self.tune_loss)],
                span: 0.0..1e-9,
            },
            Chart { title: "Accuracy", x: X, series: vec![series("tuning", 2, self.tune_accuracy)], span: 0.0..1.0 },
            Chart { title: "Learning rate", x: X, series: vec![series("rate", 3, self.learning_rate)], span: 0.0..1e-12 },
        ]
    }
}
