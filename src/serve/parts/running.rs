//! What runs now.

use maud::{Markup, html};

use crate::history::Running;
use crate::serve::picture::Picture;
use crate::serve::{address, words};

/// As many as fit a look.
const MOST: usize = 24;

pub(in crate::serve) fn of(picture: &Picture) -> Markup {
    let running = &picture.standing.running;
    html! {
        section #running data-live {
            @if picture.is_alive() && !running.is_empty() {
                h2 { "Running" }
                ul.running {
                    @for (label, step) in running.iter().take(MOST) { (row(picture, label, step)) }
                }
                @if running.len() > MOST { p.soft { "… and " (running.len() - MOST) " more" } }
            }
        }
    }
}

fn row(picture: &Picture, label: &str, running: &Running) -> Markup {
    let at = picture.steps.iter().position(|step| step.entry.step == label);
    html! {
        li {
            @match at {
                Some(at) => a href=(address::step(&picture.id, at)) { (label) },
                None => (label),
            }
            @if let Some(progress) = &running.progress { progress max=(progress.total) value=(progress.done) aria-label={ "Progress of " (label) } {} }
            p.soft { (facts(running).join(" · ")) }
        }
    }
}

/// What is known of a running step, in the order of its worth.
pub(in crate::serve) fn facts(running: &Running) -> Vec<String> {
    let mut facts = vec![];
    if let Some(progress) = &running.progress {
        facts.push(format!("{} of {} {}", progress.done, progress.total, progress.unit));
        facts.extend(running.seconds_left.map(|left| format!("{} left", words::span(left))));
        match &progress.training {
            Some(training) => facts.extend([
                format!("loss {:.3}", training.loss),
                format!("tuning loss {:.3}", training.tune_loss),
                format!("{:.0} % right", 100.0 * training.tune_accuracy),
                format!("learning rate {:.1e}", training.learning_rate),
                format!("{:.0} images/s", training.images_per_second),
                words::bytes(training.peak_memory),
            ]),
            None => facts.extend(running.rate.map(|rate| format!("{rate:.0} {}/s", progress.unit))),
        }
    }
    facts.push(format!("for {}", words::span(crate::history::now() - running.since)));
    facts.push(running.device.map_or_else(|| "CPU".to_owned(), |device| format!("GPU {device}")));
    if running.attempt > 1 {
        facts.push(format!("attempt {}", running.attempt));
    }
    facts
}
