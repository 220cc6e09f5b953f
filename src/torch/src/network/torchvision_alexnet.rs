//! AlexNet as torchvision has it: "one weird trick" (Krizhevsky 2014) with fewer channels than Caffe's, no groups, no
//! normalisation, dropout before the hidden layers, and pools that average to 6 x 6 whatever the crop.

use super::filler::{Fill, Filler};
use super::graph::{Node, Pooling, Sketch, TooSmall, Window};
use super::{Factors, Head, Input, Network};

/// The registered network.
pub(super) const TORCHVISION_ALEXNET: Network = Network {
    name: "torchvision_alexnet",
    crop: 224,
    input: Input::IMAGENET,
    heads: &[Head { layer: "classifier.6", loss_weight: 1.0 }],
    bias: Factors::TORCH,
    draw,
};

const FILL: Fill = Fill { weight: Filler::Torch, bias: Some(Filler::Torch) };
const SMALL: Window = Window { kernel: 3, stride: 1, pad: 1 };

fn draw(net: &mut Sketch, classes: usize) -> Result<(), TooSmall> {
    let x = convolution(net, 0, 0, 64, Window { kernel: 11, stride: 4, pad: 2 })?;
    let x = pool(net, 2, x)?;
    let x = convolution(net, 3, x, 192, Window { kernel: 5, stride: 1, pad: 2 })?;
    let x = pool(net, 5, x)?;
    let x = convolution(net, 6, x, 384, SMALL)?;
    let x = convolution(net, 8, x, 256, SMALL)?;
    let x = convolution(net, 10, x, 256, SMALL)?;
    let x = pool(net, 12, x)?;
    let x = net.adaptive_average("avgpool", x, 6);
    let x = hidden(net, 0, x);
    let x = hidden(net, 3, x);
    net.inner_product("classifier.6", x, classes as i64, FILL);
    Ok(())
}

/// A convolution and its rectifier at `place` and the next of torchvision's list.
fn convolution(net: &mut Sketch, place: u8, bottom: Node, out: i64, window: Window) -> Result<Node, TooSmall> {
    let out = net.scaled(out, 1);
    let x = net.convolution(&format!("features.{place}"), bottom, out, window, 1, FILL)?;
    Ok(net.relu(&format!("features.{}", place + 1), x))
}

fn pool(net: &mut Sketch, place: u8, bottom: Node) -> Result<Node, TooSmall> {
    net.floor_pool(&format!("features.{place}"), bottom, Pooling::Max, Window { kernel: 3, stride: 2, pad: 0 })
}

/// Dropout, matrix and rectifier at `place` and the next two of torchvision's list.
fn hidden(net: &mut Sketch, place: u8, bottom: Node) -> Node {
    let units = net.scaled(4096, 1);
    let x = net.dropout(&format!("classifier.{place}"), bottom, 0.5);
    let x = net.inner_product(&format!("classifier.{}", place + 1), x, units, FILL);
    net.relu(&format!("classifier.{}", place + 2), x)
}
