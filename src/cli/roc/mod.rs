//! `bgh roc`: ROC statistics of any table of scores, without a spec. Higher scores are more suspicious unless the user says
//! otherwise; the direction is never guessed from the data.
//!
//! 1. [`arguments`] and [`choice`]: what is asked, and of which columns.
//! 2. [`study`]: the subjects of the table; with `--by`, those of each level as well.
//! 3. [`sample`]: every score sorted once.
//! 4. [`answer`]: [`curve`], [`comparison`], [`joint`] and [`operating_point`], all that is said. No statistic is computed here:
//!    `stats` does that.
//! 5. [`terminal`], [`tables`], [`plot`], [`points`] and JSON: the same answer in every form.

mod answer;
mod arguments;
mod choice;
mod comparison;
mod curve;
mod joint;
mod method;
mod number;
mod operating_point;
mod plot;
mod points;
mod rule;
mod sample;
mod study;
mod tables;
mod terminal;
mod threshold;

pub(super) use arguments::Arguments;

use rayon::prelude::*;

use super::{Exit, Failure};
use answer::Answer;
use method::Method;
use sample::Rankings;
use study::Study;

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let method = Method::of(arguments).map_err(|why| Failure::new(Exit::Spec, format!("error: {why}")))?;
    let study = Study::read(&arguments.table, arguments)?;
    let levels = study.levels();
    let rankings: Vec<Rankings> = [&study].into_par_iter().chain(&levels).map(Rankings::of).collect();
    let tuning = arguments.tuning.as_ref().map(|path| Study::read(path, &study.asked_again(arguments))).transpose()?;
    let tuning = tuning.as_ref().map(Rankings::of);
    let answer = Answer::of(&study, &rankings, tuning.as_ref(), &method);
    write_files(arguments, &answer, &rankings)?;
    if arguments.json {
        outln!("{}", serde_json::to_string_pretty(&answer).map_err(anyhow::Error::from)?);
    } else {
        super::out::text_of(format_args!("{}", terminal::text(&answer)));
    }
    if !arguments.quiet {
        answer.notes.iter().for_each(|note| errln!("note: {note}"));
    }
    Ok(())
}

fn write_files(arguments: &Arguments, answer: &Answer, rankings: &[Rankings]) -> anyhow::Result<()> {
    if let Some(folder) = &arguments.csv {
        tables::write(folder, answer)?;
    }
    if let Some(path) = &arguments.plot {
        plot::write(path, answer, rankings)?;
    }
    if let Some(path) = &arguments.points {
        points::write(path, rankings)?;
    }
    Ok(())
}
