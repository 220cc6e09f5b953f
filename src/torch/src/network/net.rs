//! A network with weights on a device.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use bgh::seed::Seed;
use bgh::stage::train;
use tch::{Device, Kind, Reduction, Tensor};

use super::Network;
use super::graph::{Graph, Layer, Node, Op};
use super::layer::{self, Lrn};

/// One learnable tensor.
#[derive(Debug)]
pub struct Parameter {
    /// `<layer>.weight` or `<layer>.bias`.
    pub name: String,
    /// Its values.
    pub values: Tensor,
    /// Caffe's factor on the learning rate: 1 for weights, 2 for biases.
    pub rate_factor: f64,
    /// Caffe's factor on the weight decay: 1 for weights, 0 for biases.
    pub decay_factor: f64,
}

/// A network with weights.
#[derive(Debug)]
pub struct Net {
    network: &'static Network,
    graph: Graph,
    last_readers: Vec<Node>,
    parameters: Vec<Parameter>,
    /// Where a layer's weight stands in `parameters`; its bias follows.
    places: BTreeMap<Node, usize>,
    normalisations: BTreeMap<Node, Lrn>,
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
        let (mut parameters, mut places) = (Vec::new(), BTreeMap::new());
        for (node, layer) in graph.layers.iter().enumerate() {
            if let Some(pair) = filled(&graph, &published, layer, seed, device) {
                places.insert(node, parameters.len());
                parameters.extend(pair);
            }
        }
        let normalised = graph.layers.iter().enumerate().filter(|(_, layer)| layer.op == Op::Lrn);
        let normalisations = normalised.map(|(node, layer)| (node, Lrn::new(layer::LRN, layer.shape[0], device))).collect();
        let last_readers = graph.last_readers();
        Ok(Self { network, graph, last_readers, parameters, places, normalisations, device, products: Kind::Float })
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

    /// Where it computes.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Every learnable tensor in the order of the layers, weight before bias.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Learnable numbers, auxiliary heads included.
    pub fn size(&self) -> usize {
        self.parameters.iter().map(|parameter| parameter.values.numel()).sum()
    }

    /// Names of the layers that classify, which fine-tuning starts anew.
    pub fn classifiers(&self) -> impl Iterator<Item = &'static str> {
        self.network.heads.iter().map(|head| head.layer)
    }

    /// Copies values into the parameter of this name.
    ///
    /// # Errors
    /// When there is none of this name or its shape differs.
    pub fn set(&self, name: &str, values: &Tensor) -> Result<()> {
        let parameter = self.parameters.iter().find(|parameter| parameter.name == name);
        let Some(parameter) = parameter else { anyhow::bail!("network `{}` has no tensor `{name}`", self.network.name) };
        let (ours, theirs) = (parameter.values.size(), values.size());
        ensure!(ours == theirs, "tensor `{name}` is {theirs:?}, network `{}` wants {ours:?}", self.network.name);
        tch::no_grad(|| parameter.values.shallow_clone().copy_(values));
        Ok(())
    }

    /// Weighted loss of all heads on `images` (`f32 [B, 3, crop, crop]`) with class indices `labels` (`i64 [B]`) or
    /// shares of classes (`f32 [B, classes]`), dropout active.
    pub fn loss(&self, images: &Tensor, labels: &Tensor) -> Tensor {
        let heads = self.run(images, true);
        let losses = self.network.heads.iter().zip(heads).map(|(head, scores)| {
            scores.cross_entropy_loss::<Tensor>(labels, None, Reduction::Mean, -100, 0.0) * head.loss_weight
        });
        losses.reduce(|sum, loss| sum + loss).expect("BUG: a network without a head")
    }

    /// Scores before the softmax of the head that predicts, `f32 [B, classes]`, dropout inactive and no gradient kept.
    pub fn scores(&self, images: &Tensor) -> Tensor {
        tch::no_grad(|| self.run(images, false).pop().expect("BUG: a network without a head"))
    }

    /// Outputs of the heads in the registered order; only the last head when not training.
    fn run(&self, images: &Tensor, training: bool) -> Vec<Tensor> {
        let mut outputs: Vec<Option<Tensor>> = Vec::with_capacity(self.graph.layers.len());
        for (node, layer) in self.graph.layers.iter().enumerate() {
            let skipped = layer.auxiliary && !training;
            outputs.push((!skipped).then(|| self.compute(node, layer, images, &outputs, training)));
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
        let kind = if training { self.products } else { Kind::Float };
        let factor = || bottom(0).to_kind(kind);
        let learnt = |offset: usize| self.parameters[self.places[&node] + offset].values.to_kind(kind);
        match layer.op {
            Op::Data => images.shallow_clone(),
            Op::Convolution { window, groups, .. } => {
                layer::convolution(&factor(), &learnt(0), &learnt(1), window, groups).to_kind(Kind::Float)
            }
            Op::InnerProduct { .. } => layer::inner_product(&factor(), &learnt(0), &learnt(1)).to_kind(Kind::Float),
            Op::Relu => bottom(0).relu(),
            Op::Lrn => self.normalisations[&node].apply(bottom(0)),
            Op::Pool { method, window } => layer::pool(bottom(0), method, window),
            Op::Dropout { ratio } => bottom(0).dropout(ratio, training),
            Op::Concat => Tensor::cat(&(0..layer.bottoms.len()).map(bottom).collect::<Vec<_>>(), 1),
        }
    }
}

/// Weight and bias of a layer from its filler; `None` where it has none.
fn filled(graph: &Graph, published: &Graph, layer: &Layer, seed: Seed, device: Device) -> Option<[Parameter; 2]> {
    let (shape, fill) = (layer.weight_shape(graph)?, layer.fill()?);
    let fan_in = graph.fan_in(layer);
    let twin = published.find(&layer.name).expect("BUG: a layer that the published network lacks");
    let filler = fill.weight.adapted(published.fan_in(twin), fan_in);
    let count = shape.iter().product::<i64>() as usize;
    let weight = Tensor::from_slice(&filler.draw(seed.child(&layer.name), count, fan_in)).reshape(&shape);
    let bias = Tensor::from_slice(&vec![fill.bias as f32; shape[0] as usize]);
    let parameter = |suffix: &str, values: Tensor, rate_factor: f64, decay_factor: f64| Parameter {
        name: format!("{}.{suffix}", layer.name),
        values: values.to_device(device).set_requires_grad(true),
        rate_factor,
        decay_factor,
    };
    Some([parameter("weight", weight, 1.0, 1.0), parameter("bias", bias, 2.0, 0.0)])
}
