//! `[[stage]]`: commands of the author's own. Each is read by itself; then they are connected.

mod axes;
mod connect;
mod inputs;
mod needs;
mod outputs;
mod slots;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::super::section::{Item, Section, suggestion};
use super::super::stage::{Instance, Place, Stage, Wire};
use crate::stage::command::{Invocation, Params, Setting, Shape};
use crate::stage::template::Slot;
use crate::stage::{Needs, augment, command, compare, ingest, phantom, predict, pretrain, train, window};
use axes::Axis;
use inputs::Inputs;

/// Names that mean steps of the study.
const TAKEN: [&str; 10] = [
    phantom::KIND.name,
    ingest::KIND.name,
    window::KIND.name,
    augment::KIND.name,
    pretrain::KIND.name,
    train::KIND.name,
    predict::KIND.name,
    compare::KIND.name,
    command::KIND.name,
    "report",
];

/// A stage that is not connected to others yet. What of it is `None` is faulty, which does not keep the rest from being checked.
struct Draft<'a> {
    item: Item<'a>,
    name: Option<String>,
    outputs: Option<BTreeMap<String, command::Output>>,
    /// Inputs that name other stages.
    references: Vec<inputs::Reference<'a>>,
    stage: Option<Stage>,
}

/// All stages, each after those that it reads from; `has_study` tells whether there are exams and steps to stand among.
pub(super) fn read(item: Option<&Item<'_>>, has_study: bool) -> Option<Vec<Stage>> {
    let Some(item) = item else { return Some(Vec::new()) };
    let drafts = item.list(|part| part.table(|s| one(s, &part, has_study)))?;
    connect::all(drafts)
}

fn one<'a>(s: &mut Section<'a>, item: &Item<'a>, has_study: bool) -> Option<Draft<'a>> {
    let name = s.required("name", |item| name(&item));
    let replaces = s.optional("replaces", None, |item| replaces(&item, has_study).map(Some));
    let axes = s.optional("for_each", Vec::new(), |item| axes::read(&item));
    if let (Some(Some(_)), Some(axes)) = (&replaces, &axes)
        && !axes.is_empty()
    {
        return s.fault("`for_each` stands beside `replaces`", "a stage that replaces one of the study has a step an exam");
    }
    let names: Option<Vec<&str>> = axes.as_ref().map(|axes| slots::axes(axes, replaces.flatten()));
    let params = s.optional("params", BTreeMap::new(), |item| parameters(&item));
    let read = s.optional("inputs", Inputs::default(), |item| inputs::read(&item, axes.as_deref()?, replaces?, has_study));
    let outputs = s.required("outputs", |item| outputs::read(&item, names.as_deref()?));
    let stdout = s.optional("stdout", None, |item| stdout(&item, outputs.as_ref()?).map(Some));
    let env = s.optional("env", BTreeMap::new(), |item| texts(&item, names.as_deref()));
    let pass_env = s.optional("pass_env", Vec::new(), |item| item.list(|part| part.string().map(str::to_owned)));
    let copies = s.optional("layout", false, |item| item.one_of(&[("link", false), ("copy", true)]));
    let version = s.optional("version", None, |item| item.string().map(|text| Some(text.to_owned())));
    let needs = s.table_or_empty("needs", needs::read);
    let export = s.optional("export", None, |item| item.path().map(Some));
    let run = s.required("run", |item| invocation(&item, names.as_deref()?, params.as_ref(), read.as_ref(), outputs.as_ref()));
    let mut draft = Draft { item: item.clone(), name: name.clone(), outputs: outputs.clone(), references: vec![], stage: None };
    let Some(mut read) = read else { return Some(draft) };
    draft.references = std::mem::take(&mut read.references);
    let setting = pass_env.zip(copies).map(|(pass_env, copies)| Setting { pass_env, copies });
    let written = Written { name, replaces, axes, run, params, outputs, stdout, env, version, setting, needs, export };
    draft.stage = written.stage(read);
    Some(draft)
}

/// The values of a stage; those that are `None` are faulty.
struct Written {
    name: Option<String>,
    replaces: Option<Option<Place>>,
    axes: Option<Vec<Axis>>,
    run: Option<Invocation>,
    params: Option<BTreeMap<String, Value>>,
    outputs: Option<BTreeMap<String, command::Output>>,
    stdout: Option<Option<String>>,
    env: Option<BTreeMap<String, String>>,
    version: Option<Option<String>>,
    setting: Option<Setting>,
    needs: Option<Needs>,
    export: Option<Option<PathBuf>>,
}

impl Written {
    fn stage(self, read: Inputs<'_>) -> Option<Stage> {
        let (replaces, axes) = (self.replaces.filter(|_| !read.is_faulty)?, self.axes?);
        let params = Params {
            run: self.run?,
            each: BTreeMap::new(),
            params: self.params?,
            env: self.env?,
            inputs: read.shapes,
            outputs: self.outputs?,
            stdout: self.stdout?,
            version: self.version?,
        };
        Some(Stage {
            name: self.name?,
            params,
            inputs: read.wires,
            instances: if replaces.is_some() { Vec::new() } else { instances(&axes, read.sources) },
            replaces,
            needs: self.needs?,
            setting: self.setting?,
            export: self.export?,
        })
    }
}

fn name(item: &Item<'_>) -> Option<String> {
    let name = item.word()?;
    if TAKEN.contains(&name) {
        return item.fault(format!("`{name}` is the name of a kind of stage"), "choose another name");
    }
    Some(name.to_owned())
}

fn replaces(item: &Item<'_>, has_study: bool) -> Option<Place> {
    let place = item.one_of(&[("dicom", Place::Dicom), ("volume", Place::Volume)])?;
    if has_study { Some(place) } else { item.fault("there is no study to stand in", "`replaces` needs a `cohort`") }
}

/// Each combination with the files that it reads.
fn instances(axes: &[Axis], sources: BTreeMap<String, Vec<crate::artifact::Files>>) -> Vec<Instance> {
    let mut sources: Vec<_> = sources.into_iter().map(|(port, files)| (port, files.into_iter())).collect();
    let combined = axes::combinations(axes).into_iter();
    let mut files = || sources.iter_mut().filter_map(|(port, files)| Some((port.clone(), files.next()?))).collect();
    combined.map(|each| Instance { each, sources: files() }).collect()
}

/// The output, a file, that standard output goes to.
fn stdout(item: &Item<'_>, outputs: &BTreeMap<String, command::Output>) -> Option<String> {
    let name = item.string()?;
    let files: Vec<&str> =
        outputs.iter().filter(|(_, output)| output.shape == Shape::File).map(|(name, _)| name.as_str()).collect();
    if files.contains(&name) {
        return Some(name.to_owned());
    }
    item.fault(format!("`{}` is no output that is a file", name.escape_debug()), suggestion(name, &files))
}

/// Values of any sort, as they are put in and as they stand in the key.
fn parameters(item: &Item<'_>) -> Option<BTreeMap<String, Value>> {
    let one = |(name, _, item): (&str, _, Item<'_>)| match serde_json::to_value(item.node) {
        Ok(value) => Some((name.to_owned(), value)),
        Err(error) => item.fault(format!("`{}` cannot be a parameter: {error}", item.path), ""),
    };
    item.named()?.into_iter().map(one).collect()
}

/// A table of strings.
fn texts(item: &Item<'_>, axes: Option<&[&str]>) -> Option<BTreeMap<String, String>> {
    let one = |(name, _, item): (&str, _, Item<'_>)| {
        let text = item.text()?;
        slots::check(&item, text, &["params"], &|slot| {
            slots::is_axis(slot, axes.unwrap_or_default()) || slot.space == Some("params")
        })?;
        Some((name.to_owned(), text.to_owned()))
    };
    item.named()?.into_iter().map(one).collect()
}

/// What is called; slots for what is faulty itself are not looked at.
fn invocation(
    item: &Item<'_>,
    axes: &[&str],
    params: Option<&BTreeMap<String, Value>>,
    inputs: Option<&Inputs<'_>>,
    outputs: Option<&BTreeMap<String, command::Output>>,
) -> Option<Invocation> {
    let known = |slot: &Slot<'_>| match slot.space {
        Some("params") => params.is_none_or(|params| params.contains_key(slot.name)),
        Some("inputs") => inputs.is_none_or(|inputs| inputs.has(slot.name)),
        Some("outputs") => outputs.is_none_or(|outputs| outputs.contains_key(slot.name)),
        _ => slots::is_axis(slot, axes),
    };
    let checked = |item: &Item<'_>, text: &str| slots::check(item, text, &["params", "inputs", "outputs"], &known);
    if item.items().is_some() {
        let word = |part: Item<'_>| part.text().and_then(|text| checked(&part, text).map(|()| text.to_owned()));
        return item.list(word).map(Invocation::Argv);
    }
    let text = item.string()?;
    checked(item, text)?;
    Some(Invocation::Shell(text.trim().to_owned()))
}

/// Which input of which stage comes from where; `None` for a stage that stands at an exam and reads it.
pub(super) type Wires = BTreeMap<String, Wire>;

/// A folder that a relative path of the spec starts from.
fn beside(item: &Item<'_>) -> PathBuf {
    item.log.folder(&item.node.origin).to_owned()
}
