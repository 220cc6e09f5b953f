//! What a person sees of a run: in a terminal a bar for all steps and one for each worker; elsewhere one plain line an event.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::execute::{Event, Listener};
use crate::stage::job::Progress;

/// The listener that fits where standard error goes.
pub(super) fn listener(experiment: &str) -> Box<dyn Listener> {
    if stderr().is_terminal() { Box::new(Terminal::new(experiment)) } else { Box::new(Plain { began: Instant::now() }) }
}

/// A single bar; invisible where standard error is not a terminal.
pub(super) fn bar(total: u64) -> ProgressBar {
    ProgressBar::new(total).with_style(style("{bar:30} {pos}/{len} {msg} {eta}"))
}

/// Seconds as a person says them.
pub(super) fn clock(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{}:{:02} min", seconds as u64 / 60, seconds as u64 % 60)
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("BUG: the template is a constant").progress_chars("━╸ ")
}

/// One line an event, told with the time since the start.
struct Plain {
    began: Instant,
}

impl Plain {
    fn say(&self, text: &str) {
        eprintln!("[{:>7.1}s] {text}", self.began.elapsed().as_secs_f64());
    }
}

impl Listener for Plain {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Surveyed { steps, cached } if steps == cached => {}
            Event::Progressed { .. } | Event::Cached { .. } | Event::Ended { .. } => {}
            event => self.say(&line(event)),
        }
    }
}

/// An event in words.
fn line(event: &Event) -> String {
    match event {
        Event::Surveyed { steps, cached } => format!("{steps} steps, {cached} cached"),
        Event::Started { step, reason, .. } => format!("run   {step} ({reason})"),
        Event::Progressed { step, progress } => {
            format!("      {step} {}/{} {}", progress.done, progress.total, told(progress))
        }
        Event::Finished { step, seconds: Some(seconds), .. } => format!("done  {step} in {}", clock(*seconds)),
        Event::Finished { step, seconds: None, .. } => format!("done  {step} by another run"),
        Event::Cached { step, .. } => format!("have  {step}"),
        Event::Elsewhere { step, .. } => format!("wait  {step} for another run, which is at it"),
        Event::Failed { step, failure, retry_in: Some(wait), .. } => format!("again {step} in {}: {failure}", clock(*wait)),
        Event::Failed { step, failure, log, .. } => format!("error: {step}: {failure}\n  hint: its log is {}", log.display()),
        Event::Warned { step: Some(step), text } => format!("warning: {step}: {text}"),
        Event::Warned { step: None, text } => format!("warning: {text}"),
        Event::Ended { summary } => format!("{} of {} steps are done", summary.cached + summary.ran, summary.steps),
        Event::Interrupted { at_once: false } => {
            "interrupted: running steps write their checkpoints; once more stops them at once".to_owned()
        }
        Event::Interrupted { at_once: true } => "interrupted again: running steps are killed".to_owned(),
    }
}

/// What is counted, and how a training goes.
fn told(progress: &Progress) -> String {
    let Some(training) = &progress.training else { return progress.unit.clone() };
    format!(
        "{} \u{b7} loss {:.3} \u{b7} tune {:.3}, {:.0} % right \u{b7} rate {:.2e} \u{b7} {:.0} images/s \u{b7} {:.1} GiB \u{b7} {} left",
        progress.unit,
        training.loss,
        training.tune_loss,
        100.0 * training.tune_accuracy,
        training.learning_rate,
        training.images_per_second,
        training.peak_memory as f64 / f64::from(1 << 30),
        clock(training.seconds_left),
    )
}

/// Bars that are drawn over each other; what stays is told in lines above them.
struct Terminal {
    bars: MultiProgress,
    all: ProgressBar,
    running: BTreeMap<String, ProgressBar>,
}

impl Terminal {
    fn new(experiment: &str) -> Self {
        let bars = MultiProgress::new();
        let all = bars.add(ProgressBar::new(0).with_style(style("{prefix} {bar:30} {pos}/{len} steps {elapsed}")));
        all.set_prefix(experiment.to_owned());
        Self { bars, all, running: BTreeMap::new() }
    }

    fn start(&mut self, label: &str) {
        let bar = self.bars.add(ProgressBar::new_spinner().with_style(style("  {spinner} {prefix} {elapsed}")));
        bar.set_prefix(label.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        self.running.insert(label.to_owned(), bar);
    }

    fn end(&mut self, label: &str) {
        if let Some(bar) = self.running.remove(label) {
            bar.finish_and_clear();
        }
        self.all.inc(1);
    }

    /// Steps that take long deserve a line that stays.
    fn keep(&self, event: &Event) {
        let _ = self.bars.println(line(event));
    }
}

impl Listener for Terminal {
    fn event(&mut self, event: &Event) {
        const WORTH_A_LINE: f64 = 3.0;
        match event {
            Event::Surveyed { steps, cached } => {
                self.all.set_length(*steps as u64);
                self.all.set_position(*cached as u64);
            }
            Event::Started { step, .. } => self.start(step),
            Event::Progressed { step, progress } => {
                if let Some(bar) = self.running.get(step) {
                    bar.set_style(style("  {spinner} {prefix} {bar:20} {pos}/{len} {msg}"));
                    bar.set_length(progress.total);
                    bar.set_position(progress.done);
                    bar.set_message(told(progress));
                }
            }
            Event::Finished { step, seconds, .. } => {
                self.end(step);
                if seconds.is_some_and(|seconds| seconds >= WORTH_A_LINE) {
                    self.keep(event);
                }
            }
            Event::Cached { .. } => self.all.inc(1),
            Event::Failed { step, .. } => {
                self.end(step);
                self.keep(event);
            }
            Event::Elsewhere { .. } | Event::Interrupted { .. } | Event::Warned { .. } => self.keep(event),
            Event::Ended { .. } => {}
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.all.finish_and_clear();
    }
}
