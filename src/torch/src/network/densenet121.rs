//! DenseNet-121 (Huang et al. 2017) as torchvision has it: in each of four blocks every layer reads all maps before it and adds
//! 32 of its own; between blocks, half of the channels remain.

use super::filler::{Fill, Filler};
use super::graph::{Node, Pooling, Sketch, TooSmall, Window};
use super::{Factors, Head, Input, Network};

/// The registered network.
pub(super) const DENSENET121: Network = Network {
    name: "densenet121",
    crop: 224,
    input: Input::IMAGENET,
    heads: &[Head { layer: "classifier", loss_weight: 1.0 }],
    bias: Factors::TORCH,
    draw,
};

const CONVOLUTION: Fill = Fill { weight: Filler::HeIn, bias: None };
const LINEAR: Fill = Fill { weight: Filler::Torch, bias: Some(Filler::Constant(0.0)) };
const EPSILON: f64 = 1e-5;
/// Layers of each block.
const BLOCKS: [usize; 4] = [6, 12, 24, 16];
/// Channels that a layer adds.
const GROWTH: i64 = 32;
/// Channels of a layer's bottleneck in units of its growth.
const BOTTLENECK: i64 = 4;
const POINT: Window = Window { kernel: 1, stride: 1, pad: 0 };

fn draw(net: &mut Sketch, classes: usize) -> Result<(), TooSmall> {
    let mut x = stem(net)?;
    for (number, layers) in (1..).zip(BLOCKS) {
        for layer in 1..=layers {
            x = dense(net, &format!("features.denseblock{number}.denselayer{layer}"), x)?;
        }
        if number < BLOCKS.len() {
            x = transition(net, &format!("features.transition{number}"), x)?;
        }
    }
    let x = net.batch_norm("features.norm5", x, EPSILON);
    let x = net.relu("relu", x);
    let x = net.adaptive_average("avgpool", x, 1);
    net.inner_product("classifier", x, classes as i64, LINEAR);
    Ok(())
}

fn stem(net: &mut Sketch) -> Result<Node, TooSmall> {
    let out = net.scaled(64, 1);
    let x = net.convolution("features.conv0", 0, out, Window { kernel: 7, stride: 2, pad: 3 }, 1, CONVOLUTION)?;
    let x = net.batch_norm("features.norm0", x, EPSILON);
    let x = net.relu("features.relu0", x);
    net.floor_pool("features.pool0", x, Pooling::Max, Window { kernel: 3, stride: 2, pad: 1 })
}

/// All maps so far and those that this layer makes of them.
fn dense(net: &mut Sketch, name: &str, bottom: Node) -> Result<Node, TooSmall> {
    let growth = net.scaled(GROWTH, 1);
    let x = activated(net, [format!("{name}.norm1"), format!("{name}.relu1")], bottom);
    let x = net.convolution(&format!("{name}.conv1"), x, BOTTLENECK * growth, POINT, 1, CONVOLUTION)?;
    let x = activated(net, [format!("{name}.norm2"), format!("{name}.relu2")], x);
    let x = net.convolution(&format!("{name}.conv2"), x, growth, Window { kernel: 3, stride: 1, pad: 1 }, 1, CONVOLUTION)?;
    Ok(net.concat(name, vec![bottom, x]))
}

fn transition(net: &mut Sketch, name: &str, bottom: Node) -> Result<Node, TooSmall> {
    let half = net.channels(bottom) / 2;
    let x = activated(net, [format!("{name}.norm"), format!("{name}.relu")], bottom);
    let x = net.convolution(&format!("{name}.conv"), x, half.max(1), POINT, 1, CONVOLUTION)?;
    net.floor_pool(&format!("{name}.pool"), x, Pooling::Average, Window { kernel: 2, stride: 2, pad: 0 })
}

fn activated(net: &mut Sketch, [norm, relu]: [String; 2], bottom: Node) -> Node {
    let x = net.batch_norm(&norm, bottom, EPSILON);
    net.relu(&relu, x)
}
