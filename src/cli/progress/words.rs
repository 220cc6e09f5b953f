//! Events, progress and times as a person says them.

use crate::execute::Event;
use crate::stage::job::Progress;

/// Seconds as a person says them.
pub(in crate::cli) fn clock(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{}:{:02} min", seconds as u64 / 60, seconds as u64 % 60)
    }
}

/// Seconds that are still running or are guessed, for which tenths would claim too much.
pub(super) fn about(seconds: f64) -> String {
    if seconds < 60.0 { format!("{seconds:.0} s") } else { clock(seconds) }
}

/// An event in words.
pub(super) fn line(event: &Event) -> String {
    match event {
        Event::Surveyed { steps, cached } => format!("{steps} steps, {cached} cached"),
        Event::Started { step, reason, .. } => format!("run   {step} ({reason})"),
        Event::Progressed { step, progress } => format!("      {step} {}", facts(progress, None, None).join(" · ")),
        Event::Placed { step, job: Some(job), .. } => format!("job   {step} is job {job}"),
        Event::Placed { step, node: Some(node), .. } => format!("job   {step} runs on {node}"),
        Event::Placed { step, reason, .. } => format!("job   {step} waits: {}", reason.as_deref().unwrap_or("for its turn")),
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

/// How far a step is, the most telling first: a narrow terminal shows as many as it has room for.
pub(super) fn facts(progress: &Progress, rate: Option<f64>, left: Option<f64>) -> Vec<String> {
    let mut facts = vec![format!("{}/{} {}", progress.done, progress.total, progress.unit)];
    facts.extend(left.map(|seconds| format!("{} left", about(seconds))));
    match &progress.training {
        Some(training) => facts.extend([
            format!("loss {:.3}", training.loss),
            format!("tune {:.3}, {:.0} % right", training.tune_loss, 100.0 * training.tune_accuracy),
            format!("{:.0} images/s", training.images_per_second),
            format!("{:.1} GiB", training.peak_memory as f64 / f64::from(1 << 30)),
            format!("rate {:.2e}", training.learning_rate),
        ]),
        None => facts.extend(rate.map(|rate| format!("{rate:.0} {}/s", progress.unit))),
    }
    facts
}
