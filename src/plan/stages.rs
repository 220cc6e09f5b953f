//! The author's stages as steps: one an instance, connected to each other and to the study.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{Export, Input, Plan, Step, StepId};
use crate::spec::{Instance, Stage, StagePlace, Wire};
use crate::stage::command::{self, Output, Params};
use crate::stage::template;

/// Name of the axis of stages that stand at each exam.
const EXAM: &str = "exam";

/// The stages of a spec, and the steps that they have become so far.
pub(super) struct Stages<'a> {
    /// Each after those that it reads from.
    stages: &'a [Stage],
    by_name: HashMap<&'a str, usize>,
    made: HashMap<&'a str, Vec<Made>>,
    /// What stages that stand at each exam are connected to, where it is the same for all of them.
    connected: HashMap<&'a str, Rc<Connections<'a>>>,
    /// Where outputs are laid out; no two in one place.
    targets: HashSet<PathBuf>,
    /// What could not be connected, a line a fault.
    pub(super) faults: Vec<String>,
}

/// What each input of a stage is connected to, by port.
type Connections<'a> = BTreeMap<&'a str, Connection>;

/// One step of a stage.
struct Made {
    each: Vec<(String, String)>,
    step: StepId,
}

impl<'a> Stages<'a> {
    pub(super) fn new(stages: &'a [Stage]) -> Self {
        let by_name = stages.iter().enumerate().map(|(at, stage)| (stage.name.as_str(), at)).collect();
        let (made, connected, targets) = (HashMap::new(), HashMap::new(), HashSet::new());
        Self { stages, by_name, made, connected, targets, faults: vec![] }
    }

    /// The output of `stage` for the one step that it is, expanded with all that it stands on.
    pub(super) fn single(&mut self, plan: &mut Plan, stage: &str, output: &str) -> Option<Input> {
        self.expand(plan, stage);
        match self.made.get(stage)?.as_slice() {
            [only] => Some(Input::Output { step: only.step, port: output.to_owned() }),
            _ => None,
        }
    }

    /// What an exam has at `place` once the stages that stand there have had it.
    pub(super) fn at_exam(&mut self, plan: &mut Plan, place: StagePlace, exam: &str, mut input: Input) -> Input {
        for stage in self.stages.iter().filter(|stage| stage.replaces == Some(place)) {
            let instance = Instance { each: vec![(EXAM.to_owned(), exam.to_owned())], ..Instance::default() };
            let sources = self.connected(plan, stage);
            let step = self.step(plan, stage, &instance, &sources, Some(&input));
            let Some(port) = stage.params.outputs.keys().next() else { continue };
            input = Input::Output { step, port: port.clone() };
        }
        input
    }

    /// Everything that is not expanded yet.
    pub(super) fn rest(&mut self, plan: &mut Plan) {
        self.stages.iter().for_each(|stage| self.expand(plan, &stage.name));
    }

    /// The stage and all that it stands on, if they are not expanded yet.
    fn expand(&mut self, plan: &mut Plan, name: &str) {
        let (mut needed, mut open) = (BTreeSet::new(), vec![name]);
        while let Some(name) = open.pop() {
            let Some(&at) = self.by_name.get(name).filter(|_| !self.made.contains_key(name)) else { continue };
            if self.stages[at].replaces.is_none() && needed.insert(at) {
                open.extend(producers(&self.stages[at]));
            }
        }
        needed.into_iter().for_each(|at| self.expand_one(plan, &self.stages[at]));
    }

    fn expand_one(&mut self, plan: &mut Plan, stage: &'a Stage) {
        let connections = self.connections(plan, stage);
        let _ = self.made.entry(&stage.name).or_default();
        stage.instances.iter().for_each(|instance| {
            self.step(plan, stage, instance, &connections, None);
        });
    }

    /// What a stage that stands at each exam is connected to. Other stages of that sort have one more step with each exam.
    fn connected(&mut self, plan: &mut Plan, stage: &'a Stage) -> Rc<Connections<'a>> {
        if let Some(known) = self.connected.get(stage.name.as_str()) {
            return Rc::clone(known);
        }
        producers(stage).for_each(|producer| self.expand(plan, producer));
        let connections = Rc::new(self.connections(plan, stage));
        let is_at_exam = |name: &str| self.by_name.get(name).is_some_and(|at| self.stages[*at].replaces.is_some());
        if !producers(stage).any(is_at_exam) {
            self.connected.insert(&stage.name, Rc::clone(&connections));
        }
        connections
    }

    fn step(
        &mut self,
        plan: &mut Plan,
        stage: &'a Stage,
        instance: &Instance,
        connections: &Connections<'_>,
        exam: Option<&Input>,
    ) -> StepId {
        let mut inputs = BTreeMap::new();
        for (port, wire) in &stage.inputs {
            match wire {
                Wire::Source => {
                    inputs.extend(instance.sources.get(port).map(|files| (port.clone(), Input::Source(files.clone()))));
                }
                Wire::Exam => inputs.extend(exam.map(|input| (port.clone(), input.clone()))),
                Wire::Stage { .. } | Wire::Step { .. } => {
                    let found =
                        connections.get(port.as_str()).map(|connection| connection.at(port, instance)).unwrap_or_default();
                    if found.is_empty() {
                        self.missing(stage, port, instance);
                    }
                    inputs.extend(found);
                }
            }
        }
        let params = params(&stage.params, instance);
        let name = instance.name();
        let step = Step {
            label: if name.is_empty() { stage.name.clone() } else { format!("{}[{name}]", stage.name) },
            kind: &command::KIND,
            outputs: params.outputs.keys().cloned().collect(),
            params: serde_json::to_value(&params).expect("BUG: parameters are plain data"),
            seed: None,
            inputs,
            after: vec![],
            needs: stage.needs,
            setting: stage.setting.clone(),
        };
        let step = plan.add(step);
        self.export(plan, stage, step, &params, &name);
        self.made.entry(&stage.name).or_default().push(Made { each: instance.each.clone(), step });
        step
    }

    /// A step that would run on less than it was said to read must not.
    fn missing(&mut self, stage: &Stage, port: &str, instance: &Instance) {
        if let Some(Wire::Stage { stage: producer, .. }) = stage.inputs.get(port) {
            let (name, own) = (&stage.name, instance.name());
            self.faults.push(format!("stage `{name}`, input `{port}`: `{producer}` has no step for `{own}`"));
        }
    }

    fn export(&mut self, plan: &mut Plan, stage: &Stage, step: StepId, params: &Params, instance: &str) {
        let Some(folder) = &stage.export else { return };
        for (port, output) in &params.outputs {
            let within = match output.shape {
                command::Shape::Folder => folder.join(instance).join(&output.path),
                command::Shape::File => folder.join(instance).join(Path::new(&output.path).parent().unwrap_or(Path::new(""))),
            };
            let target = folder.join(instance).join(&output.path);
            if !self.targets.insert(target.clone()) {
                let fact =
                    format!("stage `{}`, output `{port}`: another output is exported to {}", stage.name, target.display());
                self.faults.push(fact);
            }
            plan.export(Export { step, port: port.clone(), folder: within });
        }
    }

    /// What each input that reads other steps is connected to, prepared once for all instances.
    fn connections(&mut self, plan: &Plan, stage: &'a Stage) -> Connections<'a> {
        let mut connections = BTreeMap::new();
        for (port, wire) in &stage.inputs {
            match wire {
                Wire::Stage { stage: producer, output } => {
                    let made = self.made.get(producer.as_str()).map_or(&[][..], Vec::as_slice);
                    connections.insert(port.as_str(), Connection::to_stage(made, output, &axes_of(stage)));
                }
                Wire::Step { label, output } => match reading(plan, label, output) {
                    Ok(input) => {
                        connections.insert(port.as_str(), Connection::Step(input));
                    }
                    Err(fault) => self.faults.push(format!("stage `{}`, input `{port}`: {fault}", stage.name)),
                },
                Wire::Source | Wire::Exam => {}
            }
        }
        connections
    }
}

/// Names of the stages that a stage reads from.
fn producers(stage: &Stage) -> impl Iterator<Item = &str> {
    stage.inputs.values().filter_map(|wire| if let Wire::Stage { stage, .. } = wire { Some(stage.as_str()) } else { None })
}

fn axes_of(stage: &Stage) -> Vec<&str> {
    let own = stage.instances.first().map(|instance| instance.each.iter().map(|(axis, _)| axis.as_str()).collect());
    own.unwrap_or_else(|| vec![EXAM])
}

/// An output of a step of the study.
fn reading(plan: &Plan, label: &str, output: &str) -> Result<Input, String> {
    let Some(step) = plan.find(label) else {
        let labels = plan.in_order().map(|id| plan.step(id).label.as_str());
        let likeness = |other: &str| strsim::jaro_winkler(other, label);
        let nearest = labels.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        return Err(format!(
            "no step is called `{label}`{}",
            nearest.map_or(String::new(), |near| format!("; the nearest is `{near}`"))
        ));
    };
    let ports = &plan.step(step).outputs;
    if ports.iter().any(|port| port == output) {
        return Ok(Input::Output { step, port: output.to_owned() });
    }
    Err(format!("`{label}` has no output `{output}`; it has: {}", ports.join(", ")))
}

/// What one input reads.
enum Connection {
    /// The same for all instances.
    Step(Input),
    /// Steps of another stage, by the values on the axes that both have.
    Stage {
        output: String,
        /// Positions of those axes in the reader's instances are found by name.
        shared: Vec<String>,
        /// Whether several are read, each under its values on the axes that only the other stage has.
        gathers: bool,
        by_values: HashMap<Vec<String>, Vec<(String, StepId)>>,
    },
}

impl Connection {
    fn to_stage(made: &[Made], output: &str, reader: &[&str]) -> Self {
        let axes: Vec<&String> = made.first().map(|made| made.each.iter().map(|(axis, _)| axis).collect()).unwrap_or_default();
        let shared: Vec<String> =
            axes.iter().filter(|axis| reader.contains(&axis.as_str())).map(|axis| (*axis).clone()).collect();
        let mut by_values: HashMap<Vec<String>, Vec<(String, StepId)>> = HashMap::new();
        for one in made {
            let (own, other): (Vec<_>, Vec<_>) = one.each.iter().partition(|(axis, _)| !shared.contains(axis));
            let name = own.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("-");
            by_values.entry(other.iter().map(|(_, value)| value.clone()).collect()).or_default().push((name, one.step));
        }
        Self::Stage { output: output.to_owned(), gathers: shared.len() < axes.len(), shared, by_values }
    }

    fn at(&self, port: &str, instance: &Instance) -> Vec<(String, Input)> {
        match self {
            Self::Step(input) => vec![(port.to_owned(), input.clone())],
            Self::Stage { output, shared, gathers, by_values } => {
                let value = |axis: &String| instance.each.iter().find(|(name, _)| name == axis).map(|(_, value)| value.clone());
                let values: Vec<String> = shared.iter().filter_map(value).collect();
                let steps = by_values.get(&values).map_or(&[][..], Vec::as_slice);
                let named = |(name, step): &(String, StepId)| {
                    let input = Input::Output { step: *step, port: output.clone() };
                    (if *gathers { format!("{port}/{name}") } else { port.to_owned() }, input)
                };
                steps.iter().map(named).collect()
            }
        }
    }
}

/// The parameters of one instance: its values, and its outputs' paths with the values put in.
fn params(stage: &Params, instance: &Instance) -> Params {
    let each: BTreeMap<String, String> = instance.each.iter().cloned().collect();
    let filled = |output: &Output| Output {
        path: template::fill(&output.path, |slot| each.get(slot.name).cloned()),
        shape: output.shape,
    };
    let outputs = stage.outputs.iter().map(|(port, output)| (port.clone(), filled(output))).collect();
    Params { each, outputs, ..stage.clone() }
}
