//! Lettered remarks on cells; a remark that several cells share is printed once.

/// The footnotes of one table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::report) struct Footnotes(Vec<String>);

impl Footnotes {
    /// The letter of this remark, a new one when it was not made before. After `z` the letters stay at `z`: no table of this
    /// report has that many kinds of remark.
    pub(in crate::report) fn mark(&mut self, remark: impl Into<String>) -> char {
        let remark = remark.into();
        let position = self.0.iter().position(|known| *known == remark).unwrap_or_else(|| {
            self.0.push(remark);
            self.0.len() - 1
        });
        letter(position)
    }

    /// Letters and remarks in the order of first use.
    pub(in crate::report) fn iter(&self) -> impl Iterator<Item = (char, &str)> {
        self.0.iter().enumerate().map(|(position, remark)| (letter(position), remark.as_str()))
    }
}

fn letter(position: usize) -> char {
    ('a'..='z').nth(position).unwrap_or('z')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_remarks_share_a_letter() {
        let mut notes = Footnotes::default();
        assert_eq!((notes.mark("one"), notes.mark("two"), notes.mark("one")), ('a', 'b', 'a'));
        assert_eq!(notes.iter().collect::<Vec<_>>(), [('a', "one"), ('b', "two")]);
    }
}
