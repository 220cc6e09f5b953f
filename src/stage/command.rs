//! Kind `command`: any program as a stage. The author says what it reads, what it makes and what decides the result; the rest is as
//! for every other kind.
//!
//! Inputs and outputs are the ports that the spec names. A command sees its inputs below `in/` of the folder that it runs in and
//! leaves its outputs there under the paths that were declared; what else it leaves is dropped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::template::{self, Slot};
use super::{Kind, Needs, Run};

/// The kind.
pub const KIND: Kind =
    Kind { name: "command", version: 1, outputs: &[], run: Run::Command, needs: Needs::one_core, cost: 1.0, random: false };

/// Everything that decides what a command makes, beside the contents of its inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// What is called, with slots still in it.
    pub run: Invocation,
    /// Which instance of a stage that is fanned out: the value on each axis.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub each: BTreeMap<String, String>,
    /// Values for `{params.…}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Value>,
    /// Environment variables that decide the result.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// How each input is seen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Shape>,
    /// Where each output is left, relative to the folder that the command runs in.
    pub outputs: BTreeMap<String, Output>,
    /// The output that standard output is written to; else it goes to the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// Raised by the author when the program itself has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// What is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invocation {
    /// A program and its arguments, each passed on as it is.
    Argv(Vec<String>),
    /// A text for `sh -c`; values are put in quoted.
    Shell(String),
}

/// Whether a port is one file or a folder of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One file.
    File,
    /// Any number of files.
    Folder,
}

/// What a command has to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Relative path, without a slash at its end.
    pub path: String,
    /// Whether it is a file or a folder.
    pub shape: Shape,
}

/// How a command is run; decides nothing about what it makes, so it is in no key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// Names of environment variables that are passed on.
    pub pass_env: Vec<String>,
    /// Whether inputs are copied, for programs that write to what they read; else they are linked.
    pub copies: bool,
}

impl Params {
    /// The program and its arguments once the slots are filled; `input` tells where an input is seen.
    pub fn argv(&self, input: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let value = |slot: &Slot<'_>| match slot.space {
            Some("inputs") => input(slot.name),
            _ => self.value(slot),
        };
        match &self.run {
            Invocation::Argv(words) => words.iter().map(|word| template::fill(word, value)).collect(),
            Invocation::Shell(text) => {
                let quoted = |slot: &Slot<'_>| value(slot).map(|value| quoted(&value));
                vec!["sh".to_owned(), "-c".to_owned(), template::fill(text, quoted)]
            }
        }
    }

    /// The environment variables once the slots are filled.
    pub fn environment(&self) -> impl Iterator<Item = (&str, String)> {
        self.env.iter().map(|(name, text)| (name.as_str(), template::fill(text, |slot| self.value(slot))))
    }

    fn value(&self, slot: &Slot<'_>) -> Option<String> {
        match slot.space {
            None => self.each.get(slot.name).cloned(),
            Some("params") => self.params.get(slot.name).map(said),
            Some("outputs") => self.outputs.get(slot.name).map(|output| output.path.clone()),
            Some(_) => None,
        }
    }
}

/// A parameter as text: strings bare, everything else as JSON has it.
fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// One word for a shell, whatever is in it.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !value.is_empty() && value.chars().all(plain) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(run: Invocation) -> Params {
        let output = Output { path: "out.txt".into(), shape: Shape::File };
        Params {
            run,
            each: [("exam".into(), "017".into())].into(),
            params: [("level".into(), json!(35)), ("text".into(), json!("it's"))].into(),
            env: [("SEEN".into(), "{exam}-{params.level}".into())].into(),
            inputs: [("scan".into(), Shape::File)].into(),
            outputs: [("made".into(), output)].into(),
            stdout: None,
            version: None,
        }
    }

    fn input(name: &str) -> Option<String> {
        (name == "scan").then(|| "in/scan/a b.nii".to_owned())
    }

    #[test]
    fn slots_of_an_argument_list_are_filled_as_they_are() {
        let words = ["prog", "{inputs.scan}", "{params.text}-{exam}", "{outputs.made}", "{print}"];
        let params = params(Invocation::Argv(words.map(str::to_owned).to_vec()));
        assert_eq!(params.argv(input), ["prog", "in/scan/a b.nii", "it's-017", "out.txt", "{print}"]);
        assert_eq!(params.environment().collect::<Vec<_>>(), [("SEEN", "017-35".to_owned())]);
    }

    #[test]
    fn slots_of_a_shell_text_are_filled_quoted() {
        let params = params(Invocation::Shell("cat {inputs.scan} {params.text} > {outputs.made}; echo ${HOME}".into()));
        let [_, _, text] = &params.argv(input)[..] else { panic!("three words") };
        assert_eq!(text, r"cat 'in/scan/a b.nii' 'it'\''s' > out.txt; echo ${HOME}");
    }
}
