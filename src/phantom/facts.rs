//! What can be told of a phantom before it is rendered: the facts that a study divides its exams by.

use std::collections::BTreeMap;

use super::{Class, Exam, Size};

/// Names of all facts.
pub const FACTS: [&str; 2] = ["calcified", "diameter_cm"];

impl Exam {
    /// Size of the hemorrhage, where there is one: the first that its stream draws.
    pub fn size(&self) -> Option<Size> {
        let draw = || Size::draw(&mut self.seed.child("clot").rng(), self.difficulty.smallest);
        (self.class != Class::None).then(draw)
    }

    /// `calcified` (`yes` or `no`) and, with a hemorrhage, `diameter_cm`, the larger one in the axial plane.
    pub fn facts(&self) -> BTreeMap<String, String> {
        let calcified = if self.calcified { "yes" } else { "no" };
        let diameter = self.size().map(|size| ("diameter_cm".to_owned(), size.largest().to_string()));
        [("calcified".to_owned(), calcified.to_owned())].into_iter().chain(diameter).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phantom::Difficulty;
    use crate::seed::Seed;

    #[test]
    fn what_is_told_before_is_what_is_rendered() {
        for (class, calcified) in [(Class::None, true), (Class::Left, false), (Class::Right, false)] {
            let seed = Seed::root(3).child(class.name());
            let exam = Exam { id: "001".into(), class, seed, matrix: 64, calcified, difficulty: Difficulty::default() };
            let (truth, facts) = (exam.render().truth, exam.facts());
            assert_eq!(exam.size(), truth.lesion.map(|lesion| lesion.size));
            assert_eq!(
                (facts["calcified"] == "yes", facts.contains_key("diameter_cm")),
                (truth.calcified, class != Class::None)
            );
            assert!(facts.keys().all(|name| FACTS.contains(&name.as_str())));
        }
    }
}
