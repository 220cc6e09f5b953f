//! The numbers that a manuscript cites: each with a name, its exact value, how it is printed, and where it stands in the results.
//! `numbers.csv` is for machines and for those who check; `numbers.tex` makes them macros, so that no number is typed twice.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::number;
use super::table::{Data, tex};
use crate::artifact::results::{Contrast, Estimate, ModelResult, Rate, Ratio, Results};

/// One number of the results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// What it is called: `auc.MODEL`, `p.MODEL.MODEL`.
    pub name: String,
    /// Full precision; empty where it does not exist.
    pub value: String,
    /// As the report prints it.
    pub printed: String,
    /// Its place in `results.json`, a JSON pointer (RFC 6901).
    pub source: String,
}

/// Every number of the results that has a name, each name once.
pub fn numbers(results: &Results) -> Vec<Number> {
    let mut numbers = Collected::default();
    numbers.count("n_positive", results.n_positive, "/n_positive");
    numbers.count("n_negative", results.n_negative, "/n_negative");
    numbers.put("level".into(), number::exact(results.level), number::percent(results.level), "/level".into());
    for (list, models) in [("models", &results.models), ("readers", &results.readers)] {
        for (position, model) in models.iter().enumerate() {
            numbers.model(model, &format!("/{list}/{position}"));
        }
    }
    for (position, comparison) in results.comparisons.iter().enumerate() {
        for (row, contrast) in comparison.rows.iter().enumerate() {
            numbers.contrast(contrast, &format!("/comparisons/{position}/rows/{row}"));
        }
    }
    for (position, contrast) in results.reader_contrasts.iter().enumerate() {
        numbers.contrast(contrast, &format!("/reader_contrasts/{position}"));
    }
    numbers.list
}

/// The rows of `numbers.csv`.
pub(super) fn data(numbers: &[Number]) -> Data {
    let row = |number: &Number| vec![number.name.clone(), number.value.clone(), number.printed.clone(), number.source.clone()];
    let header = ["name", "value", "printed", "source"].map(String::from).to_vec();
    Data { header, rows: numbers.iter().map(row).collect() }
}

/// Macros for LaTeX: `\bghAUC{MODEL}`, `\bghCI{MODEL}`, `\bghP{MODEL}{MODEL}` and, for every name, `\bgh{NAME}`.
pub(super) fn macros(numbers: &[Number]) -> String {
    let definition = |number: &Number| format!("\\@namedef{{bgh@{}}}{{{}}}\n", number.name, tex::escape(&number.printed));
    let definitions: String = numbers.iter().map(definition).collect();
    format!("{MACROS}{definitions}\\makeatother\n")
}

const MACROS: &str = r"% The numbers of the report. \input this file in the preamble and cite them by name; numbers.csv lists the names.
\makeatletter
\newcommand{\bgh}[1]{\@ifundefined{bgh@#1}{\PackageError{bgh}{No number has the name `#1'}{The names stand in numbers.csv.}}{\@nameuse{bgh@#1}}}
\newcommand{\bghAUC}[1]{\bgh{auc.#1}}
\newcommand{\bghCI}[1]{\bgh{auc-ci.#1}}
\newcommand{\bghSensitivity}[1]{\bgh{sensitivity.#1}}
\newcommand{\bghSpecificity}[1]{\bgh{specificity.#1}}
\newcommand{\bghDifference}[2]{\bgh{difference.#1.#2}}
\newcommand{\bghP}[2]{\bgh{p.#1.#2}}
\newcommand{\bghPHolm}[2]{\bgh{p-holm.#1.#2}}
";

#[derive(Default)]
struct Collected {
    list: Vec<Number>,
    names: BTreeSet<String>,
}

impl Collected {
    /// A contrast that two comparisons ask for stands here once, as the first of them has it.
    fn put(&mut self, name: String, value: String, printed: String, source: String) {
        let name = plain(&name);
        if self.names.insert(name.clone()) {
            self.list.push(Number { name, value, printed, source });
        }
    }

    fn count(&mut self, name: &str, value: usize, source: &str) {
        self.put(name.to_owned(), value.to_string(), number::count(value), source.to_owned());
    }

    fn estimate(&mut self, name: String, value: &Estimate<f64>, print: impl Fn(f64) -> String, source: String) {
        let printed = value.defined().map_or_else(|| number::NOT_ESTIMABLE.to_owned(), |value| print(*value));
        let source = if value.defined().is_some() { format!("{source}/defined") } else { source };
        self.put(name, number::exact_or_empty(value), printed, source);
    }

    /// Both limits, and the two together as they are printed.
    fn interval(&mut self, name: &str, of: &str, limits: Option<[f64; 2]>, print: fn(f64) -> String, source: &str) {
        let Some([low, high]) = limits else {
            return self.put(format!("{name}-ci.{of}"), String::new(), number::NOT_ESTIMABLE.to_owned(), source.to_owned());
        };
        self.put(format!("{name}-low.{of}"), number::exact(low), print(low), format!("{source}/0"));
        self.put(format!("{name}-high.{of}"), number::exact(high), print(high), format!("{source}/1"));
        self.put(format!("{name}-ci.{of}"), String::new(), format!("{}, {}", print(low), print(high)), source.to_owned());
    }

    fn model(&mut self, model: &ModelResult, place: &str) {
        let name = &model.name;
        self.put(format!("auc.{name}"), number::exact(model.auc), number::area(model.auc), format!("{place}/auc"));
        let limits = model.sound.defined().map(|sound| sound.limits);
        self.interval("auc", name, limits, number::area, &format!("{place}/sound/defined/limits"));
        self.estimate(format!("auc-se.{name}"), &model.se, number::loss, format!("{place}/se"));
        let Some(operating) = model.operating.defined() else { return };
        let place = format!("{place}/operating/defined");
        self.rate("sensitivity", name, &operating.sensitivity, &format!("{place}/sensitivity"));
        self.rate("specificity", name, &operating.specificity, &format!("{place}/specificity"));
        self.rate("ppv", name, &operating.positive_predictive_value, &format!("{place}/positive_predictive_value"));
        self.rate("npv", name, &operating.negative_predictive_value, &format!("{place}/negative_predictive_value"));
        self.ratio("lr-plus", name, &operating.positive_likelihood_ratio, &format!("{place}/positive_likelihood_ratio"));
        self.ratio("lr-minus", name, &operating.negative_likelihood_ratio, &format!("{place}/negative_likelihood_ratio"));
    }

    fn rate(&mut self, what: &str, of: &str, rate: &Estimate<Rate>, place: &str) {
        let Estimate::Defined(rate) = rate else { return };
        self.put(format!("{what}.{of}"), number::exact(rate.value), number::area(rate.value), format!("{place}/defined/value"));
        self.interval(what, of, Some(rate.ci), number::area, &format!("{place}/defined/ci"));
        self.count(&format!("{what}-hits.{of}"), rate.hits, &format!("{place}/defined/hits"));
        self.count(&format!("{what}-of.{of}"), rate.of, &format!("{place}/defined/of"));
    }

    fn ratio(&mut self, what: &str, of: &str, ratio: &Estimate<Ratio>, place: &str) {
        let Estimate::Defined(ratio) = ratio else { return };
        self.put(
            format!("{what}.{of}"),
            number::exact(ratio.value),
            number::ratio(ratio.value),
            format!("{place}/defined/value"),
        );
        self.interval(what, of, ratio.ci.defined().copied(), number::ratio, &format!("{place}/defined/ci/defined"));
    }

    fn contrast(&mut self, contrast: &Contrast, place: &str) {
        let of = format!("{}.{}", contrast.a, contrast.b);
        let difference = contrast.difference;
        self.put(
            format!("difference.{of}"),
            number::exact(difference),
            number::difference(difference),
            format!("{place}/difference"),
        );
        self.interval("difference", &of, contrast.ci.defined().copied(), number::difference, &format!("{place}/ci/defined"));
        self.estimate(format!("p.{of}"), &contrast.p, number::p, format!("{place}/p"));
        self.estimate(format!("p-holm.{of}"), &contrast.p_holm, number::p, format!("{place}/p_holm"));
    }
}

/// `name` without what a macro's name or a CSV reader may stumble over.
fn plain(name: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() || "._-+".contains(letter) { letter } else { '-' };
    name.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_nothing_that_tex_reads_as_a_command() {
        assert_eq!(plain("auc.R&D_100% {b}\\x"), "auc.R-D_100---b--x");
    }

    #[test]
    fn macros_are_escaped() {
        let number = Number { name: "p.a.b".into(), value: "1e-5".into(), printed: "<0.001".into(), source: "/x".into() };
        assert!(macros(&[number]).contains("\\@namedef{bgh@p.a.b}{\\textless{}0.001}\n"));
    }
}
