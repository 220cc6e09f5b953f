//! The text of a spec, and a command line, without what names people in them: paths of the author's exams, and exams by name.
//!
//! The journal and the report keep what was asked for. A folder may be called as the patient in it, so what stands for a place of exams becomes
//! its pseudonym: whether two runs were of the same folder can still be told.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::pseudonym::{Key, Sort};
use crate::spec::Spec;

/// Where a spec names places and people; `*` is any item of a list.
const PLACES: [&str; 6] =
    ["cohort.root", "cohort.labels", "cohort.external.*.root", "cohort.external.*.labels", "explain.marks", "reader.*.file"];
const PEOPLE: [&str; 2] = ["leakage.acknowledge.*.*", "explain.exams.*"];

/// What is to be left out of texts on a spec.
#[derive(Debug, Clone)]
pub struct Discreet {
    key: Key,
    /// The exams' folders, with everything above a name resolved.
    roots: Vec<String>,
}

impl Discreet {
    /// For texts on this spec.
    pub fn of(spec: &Spec, key: Key) -> Self {
        let folders = spec.study.iter().flat_map(|study| study.cohort.folders());
        let roots = folders.flat_map(|folder| [&folder.root, &folder.labels]).flat_map(|path| spellings(path)).collect();
        Self { key, roots }
    }

    /// The whole spec as TOML, without them.
    pub fn spec(&self, text: &str) -> String {
        if self.roots.is_empty() {
            return text.to_owned();
        }
        let Ok(mut spec) = toml::from_str::<Table>(text) else { return String::new() };
        texts(&mut spec, &mut |path, text| *text = self.private(path, text).unwrap_or_else(|| self.text(text)));
        toml::to_string(&spec).unwrap_or_default()
    }

    /// A text that [`Discreet::spec`] made, with what the author's `own` spec says in place of its pseudonyms: for who takes the exams along.
    pub fn revealed(&self, text: &str, own: &str) -> String {
        let (Ok(mut spec), Ok(mut own)) = (toml::from_str::<Table>(text), toml::from_str::<Table>(own)) else {
            return text.to_owned();
        };
        let mut known = BTreeMap::new();
        texts(&mut own, &mut |path, text| known.extend(self.private(path, text).map(|pseudonym| (pseudonym, text.clone()))));
        texts(&mut spec, &mut |_, text| {
            if let Some(own) = known.get(text) {
                text.clone_from(own);
            }
        });
        toml::to_string(&spec).unwrap_or_default()
    }

    /// What stands for the text at this path; `None` where it may stay.
    fn private(&self, path: &str, text: &str) -> Option<String> {
        let sort = match path {
            _ if PLACES.contains(&path) => Sort::Place,
            _ if PEOPLE.contains(&path) => Sort::Exam,
            _ => return None,
        };
        Some(self.key.pseudonym(sort, text))
    }

    /// The words of a command line, without them: `--set cohort.root=…` among others.
    pub fn words(&self, words: Vec<String>) -> Vec<String> {
        if self.roots.is_empty() {
            return words;
        }
        words.into_iter().map(|word| self.word(&word)).collect()
    }

    fn word(&self, word: &str) -> String {
        let setting = word.strip_prefix("--set=").unwrap_or(word);
        match setting.split_once('=') {
            Some((path, value)) if self.is_private(path.trim()) => {
                let before = &word[..word.len() - value.len()];
                format!("{before}{}", self.key.pseudonym(Sort::Place, value))
            }
            _ => self.text(word),
        }
    }

    /// Whether a setting of this path may hold any of them.
    fn is_private(&self, path: &str) -> bool {
        PLACES
            .iter()
            .chain(&PEOPLE)
            .any(|private| private.starts_with(path) || path.starts_with(private.trim_end_matches(".*")))
    }

    fn text(&self, text: &str) -> String {
        let hide = |text: String, root: &String| text.replace(root.as_str(), &self.key.pseudonym(Sort::Place, root));
        self.roots.iter().fold(text.to_owned(), hide)
    }
}

/// Calls `each` with every text of a spec and its path.
fn texts(spec: &mut Table, each: &mut impl FnMut(&str, &mut String)) {
    fn below(path: &str, value: &mut Value, each: &mut impl FnMut(&str, &mut String)) {
        match value {
            Value::Table(table) => table.iter_mut().for_each(|(key, value)| below(&format!("{path}.{key}"), value, each)),
            Value::Array(items) => items.iter_mut().for_each(|value| below(&format!("{path}.*"), value, each)),
            Value::String(text) => each(path, text),
            _ => {}
        }
    }
    spec.iter_mut().for_each(|(key, value)| below(key, value, each));
}

/// How a path may be written in full; a single name is too short to be looked for in other words.
fn spellings(path: &Path) -> Vec<String> {
    let full = std::path::absolute(path).ok().into_iter().chain(path.canonicalize().ok());
    let whole = full.chain(Some(path.to_owned())).map(|path| path.to_string_lossy().into_owned());
    let mut spellings: Vec<String> = whole.filter(|text| text.trim_matches('/').contains('/')).collect();
    spellings.sort_by_key(|text| std::cmp::Reverse(text.len()));
    spellings.dedup();
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_people_become_pseudonyms_and_nothing_else_does() {
        let key = Key::of_nobody().expect("random bytes");
        let discreet = Discreet { key, roots: vec!["/data/doe^jane".to_owned()] };
        let text = "name = \"x\"\n[cohort]\nroot = \"doe^jane\"\nclasses = [\"a\"]\n[[cohort.external]]\nroot = \"roe\"\nname = \"y\"\n\
                    [leakage]\nacknowledge = [[\"doe\", \"roe\"]]\n[stage.s]\ninputs = \"/data/doe^jane/1\"\n";
        let told = discreet.spec(text);
        assert!(!told.contains("doe") && !told.contains("roe"), "{told}");
        assert!(told.contains("name = \"x\"") && told.contains("name = \"y\"") && told.contains("classes = [\"a\"]"), "{told}");
        assert_eq!(told, discreet.spec(text), "the same place has the same pseudonym");
        let own = discreet.revealed(&told, text);
        assert!(own.contains("root = \"doe^jane\"") && own.contains("root = \"roe\""), "{own}");
        let words =
            ["run", "x.toml", "--set", "cohort.root=doe", "--set=explain.exams=[\"doe\"]", "--at=/data/doe^jane", "name=y"];
        let told = discreet.words(words.map(str::to_owned).to_vec()).join(" ");
        assert!(!told.contains("doe") && told.contains("--set cohort.root=F-") && told.ends_with("name=y"), "{told}");
    }

    #[test]
    fn of_phantoms_every_word_stays() {
        let discreet = Discreet { key: Key::of_nobody().expect("random bytes"), roots: vec![] };
        assert_eq!(discreet.spec("# a remark\nname = \"x\"\n"), "# a remark\nname = \"x\"\n");
    }
}
