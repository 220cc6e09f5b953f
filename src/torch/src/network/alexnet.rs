//! AlexNet as DIGITS 4 and the Caffe zoo have it: two groups in conv2, conv4 and conv5, and normalisation before pooling
//! (Krizhevsky, Sutskever, Hinton 2012; the zoo's LRN has k = 1 and α divided by n).

use super::filler::{Fill, Filler};
use super::graph::{Node, Pooling, Sketch, TooSmall, Window};
use super::{Factors, Head, Input, Network};

/// The registered network.
pub(super) const ALEXNET: Network = Network {
    name: "alexnet",
    crop: 227,
    input: Input::MeanImage,
    heads: &[Head { layer: "fc8", loss_weight: 1.0 }],
    bias: Factors::CAFFE,
    draw,
};

const POOL: Window = Window { kernel: 3, stride: 2, pad: 0 };
/// conv2, conv4 and conv5 are split into two groups, so every width must divide by two.
const GROUPS: i64 = 2;

fn draw(net: &mut Sketch, classes: usize) -> Result<(), TooSmall> {
    let x = convolution(net, 1, 0, 96, Window { kernel: 11, stride: 4, pad: 0 }, 1)?;
    let x = normalised_pool(net, 1, x)?;
    let x = convolution(net, 2, x, 256, Window { kernel: 5, stride: 1, pad: 2 }, GROUPS)?;
    let x = normalised_pool(net, 2, x)?;
    let small = Window { kernel: 3, stride: 1, pad: 1 };
    let x = convolution(net, 3, x, 384, small, 1)?;
    let x = convolution(net, 4, x, 384, small, GROUPS)?;
    let x = convolution(net, 5, x, 256, small, GROUPS)?;
    let x = net.pool("pool5", x, Pooling::Max, POOL)?;
    let x = hidden(net, 6, x);
    let x = hidden(net, 7, x);
    net.inner_product("fc8", x, classes as i64, gaussian(0.01, 0.0));
    Ok(())
}

fn gaussian(std: f64, bias: f64) -> Fill {
    Fill { weight: Filler::Gaussian(std), bias: Some(Filler::Constant(bias)) }
}

fn convolution(net: &mut Sketch, number: u8, bottom: Node, out: i64, window: Window, groups: i64) -> Result<Node, TooSmall> {
    let bias = if groups == GROUPS { 0.1 } else { 0.0 };
    let out = net.scaled(out, GROUPS);
    let x = net.convolution(&format!("conv{number}"), bottom, out, window, groups, gaussian(0.01, bias))?;
    Ok(net.relu(&format!("relu{number}"), x))
}

fn normalised_pool(net: &mut Sketch, number: u8, bottom: Node) -> Result<Node, TooSmall> {
    let x = net.lrn(&format!("norm{number}"), bottom);
    net.pool(&format!("pool{number}"), x, Pooling::Max, POOL)
}

fn hidden(net: &mut Sketch, number: u8, bottom: Node) -> Node {
    let units = net.scaled(4096, 1);
    let x = net.inner_product(&format!("fc{number}"), bottom, units, gaussian(0.005, 0.1));
    let x = net.relu(&format!("relu{number}"), x);
    net.dropout(&format!("drop{number}"), x, 0.5)
}
