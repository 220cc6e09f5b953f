//! Weight files into networks: the table that the tool knows is that of the networks, and an AlexNet out of a `.caffemodel` computes what an
//! independent calculation in double precision computes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bgh::seed::Seed;
use bgh::stage::train;
use bgh::weights::{Classifiers, Format, WeightFile, export};
use bgh_torch::network::{NETWORKS, Net};
use bgh_torch::{model, start, weights};
use rand::RngExt;
use tch::{Device, Tensor};

/// One line a tensor of each published network with 1000 classes.
fn table() -> String {
    let mut table = String::new();
    for network in NETWORKS {
        let graph = network.published(1000);
        for layer in &graph.layers {
            let is_classifier = network.heads.iter().any(|head| head.layer == layer.name);
            let mark = if is_classifier { "\tclassifier" } else { "" };
            for slot in layer.slots(&graph) {
                let sides: Vec<_> = slot.shape.iter().map(i64::to_string).collect();
                table += &format!("{}\t{}.{}\t{}{mark}\n", network.name, layer.name, slot.part, sides.join("x"));
            }
        }
    }
    table
}

/// `BGH_UPDATE=1` writes the table after a network was added or changed.
#[test]
fn the_tool_knows_the_tensors_of_every_network() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights/networks.tsv");
    if std::env::var_os("BGH_UPDATE").is_some() {
        fs::write(&path, table()).expect("writes");
    }
    let known = fs::read_to_string(&path).expect("the table");
    assert!(known == table(), "{} is not that of the networks; run this test with BGH_UPDATE=1", path.display());
}

/// Channels of rows of columns, in double precision.
type Maps = Vec<Vec<Vec<f64>>>;

/// A tensor's values and its shape.
struct Array {
    values: Vec<f64>,
    shape: Vec<usize>,
}

fn array(values: &Tensor) -> Array {
    let numbers: Vec<f64> = values.detach().flatten(0, -1).to_kind(tch::Kind::Double).try_into().expect("numbers");
    Array { values: numbers, shape: values.size().into_iter().map(|side| side as usize).collect() }
}

fn sides(maps: &Maps) -> (usize, usize) {
    (maps[0].len(), maps[0][0].len())
}

/// Cross-correlation with zero padding in `groups` parts, then max(0, x).
fn convolved(maps: &Maps, weight: &Array, bias: &Array, stride: usize, pad: usize, groups: usize) -> Maps {
    let [out, input, kernel, _] = weight.shape[..] else { panic!("a convolution has four axes") };
    let (height, width) = sides(maps);
    let side = |length: usize| (length + 2 * pad - kernel) / stride + 1;
    let pixel = |channel: usize, y: usize, x: usize| {
        let inside = y >= pad && x >= pad && y - pad < height && x - pad < width;
        if inside { maps[channel][y - pad][x - pad] } else { 0.0 }
    };
    let one = |to: usize, row: usize, column: usize| {
        let mut sum = bias.values[to];
        for (from, y, x) in (0..input).flat_map(|c| (0..kernel).flat_map(move |y| (0..kernel).map(move |x| (c, y, x)))) {
            let weight = weight.values[((to * input + from) * kernel + y) * kernel + x];
            sum += weight * pixel(to / (out / groups) * input + from, row * stride + y, column * stride + x);
        }
        sum.max(0.0)
    };
    let rows = |to: usize| (0..side(height)).map(|row| (0..side(width)).map(|column| one(to, row, column)).collect()).collect();
    (0..out).map(rows).collect()
}

/// x · (1 + 1e-4/5 · Σ x²)^-0.75 over five channels.
fn normalised(maps: &Maps) -> Maps {
    let channels = maps.len();
    let near = |channel: usize| channel.saturating_sub(2)..(channel + 3).min(channels);
    let one = |channel: usize, row: usize, column: usize| {
        let squares: f64 = near(channel).map(|other| maps[other][row][column].powi(2)).sum();
        maps[channel][row][column] * (1.0 + 1e-4 / 5.0 * squares).powf(-0.75)
    };
    let (height, width) = sides(maps);
    let rows = |channel: usize| (0..height).map(|row| (0..width).map(|column| one(channel, row, column)).collect()).collect();
    (0..channels).map(rows).collect()
}

/// The largest of 3 x 3 at every second place; sizes come out even for the crop of the test.
fn pooled(maps: &Maps) -> Maps {
    let (height, width) = sides(maps);
    assert!(height % 2 == 1 && width % 2 == 1, "the pool has no overhang");
    let one = |map: &Vec<Vec<f64>>, row: usize, column: usize| {
        let window = map[2 * row..2 * row + 3].iter().flat_map(|line| &line[2 * column..2 * column + 3]);
        window.copied().fold(f64::NEG_INFINITY, f64::max)
    };
    let shrunk = |map: &Vec<Vec<f64>>| {
        (0..(height - 1) / 2).map(|row| (0..(width - 1) / 2).map(|column| one(map, row, column)).collect()).collect()
    };
    maps.iter().map(shrunk).collect()
}

fn product(input: &[f64], weight: &Array, bias: &Array) -> Vec<f64> {
    let row = |(unit, weights): (usize, &[f64])| bias.values[unit] + weights.iter().zip(input).map(|(w, x)| w * x).sum::<f64>();
    weight.values.chunks(input.len()).enumerate().map(row).collect()
}

/// Scores of AlexNet for one image.
fn alexnet(named: &BTreeMap<String, Array>, image: Maps) -> Vec<f64> {
    let [weight, bias] = ["weight", "bias"].map(|part| move |layer: &str| &named[&format!("{layer}.{part}")]);
    let convolved =
        |layer: &str, maps: &Maps, stride, pad, groups| convolved(maps, weight(layer), bias(layer), stride, pad, groups);
    let x = pooled(&normalised(&convolved("conv1", &image, 4, 0, 1)));
    let x = pooled(&normalised(&convolved("conv2", &x, 1, 2, 2)));
    let x = convolved("conv3", &x, 1, 1, 1);
    let x = convolved("conv4", &x, 1, 1, 2);
    let x = pooled(&convolved("conv5", &x, 1, 1, 2));
    let x: Vec<f64> = x.into_iter().flatten().flatten().collect();
    let hidden =
        |layer: &str, x: &[f64]| product(x, weight(layer), bias(layer)).into_iter().map(|x| x.max(0.0)).collect::<Vec<_>>();
    product(&hidden("fc7", &hidden("fc6", &x)), weight("fc8"), bias("fc8"))
}

#[test]
fn an_alexnet_out_of_a_caffemodel_computes_as_an_independent_calculation() {
    const CROP: usize = 67;
    let folder = tempfile::tempdir().expect("folder");
    let size = train::Network { name: "alexnet".into(), width: 0.0625, crop: CROP };
    let net = |seed| Net::new(&size, 3, Seed::root(seed), Device::Cpu).expect("fits");
    let [source, target] = [net(1), net(2)];
    let named = model::named_values(&source);
    let safetensors = folder.path().join("weights.safetensors");
    weights::write(&safetensors, &named, None).expect("writes");
    let caffe = folder.path().join("weights.caffemodel");
    let file = WeightFile::open(&safetensors).expect("opens");
    let format = Format::of_extension("caffemodel").expect("written");
    fs::write(&caffe, export(file.read().expect("reads"), format, None).expect("exports")).expect("writes");

    let file = WeightFile::open(&caffe).expect("opens");
    let started = start::load(&file, "weights.caffemodel".into(), Classifiers::Fitting, &target).expect("loads");
    assert_eq!((started.loaded.len(), started.reinitialised.len(), started.ignored.len()), (8, 0, 0));

    let mut rng = Seed::root(3).rng();
    let pixels: Vec<f32> = (0..3 * CROP * CROP).map(|_| rng.random_range(-120.0..130.0f32).round()).collect();
    let side = CROP as i64;
    let scores = array(&target.scores(&Tensor::from_slice(&pixels).reshape([1, 3, side, side]))).values;
    let line = |line: &[f32]| line.iter().map(|&pixel| f64::from(pixel)).collect();
    let image: Maps = pixels.chunks(CROP * CROP).map(|plane| plane.chunks(CROP).map(line).collect()).collect();
    let arrays = named.iter().map(|(name, tensor)| (name.clone(), array(tensor))).collect();
    let expected = alexnet(&arrays, image);
    let largest = expected.iter().fold(0.0f64, |largest, score| largest.max(score.abs()));
    assert!(largest > 0.0 && scores.len() == 3);
    for (ours, theirs) in scores.iter().zip(&expected) {
        assert!((ours - theirs).abs() <= 1e-5 * largest, "{scores:?} {expected:?}");
    }

    let fresh = start::load(&file, "weights.caffemodel".into(), Classifiers::Fresh, &net(2)).expect("loads");
    assert_eq!(fresh.reinitialised.len(), 1, "the classifier starts anew: {:?}", fresh.reinitialised);
}
