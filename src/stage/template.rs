//! Slots in a text: `{exam}` and `{params.level}`. Braces that hold no name stay as they are, since shells, awk and Python have their
//! own use for them; `{{exam}}` is `{exam}` to the letter.

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Taken as it is.
    Text(&'t str),
    /// To be filled.
    Slot(Slot<'t>),
}

/// A name in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot<'t> {
    /// Where the name is looked up: `params` of `{params.level}`.
    pub space: Option<&'t str>,
    /// The name.
    pub name: &'t str,
    /// All of it, braces included.
    pub whole: &'t str,
}

/// The parts of a text in their order.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (vec![], text);
    while let Some(at) = rest.find('{') {
        pieces.push(Piece::Text(&rest[..at]));
        rest = &rest[at..];
        let escaped = rest.strip_prefix('{').and_then(slot).filter(|slot| rest[1 + slot.whole.len()..].starts_with('}'));
        if let Some(slot) = escaped {
            pieces.push(Piece::Text(slot.whole));
            rest = &rest[slot.whole.len() + 2..];
        } else if let Some(slot) = slot(rest) {
            pieces.push(Piece::Slot(slot));
            rest = &rest[slot.whole.len()..];
        } else {
            pieces.push(Piece::Text(&rest[..1]));
            rest = &rest[1..];
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// The slots of a text.
pub fn slots(text: &str) -> impl Iterator<Item = Slot<'_>> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Slot(slot) => Some(slot),
        Piece::Text(_) => None,
    })
}

/// The text with its slots filled; a slot without a value stays as it is.
pub fn fill(text: &str, value: impl Fn(&Slot<'_>) -> Option<String>) -> String {
    let filled = |piece: Piece<'_>| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Slot(slot) => value(&slot).unwrap_or_else(|| slot.whole.to_owned()),
    };
    pieces(text).into_iter().map(filled).collect()
}

/// The slot at the start of a text.
fn slot(text: &str) -> Option<Slot<'_>> {
    let end = text.strip_prefix('{')?.find('}')?;
    let inner = &text[1..=end];
    let (space, name) = inner.split_once('.').map_or((None, inner), |(space, name)| (Some(space), name));
    let is_slot = is_name(name) && space.is_none_or(is_name);
    is_slot.then(|| Slot { space, name, whole: &text[..end + 2] })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        fill(text, |slot| matches!(slot.name, "a" | "b").then(|| format!("<{}>", slot.whole.trim_matches(['{', '}']))))
    }

    #[test]
    fn names_in_braces_are_filled_and_other_braces_stay() {
        assert_eq!(filled("{a}{x.b}.nii"), "<a><x.b>.nii");
        assert_eq!(filled("awk '{ print $1 }' {} {0} ${c} {a"), "awk '{ print $1 }' {} {0} ${c} {a");
        assert_eq!(filled("{{a}} {{ {a} }}"), "{a} {{ <a> }}");
        assert_eq!(filled("ä{a}ö"), "ä<a>ö");
    }
}
