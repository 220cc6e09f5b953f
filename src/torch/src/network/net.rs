//! A network with weights on a device.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use bgh::seed::Seed;
use bgh::stage::train;
use tch::{Device, Kind, Reduction, Tensor};

use super::graph::{Graph, Layer, Node, Op, Role, Slot};
use super::layer::{self, BatchNorm, Lrn};
use super::{Factors, Input, Network};
use crate::weights::Named;

/// One learnable tensor.
#[derive(Debug)]
pub struct Parameter {
    /// `<layer>.weight` or `<layer>.bias`.
    pub name: String,
    /// Its values.
    pub values: Tensor,
    /// Factor on the learning rate, see [`Network::bias`].
    pub rate_factor: f64,
    /// Factor on the weight decay, see [`Network::bias`].
    pub decay_factor: f64,
}

/// One tensor that is measured and not learnt: a running statistic of a batch normalisation, or the count of its batches (`i64`).
#[derive(Debug)]
pub struct Buffer {
    /// `<layer>.running_mean`, `<layer>.running_var` or `<layer>.num_batches_tracked`.
    pub name: String,
    /// Its values.
    pub values: Tensor,
}

/// What a layer computes with; the tensors share their memory with the parameters and buffers of the network.
#[derive(Debug)]
enum Means {
    Linear { weight: Tensor, bias: Option<Tensor> },
    Lrn(Lrn),
    BatchNorm(BatchNorm),
}

/// A network with weights.
#[derive(Debug)]
pub struct Net {
    network: &'static Network,
    graph: Graph,
    last_readers: Vec<Node>,
    parameters: Vec<Parameter>,
    buffers: Vec<Buffer>,
    means: BTreeMap<Node, Means>,
    device: Device,
    /// Numbers in which products are computed while training.
    products: Kind,
}

impl Net {
    /// The network with weights from its fillers, drawn from `seed`.
    ///
    /// # Errors
    /// When the network is unknown or does not fit its size.
    pub fn new(size: &train::Network, classes: usize, seed: Seed, device: Device) -> Result<Self> {
        let network = Network::find(&size.name)?;
        let graph = network.graph(classes, size.crop, size.width)?;
        let published = network.published(classes);
        let last_readers = graph.last_readers();
        let (parameters, buffers, means) = (Vec::new(), Vec::new(), BTreeMap::new());
        let mut net = Self { network, graph, last_readers, parameters, buffers, means, device, products: Kind::Float };
        for node in 0..net.graph.layers.len() {
            net.furnish(node, &published, seed);
        }
        Ok(net)
    }

    /// Gives a layer what it computes with.
    fn furnish(&mut self, node: Node, published: &Graph, seed: Seed) {
        let layer = &self.graph.layers[node];
        let mut tensors: Vec<Tensor> = Vec::new();
        for slot in layer.slots(&self.graph) {
            let name = format!("{}.{}", layer.name, slot.part);
            let kind = if slot.role == Role::Count { Kind::Int64 } else { Kind::Float };
            let values = filled(&self.graph, published, layer, &slot, seed).to_device(self.device).to_kind(kind);
            let values = values.set_requires_grad(slot.role.is_learnt());
            tensors.push(values.shallow_clone());
            if slot.role.is_learnt() {
                let Factors { rate, decay } = if slot.role == Role::Bias { self.network.bias } else { Factors::WEIGHT };
                self.parameters.push(Parameter { name, values, rate_factor: rate, decay_factor: decay });
            } else {
                self.buffers.push(Buffer { name, values });
            }
        }
        if let Some(means) = means(layer, tensors, self.device) {
            self.means.insert(node, means);
        }
    }

    /// Computes convolutions and inner products of the loss in numbers of this kind; their results, all other layers and the scores stay in
    /// single precision.
    pub fn compute_products_in(&mut self, kind: Kind) {
        self.products = kind;
    }

    /// Its registered name.
    pub fn name(&self) -> &'static str {
        self.network.name
    }

    /// Its layers.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What it sees of a grey image.
    pub fn input(&self) -> Input {
        self.network.input
    }

    /// Where it computes.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Every learnable tensor in the order of the layers, weight before bias.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Every tensor that is measured, in the order of the layers; empty without batch normalisation.
    pub fn buffers(&self) -> &[Buffer] {
        &self.buffers
    }

    /// All tensors by name, parameters before buffers: what a weight file holds.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        let learnt = self.parameters.iter().map(|parameter| (parameter.name.as_str(), &parameter.values));
        learnt.chain(self.buffers.iter().map(|buffer| (buffer.name.as_str(), &buffer.values)))
    }

    /// Learnable numbers, auxiliary heads included.
    pub fn size(&self) -> usize {
        self.parameters.iter().map(|parameter| parameter.values.numel()).sum()
    }

    /// Names of the layers that classify, which fine-tuning starts anew.
    pub fn classifiers(&self) -> impl Iterator<Item = &'static str> {
        self.network.heads.iter().map(|head| head.layer)
    }

    /// Copies values into the parameter or buffer of this name.
    ///
    /// # Errors
    /// When there is none of this name or its shape differs.
    pub fn set(&self, name: &str, values: &Tensor) -> Result<()> {
        let tensor = self.tensors().find(|(known, _)| *known == name);
        let Some((_, tensor)) = tensor else { bail!("network `{}` has no tensor `{name}`", self.network.name) };
        let (ours, theirs) = (tensor.size(), values.size());
        ensure!(ours == theirs, "tensor `{name}` is {theirs:?}, network `{}` wants {ours:?}", self.network.name);
        tch::no_grad(|| tensor.shallow_clone().copy_(values));
        Ok(())
    }

    /// Copies all parameters and buffers from `named`, which must hold these and no others.
    ///
    /// # Errors
    /// When a tensor is missing, too many, or of another shape.
    pub fn restore(&self, named: &Named) -> Result<()> {
        let (ours, theirs) = (self.parameters.len() + self.buffers.len(), named.len());
        ensure!(ours == theirs, "{theirs} tensors, network `{}` has {ours}", self.network.name);
        named.iter().try_for_each(|(name, values)| self.set(name, values))
    }

    /// Whether updates of `batch` images can be computed.
    ///
    /// # Errors
    /// When a batch normalisation would see a single value a channel: the variance of one value is undefined.
    pub fn accept_batch(&self, batch: usize) -> Result<()> {
        let is_point = |layer: &&Layer| matches!(layer.op, Op::BatchNorm { .. }) && layer.shape[1..] == [1, 1];
        match self.graph.layers.iter().find(is_point) {
            Some(layer) if batch == 1 => bail!(
                "batch 1: layer {} of network `{}` normalises over one value; use a batch of at least 2 or a larger crop",
                layer.name,
                self.network.name
            ),
            _ => Ok(()),
        }
    }

    /// Weighted loss of all heads on `images` (`f32 [B, 3, crop, crop]`) with class indices `labels` (`i64 [B]`) or
    /// shares of classes (`f32 [B, classes]`), dropout active.
    pub fn loss(&self, images: &Tensor, labels: &Tensor) -> Tensor {
        let heads = self.run(images, true, |_, output| output);
        let losses = self.network.heads.iter().zip(heads).map(|(head, scores)| {
            scores.cross_entropy_loss::<Tensor>(labels, None, Reduction::Mean, -100, 0.0) * head.loss_weight
        });
        losses.reduce(|sum, loss| sum + loss).expect("BUG: a network without a head")
    }

    /// Scores before the softmax of the head that predicts, `f32 [B, classes]`, dropout inactive and no gradient kept.
    pub fn scores(&self, images: &Tensor) -> Tensor {
        tch::no_grad(|| self.run(images, false, |_, output| output).pop().expect("BUG: a network without a head"))
    }

    /// Scores as [`Net::scores`] and the output of layer `at` that they follow from: a leaf, so that scores have a gradient in it.
    pub fn scores_from(&self, images: &Tensor, at: Node) -> (Tensor, Tensor) {
        let mut leaf = None;
        let scores = self.run(images, false, |node, output| {
            if node != at {
                return output;
            }
            let kept = leaf.insert(output.detach().copy().set_requires_grad(true));
            // A copy of it, because a layer behind may compute in place, which a leaf does not bear.
            &*kept * 1.0
        });
        let scores = scores.into_iter().next_back().expect("BUG: a network without a head");
        (scores, leaf.expect("BUG: a layer that is not computed"))
    }

    /// Outputs of the heads in the registered order; only the last head when not training. `tap` sees the output of every layer and
    /// says what goes on.
    fn run(&self, images: &Tensor, training: bool, mut tap: impl FnMut(Node, Tensor) -> Tensor) -> Vec<Tensor> {
        let mut outputs: Vec<Option<Tensor>> = Vec::with_capacity(self.graph.layers.len());
        for (node, layer) in self.graph.layers.iter().enumerate() {
            let skipped = layer.auxiliary && !training;
            let output = (!skipped).then(|| self.compute(node, layer, images, &outputs, training));
            outputs.push(output.map(|output| tap(node, output)));
            for &bottom in layer.bottoms.iter().filter(|&&bottom| self.last_readers[bottom] == node) {
                outputs[bottom] = None;
            }
        }
        let heads =
            self.graph.layers.iter().zip(outputs).filter(|(layer, _)| self.classifiers().any(|name| name == layer.name));
        heads.filter_map(|(_, output)| output).collect()
    }

    fn compute(&self, node: Node, layer: &Layer, images: &Tensor, outputs: &[Option<Tensor>], training: bool) -> Tensor {
        let bottom = |index: usize| outputs[layer.bottoms[index]].as_ref().expect("BUG: a layer reads one that was dropped");
        let cast = |x: &Tensor| if training { x.to_kind(self.products) } else { x.shallow_clone() };
        match (layer.op, self.means.get(&node)) {
            (Op::Data, _) => self.network.input.apply(images),
            (Op::Convolution { window, groups, .. }, Some(Means::Linear { weight, bias })) => {
                let bias = bias.as_ref().map(cast);
                layer::convolution(&cast(bottom(0)), &cast(weight), bias.as_ref(), window, groups).to_kind(weight.kind())
            }
            (Op::InnerProduct { .. }, Some(Means::Linear { weight, bias })) => {
                let bias = bias.as_ref().map(cast);
                layer::inner_product(&cast(bottom(0)), &cast(weight), bias.as_ref()).to_kind(weight.kind())
            }
            (Op::Lrn, Some(Means::Lrn(lrn))) => lrn.apply(bottom(0)),
            (Op::BatchNorm { .. }, Some(Means::BatchNorm(norm))) => norm.apply(bottom(0), training),
            // In place where nobody else wants the input: no layer in front of a rectifier needs its output for its gradient.
            (Op::Relu, _) if self.graph.has_one_reader(layer.bottoms[0]) => bottom(0).shallow_clone().relu_(),
            (Op::Relu, _) => bottom(0).relu(),
            (Op::Pool { method, window, rounding }, _) => layer::pool(bottom(0), method, window, rounding),
            (Op::AdaptiveAverage { side }, _) => bottom(0).adaptive_avg_pool2d([side, side]),
            (Op::Dropout { ratio }, _) => bottom(0).dropout(ratio, training),
            (Op::Concat, _) => Tensor::cat(&(0..layer.bottoms.len()).map(bottom).collect::<Vec<_>>(), 1),
            (Op::Sum, _) => bottom(0) + bottom(1),
            (Op::Convolution { .. } | Op::InnerProduct { .. } | Op::Lrn | Op::BatchNorm { .. }, _) => {
                unreachable!("BUG: layer {} was not furnished", layer.name)
            }
        }
    }
}

/// First values of a layer's tensor, on the CPU. Weights keep the stream of their layer; a part that is drawn beside them has its own.
fn filled(graph: &Graph, published: &Graph, layer: &Layer, slot: &Slot, seed: Seed) -> Tensor {
    let twin = published.find(&layer.name).expect("BUG: a layer that the published network lacks");
    let start = slot.start.adapted(published.fan(twin), graph.fan(layer));
    let stream = seed.child(&layer.name);
    let stream = if slot.role == Role::Weight { stream } else { stream.child(slot.part) };
    let count = slot.shape.iter().product::<i64>() as usize;
    Tensor::from_slice(&start.draw(stream, count, graph.fan(layer))).reshape(&slot.shape)
}

/// What a layer computes with, from its tensors in the order of its slots; `None` where it needs nothing.
fn means(layer: &Layer, tensors: Vec<Tensor>, device: Device) -> Option<Means> {
    let mut tensors = tensors.into_iter();
    let mut next = || tensors.next().expect("BUG: fewer tensors than slots");
    match layer.op {
        Op::Convolution { fill, .. } | Op::InnerProduct { fill } => {
            Some(Means::Linear { weight: next(), bias: fill.bias.map(|_| next()) })
        }
        Op::BatchNorm { epsilon } => {
            let (weight, bias, mean, variance, count) = (next(), next(), next(), next(), next());
            Some(Means::BatchNorm(BatchNorm { weight, bias, mean, variance, count, epsilon }))
        }
        Op::Lrn => Some(Means::Lrn(Lrn::new(layer::LRN, layer.shape[0], device))),
        _ => None,
    }
}
