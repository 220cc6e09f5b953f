//! Where the networks looked: a box over the finding, a box slid over the image, one channel of a layer, class activation.

use anyhow::{Context, Result};

use super::Section;
use super::picture::{self, arrow, called, grey, marked, probability, size, stretched};
use crate::artifact::{Case, Cases, Explanation, Explanations, Map, Why};
use crate::report::document::Block;
use crate::report::figure::{Figure, Image, Mark, Panel};
use crate::report::study::Study;
use crate::report::table::{Cell, Column, Series, Table};
use crate::report::{number, prose};
use crate::stage::explain::{Channel, Params};

pub(super) const SECTION: Section = Section { id: "explanations", heading: "What the networks looked at", blocks };

/// One model with its cases that are not there for being wrong.
struct Look<'a> {
    study: &'a Study<'a>,
    model: &'a str,
    params: &'a Params,
    cases: &'a Cases,
    all: &'a Explanations,
    shown: Vec<(&'a Case, &'a Explanation)>,
}

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let mut blocks = vec![];
    for (model, all) in study.explanations {
        let look = Look::of(study, model, all)?;
        if !look.shown.is_empty() {
            blocks.push(Block::Figure(look.occlusion()?));
            blocks.push(Block::Figure(look.maps()?));
        }
    }
    let table = (!blocks.is_empty()).then(|| Block::Table(table(study)));
    Ok(blocks.into_iter().chain(table).collect())
}

impl<'a> Look<'a> {
    fn of(study: &'a Study<'a>, model: &'a str, all: &'a Explanations) -> Result<Self> {
        let place = || format!("explanations of model `{model}`");
        let cases = study.cases.get(model).with_context(place)?;
        let params = &study.params.looks.get(model).with_context(place)?.explain;
        let shown = cases.rows.iter().zip(&all.cases).filter(|(case, _)| case.why != Why::Wrong).collect();
        Ok(Self { study, model, params, cases, all, shown })
    }

    /// A box over the finding, the intact image, and the map of a box that was slid.
    fn occlusion(&self) -> Result<Figure> {
        let panels = self.shown.iter().map(|(case, told)| self.boxes(case, told)).collect::<Result<Vec<_>>>()?;
        let told: Vec<String> = self.shown.iter().map(|(case, told)| self.told(case, told)).collect();
        let caption = format!(
            "Occlusion, model {}. For each case, from left to right: with a box of grey level {}; intact{}; and how far the \
             probability of the class named falls when a box of {} \u{d7} {} pixels lies at a place, in steps of {}. \
             {}. {}; {}.",
            self.model,
            self.all.fill,
            if self.shown.iter().any(|(case, _)| case.mark.is_some()) { ", with an arrow at the finding" } else { "" },
            self.all.side,
            self.all.side,
            number::counted(self.all.stride, "pixel", "pixels"),
            told.join("; "),
            capital(&self.rule()),
            picture::window(self.study, self.model),
        );
        Ok(Figure::new(format!("occlusion-{}", self.model), caption, panels.into_iter().flatten().collect()).in_rows_of(3))
    }

    fn boxes(&self, case: &Case, told: &Explanation) -> Result<[Panel; 3]> {
        let size = size(self.cases);
        let [top, left, height, width] = told.boxed.frame;
        let mut pixels = self.cases.images.image(case.case).to_vec();
        for row in top..top + height {
            pixels[row * size.0 + left..][..width].fill(self.all.fill);
        }
        let frame = Mark::Frame { corner: (left as f64, top as f64), size: (width as f64, height as f64) };
        let boxed = Image::grey(&pixels, size)?.marked(frame).labelled(self.named(&told.boxed.probabilities));
        let intact = grey(self.cases, case)?.labelled(self.named(&told.intact));
        let intact = match marked(case, size) {
            Some(mark) => intact.marked(mark),
            None => {
                let [row, column] = told.occlusion.pit();
                intact.marked(arrow([column, row], 0.0, size))
            }
        };
        let map = self.falls(case, told)?;
        let title = |what: &str| format!("{}: {what}", called(case));
        Ok([
            picture::panel(
                &boxed,
                &title("with a box"),
                format!("The image with a grey box. {}.", self.named(&told.boxed.probabilities)),
            )?,
            picture::panel(&intact, &title("intact"), format!("The intact image. {}.", self.named(&told.intact)))?,
            picture::panel(
                &map,
                &title("sensitivity"),
                format!("How far the probability of {} falls, by place of the box.", told.target),
            )?,
        ])
    }

    /// The image, coloured where a box makes the class named less probable.
    fn falls(&self, case: &Case, told: &Explanation) -> Result<Image> {
        let size = size(self.cases);
        let class = self.all.classes.iter().position(|class| *class == told.target).context("BUG: a class of nobody")?;
        let intact = told.intact[class] as f32;
        let fall =
            Map { values: told.occlusion.values.iter().map(|p| (intact - p).max(0.0)).collect(), ..told.occlusion.clone() };
        let [_, most] = fall.range();
        let over = grey(self.cases, case)?.under(&stretched(&fall, [0.0, most], size))?;
        Ok(over.with_bar(format!("fall of P({})", told.target), ["0".to_owned(), probability(f64::from(most))]))
    }

    /// The image, one channel, class activation.
    fn maps(&self) -> Result<Figure> {
        let panels = self.shown.iter().map(|(case, told)| self.channels(case, told)).collect::<Result<Vec<_>>>()?;
        let told: Vec<String> =
            self.shown.iter().map(|(case, told)| format!("{} (channel {})", called(case), told.channel + 1)).collect();
        let caption = format!(
            "Activation, model {}. For each case, from left to right: the image; the activation of layer {}, {}, with an arrow at its peak and a frame about what the network sees; \
             and gradient-weighted class activation (Grad-CAM) of the class named at layer {} over the image. {}. {}; {}.",
            self.model,
            self.all.layer,
            channel(self.params.channel),
            self.all.attention_layer,
            told.join("; "),
            capital(&self.rule()),
            picture::window(self.study, self.model),
        );
        Ok(Figure::new(format!("activation-{}", self.model), caption, panels.into_iter().flatten().collect()).in_rows_of(3))
    }

    fn channels(&self, case: &Case, told: &Explanation) -> Result<[Panel; 3]> {
        let size = size(self.cases);
        let image = grey(self.cases, case)?;
        let image = marked(case, size).into_iter().fold(image, Image::marked).labelled(format!("reference: {}", case.class));
        let [row, column] = told.activation.peak();
        let [top, left, height, width] = told.activation.frame;
        let seen = Mark::Frame { corner: (left, top), size: (width, height) };
        let activation = self.map(&told.activation, "activation")?.marked(seen).marked(arrow([column, row], 0.0, size));
        let [_, high] = told.attention.range();
        let attention = grey(self.cases, case)?
            .under(&stretched(&told.attention, [0.0, high], size))?
            .with_bar("Grad-CAM", ["0".to_owned(), value(high)]);
        let title = |what: &str| format!("{}: {what}", called(case));
        Ok([
            picture::panel(&image, &title("image"), format!("The image of a case of class {}.", case.class))?,
            picture::panel(
                &activation,
                &title("activation"),
                format!("Channel {} of layer {}.", told.channel + 1, self.all.layer),
            )?,
            picture::panel(
                &attention,
                &title("class activation"),
                format!("Class activation of {} over the image.", told.target),
            )?,
        ])
    }

    fn map(&self, map: &Map, name: &str) -> Result<Image> {
        let [low, high] = map.range();
        let size = size(self.cases);
        Ok(Image::map(&stretched(map, [low, high], size), size)?.with_bar(name, [value(low), value(high)]))
    }

    /// `left (0.998)`: the most probable class.
    fn named(&self, probabilities: &[f64]) -> String {
        let best = (1..probabilities.len()).fold(0, |best, at| if probabilities[at] > probabilities[best] { at } else { best });
        format!("{} ({})", self.all.classes[best], probability(probabilities[best]))
    }

    fn told(&self, case: &Case, told: &Explanation) -> String {
        let over = if told.boxed.over_mark { "over the finding" } else { "where the slid box changed most" };
        format!(
            "{}, class {}: {} intact, {} with the box {over}",
            called(case),
            case.class,
            self.named(&told.intact),
            self.named(&told.boxed.probabilities)
        )
    }

    fn rule(&self) -> String {
        let look = &self.study.params.looks[self.model].cases;
        let asked = (!look.exams.is_empty()).then(|| "named beforehand by the author".to_owned());
        let confident = (look.confident > 0).then(|| {
            let exams = if look.confident == 1 { "exam".to_owned() } else { number::counted(look.confident, "exam", "exams") };
            format!("the {exams} of each positive class that the model named rightly with most confidence")
        });
        let told: Vec<String> = [asked, confident].into_iter().flatten().collect();
        format!("cases: {}", prose::list(&told))
    }
}

fn channel(rule: Channel) -> &'static str {
    match rule {
        Channel::Peak => "the channel with the largest activation",
        Channel::Mean => "the channel with the largest mean activation",
        Channel::Focus => "the channel with the sharpest focus (peak above the mean in standard deviations)",
        Channel::Number(_) => "the channel that the author chose beforehand",
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

/// Ends of a bar, with three digits.
fn value(value: f32) -> String {
    match f64::from(value) {
        0.0 => "0".to_owned(),
        value if value.abs() < 0.01 || value.abs() >= 1e4 => format!("{value:.1e}"),
        value if value.abs() >= 100.0 => format!("{value:.0}"),
        value if value.abs() >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

/// What a box over the finding did, in every case of every model: the pictures above are a choice, this is none.
fn table(study: &Study) -> Table {
    let mut table = Table::new(
        Series::Supplement,
        "Occlusion in single exams: the most probable class of the slice without and with a box.",
    );
    table.keys = 2;
    table.columns = ["Model", "Exam"].map(Column::words).into();
    table.columns.push(Column::numbers("Slice"));
    table.columns.extend(["Reference", "Intact", "With the box", "Box", "Why"].map(Column::words));
    let rows = study.explanations.iter().flat_map(|(model, all)| {
        let cases = study.cases.get(model).map(|cases| cases.rows.as_slice()).unwrap_or_default();
        cases.iter().zip(&all.cases).map(move |(case, told)| (model, all, case, told))
    });
    let rows: Vec<_> = rows.collect();
    table.rows = rows.iter().map(|(model, all, case, told)| row(model, all, case, told)).collect();
    table.notes = vec!["Probabilities are of the slice, in brackets. A box lies over the finding where its place is known, else where the slid \
                        box changed the probability most."
        .to_owned()];
    let header = ["model", "exam", "slice", "reference", "why", "over_mark", "state", "class", "probability"];
    table.data.header = header.map(String::from).to_vec();
    table.data.rows = rows.iter().flat_map(|(model, all, case, told)| data(model, all, case, told)).collect();
    table
}

fn named(all: &Explanations, probabilities: &[f64]) -> String {
    let best = (1..probabilities.len()).fold(0, |best, at| if probabilities[at] > probabilities[best] { at } else { best });
    format!("{} ({})", all.classes[best], probability(probabilities[best]))
}

fn row(model: &str, all: &Explanations, case: &Case, told: &Explanation) -> Vec<Cell> {
    let words = [
        model.to_owned(),
        case.exam.clone(),
        (case.slice + 1).to_string(),
        case.class.clone(),
        named(all, &told.intact),
        named(all, &told.boxed.probabilities),
        if told.boxed.over_mark { "finding" } else { "most changed" }.to_owned(),
        why(case.why).to_owned(),
    ];
    words.map(Cell::from).into()
}

fn why(why: Why) -> &'static str {
    match why {
        Why::Asked => "asked for",
        Why::Confident => "most confident",
        Why::Wrong => "wrong",
    }
}

fn data(model: &str, all: &Explanations, case: &Case, told: &Explanation) -> Vec<Vec<String>> {
    let facts = [
        model.to_owned(),
        case.exam.clone(),
        (case.slice + 1).to_string(),
        case.class.clone(),
        why(case.why).to_owned(),
        told.boxed.over_mark.to_string(),
    ];
    let states = [("intact", &told.intact), ("boxed", &told.boxed.probabilities)];
    let rows = states.iter().flat_map(|(state, probabilities)| {
        let of = |(class, p): (&String, &f64)| [(*state).to_owned(), class.clone(), number::exact(*p)];
        all.classes.iter().zip(probabilities.iter()).map(of).collect::<Vec<_>>()
    });
    rows.map(|rest| facts.iter().cloned().chain(rest).collect()).collect()
}
