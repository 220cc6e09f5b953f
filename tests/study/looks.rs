//! A closer look at one model of a hand-made study: a disc in a grey head, boxes, maps, changed images, all of known values.

use std::path::Path;

use anyhow::Result;
use bgh::artifact::results::Results;
use bgh::artifact::{
    Acquired, Boxed, Case, Cases, Characteristics, Explanation, Explanations, Group, ImageRow, ImageSetWriter, Map, Spread, Why,
};
use bgh::imaging::Fit;
use bgh::report::stage::Look;
use bgh::stage::explain::{Channel, Fill};
use bgh::stage::perturb::Change;
use bgh::stage::predict::Eval;
use bgh::stage::{cases, explain};

const SIDE: usize = 48;
/// The model that is looked at.
pub(crate) const MODEL: &str = "x48-alexnet-untrained";

/// A head with a bright disc about `place` (column, row).
fn picture(place: Option<[f64; 2]>) -> Vec<u8> {
    let pixel = |at: usize| {
        let [x, y] = [(at % SIDE) as f64, (at / SIDE) as f64];
        let far = |[column, row]: [f64; 2]| (x - column).hypot(y - row);
        match (far([23.5, 23.5]), place.map(far)) {
            (_, Some(disc)) if disc < 4.0 => 230,
            (head, _) if head < 20.0 => 100,
            (head, _) if head < 22.0 => 255,
            _ => 0,
        }
    };
    (0..SIDE * SIDE).map(pixel).collect()
}

fn case(case: usize, exam: &str, classes: [&str; 2], why: Why, mark: Option<(&str, [f64; 3])>) -> Case {
    Case {
        case,
        exam: exam.into(),
        slice: 2,
        class: classes[0].into(),
        named: classes[1].into(),
        probability: 0.9876,
        why,
        mark: mark.map(|(what, _)| what.into()),
        column: mark.map(|(_, place)| place[0]),
        row: mark.map(|(_, place)| place[1]),
        radius: mark.map(|(_, place)| place[2]),
        pixel_mm: 2.5,
    }
}

fn all() -> [(Case, Option<[f64; 2]>); 3] {
    let (left, right) = ([33.0, 22.0], [14.0, 26.0]);
    [
        (case(0, "017", ["left", "left"], Why::Confident, Some(("lesion", [33.0, 22.0, 4.0]))), Some(left)),
        (case(1, "103", ["none", "right"], Why::Wrong, Some(("pallidum", [14.0, 26.0, 4.0]))), Some(right)),
        (case(2, "104", ["left", "none"], Why::Wrong, None), None),
    ]
}

/// Writes the cases with their images.
pub(crate) fn write_cases(folder: &Path) -> Result<()> {
    let mut writer = ImageSetWriter::create(folder, 3, SIDE, SIDE)?;
    for (case, place) in all() {
        let row = ImageRow { image: 0, exam: case.exam, slice: case.slice, class: case.class, variant: 0 };
        writer.push(row, &picture(place))?;
    }
    writer.finish()?;
    Cases::write(folder, &all().map(|(case, _)| case))
}

/// A map of `side` by `side` cells with one cell that differs.
fn map(frame: f64, side: usize, rest: f32, (at, value): (usize, f32)) -> Map {
    let mut values = vec![rest; side * side];
    values[at] = value;
    Map { frame: [frame, frame, SIDE as f64 - 2.0 * frame, SIDE as f64 - 2.0 * frame], shape: [side, side], values }
}

pub(crate) fn explanations() -> Explanations {
    let one = |(case, _): (Case, _)| Explanation {
        exam: case.exam.clone(),
        slice: case.slice,
        target: case.named.clone(),
        intact: vec![0.01, 0.9876, 0.0024],
        boxed: Boxed { frame: [17, 28, 11, 11], over_mark: case.mark.is_some(), probabilities: vec![0.9, 0.06, 0.04] },
        occlusion: map(4.0, 10, 0.98, (46, 0.0625)),
        activation: map(1.0, 13, 0.0, (84, 3.5)),
        channel: 4,
        attention: map(1.0, 6, 0.0, (16, 0.75)),
    };
    Explanations {
        classes: ["none", "left", "right"].map(String::from).into(),
        layer: "relu2".into(),
        attention_layer: "relu5".into(),
        side: 6,
        stride: 4,
        fill: 61,
        cases: all().map(one).into(),
    }
}

pub(crate) fn look() -> Look {
    let positive = ["left", "right"].map(String::from).into();
    Look {
        cases: cases::Params { positive, fit: Fit::Squash, exams: vec![], confident: 1, wrong: 12, marks: Default::default() },
        explain: explain::Params {
            eval: Eval::CenterCrop,
            side: 6,
            stride: 4,
            fill: Fill::Mean,
            layer: None,
            channel: Channel::Peak,
            attention_layer: None,
        },
    }
}

/// The change, and the results of two models under it, made of two contrasts of a study.
pub(crate) fn robustness(results: &Results) -> (Change, Results) {
    let mut results = results.clone();
    results.comparisons.truncate(1);
    (Change::Offset(-5.0), results)
}

pub(crate) fn characteristics() -> Characteristics {
    let spread = |mean: f64| Spread { known: 54, mean, sd: Some(9.5), least: 40.0, most: 88.5 };
    let group = |class: &str, age| Group {
        partition: "Test".into(),
        class: class.into(),
        exams: 55,
        patients: 54,
        slices: 270,
        numbers: [("age".to_owned(), spread(age))].into(),
        words: [("sex".to_owned(), [("F".to_owned(), 25), ("M".to_owned(), 30)].into())].into(),
    };
    let acquired = |fact: &str, value: &str, exams| Acquired {
        fact: fact.into(),
        value: value.into(),
        exams: [("Test".to_owned(), exams)].into(),
    };
    Characteristics {
        groups: vec![group("none", 61.25), group("left", 64.5)],
        acquisition: vec![acquired("Kernel", "UB", 80), acquired("Kernel", "", 30), acquired("Slice thickness, mm", "5", 110)],
    }
}
