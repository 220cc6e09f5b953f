//! GoogLeNet as torchvision ported it from TensorFlow: batch normalisation behind every convolution and no bias, no LRN, 3 x 3
//! where the paper has 5 x 5, and a smaller fourth pool. Its published weights cannot be exchanged with Caffe's; its
//! auxiliary heads were never trained.

use super::filler::{Fill, Filler};
use super::graph::{Node, Pooling, Sketch, TooSmall, Window};
use super::{Factors, Head, Input, Network};

/// The registered network. Published weights expect [-1, 1], see [`Input::SIGNED`].
pub(super) const TORCHVISION_GOOGLENET: Network = Network {
    name: "torchvision_googlenet",
    crop: 224,
    input: Input::SIGNED,
    heads: &[
        Head { layer: "aux1.fc2", loss_weight: 0.3 },
        Head { layer: "aux2.fc2", loss_weight: 0.3 },
        Head { layer: "fc", loss_weight: 1.0 },
    ],
    bias: Factors::TORCH,
    draw,
};

const CONVOLUTION: Fill = Fill { weight: Filler::Gaussian(0.01), bias: None };
const LINEAR: Fill = Fill { weight: Filler::Gaussian(0.01), bias: Some(Filler::Torch) };
const EPSILON: f64 = 1e-3;
const POINT: Window = Window { kernel: 1, stride: 1, pad: 0 };
const SMALL: Window = Window { kernel: 3, stride: 1, pad: 1 };
const POOL: Window = Window { kernel: 3, stride: 2, pad: 0 };

/// Output channels of an inception module's convolutions.
struct Inception {
    name: &'static str,
    branch1: i64,
    branch2: [i64; 2],
    branch3: [i64; 2],
    branch4: i64,
}

const fn inception(name: &'static str, branch1: i64, branch2: [i64; 2], branch3: [i64; 2], branch4: i64) -> Inception {
    Inception { name, branch1, branch2, branch3, branch4 }
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
    let x = net.pool("maxpool3", x, Pooling::Max, POOL)?;
    let x = module(net, x, &STAGE_4A)?;
    auxiliary_head(net, "aux1", x, classes)?;
    let x = modules(net, x, &STAGE_4B_TO_4D)?;
    auxiliary_head(net, "aux2", x, classes)?;
    let x = module(net, x, &STAGE_4E)?;
    let x = net.pool("maxpool4", x, Pooling::Max, Window { kernel: 2, stride: 2, pad: 0 })?;
    let x = modules(net, x, &STAGE_5)?;
    let x = net.adaptive_average("avgpool", x, 1);
    let x = net.dropout("dropout", x, 0.2);
    net.inner_product("fc", x, classes as i64, LINEAR);
    Ok(())
}

/// torchvision's `BasicConv2d`: convolution, normalisation, rectifier.
fn convolution(net: &mut Sketch, name: &str, bottom: Node, out: i64, window: Window) -> Result<Node, TooSmall> {
    let out = net.scaled(out, 1);
    let x = net.convolution(&format!("{name}.conv"), bottom, out, window, 1, CONVOLUTION)?;
    let x = net.batch_norm(&format!("{name}.bn"), x, EPSILON);
    Ok(net.relu(&format!("{name}.relu"), x))
}

fn stem(net: &mut Sketch) -> Result<Node, TooSmall> {
    let x = convolution(net, "conv1", 0, 64, Window { kernel: 7, stride: 2, pad: 3 })?;
    let x = net.pool("maxpool1", x, Pooling::Max, POOL)?;
    let x = convolution(net, "conv2", x, 64, POINT)?;
    let x = convolution(net, "conv3", x, 192, SMALL)?;
    net.pool("maxpool2", x, Pooling::Max, POOL)
}

fn modules(net: &mut Sketch, bottom: Node, modules: &[Inception]) -> Result<Node, TooSmall> {
    modules.iter().try_fold(bottom, |x, inception| module(net, x, inception))
}

fn module(net: &mut Sketch, bottom: Node, inception: &Inception) -> Result<Node, TooSmall> {
    let block = format!("inception{}", inception.name);
    let one = convolution(net, &format!("{block}.branch1"), bottom, inception.branch1, POINT)?;
    let two = convolution(net, &format!("{block}.branch2.0"), bottom, inception.branch2[0], POINT)?;
    let two = convolution(net, &format!("{block}.branch2.1"), two, inception.branch2[1], SMALL)?;
    let three = convolution(net, &format!("{block}.branch3.0"), bottom, inception.branch3[0], POINT)?;
    let three = convolution(net, &format!("{block}.branch3.1"), three, inception.branch3[1], SMALL)?;
    let four = net.pool(&format!("{block}.branch4.0"), bottom, Pooling::Max, SMALL)?;
    let four = convolution(net, &format!("{block}.branch4.1"), four, inception.branch4, POINT)?;
    Ok(net.concat(&block, vec![one, two, three, four]))
}

fn auxiliary_head(net: &mut Sketch, name: &str, bottom: Node, classes: usize) -> Result<(), TooSmall> {
    net.auxiliary(true);
    let x = net.adaptive_average(&format!("{name}.avgpool"), bottom, 4);
    let x = convolution(net, &format!("{name}.conv"), x, 128, POINT)?;
    let units = net.scaled(1024, 1);
    let x = net.inner_product(&format!("{name}.fc1"), x, units, LINEAR);
    let x = net.relu(&format!("{name}.relu"), x);
    let x = net.dropout(&format!("{name}.dropout"), x, 0.7);
    net.inner_product(&format!("{name}.fc2"), x, classes as i64, LINEAR);
    net.auxiliary(false);
    Ok(())
}
