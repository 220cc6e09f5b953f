//! What is drawn, as lines of text for a terminal of any size. It knows no terminal, so an event costs nothing but this bookkeeping.

use console::{measure_text_width, style, truncate_str};

use super::Outlook;
use super::words::{about, facts, line};
use crate::execute::Event;
use crate::history::{Line, Running, Standing};

/// Steps that took longer leave a line, seconds.
const WORTH_A_LINE: f64 = 3.0;

/// A run as it stands.
pub(super) struct Screen {
    experiment: String,
    outlook: Outlook,
    standing: Standing,
    began: f64,
    warning: Option<String>,
    kept: Vec<String>,
}

impl Screen {
    pub(super) fn new(experiment: &str, outlook: Outlook, now: f64) -> Self {
        let (experiment, standing) = (experiment.to_owned(), Standing::default());
        Self { experiment, outlook, standing, began: now, warning: None, kept: vec![] }
    }

    pub(super) fn take(&mut self, now: Line) {
        self.outlook.take(&now.event);
        match &now.event {
            Event::Finished { seconds: Some(seconds), .. } if *seconds >= WORTH_A_LINE => self.kept.push(line(&now.event)),
            Event::Failed { .. } | Event::Interrupted { .. } | Event::Elsewhere { .. } => self.kept.push(line(&now.event)),
            Event::Warned { .. } => {
                self.kept.push(line(&now.event));
                self.warning = Some(line(&now.event));
            }
            _ => {}
        }
        let standing = std::mem::take(&mut self.standing);
        self.standing = standing.with(now);
    }

    /// Lines that stay above the drawing; each is told once.
    pub(super) fn kept(&mut self) -> Vec<String> {
        std::mem::take(&mut self.kept)
    }

    /// The drawing at this moment: at most `height` lines of at most `width` columns.
    pub(super) fn lines(&self, now: f64, width: usize, height: usize) -> Vec<String> {
        let running = &self.standing.running;
        let room = height.saturating_sub(1 + usize::from(self.warning.is_some())).max(1);
        let shown = if running.len() > room { room.saturating_sub(1) } else { running.len() };
        let names = running.keys().take(shown).map(|label| measure_text_width(label)).max().unwrap_or(0).min(width / 3);
        let mut lines = vec![self.headline(now, width)];
        lines.extend(running.iter().take(shown).map(|(label, step)| row(label, step, now, names)));
        if shown < running.len() {
            lines.push(format!("  … and {} more", running.len() - shown));
        }
        lines.extend(self.warning.clone());
        lines.into_iter().take(height.max(1)).map(|line| truncate_str(&line, width, "…").into_owned()).collect()
    }

    fn headline(&self, now: f64, width: usize) -> String {
        let (standing, failed) = (&self.standing, self.standing.failed.len());
        let done = standing.cached + standing.ran;
        let bar = bar(done as f64 / standing.steps.max(1) as f64, if width < 60 { 10 } else { 30 });
        let failed =
            if failed > 0 { style(format!(" · {failed} failed")).red().for_stderr().to_string() } else { String::new() };
        let under_way = standing.running.values().map(|running| (now - running.since).max(0.0)).sum();
        let left = self.outlook.seconds_left(under_way);
        let left = if left >= 1.0 { format!(" · about {} left", about(left)) } else { String::new() };
        format!(
            "{} {bar} {done}/{} steps{failed} · {}{left}",
            self.experiment,
            standing.steps,
            about((now - self.began).floor().max(1.0))
        )
    }
}

/// A step under way.
fn row(label: &str, running: &Running, now: f64, names: usize) -> String {
    let name = truncate_str(label, names, "…");
    let pad = " ".repeat(names.saturating_sub(measure_text_width(&name)));
    let job = running.job.as_ref().map(|job| format!("job {} {}", job.number, job.standing).trim_end().to_owned());
    let device = running.device.map(|device| format!("GPU {device}")).or(job);
    let attempt = (running.attempt > 1).then(|| format!("attempt {}", running.attempt));
    let told = match &running.progress {
        Some(progress) => {
            let share = progress.done as f64 / progress.total.max(1) as f64;
            let facts = facts(progress, running.rate, running.seconds_left);
            format!("{} {}", bar(share, 12), facts.into_iter().chain(device).chain(attempt).collect::<Vec<_>>().join(" · "))
        }
        None => [Some(about((now - running.since).max(0.0).floor())).filter(|_| now - running.since >= 1.0), device, attempt]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · "),
    };
    format!("  {name}{pad}  {told}").trim_end().to_owned()
}

/// A bar of `width` columns; `share` is in [0, 1].
fn bar(share: f64, width: usize) -> String {
    let filled = (share.clamp(0.0, 1.0) * width as f64) as usize;
    let rest = style("─".repeat(width - filled)).dim().for_stderr();
    format!("{}{rest}", style("━".repeat(filled)).cyan().for_stderr())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::Reason;
    use crate::stage::job::Progress;
    use crate::store::{Digest, Miss};

    fn screen(steps: usize) -> Screen {
        let mut screen = Screen::new("study", Outlook::default(), 0.0);
        screen.take(Line { at: 0.0, event: Event::Surveyed { steps: 100, cached: 10 } });
        for at in 0..steps {
            let (step, reason) = (format!("train[{at:02}]"), Reason::Miss(Miss::NeverRun));
            let event =
                Event::Started { step, kind: "train".into(), action: Digest::of(b""), reason, attempt: 1, device: None };
            screen.take(Line { at: 0.0, event });
        }
        screen
    }

    #[test]
    fn the_drawing_fits_any_terminal() {
        let mut screen = screen(40);
        screen.take(Line { at: 1.0, event: Event::Warned { step: None, text: "the disk is nearly full".into() } });
        for (width, height) in [(80, 24), (20, 5), (200, 60), (1, 1), (5, 2)] {
            let lines = screen.lines(5.0, width, height);
            assert!(lines.len() <= height, "{lines:?}");
            assert!(lines.iter().all(|line| measure_text_width(line) <= width), "{lines:?}");
        }
        let lines = screen.lines(5.0, 80, 10);
        assert!(lines[0].contains("10/100 steps"), "{lines:?}");
        assert_eq!(lines[8..], ["  … and 33 more".to_owned(), "warning: the disk is nearly full".to_owned()]);
    }

    #[test]
    fn a_step_says_how_far_it_is() {
        let mut screen = screen(1);
        for (at, done) in [(1.0, 0), (3.0, 20)] {
            let progress = Progress { done, total: 100, unit: "images".into(), training: None };
            screen.take(Line { at, event: Event::Progressed { step: "train[00]".into(), progress } });
        }
        let lines = screen.lines(3.0, 100, 10);
        assert!(lines[1].ends_with("20/100 images · 8 s left · 10 images/s"), "{lines:?}");
    }

    #[test]
    fn only_what_took_long_or_went_wrong_leaves_a_line() {
        let mut screen = screen(2);
        for (step, seconds) in [("train[00]", 0.1), ("train[01]", 7.0)] {
            let event = Event::Finished { step: step.into(), action: Digest::of(b""), seconds: Some(seconds) };
            screen.take(Line { at: 1.0, event });
        }
        assert_eq!(screen.kept(), ["done  train[01] in 7.0 s"]);
        assert!(screen.kept().is_empty());
    }
}
