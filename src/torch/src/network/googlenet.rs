//! GoogLeNet as DIGITS 4 and the Caffe zoo have it: no batch normalisation, LRN in the stem, and two auxiliary heads that
//! join the loss with weight 0.3 (Szegedy et al. 2015).

use super::filler::{Fill, Filler};
use super::graph::{Node, Pooling, Sketch, TooSmall, Window};
use super::{Factors, Head, Input, Network};

/// The registered network.
pub(super) const GOOGLENET: Network = Network {
    name: "googlenet",
    crop: 224,
    input: Input::MeanImage,
    heads: &[
        Head { layer: "loss1/classifier", loss_weight: 0.3 },
        Head { layer: "loss2/classifier", loss_weight: 0.3 },
        Head { layer: "loss3/classifier", loss_weight: 1.0 },
    ],
    bias: Factors::CAFFE,
    draw,
};

const HIDDEN: Fill = Fill { weight: Filler::Xavier, bias: Some(Filler::Constant(0.2)) };
const CLASSIFIER: Fill = Fill { weight: Filler::Xavier, bias: Some(Filler::Constant(0.0)) };
const POINT: Window = Window { kernel: 1, stride: 1, pad: 0 };
const POOL: Window = Window { kernel: 3, stride: 2, pad: 0 };

/// Output channels of an inception module's convolutions.
struct Inception {
    name: &'static str,
    /// `1x1`.
    one: i64,
    /// `3x3_reduce`, `3x3`.
    three: [i64; 2],
    /// `5x5_reduce`, `5x5`.
    five: [i64; 2],
    /// `pool_proj`.
    pool: i64,
}

const fn inception(name: &'static str, one: i64, three: [i64; 2], five: [i64; 2], pool: i64) -> Inception {
    Inception { name, one, three, five, pool }
}

const STAGE_3: [Inception; 2] = [inception("3a", 64, [96, 128], [16, 32], 32), inception("3b", 128, [128, 192], [32, 96], 64)];
const STAGE_4A: Inception = inception("4a", 192, [96, 208], [16, 48], 64);
const STAGE_4B_TO_4D: [Inception; 3] = [
    inception("4b", 160, [112, 224], [24, 64], 64),
    inception("4c", 128, [128, 256], [24, 64], 64),
    inception("4d", 112, [144, 288], [32, 64], 64),
];
const STAGE_4E: Inception = inception("4e", 256, [160, 320], [32, 128], 128);
const STAGE_5: [Inception; 2] =
    [inception("5a", 256, [160, 320], [32, 128], 128), inception("5b", 384, [192, 384], [48, 128], 128)];

fn draw(net: &mut Sketch, classes: usize) -> Result<(), TooSmall> {
    let x = stem(net)?;
    let x = modules(net, x, &STAGE_3)?;
    let x = net.pool("pool3/3x3_s2", x, Pooling::Max, POOL)?;
    let x = module(net, x, &STAGE_4A)?;
    auxiliary_head(net, 1, x, classes)?;
    let x = modules(net, x, &STAGE_4B_TO_4D)?;
    auxiliary_head(net, 2, x, classes)?;
    let x = module(net, x, &STAGE_4E)?;
    let x = net.pool("pool4/3x3_s2", x, Pooling::Max, POOL)?;
    let x = modules(net, x, &STAGE_5)?;
    let x = net.clipped_average("pool5/7x7_s1", x, 7, 1)?;
    let x = net.dropout("pool5/drop_7x7_s1", x, 0.4);
    net.inner_product("loss3/classifier", x, classes as i64, CLASSIFIER);
    Ok(())
}

/// A convolution and its rectifier; `block` names both, as `conv2/3x3` and `conv2/relu_3x3`.
fn convolution(net: &mut Sketch, block: &str, name: &str, bottom: Node, out: i64, window: Window) -> Result<Node, TooSmall> {
    let out = net.scaled(out, 1);
    let x = net.convolution(&format!("{block}/{name}"), bottom, out, window, 1, HIDDEN)?;
    Ok(net.relu(&format!("{block}/relu_{}", name.trim_end_matches("_s2")), x))
}

fn stem(net: &mut Sketch) -> Result<Node, TooSmall> {
    let x = convolution(net, "conv1", "7x7_s2", 0, 64, Window { kernel: 7, stride: 2, pad: 3 })?;
    let x = net.pool("pool1/3x3_s2", x, Pooling::Max, POOL)?;
    let x = net.lrn("pool1/norm1", x);
    let x = convolution(net, "conv2", "3x3_reduce", x, 64, POINT)?;
    let x = convolution(net, "conv2", "3x3", x, 192, Window { kernel: 3, stride: 1, pad: 1 })?;
    let x = net.lrn("conv2/norm2", x);
    net.pool("pool2/3x3_s2", x, Pooling::Max, POOL)
}

fn modules(net: &mut Sketch, bottom: Node, modules: &[Inception]) -> Result<Node, TooSmall> {
    modules.iter().try_fold(bottom, |x, inception| module(net, x, inception))
}

fn module(net: &mut Sketch, bottom: Node, inception: &Inception) -> Result<Node, TooSmall> {
    let block = format!("inception_{}", inception.name);
    let one = convolution(net, &block, "1x1", bottom, inception.one, POINT)?;
    let three = convolution(net, &block, "3x3_reduce", bottom, inception.three[0], POINT)?;
    let three = convolution(net, &block, "3x3", three, inception.three[1], Window { kernel: 3, stride: 1, pad: 1 })?;
    let five = convolution(net, &block, "5x5_reduce", bottom, inception.five[0], POINT)?;
    let five = convolution(net, &block, "5x5", five, inception.five[1], Window { kernel: 5, stride: 1, pad: 2 })?;
    let pool = net.pool(&format!("{block}/pool"), bottom, Pooling::Max, Window { kernel: 3, stride: 1, pad: 1 })?;
    let pool = convolution(net, &block, "pool_proj", pool, inception.pool, POINT)?;
    Ok(net.concat(&format!("{block}/output"), vec![one, three, five, pool]))
}

fn auxiliary_head(net: &mut Sketch, number: u8, bottom: Node, classes: usize) -> Result<(), TooSmall> {
    net.auxiliary(true);
    let block = format!("loss{number}");
    let x = net.clipped_average(&format!("{block}/ave_pool"), bottom, 5, 3)?;
    let x = convolution(net, &block, "conv", x, 128, POINT)?;
    let units = net.scaled(1024, 1);
    let x = net.inner_product(&format!("{block}/fc"), x, units, HIDDEN);
    let x = net.relu(&format!("{block}/relu_fc"), x);
    let x = net.dropout(&format!("{block}/drop_fc"), x, 0.7);
    net.inner_product(&format!("{block}/classifier"), x, classes as i64, CLASSIFIER);
    net.auxiliary(false);
    Ok(())
}
