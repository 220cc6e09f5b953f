//! The networks. One file each and one line in [`NETWORKS`]: a network is a drawing of layers, and everything else (weights,
//! shapes, loss, names of tensors) follows from the drawing. `alexnet` and `googlenet` are those of Caffe's zoo, with its names;
//! the others are torchvision's, with the names of its state dicts, so that published weights fit by name.

mod alexnet;
mod densenet121;
pub mod filler;
mod googlenet;
pub mod graph;
mod input;
pub mod layer;
mod net;
mod resnet18;
mod torchvision_alexnet;
mod torchvision_googlenet;

use anyhow::{Context, Result, bail, ensure};

pub use input::Input;
pub use net::{Buffer, Net, Parameter};

use graph::{Graph, Sketch, TooSmall};

/// Every network by name.
pub const NETWORKS: &[Network] = &[
    alexnet::ALEXNET,
    googlenet::GOOGLENET,
    torchvision_alexnet::TORCHVISION_ALEXNET,
    torchvision_googlenet::TORCHVISION_GOOGLENET,
    resnet18::RESNET18,
    densenet121::DENSENET121,
];

/// A registered network.
#[derive(Debug, Clone, Copy)]
pub struct Network {
    /// Its name in a spec.
    pub name: &'static str,
    /// Side of the square that the published network sees, pixels.
    pub crop: usize,
    /// How grey values become its input.
    pub input: Input,
    /// The classifiers that enter the loss; the last one predicts.
    pub heads: &'static [Head],
    /// How biases are trained beside weights.
    pub bias: Factors,
    draw: fn(&mut Sketch, usize) -> Result<(), TooSmall>,
}

/// A classifier and its part in the loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    /// Its layer.
    pub layer: &'static str,
    /// Weight of its loss.
    pub loss_weight: f64,
}

/// Factors on the solver's learning rate and weight decay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors {
    /// On the learning rate.
    pub rate: f64,
    /// On the weight decay.
    pub decay: f64,
}

impl Factors {
    /// Weights of all networks.
    const WEIGHT: Self = Self { rate: 1.0, decay: 1.0 };
    /// Biases of the Caffe zoo's networks: twice the rate, no decay.
    pub const CAFFE: Self = Self { rate: 2.0, decay: 0.0 };
    /// As weights. PyTorch's solvers, and the recipes of torchvision's published weights, make no difference between parameters:
    /// scale and shift of batch normalisations decay as well. Running statistics are no parameters and never do.
    pub const TORCH: Self = Self { rate: 1.0, decay: 1.0 };
}

impl Network {
    /// The network of this name.
    ///
    /// # Errors
    /// When there is none; the message lists those there are.
    pub fn find(name: &str) -> Result<&'static Self> {
        let known = || NETWORKS.iter().map(|network| network.name).collect::<Vec<_>>().join(", ");
        NETWORKS
            .iter()
            .find(|network| network.name == name)
            .with_context(|| format!("unknown network `{name}`; known: {}", known()))
    }

    /// The layers for `classes` outputs, squares of `crop` pixels and `width` times the published channels.
    ///
    /// # Errors
    /// When `width` is outside (0, 1], there is no class, or the crop is too small; the message names the least that fits.
    pub fn graph(&self, classes: usize, crop: usize, width: f64) -> Result<Graph> {
        ensure!(width > 0.0 && width <= 1.0, "network `{}`: width {width} is outside (0, 1]", self.name);
        ensure!(classes > 0, "network `{}`: a classifier needs at least one class", self.name);
        self.drawn(classes, crop, width).or_else(|fault| self.refuse(crop, &fault))
    }

    /// The published network.
    pub fn published(&self, classes: usize) -> Graph {
        self.drawn(classes, self.crop, 1.0).expect("BUG: the published crop does not fit the published network")
    }

    fn drawn(&self, classes: usize, crop: usize, width: f64) -> Result<Graph, TooSmall> {
        let mut sketch = Sketch::new(crop, self.crop, width);
        (self.draw)(&mut sketch, classes)?;
        Ok(sketch.finish())
    }

    /// Side of the smallest square that it fits, pixels.
    pub fn smallest_crop(&self) -> usize {
        (1..self.crop).find(|&crop| self.drawn(1, crop, 1.0).is_ok()).unwrap_or(self.crop)
    }

    fn refuse(&self, crop: usize, fault: &TooSmall) -> Result<Graph> {
        let (least, TooSmall { layer, side, kernel }) = (self.smallest_crop(), fault);
        bail!(
            "network `{}` does not fit a crop of {crop} pixels: layer {layer} looks at {kernel} x {kernel} and gets {side} x {side}; \
             use a crop of at least {least}",
            self.name
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::filler::{Fan, Filler};
    use super::graph::{Layer, Op, Pooling, Rounding, Slot, Window};
    use super::*;

    fn golden() -> Value {
        serde_json::from_str(include_str!("../../tests/golden/caffe_nets.json")).expect("golden file")
    }

    fn geometry(window: Window) -> Value {
        json!({"k": window.kernel, "s": window.stride, "p": window.pad})
    }

    fn filling(slots: &[Slot], fan: Fan) -> Value {
        let weight = match slots[0].start {
            Filler::Gaussian(std) => json!(["gaussian", std]),
            // The golden file keeps eight digits.
            Filler::Xavier => json!(["xavier", ((3.0 / fan.input as f64).sqrt() * 1e8).round() / 1e8]),
            other => panic!("{other:?} is none of Caffe's"),
        };
        let Filler::Constant(bias) = slots[1].start else { panic!("a bias that is not constant") };
        json!({"weight_filler": weight, "bias_value": bias, "weight_shape": slots[0].shape, "bias_shape": slots[1].shape})
    }

    /// What we know of a layer under the golden file's names.
    fn facts(graph: &Graph, layer: &Layer) -> BTreeMap<String, Value> {
        let (kind, specific) = match layer.op {
            Op::Data => ("Data", json!({})),
            Op::Convolution { window, groups, .. } => {
                let mut geometry = geometry(window);
                geometry["g"] = groups.into();
                ("Convolution", geometry)
            }
            Op::InnerProduct { .. } => ("InnerProduct", json!({})),
            Op::Relu => ("ReLU", json!({})),
            Op::Lrn => {
                let layer::LrnConstants { size, alpha, beta } = layer::LRN;
                ("LRN", json!({"local_size": size, "alpha": alpha, "beta": beta, "lrn_k": 1}))
            }
            Op::Pool { method, window, rounding: Rounding::Up } => {
                let mut geometry = geometry(window);
                geometry["pool"] = if method == Pooling::Max { "MAX" } else { "AVE" }.into();
                ("Pooling", geometry)
            }
            Op::Dropout { ratio } => ("Dropout", json!({"ratio": ratio})),
            Op::Concat => ("Concat", json!({})),
            other => panic!("{other:?} is none of Caffe's"),
        };
        let mut facts = json!({"name": layer.name, "type": kind, "out_shape": layer.shape});
        let slots = layer.slots(graph);
        let filled = if slots.is_empty() { json!({}) } else { filling(&slots, graph.fan(layer)) };
        for part in [&specific, &filled] {
            part.as_object().expect("facts").iter().for_each(|(name, value)| facts[name] = value.clone());
        }
        if !slots.is_empty() {
            facts["params"] = json!(slots.iter().map(numbers).sum::<i64>());
        }
        if layer.auxiliary {
            facts["train_only"] = json!(true);
        }
        serde_json::from_value(facts).expect("facts are an object")
    }

    fn assert_layers_agree(graph: &Graph, golden: &[Value]) {
        for theirs in golden {
            let name = theirs["name"].as_str().expect("name");
            let layer = graph.find(name).unwrap_or_else(|| panic!("no layer {name}"));
            let mut theirs: BTreeMap<String, Value> = serde_json::from_value(theirs.clone()).expect("layer");
            ["bottom", "top", "legacy_v1_dims"].iter().for_each(|field| drop(theirs.remove(*field)));
            assert_eq!(facts(graph, layer), theirs, "layer {name}");
        }
    }

    fn numbers(slot: &Slot) -> i64 {
        slot.shape.iter().product()
    }

    fn parameters(graph: &Graph, deployed: bool) -> i64 {
        let layers = graph.layers.iter().filter(|layer| !(deployed && layer.auxiliary));
        let slots = layers.flat_map(|layer| layer.slots(graph));
        slots.filter(|slot| slot.role.is_learnt()).map(|slot| numbers(&slot)).sum()
    }

    #[test]
    fn every_layer_is_as_the_golden_tables_say() {
        let golden = golden();
        for (name, net) in golden["nets"].as_object().expect("nets") {
            let (network, classes) = name.split_once('_').expect("name and classes");
            let graph = Network::find(network).expect("registered").published(classes.parse().expect("classes"));
            let layers = net["layers"].as_array().expect("layers");
            if classes == "3" {
                assert_eq!(graph.layers.len(), layers.len() + 1, "{name}: all layers and the data");
            }
            assert_layers_agree(&graph, layers);
            assert_eq!(json!(parameters(&graph, false)), net["total_params"], "{name}");
            assert_eq!(json!(parameters(&graph, true)), net["deploy_params"], "{name}");
        }
    }

    #[test]
    fn loss_weights_are_as_the_golden_tables_say() {
        for (name, theirs) in golden()["loss_weights"].as_object().expect("loss weights") {
            let heads = Network::find(name).expect("registered").heads;
            let ours: BTreeMap<_, _> = heads.iter().map(|head| (head.layer, head.loss_weight)).collect();
            assert_eq!(&json!(ours), theirs, "{name}");
        }
    }

    #[test]
    fn specs_know_these_networks_and_no_others() {
        let ours: Vec<_> = NETWORKS.iter().map(|network| network.name).collect();
        assert_eq!(ours, bgh::stage::train::NETWORKS);
    }

    #[test]
    fn specs_know_the_smallest_crops() {
        for network in NETWORKS {
            assert_eq!(bgh::stage::train::smallest_crop(network.name), Some(network.smallest_crop()), "{}", network.name);
        }
    }

    /// Caffe's multipliers, and PyTorch's, which know no difference.
    #[test]
    fn biases_learn_by_the_rules_of_their_publisher() {
        for network in NETWORKS {
            let caffe = matches!(network.name, "alexnet" | "googlenet");
            let expected = if caffe { Factors { rate: 2.0, decay: 0.0 } } else { Factors { rate: 1.0, decay: 1.0 } };
            assert_eq!(network.bias, expected, "{}", network.name);
        }
    }

    #[test]
    fn names_of_layers_are_unique() {
        for network in NETWORKS {
            let graph = network.published(3);
            let names: std::collections::BTreeSet<_> = graph.layers.iter().map(|layer| &layer.name).collect();
            assert_eq!(names.len(), graph.layers.len(), "{}", network.name);
        }
    }

    #[test]
    fn narrow_networks_keep_their_groups_whole() {
        let graph = Network::find("alexnet").expect("registered").graph(3, 64, 0.13).expect("fits");
        for layer in &graph.layers {
            if let Op::Convolution { groups, .. } = layer.op {
                let input = graph.layers[layer.bottoms[0]].shape[0];
                assert_eq!((input % groups, layer.shape[0] % groups), (0, 0), "{}", layer.name);
            }
        }
    }

    #[test]
    fn a_crop_that_does_not_fit_names_the_least_that_does() {
        let network = Network::find("alexnet").expect("registered");
        let refusal = network.graph(3, 40, 1.0).expect_err("too small").to_string();
        assert!(refusal.contains("pool5 looks at 3 x 3 and gets 2 x 2; use a crop of at least 55"), "{refusal}");
        assert!(network.graph(3, 55, 1.0).is_ok() && network.graph(3, 54, 1.0).is_err());
    }

    #[test]
    fn small_crops_of_googlenet_pool_what_is_there() {
        let graph = Network::find("googlenet").expect("registered").graph(3, 64, 0.25).expect("fits");
        assert_eq!(graph.find("pool5/7x7_s1").expect("layer").shape, [256, 1, 1]);
        assert_eq!(graph.find("loss1/ave_pool").expect("layer").shape, [128, 1, 1]);
    }
}
