//! The answer for people: a table for each thing that was asked, and below it the remarks that its numbers need.

mod columns;
mod comparisons;
mod curves;
mod operating_points;

use super::answer::{Answer, Part};
use super::number;

/// All tables of the answer.
pub(super) fn text(answer: &Answer) -> String {
    let mut text = format!("{}\n", subjects(answer));
    text.extend(answer.parts().map(|part| part_text(answer, part)));
    if !answer.between_groups.is_empty() {
        text += &format!("\nBetween the groups\n\n{}", comparisons::text(answer, &answer.between_groups));
    }
    text
}

fn subjects(answer: &Answer) -> String {
    let part = &answer.whole;
    let excluded = match answer.n_excluded {
        0 => String::new(),
        rows => format!("; {rows} left out, whose truth or cluster is not known"),
    };
    format!("{} positive ({}), {} negative{excluded}", part.n_positive, answer.positive, part.n_negative)
}

fn part_text(answer: &Answer, part: &Part) -> String {
    let group =
        part.group.iter().map(|group| format!("\n{group}: {} positive, {} negative\n", part.n_positive, part.n_negative));
    let mut text: String = group.collect();
    text += &format!("\n{}", curves::text(answer, &part.curves));
    if !part.comparisons.is_empty() {
        text += &format!("\n{}", comparisons::text(answer, &part.comparisons));
    }
    if let Some(joint) = &part.joint {
        text += &comparisons::joint(part.curves.len(), joint);
    }
    if !part.operating_points.is_empty() {
        text += &format!("\n{}", operating_points::text(answer, &part.operating_points));
    }
    text
}

/// `95 % CI`.
fn interval_title(answer: &Answer) -> String {
    format!("{} % CI", number::percent(answer.level))
}
