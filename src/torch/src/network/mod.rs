//! The networks. One file each and one line in [`NETWORKS`]: a network is a drawing of Caffe's layers, and everything else
//! (weights, shapes, loss, file names) follows from the drawing.

mod alexnet;
pub mod filler;
mod googlenet;
pub mod graph;
pub mod layer;
mod net;

use anyhow::{Context, Result, bail, ensure};

pub use net::{Net, Parameter};

use graph::{Graph, Sketch, TooSmall};

/// Every network by name.
pub const NETWORKS: &[Network] = &[alexnet::ALEXNET, googlenet::GOOGLENET];

/// A registered network.
#[derive(Debug, Clone, Copy)]
pub struct Network {
    /// Its name in a spec.
    pub name: &'static str,
    /// Side of the square that the published network sees, pixels.
    pub crop: usize,
    /// The classifiers that enter the loss; the last one predicts.
    pub heads: &'static [Head],
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

    fn refuse(&self, crop: usize, fault: &TooSmall) -> Result<Graph> {
        let least = (crop + 1..=self.crop).find(|&larger| self.drawn(1, larger, 1.0).is_ok()).unwrap_or(self.crop);
        let TooSmall { layer, side, kernel } = fault;
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

    use super::filler::{Fill, Filler};
    use super::graph::{Layer, Op, Pooling, Window};
    use super::*;

    fn golden() -> Value {
        serde_json::from_str(include_str!("../../tests/golden/caffe_nets.json")).expect("golden file")
    }

    fn geometry(window: Window) -> Value {
        json!({"k": window.kernel, "s": window.stride, "p": window.pad})
    }

    fn filling(fill: Fill, fan_in: i64) -> Value {
        let weight = match fill.weight {
            Filler::Gaussian(std) => json!(["gaussian", std]),
            // The golden file keeps eight digits.
            Filler::Xavier => json!(["xavier", ((3.0 / fan_in as f64).sqrt() * 1e8).round() / 1e8]),
        };
        json!({"weight_filler": weight, "bias_value": fill.bias})
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
            Op::Pool { method, window } => {
                let mut geometry = geometry(window);
                geometry["pool"] = if method == Pooling::Max { "MAX" } else { "AVE" }.into();
                ("Pooling", geometry)
            }
            Op::Dropout { ratio } => ("Dropout", json!({"ratio": ratio})),
            Op::Concat => ("Concat", json!({})),
        };
        let mut facts = json!({"name": layer.name, "type": kind, "out_shape": layer.shape});
        let filled = layer.fill().map_or(json!({}), |fill| filling(fill, graph.fan_in(layer)));
        for part in [&specific, &filled] {
            part.as_object().expect("facts").iter().for_each(|(name, value)| facts[name] = value.clone());
        }
        if let Some(shape) = layer.weight_shape(graph) {
            facts["params"] = json!(shape.iter().product::<i64>() + shape[0]);
            facts["bias_shape"] = json!([shape[0]]);
            facts["weight_shape"] = json!(shape);
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

    fn parameters(graph: &Graph, deployed: bool) -> i64 {
        let layers = graph.layers.iter().filter(|layer| !(deployed && layer.auxiliary));
        layers.filter_map(|layer| layer.weight_shape(graph)).map(|shape| shape.iter().product::<i64>() + shape[0]).sum()
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
        for network in NETWORKS {
            let ours: BTreeMap<_, _> = network.heads.iter().map(|head| (head.layer, head.loss_weight)).collect();
            assert_eq!(json!(ours), golden()["loss_weights"][network.name]);
        }
    }

    #[test]
    fn specs_know_these_networks_and_no_others() {
        let ours: Vec<_> = NETWORKS.iter().map(|network| network.name).collect();
        assert_eq!(ours, bgh::stage::train::NETWORKS);
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
