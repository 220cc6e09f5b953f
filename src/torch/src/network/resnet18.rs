//! ResNet-18 (He et al. 2016) as torchvision has it: four stages of two blocks, each of which adds two convolutions to its input.

use super::filler::{Fill, Filler};
use super::graph::{Node, Pooling, Sketch, TooSmall, Window};
use super::{Factors, Head, Input, Network};

/// The registered network.
pub(super) const RESNET18: Network = Network {
    name: "resnet18",
    crop: 224,
    input: Input::IMAGENET,
    heads: &[Head { layer: "fc", loss_weight: 1.0 }],
    bias: Factors::TORCH,
    draw,
};

const CONVOLUTION: Fill = Fill { weight: Filler::HeOut, bias: None };
const LINEAR: Fill = Fill { weight: Filler::Torch, bias: Some(Filler::Torch) };
const EPSILON: f64 = 1e-5;
/// Channels and stride of each stage.
const STAGES: [(i64, i64); 4] = [(64, 1), (128, 2), (256, 2), (512, 2)];

fn draw(net: &mut Sketch, classes: usize) -> Result<(), TooSmall> {
    let x = normalised(net, ["conv1", "bn1"], 0, 64, Window { kernel: 7, stride: 2, pad: 3 })?;
    let x = net.relu("relu", x);
    let mut x = net.floor_pool("maxpool", x, Pooling::Max, Window { kernel: 3, stride: 2, pad: 1 })?;
    for (stage, (channels, stride)) in STAGES.into_iter().enumerate() {
        let layer = format!("layer{}", stage + 1);
        x = block(net, &format!("{layer}.0"), x, channels, stride)?;
        x = block(net, &format!("{layer}.1"), x, channels, 1)?;
    }
    let x = net.adaptive_average("avgpool", x, 1);
    net.inner_product("fc", x, classes as i64, LINEAR);
    Ok(())
}

/// Two convolutions beside a way past them, which is a convolution of one pixel where the stride makes the map smaller.
fn block(net: &mut Sketch, name: &str, bottom: Node, channels: i64, stride: i64) -> Result<Node, TooSmall> {
    let names = |number| [format!("{name}.conv{number}"), format!("{name}.bn{number}")];
    let x = normalised(net, names(1), bottom, channels, Window { kernel: 3, stride, pad: 1 })?;
    let x = net.relu(&format!("{name}.relu1"), x);
    let x = normalised(net, names(2), x, channels, Window { kernel: 3, stride: 1, pad: 1 })?;
    let shortcut = if stride == 1 { bottom } else { shortcut(net, name, bottom, channels, stride)? };
    let x = net.sum(&format!("{name}.sum"), [x, shortcut]);
    Ok(net.relu(&format!("{name}.relu2"), x))
}

fn shortcut(net: &mut Sketch, name: &str, bottom: Node, channels: i64, stride: i64) -> Result<Node, TooSmall> {
    let names = [0, 1].map(|part| format!("{name}.downsample.{part}"));
    normalised(net, names, bottom, channels, Window { kernel: 1, stride, pad: 0 })
}

fn normalised<S: AsRef<str>>(
    net: &mut Sketch,
    [convolution, norm]: [S; 2],
    bottom: Node,
    channels: i64,
    window: Window,
) -> Result<Node, TooSmall> {
    let out = net.scaled(channels, 1);
    let x = net.convolution(convolution.as_ref(), bottom, out, window, 1, CONVOLUTION)?;
    Ok(net.batch_norm(norm.as_ref(), x, EPSILON))
}
