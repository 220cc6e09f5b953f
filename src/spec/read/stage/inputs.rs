//! `inputs`: what a command reads. Files of the author, or what other stages, steps of the study or an exam have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::super::section::{Item, Section};
use super::super::super::stage::{Place, Wire};
use super::axes::{self, Axis};
use super::{beside, outputs, slots};
use crate::artifact::Files;
use crate::stage::command::Shape;
use crate::stage::template;

/// All inputs of a stage.
#[derive(Default)]
pub(super) struct Inputs<'a> {
    pub(super) wires: super::Wires,
    /// How each is seen; of other stages' outputs it is known once they are connected.
    pub(super) shapes: BTreeMap<String, Shape>,
    /// The author's files at a port, an entry an instance.
    pub(super) sources: BTreeMap<String, Vec<Files>>,
    pub(super) references: Vec<Reference<'a>>,
    /// Names of all of them, faulty ones too.
    names: Vec<String>,
    /// Whether one is faulty.
    pub(super) is_faulty: bool,
}

/// An input that names another stage.
pub(super) struct Reference<'a> {
    pub(super) port: String,
    pub(super) item: Item<'a>,
    pub(super) stage: String,
    /// `None` where the other stage has one output only.
    pub(super) output: Option<String>,
}

pub(super) fn read<'a>(item: &Item<'a>, axes: &[Axis], replaces: Option<Place>, has_study: bool) -> Option<Inputs<'a>> {
    let combined = axes::combinations(axes);
    let mut inputs = Inputs::default();
    for (name, _, item) in item.named()? {
        inputs.names.push(name.to_owned());
        let one = outputs::fit(name, &item).and_then(|port| match item.is_text() {
            true => inputs.files(port, &item, axes, &combined),
            false => item.table(|s| inputs.table(port, &item, s, replaces, has_study)),
        });
        inputs.is_faulty |= one.is_none();
    }
    Some(inputs)
}

impl<'a> Inputs<'a> {
    /// Whether there is an input of this name.
    pub(super) fn has(&self, port: &str) -> bool {
        self.names.iter().any(|name| name == port)
    }

    fn files(&mut self, port: String, item: &Item<'a>, axes: &[Axis], combined: &[Vec<(String, String)>]) -> Option<()> {
        let text = item.string()?;
        let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
        let strange = template::slots(text).find(|slot| !slots::is_axis(slot, &names));
        if let Some(slot) = strange {
            let hint = if names.is_empty() {
                "a path has slots for the axes of `for_each`".to_owned()
            } else {
                format!("expected {}", names.join(", "))
            };
            return item.fault(format!("`{}` names no axis", slot.whole), hint);
        }
        let (shape, files) = match template::slots(text).next() {
            None => {
                let (shape, files) = found(item, text)?;
                (shape, vec![files; combined.len()])
            }
            Some(_) => each(item, text, combined)?,
        };
        self.wires.insert(port.clone(), Wire::Source);
        self.shapes.insert(port.clone(), shape);
        self.sources.insert(port, files);
        Some(())
    }

    fn table(
        &mut self,
        port: String,
        item: &Item<'a>,
        s: &mut Section<'a>,
        replaces: Option<Place>,
        has_study: bool,
    ) -> Option<()> {
        let stage = s.optional("stage", None, |item| item.word().map(|name| Some(name.to_owned())))?;
        let step = s.optional("step", None, |item| item.string().map(|label| Some(label.to_owned())))?;
        let exam =
            s.optional("exam", None, |item| item.one_of(&[("dicom", Place::Dicom), ("volume", Place::Volume)]).map(Some))?;
        let output = s.optional("output", None, |item| item.string().map(|name| Some(name.to_owned())))?;
        match (stage, step, exam) {
            (Some(stage), None, None) => {
                self.references.push(Reference { port, item: item.clone(), stage, output });
            }
            (None, Some(label), None) if has_study => {
                let Some(output) = output else {
                    return s.fault("missing `output`", "name the port of the step, for example \"predictions\"");
                };
                self.shapes.insert(port.clone(), Shape::Folder);
                self.wires.insert(port, Wire::Step { label, output });
            }
            (None, Some(_), None) => {
                return s.fault(
                    "there is no study whose steps could be read",
                    "`step` needs a `cohort`; stages are named by `stage`",
                );
            }
            (None, None, Some(place)) if replaces == Some(place) => {
                self.shapes.insert(port.clone(), Shape::Folder);
                self.wires.insert(port, Wire::Exam);
            }
            (None, None, Some(_)) => {
                return s.fault("this is not what the stage replaces", "`exam` and `replaces` say the same");
            }
            _ => {
                return s.fault(
                    "an input is one thing",
                    "expected a path, { stage = …, output = … }, { step = …, output = … } or { exam = … }",
                );
            }
        }
        Some(())
    }
}

/// The files of every instance.
fn each(item: &Item<'_>, text: &str, combined: &[Vec<(String, String)>]) -> Option<(Shape, Vec<Files>)> {
    let (mut shape, mut all) = (None, Vec::with_capacity(combined.len()));
    for values in combined {
        let value = |name: &str| values.iter().find(|(axis, _)| axis == name).map(|(_, value)| value.clone());
        let (this, files) = found(item, &template::fill(text, |slot| value(slot.name)))?;
        if *shape.get_or_insert(this) != this {
            return item.fault(format!("`{text}` is a file for some instances and a folder for others"), "make it one of both");
        }
        all.push(files);
    }
    Some((shape.unwrap_or(Shape::File), all))
}

/// A file, the files of a folder, or those that a pattern finds.
fn found(item: &Item<'_>, text: &str) -> Option<(Shape, Files)> {
    let path = beside(item).join(text);
    if text.contains(['*', '?', '[']) && !path.exists() {
        return matching(item, &path).map(|files| (Shape::Folder, files));
    }
    if path.is_dir() {
        return match Files::of_folder(&path) {
            Ok(files) => Some((Shape::Folder, files)),
            Err(error) => item.fault(format!("{error:#}"), ""),
        };
    }
    match path.file_name().and_then(|name| name.to_str()) {
        Some(name) if path.is_file() => Some((Shape::File, [(name.to_owned(), path.clone())].into_iter().collect())),
        _ => item.fault(format!("there is no file {}", path.display()), "relative paths start at the file that names them"),
    }
}

/// Files by their names, or by their paths where two have one name.
fn matching(item: &Item<'_>, pattern: &Path) -> Option<Files> {
    let paths: Vec<PathBuf> = axes::glob(&pattern.to_string_lossy()).filter(|path| path.is_file()).collect();
    let folder = beside(item);
    let name = |path: &PathBuf| path.file_name()?.to_str().map(str::to_owned);
    let long = |path: &PathBuf| {
        path.strip_prefix(&folder).unwrap_or(path).to_str().map(|name| name.trim_start_matches('/').to_owned())
    };
    let named = |of: &dyn Fn(&PathBuf) -> Option<String>| -> Option<Files> {
        paths.iter().map(|path| Some((of(path)?, path.clone()))).collect::<Option<_>>()
    };
    let short = named(&name).filter(|files| files.iter().count() == paths.len());
    match short.or_else(|| named(&long)) {
        Some(files) if !paths.is_empty() => Some(files),
        Some(_) => {
            item.fault(format!("{} finds nothing", pattern.display()), "relative paths start at the file that names them")
        }
        None => item.fault(format!("{} finds a file whose name is not UTF-8", pattern.display()), "rename it"),
    }
}
