//! `[explain]`: which exams of which models are looked at closely, and how.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::experiment::{Explain, Explained, Model};
use super::super::section::{Item, Section, suggestion};
use super::super::tree::Value;
use super::columns;
use crate::stage::cases;
use crate::stage::explain::{Channel, Fill, Params};
use crate::weights::Network;

/// Share of the image's side that a box has where nothing is said, and of the box that a step has.
const PARTS: [usize; 2] = [8, 2];

/// What is explained; `Some(None)` where nothing is. Where no model is named, it is the last of the design: the one with most of what was
/// tried.
pub(super) fn read(item: Option<&Item<'_>>, models: Option<&[Model]>, positive: Option<&[String]>) -> Option<Option<Explain>> {
    let Some(item) = item else { return Some(None) };
    item.table(|s| explain(s, models, positive)).map(Some)
}

fn explain(s: &mut Section<'_>, models: Option<&[Model]>, positive: Option<&[String]>) -> Option<Explain> {
    let last = models.unwrap_or_default().last().map(|model| model.name.clone()).into_iter().collect();
    let chosen = s.optional("models", last, |item| item.list(|part| known(&part, models)));
    let exams = s.optional("exams", vec![], |item| item.list(|part| part.string().map(str::to_owned)));
    let confident = s.optional("confident", 1, |item| item.count(0, 1000));
    let wrong = s.optional("wrong", 12, |item| item.count(0, 1000));
    let side = s.optional("box", None, |item| item.count(1, 4096).map(Some));
    let stride = s.optional("stride", None, |item| item.count(1, 4096).map(Some));
    let fill = s.optional("fill", Fill::Mean, |item| fill(&item));
    let layer = s.optional("layer", Layers::default(), |item| layers(&item, models));
    let attention_layer = s.optional("attention_layer", Layers::default(), |item| layers(&item, models));
    let channel = s.optional("channel", Channel::Peak, |item| channel(&item));
    let marks = s.optional("marks", None, |item| marks(&item).map(Some));
    let (chosen, models, positive) = (chosen?, models?, positive?);
    let (exams, confident, wrong) = (exams?, confident?, wrong?);
    let (side, stride, fill, channel) = (side?, stride?, fill?, channel?);
    let (layer, attention_layer) = (layer?, attention_layer?);
    let explained = |model: &Model| {
        let side = side.unwrap_or((model.images.size / PARTS[0]).max(1));
        let network = &model.train.network;
        if side > network.crop {
            let fact = format!("a box of {side} pixels is larger than what `{}` sees, {} pixels", model.name, network.crop);
            return s.fault(fact, "give `box` in pixels of the image");
        }
        Some(Explained {
            model: model.name.clone(),
            cases: cases::Params {
                positive: positive.to_vec(),
                fit: model.images.fit,
                exams: exams.clone(),
                confident,
                wrong,
                marks: vec![],
            },
            explain: Params {
                eval: model.predict.eval,
                side,
                stride: stride.unwrap_or((side / PARTS[1]).max(1)),
                fill,
                layer: layer.of(&network.name),
                channel,
                attention_layer: attention_layer.of(&network.name),
            },
        })
    };
    let models = models.iter().filter(|model| chosen.contains(&model.name)).map(explained).collect::<Option<_>>()?;
    Some(Explain { marks: marks?, models })
}

fn known(item: &Item<'_>, models: Option<&[Model]>) -> Option<String> {
    let name = item.string()?;
    let known: Vec<&str> = models?.iter().map(|model| model.name.as_str()).collect();
    if known.contains(&name) {
        return Some(name.to_owned());
    }
    item.fault(format!("`{}` is no model of the design", name.escape_debug()), suggestion(name, &known))
}

/// `"mean"` or a grey level.
fn fill(item: &Item<'_>) -> Option<Fill> {
    match &item.node.value {
        Value::String(text) if text == "mean" => Some(Fill::Mean),
        Value::Integer(_) => item.count(0, 255).and_then(|grey| u8::try_from(grey).ok()).map(Fill::Grey),
        _ => item.expected("`\"mean\"` or a grey level from 0 to 255"),
    }
}

/// A rule or a number.
fn channel(item: &Item<'_>) -> Option<Channel> {
    match item.node.value {
        Value::Integer(_) => item.count(0, 1_000_000).map(Channel::Number),
        _ => item.one_of(&[("peak", Channel::Peak), ("mean", Channel::Mean), ("focus", Channel::Focus)]),
    }
}

/// A layer for all networks, or one for each that is named.
#[derive(Default)]
struct Layers {
    every: Option<String>,
    by_network: BTreeMap<String, String>,
}

impl Layers {
    fn of(&self, network: &str) -> Option<String> {
        self.every.clone().or_else(|| self.by_network.get(network).cloned())
    }
}

fn layers(item: &Item<'_>, models: Option<&[Model]>) -> Option<Layers> {
    let mut networks: Vec<&str> = models?.iter().map(|model| model.train.network.name.as_str()).collect();
    networks.sort_unstable();
    networks.dedup();
    if item.is_text() {
        let every = networks.iter().map(|network| convolution(item, network)).collect::<Option<Vec<_>>>()?.pop();
        return Some(Layers { every, ..Layers::default() });
    }
    let mut by_network = BTreeMap::new();
    for (name, origin, layer) in item.named()? {
        if !networks.contains(&name) {
            item.log.fault(origin, format!("no model is a `{}`", name.escape_debug()), suggestion(name, &networks));
            return None;
        }
        by_network.insert(name.to_owned(), convolution(&layer, name)?);
    }
    Some(Layers { by_network, ..Layers::default() })
}

/// The name of a convolution of a network.
fn convolution(item: &Item<'_>, network: &str) -> Option<String> {
    let name = item.string()?;
    let tensors = Network::find(network).map(|network| network.tensors.as_slice()).unwrap_or_default();
    let weights = tensors.iter().filter(|tensor| tensor.shape.len() == 4);
    let known: Vec<&str> = weights.filter_map(|tensor| tensor.name.strip_suffix(".weight")).collect();
    if known.contains(&name) {
        return Some(name.to_owned());
    }
    item.fault(format!("`{}` is no convolution of `{network}`", name.escape_debug()), suggestion(name, &known))
}

/// The author's table of places.
fn marks(item: &Item<'_>) -> Option<PathBuf> {
    const COLUMNS: [&str; 5] = ["exam", "slice", "column", "row", "radius"];
    let path = item.path()?;
    if !path.is_file() {
        return item.fault(format!("there is no file {}", path.display()), "relative paths start at the file that names them");
    }
    let held = columns::of(item, &path)?;
    match COLUMNS.iter().find(|column| !held.iter().any(|held| held == *column)) {
        Some(missing) => {
            item.fault(format!("{} has no column `{missing}`", path.display()), format!("it needs: {}", COLUMNS.join(", ")))
        }
        None => Some(path),
    }
}
