//! `[training]`: in what order images are shown and for how long, which epoch is kept, and in which numbers all is computed.

use super::super::section::{Item, Section, suggestion};
use super::super::tree::Value;
use crate::stage::train::{Precision, Sampling, Select};

/// `[training]`.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) select: Select,
    pub(super) patience: Option<usize>,
    pub(super) sampling: Sampling,
    pub(super) matching: Matching,
    pub(super) mirror: Option<Vec<usize>>,
    pub(super) precision: Precision,
}

/// In what arms of unequal augmentation are equal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Matching {
    Epochs,
    Updates,
}

/// Reads the options of trainings that tell `classes` apart.
pub(super) fn read(s: &mut Section<'_>, classes: Option<&[String]>) -> Option<Options> {
    let selects = [("tune_loss", Select::TuneLoss), ("last", Select::Last)];
    let select = s.optional("select", Select::TuneLoss, |item| item.one_of(&selects));
    let patience = s.optional("patience", None, |item| item.count(1, 1_000_000).map(Some));
    let samplings = [("reshuffle", Sampling::Reshuffle), ("cyclic", Sampling::Cyclic)];
    let sampling = s.optional("sampling", Sampling::Reshuffle, |item| item.one_of(&samplings));
    let matchings = [("epochs", Matching::Epochs), ("updates", Matching::Updates)];
    let matching = s.optional("match", Matching::Epochs, |item| item.one_of(&matchings));
    let mirror = s.optional("mirror", None, |item| mirror(&item, classes));
    let precisions = [("fp32", Precision::Fp32), ("tf32", Precision::Tf32), ("bf16", Precision::Bf16)];
    let precision = s.optional("precision", Precision::Fp32, |item| item.one_of(&precisions));
    Some(Options {
        select: select?,
        patience: patience?,
        sampling: sampling?,
        matching: matching?,
        mirror: mirror?,
        precision: precision?,
    })
}

/// `false`, `true`, or `{ swap = [["left", "right"]] }`: the class of each class's mirror image.
fn mirror(item: &Item<'_>, classes: Option<&[String]>) -> Option<Option<Vec<usize>>> {
    match item.node.value {
        Value::Boolean(false) => Some(None),
        Value::Boolean(true) => unsided(item, classes?).map(Some),
        Value::Table(_) => item.table(|s| s.required("swap", |item| swapped(&item, classes))).map(Some),
        _ => item.expected("`true`, `false` or `{ swap = [[\"left\", \"right\"]] }`"),
    }
}

/// Every class is its own mirror image, unless its name says on which side it is: then mirrored images would carry wrong labels.
fn unsided(item: &Item<'_>, classes: &[String]) -> Option<Vec<usize>> {
    let Some(sided) = classes.iter().find(|class| other_side(class).is_some()) else {
        return Some((0..classes.len()).collect());
    };
    let twin = other_side(sided).filter(|twin| classes.iter().any(|class| class.to_lowercase() == *twin));
    let hint = match twin {
        Some(twin) => format!("swap the labels with the sides: `mirror = {{ swap = [[\"{sided}\", \"{twin}\"]] }}`"),
        None => "no class is its mirror image, so leave `mirror` out".to_owned(),
    };
    item.fault(format!("mirroring would put images of class `{sided}` on the other side under the same label"), hint)
}

/// The name with its side exchanged, in small letters; `None` for a name without a side. Sides are whole words (`left`, `lesion-L`),
/// so that `bright` has none.
fn other_side(name: &str) -> Option<String> {
    const SIDES: [[&str; 2]; 2] = [["left", "right"], ["l", "r"]];
    let other = |word: &str| SIDES.iter().find_map(|[l, r]| (word == *l).then_some(*r).or((word == *r).then_some(*l)));
    let name = name.to_lowercase();
    let swapped: Vec<&str> = name
        .split_inclusive(['-', '_'])
        .flat_map(|piece| {
            let word = piece.trim_end_matches(['-', '_']);
            [other(word).unwrap_or(word), &piece[word.len()..]]
        })
        .collect();
    Some(swapped.concat()).filter(|swapped| *swapped != name)
}

/// Pairs of classes that are each other's mirror image; all others are their own.
fn swapped(item: &Item<'_>, classes: Option<&[String]>) -> Option<Vec<usize>> {
    let pairs = item.list(|pair| pair_of(&pair, classes?))?;
    let mut images: Vec<usize> = (0..classes?.len()).collect();
    for ([a, b], part) in pairs.into_iter().zip(item.items().unwrap_or_default()) {
        if let Some(twice) = [a, b].into_iter().find(|class| images[*class] != *class) {
            return part.fault(format!("class `{}` has two mirror images", classes?[twice]), "name each class in one pair");
        }
        (images[a], images[b]) = (b, a);
    }
    Some(images)
}

fn pair_of(item: &Item<'_>, classes: &[String]) -> Option<[usize; 2]> {
    let known: Vec<&str> = classes.iter().map(String::as_str).collect();
    let place = |part: Item<'_>| {
        let name = part.word()?;
        let found = known.iter().position(|class| *class == name);
        found.or_else(|| part.fault(format!("`{name}` is not one of `cohort.classes`"), suggestion(name, &known)))
    };
    match item.list(place)?[..] {
        [a, b] if a != b => Some([a, b]),
        _ => item.expected("a pair of two classes like [\"left\", \"right\"]"),
    }
}

#[cfg(test)]
mod tests {
    use super::other_side;

    #[test]
    fn sides_are_words_of_a_name() {
        let sided = ["left", "Right", "bleed-left", "L_frontal", "lesion-r"].map(other_side);
        let expected = ["right", "left", "bleed-right", "r_frontal", "lesion-l"].map(|name| Some(name.to_owned()));
        assert_eq!(sided, expected);
        assert_eq!(["none", "bright", "cleft", "leftover", "all"].map(other_side), [const { None }; 5]);
    }
}
