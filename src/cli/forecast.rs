//! What is left to do in seconds, in words.

use super::progress::clock;
use super::session::Session;
use crate::execute::{Executor, Forecast, Learned, Machine};

/// One line on how long the rest of a plan takes; `None` where nothing is left or no run has taught anything yet.
pub(super) fn line(session: &Session, executor: &Executor<'_>) -> Option<String> {
    let forecast = executor.forecast(&Learned::open(&session.store));
    let cpus = session.site.jobs.unwrap_or_else(Machine::cores);
    (forecast.guessed < forecast.steps).then(|| words(&forecast, cpus))
}

fn words(forecast: &Forecast, cpus: usize) -> String {
    let slots = if cpus == 1 { "1 slot".to_owned() } else { format!("{cpus} slots") };
    let guessed = match forecast.guessed {
        0 => String::new(),
        guessed => format!("; {guessed} steps are of kinds that never ran here and are guessed"),
    };
    format!("about {} on {slots}: {} of work{guessed}", clock(forecast.seconds(cpus)), clock(forecast.work))
}
