//! torchvision's networks against PyTorch itself: `golden/torchvision_nets.json`, written by `scripts/golden/torchvision_nets.py` in double
//! precision (torch 2.11, torchvision 0.26) from weights and images that both sides make by one formula.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bgh::seed::Seed;
use bgh::stage::train;
use bgh_torch::network::{Net, Network};
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};

/// Relative deviation that single precision may cause in scores.
const SINGLE: f64 = 1e-4;
/// Relative deviation of a training step. It is compared in double precision: single rounds some units to the other side of a
/// rectifier's or a pool's edge, which changes gradients by a thousandth.
const DOUBLE: f64 = 1e-6;

/// libtorch draws for all threads from one generator, so tests that draw wait for each other.
static GENERATOR: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    tch::set_num_threads(1);
    GENERATOR.lock().unwrap_or_else(PoisonError::into_inner)
}

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/torchvision_nets.json")).expect("golden file")
}

/// Numbers in [0, 1): FNV-1a of the name, then MurmurHash3's finaliser on the position, 24 bits each.
fn fractions(name: &str, count: i64) -> impl Iterator<Item = f64> {
    let start = name.bytes().fold(2_166_136_261u32, |start, byte| (start ^ u32::from(byte)).wrapping_mul(16_777_619));
    (0..count as u32).map(move |position| {
        let x = position.wrapping_mul(2_654_435_769) ^ start;
        let x = (x ^ (x >> 16)).wrapping_mul(0x85EB_CA6B);
        let x = (x ^ (x >> 13)).wrapping_mul(0xC2B2_AE35);
        f64::from((x ^ (x >> 16)) >> 8) / f64::from(1 << 24)
    })
}

fn formula(name: &str, shape: &[i64]) -> Tensor {
    let part = name.rsplit('.').next().expect("a part");
    if part == "num_batches_tracked" {
        return Tensor::from_slice(&[7i64]).reshape(shape);
    }
    let bound = (6.0 / shape[1..].iter().product::<i64>() as f64).sqrt();
    let values = fractions(name, shape.iter().product()).map(|value| match part {
        _ if shape.len() > 1 => (2.0 * value - 1.0) * bound,
        "weight" | "running_var" => value + 0.5,
        _ => (2.0 * value - 1.0) * 0.1,
    });
    Tensor::from_slice(&values.map(|value| value as f32).collect::<Vec<_>>()).reshape(shape)
}

/// Grey values in three equal channels, as a data set delivers them.
fn images(about: &Value) -> Tensor {
    let [batch, side] = ["batch", "side"].map(|name| about[name].as_i64().expect("golden size"));
    let grey: Vec<f32> = fractions("image", batch * side * side).map(|value| (value * 256.0).floor() as f32).collect();
    Tensor::from_slice(&grey).reshape([batch, 1, side, side]).expand([-1, 3, -1, -1], false)
}

fn filled(name: &str, crop: usize) -> Net {
    let size = train::Network { name: name.into(), width: 1.0, crop };
    let net = Net::new(&size, 3, Seed::root(1), Device::Cpu).expect("registered");
    let named = net.tensors().map(|(name, values)| (name.to_owned(), formula(name, &values.size()))).collect();
    net.restore(&named).expect("its own names and shapes");
    net
}

fn in_double_precision(net: &mut Net) {
    net.compute_products_in(Kind::Double);
    for (_, values) in net.tensors().filter(|(_, values)| values.kind() == Kind::Float) {
        values.shallow_clone().set_data(&values.to_kind(Kind::Double));
    }
}

fn assert_close(ours: f64, theirs: &Value, allowed: f64, what: &str) {
    let theirs = theirs.as_f64().expect("golden number");
    assert!((ours - theirs).abs() <= allowed.max(DOUBLE * theirs.abs()), "{what}: {ours}, torchvision has {theirs}");
}

fn norm(tensor: &Tensor) -> f64 {
    tensor.detach().to_kind(Kind::Double).norm().double_value(&[])
}

#[test]
fn names_shapes_and_totals_are_torchvisions() {
    for (name, theirs) in golden()["nets"].as_object().expect("nets") {
        let graph = Network::find(name).expect("registered").published(1000);
        let slots = graph.layers.iter().flat_map(|layer| layer.slots(&graph).into_iter().map(move |slot| (layer, slot)));
        let (mut tensors, mut all, mut deployed) = (BTreeMap::new(), 0, 0);
        for (layer, slot) in slots {
            let numbers: i64 = if slot.role.is_learnt() { slot.shape.iter().product() } else { 0 };
            all += numbers;
            deployed += if layer.auxiliary { 0 } else { numbers };
            tensors.insert(format!("{}.{}", layer.name, slot.part), slot.shape);
        }
        assert_eq!(json!(tensors), theirs["tensors"], "{name}");
        assert_eq!((json!(all), json!(deployed)), (theirs["parameters"].clone(), theirs["deployed"].clone()), "{name}");
    }
}

/// Scores before training, then one step: the loss, every gradient and every running statistic. Dropout is drawn from the same seed, so its place and
/// ratio are checked too.
fn assert_agrees(name: &str) {
    let _guard = alone();
    let golden = golden();
    let (about, theirs) = (&golden["about"], &golden["nets"][name]);
    let mut net = filled(name, about["side"].as_i64().expect("side") as usize);
    let images = images(about);
    let scores = net.scores(&images);
    let largest = scores.abs().max().double_value(&[]);
    for (image, row) in theirs["scores"].as_array().expect("scores").iter().enumerate() {
        for (class, score) in row.as_array().expect("row").iter().enumerate() {
            let ours = scores.double_value(&[image as i64, class as i64]);
            assert_close(ours, score, SINGLE * largest, &format!("{name}: score {class} of image {image}"));
        }
    }
    in_double_precision(&mut net);
    let labels: Vec<i64> = serde_json::from_value(about["labels"].clone()).expect("labels");
    tch::manual_seed(about["seed"].as_i64().expect("seed"));
    let loss = net.loss(&images.to_kind(Kind::Double), &Tensor::from_slice(&labels));
    assert_close(loss.double_value(&[]), &theirs["loss"], 0.0, &format!("{name}: loss"));
    loss.backward();
    for parameter in net.parameters() {
        let expected = &theirs["gradients"][&parameter.name];
        assert_close(norm(&parameter.values.grad()), expected, 0.0, &format!("{name}: gradient of {}", parameter.name));
    }
    for buffer in net.buffers() {
        match buffer.name.ends_with("num_batches_tracked") {
            true => assert_eq!(buffer.values.int64_value(&[]), 8, "{name}: {}", buffer.name),
            false => assert_close(norm(&buffer.values), &theirs["statistics"][&buffer.name], 0.0, &buffer.name),
        }
    }
}

#[test]
fn alexnet_agrees() {
    assert_agrees("torchvision_alexnet");
}

#[test]
fn googlenet_agrees() {
    assert_agrees("torchvision_googlenet");
}

#[test]
fn resnet18_agrees() {
    assert_agrees("resnet18");
}

#[test]
fn densenet121_agrees() {
    assert_agrees("densenet121");
}

#[test]
fn narrow_networks_train_on_small_crops() {
    let _guard = alone();
    for name in ["torchvision_alexnet", "torchvision_googlenet", "resnet18", "densenet121"] {
        let size = train::Network { name: name.into(), width: 0.1, crop: 64 };
        let net = Net::new(&size, 3, Seed::root(1), Device::Cpu).expect("fits");
        let images = Tensor::randn([4, 3, 64, 64], (Kind::Float, Device::Cpu)) * 60.0 + 128.0;
        net.loss(&images, &Tensor::from_slice(&[0i64, 1, 2, 0])).backward();
        for parameter in net.parameters() {
            let gradient = norm(&parameter.values.grad());
            assert!(gradient.is_finite(), "{name}: gradient of {} is {gradient}", parameter.name);
        }
        assert_eq!(net.scores(&images).size(), [4, 3], "{name}");
    }
}

#[test]
fn a_batch_of_one_is_refused_where_it_leaves_one_value_to_normalise() {
    let net = |crop| {
        let size = train::Network { name: "resnet18".into(), width: 0.1, crop };
        Net::new(&size, 3, Seed::root(1), Device::Cpu).expect("fits")
    };
    let refusal = net(32).accept_batch(1).expect_err("one value").to_string();
    assert!(refusal.contains("layer layer4.0.bn1") && refusal.contains("use a batch of at least 2"), "{refusal}");
    assert!(net(32).accept_batch(2).is_ok() && net(64).accept_batch(1).is_ok());
}
