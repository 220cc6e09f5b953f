//! The graph of steps.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use serde_json::Value;

use crate::artifact::Files;
use crate::seed::Seed;
use crate::stage::command::Setting;
use crate::stage::{Kind, Needs, Run};
use crate::store::Digest;

/// A step within its plan.
pub type StepId = NodeIndex;

/// One stage with all that decides its result except the contents of its inputs.
#[derive(Debug, Clone)]
pub struct Step {
    /// Name for people: kind and what is special (`train[none-alexnet-untrained]`); unique in the plan, never in a key.
    pub label: String,
    /// What it is.
    pub kind: &'static Kind,
    /// Parameters with defaults filled in.
    pub params: Value,
    /// The stream of random numbers, for kinds that draw.
    pub seed: Option<Seed>,
    /// What is connected to each input port.
    pub inputs: BTreeMap<String, Input>,
    /// Steps that have to succeed before this one may run, though it reads nothing of them; never in a key.
    pub after: Vec<StepId>,
    /// Output ports; each is a folder below `out/`.
    pub outputs: Vec<String>,
    /// What it takes to run; never in a key.
    pub needs: Needs,
    /// How a command is run; never in a key.
    pub setting: Setting,
}

impl Step {
    /// A step of a built-in kind, which knows its ports.
    pub fn of_kind(
        kind: &'static Kind,
        label: String,
        params: Value,
        seed: Option<Seed>,
        inputs: BTreeMap<String, Input>,
    ) -> Self {
        let outputs = kind.outputs.iter().map(|port| (*port).to_owned()).collect();
        let needs = (kind.needs)(&params);
        Self { label, kind, params, seed, inputs, after: vec![], outputs, needs, setting: Setting::default() }
    }

    /// What it is called together with its like: a stage of the author by its name, every other step by its kind.
    pub fn group(&self) -> &str {
        match self.kind.run {
            Run::Command => self.label.split('[').next().unwrap_or(&self.label),
            Run::Here(_) | Run::Worker => self.kind.name,
        }
    }

    /// The names under which a site file may speak of it, the narrowest first.
    pub fn names(&self) -> [&str; 2] {
        [self.group(), self.kind.name]
    }

    /// Names all that decides what the step makes: two steps with one such name are one.
    fn work(&self) -> Digest {
        let own = serde_json::to_vec(&(self.kind.name, &self.params, self.seed)).expect("BUG: parameters are plain data");
        let mut parts = vec![own];
        for (port, input) in &self.inputs {
            parts.push(port.clone().into_bytes());
            match input {
                Input::Output { step, port } => {
                    parts.extend([b"output".to_vec(), step.index().to_le_bytes().into(), port.as_bytes().into()]);
                }
                Input::Source(files) => {
                    parts.extend([b"source".to_vec(), files.iter().count().to_le_bytes().into()]);
                    let files = files.iter().flat_map(|(name, path)| [name.as_bytes(), path.as_os_str().as_encoded_bytes()]);
                    parts.extend(files.map(Vec::from));
                }
            }
        }
        Digest::of_parts(parts.iter().map(Vec::as_slice))
    }
}

/// What is connected to an input port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// An output of another step.
    Output {
        /// That step.
        step: StepId,
        /// Its port.
        port: String,
    },
    /// Files that the user named.
    Source(Files),
}

/// A directed acyclic graph of steps; an edge leads from a step to one that reads its output.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    graph: DiGraph<Step, ()>,
    by_work: HashMap<Digest, StepId>,
    by_label: HashMap<String, StepId>,
    exports: Vec<Export>,
}

/// An output that is laid out for the user when it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The step.
    pub step: StepId,
    /// Its output.
    pub port: String,
    /// Where its files go.
    pub folder: PathBuf,
}

impl Plan {
    /// Adds a step, or finds the one that does the same work.
    pub fn add(&mut self, step: Step) -> StepId {
        let work = step.work();
        if let Some(&known) = self.by_work.get(&work) {
            return known;
        }
        let producers: Vec<StepId> =
            step.inputs.values().filter_map(Input::producer).chain(step.after.iter().copied()).collect();
        let label = step.label.clone();
        let id = self.graph.add_node(step);
        self.by_label.entry(label).or_insert(id);
        for producer in producers {
            self.graph.update_edge(producer, id, ());
        }
        self.by_work.insert(work, id);
        id
    }

    /// The step.
    pub fn step(&self, id: StepId) -> &Step {
        &self.graph[id]
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Whether there is nothing to do at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All steps, each after those it reads from: a step can only be connected to steps that were added before it.
    pub fn in_order(&self) -> impl Iterator<Item = StepId> + use<> {
        self.graph.node_indices()
    }

    /// Steps that read an output of this one or run after it.
    pub fn readers(&self, id: StepId) -> impl Iterator<Item = StepId> + '_ {
        self.graph.neighbors_directed(id, Direction::Outgoing)
    }

    /// Steps that this one reads from or runs after.
    pub fn producers(&self, id: StepId) -> impl Iterator<Item = StepId> + '_ {
        self.graph.neighbors_directed(id, Direction::Incoming)
    }

    /// Pairs of a step and one of its readers.
    pub fn edges(&self) -> impl Iterator<Item = (StepId, StepId)> + '_ {
        self.graph.edge_references().map(|edge| (edge.source(), edge.target()))
    }

    /// The step of this label.
    pub fn find(&self, label: &str) -> Option<StepId> {
        self.by_label.get(label).copied()
    }

    /// Asks for an output to be laid out.
    pub fn export(&mut self, export: Export) {
        self.exports.push(export);
    }

    /// What is to be laid out for the user.
    pub fn exports(&self) -> &[Export] {
        &self.exports
    }

    /// Steps whose label is `pattern`, or whose kind or stage is: `train` means all trainings, `train[…]` one.
    pub fn matching(&self, pattern: &str) -> Vec<StepId> {
        self.in_order()
            .filter(|&id| [&self.graph[id].label, self.graph[id].group(), self.graph[id].kind.name].contains(&pattern))
            .collect()
    }

    /// The steps `wanted` and everything they stand on.
    pub fn with_producers(&self, wanted: &[StepId]) -> Vec<bool> {
        let mut needed = vec![false; self.len()];
        wanted.iter().for_each(|id| needed[id.index()] = true);
        for id in self.in_order().collect::<Vec<_>>().into_iter().rev() {
            if needed[id.index()] {
                self.producers(id).for_each(|producer| needed[producer.index()] = true);
            }
        }
        needed
    }

    /// Seconds from the start of each step to the end of the plan along its longest path, by what each step takes.
    pub fn urgency(&self, seconds: impl Fn(StepId) -> f64) -> Vec<f64> {
        let mut urgency = vec![0.0; self.len()];
        for id in self.in_order().collect::<Vec<_>>().into_iter().rev() {
            let after = self.readers(id).map(|reader| urgency[reader.index()]).fold(0.0, f64::max);
            urgency[id.index()] = seconds(id) + after;
        }
        urgency
    }
}

impl Input {
    /// The step that makes this input, if one does.
    pub fn producer(&self) -> Option<StepId> {
        match self {
            Self::Output { step, .. } => Some(*step),
            Self::Source(_) => None,
        }
    }
}
