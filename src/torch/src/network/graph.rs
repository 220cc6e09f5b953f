//! A network as data: layers with their published names, geometry and fillers, each with the shape of its output. Shapes are known
//! before a weight exists, so a crop that does not fit is refused at once, and the published tables can be compared field by
//! field.

use super::filler::{Fan, Fill, Filler};

/// Position of a layer in [`Graph::layers`].
pub type Node = usize;

/// Kernel, stride and zero padding, pixels, the same along both axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Side of the kernel.
    pub kernel: i64,
    /// Step between two positions.
    pub stride: i64,
    /// Padding on each side.
    pub pad: i64,
}

/// How a pool sums up its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// Largest value; padding never wins.
    Max,
    /// Mean, padding counted.
    Average,
}

/// What becomes of a pool's last window when it reaches over the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// It is left out, as PyTorch has it.
    Down,
    /// It pools what is there, as Caffe has it.
    Up,
}

/// What a layer computes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Op {
    /// The input of the network.
    Data,
    /// Cross-correlation, output sizes rounded down.
    Convolution {
        /// Kernel, stride, padding.
        window: Window,
        /// Parts that the channels fall into; each output sees one.
        groups: i64,
        /// How weights and bias start.
        fill: Fill,
    },
    /// A matrix on the input flattened as C, H, W.
    InnerProduct {
        /// How weights and bias start.
        fill: Fill,
    },
    /// max(0, x).
    Relu,
    /// Local response normalisation across channels with the constants of both Caffe networks.
    Lrn,
    /// Each channel to mean 0 and variance 1, then scaled and shifted: by the batch in training, by running statistics otherwise.
    BatchNorm {
        /// Added to the variance.
        epsilon: f64,
    },
    /// Sums up windows.
    Pool {
        /// What becomes of a window.
        method: Pooling,
        /// Kernel, stride, padding.
        window: Window,
        /// What becomes of an overhang.
        rounding: Rounding,
    },
    /// Averages that cover the map evenly, whatever its size.
    AdaptiveAverage {
        /// Side of the output.
        side: i64,
    },
    /// Zeroes units while training and scales the others by 1/(1 - ratio).
    Dropout {
        /// Share of the units that are zeroed.
        ratio: f64,
    },
    /// Joins channels.
    Concat,
    /// Adds two maps of one shape.
    Sum,
}

/// What a tensor of a layer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Learnt; multiplies.
    Weight,
    /// Learnt; adds.
    Bias,
    /// Measured in training and used in evaluation: no gradient, no decay.
    Statistic,
    /// Counts batches; a whole number.
    Count,
}

impl Role {
    /// Whether it has a gradient.
    pub fn is_learnt(self) -> bool {
        matches!(self, Self::Weight | Self::Bias)
    }
}

/// A tensor of a layer before it has values.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// What follows the layer's name and a dot in the tensor's name.
    pub part: &'static str,
    /// What it is for.
    pub role: Role,
    /// Its shape.
    pub shape: Vec<i64>,
    /// How it starts.
    pub start: Filler,
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The published name, also the prefix of its tensors.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Where its inputs come from.
    pub bottoms: Vec<Node>,
    /// Output of one image: C, H, W, or C alone behind an inner product.
    pub shape: Vec<i64>,
    /// Belongs to an auxiliary head and is skipped when predicting.
    pub auxiliary: bool,
}

impl Layer {
    /// Shape of the weights, where it has any.
    pub fn weight_shape(&self, graph: &Graph) -> Option<Vec<i64>> {
        let input = || &graph.layers[self.bottoms[0]].shape;
        match self.op {
            Op::Convolution { window: Window { kernel, .. }, groups, .. } => {
                Some(vec![self.shape[0], input()[0] / groups, kernel, kernel])
            }
            Op::InnerProduct { .. } => Some(vec![self.shape[0], input().iter().product()]),
            _ => None,
        }
    }

    /// Its tensors, those that are learnt first.
    pub fn slots(&self, graph: &Graph) -> Vec<Slot> {
        match self.op {
            Op::Convolution { fill, .. } | Op::InnerProduct { fill } => {
                let shape = self.weight_shape(graph).expect("BUG: such a layer has weights");
                let weight = Slot { part: "weight", role: Role::Weight, shape, start: fill.weight };
                let bias = fill.bias.map(|start| self.per_channel("bias", Role::Bias, start));
                [Some(weight), bias].into_iter().flatten().collect()
            }
            Op::BatchNorm { .. } => vec![
                self.per_channel("weight", Role::Weight, Filler::Constant(1.0)),
                self.per_channel("bias", Role::Bias, Filler::Constant(0.0)),
                self.per_channel("running_mean", Role::Statistic, Filler::Constant(0.0)),
                self.per_channel("running_var", Role::Statistic, Filler::Constant(1.0)),
                Slot { part: "num_batches_tracked", role: Role::Count, shape: vec![], start: Filler::Constant(0.0) },
            ],
            _ => vec![],
        }
    }

    fn per_channel(&self, part: &'static str, role: Role, start: Filler) -> Slot {
        Slot { part, role, shape: vec![self.shape[0]], start }
    }
}

/// All layers, each behind those it reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// The layers; the first is the data.
    pub layers: Vec<Layer>,
}

impl Graph {
    /// The layer of this name.
    pub fn find(&self, name: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.name == name)
    }

    /// The layer of this name where predictions pass through it, behind its rectifier where that alone reads it.
    pub fn activation(&self, name: &str) -> Option<Node> {
        let node = self.layers.iter().position(|layer| layer.name == name && !layer.auxiliary)?;
        let reader = self.layers.iter().position(|layer| layer.bottoms == [node] && layer.op == Op::Relu);
        Some(reader.filter(|_| self.has_one_reader(node)).unwrap_or(node))
    }

    /// The second convolution that looks at more than one pixel.
    pub fn second_convolution(&self) -> Option<&Layer> {
        let wide = |layer: &&Layer| match layer.op {
            Op::Convolution { window, .. } => window.kernel > 1 && !layer.auxiliary,
            _ => false,
        };
        self.layers.iter().filter(wide).nth(1)
    }

    /// The last layer whose output still is a map of several places and no pool's.
    pub fn last_map(&self) -> Option<&Layer> {
        let is_map = |layer: &&Layer| layer.shape.len() == 3 && layer.shape[1] > 1 && !layer.auxiliary;
        let pools =
            |layer: &Layer| matches!(layer.op, Op::Pool { .. } | Op::AdaptiveAverage { .. } | Op::Dropout { .. } | Op::Data);
        self.layers.iter().filter(is_map).rfind(|layer| !pools(layer))
    }

    /// Layers that have tensors.
    pub fn learnt(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().filter(|layer| !layer.slots(self).is_empty())
    }

    /// How many values meet in a unit of `layer`; nothing but ones where it has no weights.
    pub fn fan(&self, layer: &Layer) -> Fan {
        layer.weight_shape(self).map_or(Fan { input: 1, output: 1 }, |shape| Fan {
            input: shape[1..].iter().product(),
            output: shape[0] * shape[2..].iter().product::<i64>(),
        })
    }

    /// Whether a layer is the only one that reads `node`.
    pub fn has_one_reader(&self, node: Node) -> bool {
        self.layers.iter().flat_map(|layer| &layer.bottoms).filter(|&&bottom| bottom == node).count() == 1
    }

    /// The last reader of every layer's output: behind it the output can be dropped.
    pub fn last_readers(&self) -> Vec<Node> {
        let mut last: Vec<Node> = (0..self.layers.len()).collect();
        for (node, layer) in self.layers.iter().enumerate() {
            layer.bottoms.iter().for_each(|&bottom| last[bottom] = node);
        }
        last
    }
}

/// A window that is larger than what it looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooSmall {
    /// The layer that does not fit.
    pub layer: String,
    /// Side of its input, pixels.
    pub side: i64,
    /// Side of its window, pixels.
    pub kernel: i64,
}

/// Draws a [`Graph`] layer by layer.
#[derive(Debug)]
pub struct Sketch {
    graph: Graph,
    width: f64,
    crop: i64,
    published_crop: i64,
    auxiliary: bool,
}

impl Sketch {
    /// A sheet with the data alone: three channels of `crop` x `crop`. `width` scales channels and hidden units.
    pub fn new(crop: usize, published_crop: usize, width: f64) -> Self {
        let data = Layer {
            name: "data".into(),
            op: Op::Data,
            bottoms: vec![],
            shape: vec![3, crop as i64, crop as i64],
            auxiliary: false,
        };
        let graph = Graph { layers: vec![data] };
        Self { graph, width, crop: crop as i64, published_crop: published_crop as i64, auxiliary: false }
    }

    /// The finished drawing.
    pub fn finish(self) -> Graph {
        self.graph
    }

    /// From here on layers belong to auxiliary heads, or no longer do.
    pub fn auxiliary(&mut self, yes: bool) {
        self.auxiliary = yes;
    }

    /// `published` units at this width: a multiple of `multiple`, at least one of them.
    pub fn scaled(&self, published: i64, multiple: i64) -> i64 {
        multiple * ((published as f64 * self.width / multiple as f64).round() as i64).max(1)
    }

    /// A convolution with `out` channels (as they are, see [`Sketch::scaled`]).
    pub fn convolution(
        &mut self,
        name: &str,
        bottom: Node,
        out: i64,
        window: Window,
        groups: i64,
        fill: Fill,
    ) -> Result<Node, TooSmall> {
        let side = self.fitting(name, bottom, window)?;
        let side = (side + 2 * window.pad - window.kernel) / window.stride + 1;
        Ok(self.push(name, Op::Convolution { window, groups, fill }, vec![bottom], vec![out, side, side]))
    }

    /// A pool whose overhang counts.
    pub fn pool(&mut self, name: &str, bottom: Node, method: Pooling, window: Window) -> Result<Node, TooSmall> {
        let side = self.fitting(name, bottom, window)?;
        let reach = side + 2 * window.pad - window.kernel;
        let mut out = (reach + window.stride - 1) / window.stride + 1;
        if window.pad > 0 && (out - 1) * window.stride >= side + window.pad {
            out -= 1;
        }
        Ok(self.resized(name, bottom, Op::Pool { method, window, rounding: Rounding::Up }, out))
    }

    /// A pool whose overhang is left out.
    pub fn floor_pool(&mut self, name: &str, bottom: Node, method: Pooling, window: Window) -> Result<Node, TooSmall> {
        let side = self.fitting(name, bottom, window)?;
        let out = (side + 2 * window.pad - window.kernel) / window.stride + 1;
        Ok(self.resized(name, bottom, Op::Pool { method, window, rounding: Rounding::Down }, out))
    }

    /// Averages of `side` x `side` even parts.
    pub fn adaptive_average(&mut self, name: &str, bottom: Node, side: i64) -> Node {
        self.resized(name, bottom, Op::AdaptiveAverage { side }, side)
    }

    /// An average pool that takes the whole map when a crop smaller than the published one leaves less than its window.
    pub fn clipped_average(&mut self, name: &str, bottom: Node, kernel: i64, stride: i64) -> Result<Node, TooSmall> {
        let side = self.side(bottom);
        let kernel = if self.crop < self.published_crop { kernel.min(side) } else { kernel };
        self.pool(name, bottom, Pooling::Average, Window { kernel, stride, pad: 0 })
    }

    /// An inner product with `out` units.
    pub fn inner_product(&mut self, name: &str, bottom: Node, out: i64, fill: Fill) -> Node {
        self.push(name, Op::InnerProduct { fill }, vec![bottom], vec![out])
    }

    /// A rectifier.
    pub fn relu(&mut self, name: &str, bottom: Node) -> Node {
        self.same(name, bottom, Op::Relu)
    }

    /// A local response normalisation.
    pub fn lrn(&mut self, name: &str, bottom: Node) -> Node {
        self.same(name, bottom, Op::Lrn)
    }

    /// A batch normalisation.
    pub fn batch_norm(&mut self, name: &str, bottom: Node, epsilon: f64) -> Node {
        self.same(name, bottom, Op::BatchNorm { epsilon })
    }

    /// The sum of two maps of one shape.
    pub fn sum(&mut self, name: &str, bottoms: [Node; 2]) -> Node {
        let shape = self.graph.layers[bottoms[0]].shape.clone();
        self.push(name, Op::Sum, bottoms.to_vec(), shape)
    }

    /// A dropout.
    pub fn dropout(&mut self, name: &str, bottom: Node, ratio: f64) -> Node {
        self.same(name, bottom, Op::Dropout { ratio })
    }

    /// The channels of all `bottoms` in their order.
    pub fn concat(&mut self, name: &str, bottoms: Vec<Node>) -> Node {
        let channels = bottoms.iter().map(|&bottom| self.channels(bottom)).sum();
        let side = self.side(bottoms[0]);
        self.push(name, Op::Concat, bottoms, vec![channels, side, side])
    }

    fn resized(&mut self, name: &str, bottom: Node, op: Op, side: i64) -> Node {
        let shape = vec![self.channels(bottom), side, side];
        self.push(name, op, vec![bottom], shape)
    }

    fn same(&mut self, name: &str, bottom: Node, op: Op) -> Node {
        let shape = self.graph.layers[bottom].shape.clone();
        self.push(name, op, vec![bottom], shape)
    }

    fn push(&mut self, name: &str, op: Op, bottoms: Vec<Node>, shape: Vec<i64>) -> Node {
        self.graph.layers.push(Layer { name: name.into(), op, bottoms, shape, auxiliary: self.auxiliary });
        self.graph.layers.len() - 1
    }

    /// Channels that leave a layer.
    pub fn channels(&self, bottom: Node) -> i64 {
        self.graph.layers[bottom].shape[0]
    }

    fn side(&self, bottom: Node) -> i64 {
        self.graph.layers[bottom].shape[1]
    }

    fn fitting(&self, name: &str, bottom: Node, window: Window) -> Result<i64, TooSmall> {
        let side = self.side(bottom);
        let fits = side + 2 * window.pad >= window.kernel;
        fits.then_some(side).ok_or_else(|| TooSmall { layer: name.into(), side, kernel: window.kernel })
    }
}
