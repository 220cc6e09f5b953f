//! Learning curves: one measure of all models over the epochs.

use std::ops::Range;

use anyhow::Result;

use super::axes::{Axes, Axis};
use super::canvas::{COLUMN_MM, Panel};
use super::legend::{self, Entry};
use super::line::Line;
use crate::artifact::{self, Curves};

const LEFT_MM: f64 = 14.0;
const HEIGHT_MM: f64 = 52.0;

/// What is drawn over the epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Measure {
    /// Loss on the tuning set.
    TuneLoss,
    /// Accuracy on the tuning set.
    TuneAccuracy,
    /// Learning rate of the epoch's last update.
    LearningRate,
}

impl Measure {
    fn name(self) -> &'static str {
        match self {
            Self::TuneLoss => "Tuning loss",
            Self::TuneAccuracy => "Tuning accuracy",
            Self::LearningRate => "Learning rate",
        }
    }

    fn of(self, epoch: &artifact::Curve) -> f64 {
        match self {
            Self::TuneLoss => epoch.tune_loss,
            Self::TuneAccuracy => epoch.tune_accuracy,
            Self::LearningRate => epoch.learning_rate,
        }
    }

    fn range(self, models: &[(String, Line, &Curves)]) -> Range<f64> {
        let values = models.iter().flat_map(|(_, _, curves)| &curves.0).map(|epoch| self.of(epoch));
        let highest = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
        match self {
            Self::TuneLoss | Self::LearningRate if highest > 0.0 => 0.0..highest * 1.05,
            _ => 0.0..1.0,
        }
    }
}

/// Draws one measure of all models; an epoch whose value is not a number (a training that diverged) is left out.
pub(in crate::report) fn learning(measure: Measure, models: &[(String, Line, &Curves)]) -> Result<Panel> {
    let entries: Vec<Entry> = models.iter().map(entry).collect();
    let axes = Axes { left: LEFT_MM, height: HEIGHT_MM, x: epochs(models), y: vertical(measure, models) };
    let size = (COLUMN_MM, axes.bottom() + legend::height(&entries, &[]));
    let description = format!("{} of {} models over the epochs of training.", measure.name(), models.len());
    Panel::draw(size, measure.name(), description, |area| {
        axes.draw(area)?;
        for (_, line, curves) in models {
            line.draw(area, points(measure, curves, &axes))?;
        }
        legend::draw(area, &entries, &[], axes.bottom())
    })
}

fn points(measure: Measure, curves: &Curves, axes: &Axes) -> Vec<(i32, i32)> {
    let finite = curves.0.iter().filter(|epoch| measure.of(epoch).is_finite());
    finite.map(|epoch| axes.unit(epoch.epoch as f64, measure.of(epoch))).collect()
}

fn epochs(models: &[(String, Line, &Curves)]) -> Axis {
    let last = models.iter().flat_map(|(_, _, curves)| &curves.0).map(|epoch| epoch.epoch).max();
    Axis { name: "Epoch", range: 0.0..last.unwrap_or(0).max(1) as f64, ticks: 7 }
}

fn vertical(measure: Measure, models: &[(String, Line, &Curves)]) -> Axis {
    Axis { name: measure.name(), range: measure.range(models), ticks: 6 }
}

fn entry((name, line, _): &(String, Line, &Curves)) -> Entry {
    Entry { line: *line, name: name.clone(), value: String::new() }
}
