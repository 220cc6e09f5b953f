//! Weight files of other tools: every form of them gives the weights that went in, and a file that is cut, damaged or hostile is an error.

mod weights {
    pub(crate) mod encoder;
}

use std::fs;
use std::path::PathBuf;

use bgh::weights::{Classifiers, Left, Network, Wanted, Weights, export, fit, read};
use proptest::prelude::*;
use serde_json::Value;
use weights::encoder::{Array, Net};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/weights").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(path(name)).expect("test data")
}

fn golden(name: &str) -> Value {
    serde_json::from_slice(&bytes(name)).expect("JSON")
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().expect("numbers").iter().map(|number| number.as_f64().expect("a number") as f32).collect()
}

fn shape(value: &Value) -> Vec<usize> {
    value.as_array().expect("sides").iter().map(|side| side.as_u64().expect("a side") as usize).collect()
}

fn arrays(weights: &Weights<'_>) -> Vec<Array> {
    let array = |tensor: &bgh::weights::Tensor<'_>| Array {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        values: tensor.values(),
    };
    let mut arrays: Vec<Array> = weights.tensors.iter().map(array).collect();
    arrays.sort_by(|a, b| a.name.cmp(&b.name));
    arrays
}

fn refusal(bytes: &[u8]) -> String {
    format!("{:#}", read(bytes).expect_err("a damaged file"))
}

const FILES: [&str; 17] = [
    "plain.safetensors",
    "dtypes.safetensors",
    "tiny_v1.caffemodel",
    "tiny_v2.caffemodel",
    "tiny_variants.caffemodel",
    "plain_zip.pth",
    "plain_legacy.pth",
    "views_zip.pth",
    "views_legacy.pth",
    "dtypes_zip.pth",
    "dtypes_legacy.pth",
    "wrapped_zip.pth",
    "wrapped_legacy.pth",
    "parameters_zip.pth",
    "parameters_legacy.pth",
    "densenet_zip.pth",
    "densenet_legacy.pth",
];

#[test]
fn three_encodings_of_one_caffe_net_hold_the_golden_weights() {
    let golden = golden("tiny_models.json");
    let wanted = golden["weights"].as_object().expect("weights");
    for (file, variant) in [("tiny_v1", "V1 layers"), ("tiny_v2", "V2 layers"), ("tiny_variants", "V2 layers")] {
        let bytes = bytes(&format!("{file}.caffemodel"));
        let weights = read(&bytes).expect(file);
        assert_eq!((weights.format.name, weights.variant, weights.tensors.len()), ("caffemodel", Some(variant), wanted.len()));
        for tensor in &weights.tensors {
            let wanted = &wanted[&tensor.name];
            assert_eq!(tensor.shape, shape(&wanted["shape"]), "{file} {}", tensor.name);
            assert_eq!(tensor.values(), numbers(&wanted["data"]), "{file} {}", tensor.name);
        }
    }
}

#[test]
fn files_of_pytorch_hold_what_pytorch_reads_from_them() {
    let golden = golden("pth.json");
    for (file, wanted) in golden.as_object().expect("files") {
        let bytes = bytes(file);
        let weights = read(&bytes).unwrap_or_else(|error| panic!("{file}: {error:#}"));
        let wanted = wanted.as_object().expect("tensors");
        assert_eq!(weights.tensors.len(), wanted.len(), "{file}");
        for (name, wanted) in wanted {
            let name = name.trim_start_matches("module.").replace("norm.1", "norm1").replace("conv.2", "conv2");
            let tensor = weights.tensors.iter().find(|tensor| tensor.name == name).unwrap_or_else(|| panic!("{file}: {name}"));
            let theirs = wanted["dtype"].as_str().expect("a type");
            assert_eq!(
                tensor.dtype.name().replace("bf", "bfloat").trim_matches(char::is_alphabetic),
                theirs.trim_matches(char::is_alphabetic)
            );
            assert_eq!(tensor.shape, shape(&wanted["shape"]), "{file} {name}");
            let values: Vec<f32> = wanted["values"].as_array().expect("values").iter().map(number).collect();
            assert_eq!(tensor.values(), values, "{file} {name}");
        }
    }
}

fn number(value: &Value) -> f32 {
    value.as_f64().expect("a number") as f32
}

#[test]
fn what_a_file_wants_to_run_is_refused_by_name() {
    for file in ["hostile_zip.pth", "hostile_legacy.pth"] {
        let refusal = refusal(&bytes(file));
        assert!(refusal.contains("wants to use `posix.system`, and nothing in a file is run"), "{refusal}");
    }
    let refusal = refusal(&bytes("module_zip.pth"));
    assert!(refusal.contains("`torch.nn.modules.linear.Linear`") && refusal.contains("save `model.state_dict()`"), "{refusal}");
}

#[test]
fn a_file_cut_anywhere_is_refused_or_ends_between_two_layers() {
    for file in FILES {
        let (bytes, whole) = (bytes(file), read(&bytes(file)).expect("sound").tensors.len());
        for length in 0..bytes.len() {
            let Ok(cut) = read(&bytes[..length]) else { continue };
            let is_caffe = file.ends_with("caffemodel");
            assert!(is_caffe && cut.tensors.len() <= whole, "{file} cut at {length} of {}", bytes.len());
            cut.tensors.iter().for_each(|tensor| assert_eq!(tensor.values().len(), tensor.len()));
        }
    }
}

#[test]
fn a_file_that_is_something_else_is_told_as_what_it_is() {
    let text = |text: &str| refusal(text.as_bytes());
    assert!(text("").contains("the file is empty"));
    assert!(text("version https://git-lfs.github.com/spec/v1\noid sha256:1\n").contains("Git LFS pointer"));
    assert!(text("<!DOCTYPE html>\n<html>").contains("text, perhaps a web page"));
    assert!(refusal(b"\x89HDF\r\n\x1a\n").contains("an HDF5 file"));
    assert!(refusal(b"\x80\x04N.").contains("a Python pickle that PyTorch did not write"));
    assert!(refusal(&[0xff; 64]).contains("not recognised; read are: PyTorch state dict (.pth)"));
}

#[test]
fn hostile_numbers_are_refused() {
    // A blob of one float that calls itself 2^40 x 2^40, and one with a negative side.
    for (sides, expected) in
        [(vec![1 << 40, 1 << 40], "a shape of"), (vec![u64::MAX], "a side of -1"), (vec![7], "1 values for a shape of [7]")]
    {
        let bytes = weights::encoder::lone_blob(&sides, &[1.0]);
        assert!(refusal(&bytes).contains(expected), "{}", refusal(&bytes));
    }
    // A header of safetensors that is longer than the file, and a tensor that reaches beyond it.
    let header = r#"{"a":{"dtype":"F32","shape":[1000000],"data_offsets":[0,4000000]}}"#;
    let short = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 8]].concat();
    assert!(refusal(&short).starts_with("damaged or unusual safetensors"), "{}", refusal(&short));
    // A thousand names for one storage.
    let many: String = (0..1000).map(|n| format!(r#""{n}":{{"dtype":"F32","shape":[4],"data_offsets":[0,16]}},"#)).collect();
    let many = format!("{{{}}}", many.trim_end_matches(','));
    let shared = [&(many.len() as u64).to_le_bytes()[..], many.as_bytes(), &[0; 16]].concat();
    read(&shared).expect_err("tensors that overlap");
}

#[test]
fn a_mean_image_is_read_and_written() {
    let values: Vec<f32> = (0..24).map(|value| value as f32 + 0.5).collect();
    let bytes = weights::encoder::mean([1, 3, 2, 4], &values);
    let weights = read(&bytes).expect("a mean");
    assert_eq!((weights.format.name, weights.tensors[0].name.as_str()), ("binaryproto", "mean"));
    assert_eq!((weights.tensors[0].shape.clone(), weights.tensors[0].values()), (vec![1, 3, 2, 4], values.clone()));
    let safetensors = export(weights, format("safetensors"), None).expect("writes");
    let again = export(read(&safetensors).expect("reads"), format("binaryproto"), None).expect("writes");
    assert_eq!(again, bytes);
}

fn format(extension: &str) -> &'static bgh::weights::Format {
    bgh::weights::Format::of_extension(extension).expect("written")
}

proptest! {
    #[test]
    fn every_encoding_of_a_caffe_net_reads_alike(net in Net::any()) {
        let bytes = net.encoded();
        let weights = read(&bytes).map_err(|error| TestCaseError::fail(format!("{error:#}")))?;
        prop_assert_eq!(arrays(&weights), net.arrays());
    }

    #[test]
    fn containers_change_no_bit(net in Net::any()) {
        let bytes = net.encoded();
        let weights = read(&bytes).expect("sound");
        let safetensors = export(weights, format("safetensors"), None).expect("writes");
        let caffe = export(read(&safetensors).expect("reads"), format("caffemodel"), None).expect("writes");
        let again = read(&caffe).expect("reads");
        prop_assert_eq!(arrays(&again), net.arrays());
    }

    #[test]
    fn noise_in_a_sound_file_never_panics(file in prop::sample::select(&FILES[..]), place in 0usize..4096, noise in any::<[u8; 3]>()) {
        let mut bytes = bytes(file);
        let place = place % bytes.len();
        bytes.iter_mut().skip(place).zip(noise).for_each(|(byte, noise)| *byte = noise);
        if let Ok(weights) = read(&bytes) {
            weights.tensors.iter().for_each(|tensor| assert_eq!(tensor.values().len(), tensor.len()));
        }
    }
}

fn state_dict(arrays: &[(&str, &[usize])]) -> Vec<u8> {
    let net = Net::plain(arrays.iter().map(|(name, shape)| Array::ramp(name, shape)).collect());
    net.encoded()
}

fn wanted(tensors: &[(&str, &[usize], bool)]) -> Vec<Wanted> {
    let one =
        |&(name, shape, classifier): &(&str, &[usize], bool)| Wanted { name: name.into(), shape: shape.to_vec(), classifier };
    tensors.iter().map(one).collect()
}

const NETWORK: [(&str, &[usize], bool); 6] = [
    ("conv1.weight", &[2, 3, 1, 1], false),
    ("conv1.bias", &[2], false),
    ("conv2.weight", &[2, 2, 1, 1], false),
    ("conv2.bias", &[2], false),
    ("fc8.weight", &[3, 2], true),
    ("fc8.bias", &[3], true),
];

fn left(name: &str, reason: &str) -> Left {
    Left { name: name.into(), reason: reason.into() }
}

#[test]
fn a_network_takes_what_agrees_and_says_why_the_rest_is_left() {
    let bytes = state_dict(&[
        ("conv1.weight", &[2, 3, 1, 1]),
        ("conv1.bias", &[2]),
        ("fc8.weight", &[3, 2]),
        ("fc8.bias", &[3]),
        ("old.weight", &[1, 1]),
    ]);
    let weights = read(&bytes).expect("sound");
    let fresh = fit(&weights.tensors, "tiny", &wanted(&NETWORK), Classifiers::Fresh).expect("fits").layers();
    assert_eq!(fresh.loaded, ["conv1"]);
    assert_eq!(fresh.reinitialised, [left("conv2", "not in the file"), left("fc8", "a classifier starts anew")]);
    assert_eq!(fresh.ignored, [left("old", "not in the network")]);
    let fitting = fit(&weights.tensors, "tiny", &wanted(&NETWORK), Classifiers::Fitting).expect("fits").layers();
    assert_eq!(fitting.loaded, ["conv1", "fc8"]);
    let bytes = state_dict(&[("conv1.weight", &[2, 3, 1, 1]), ("fc8.weight", &[1000, 2]), ("fc8.bias", &[1000])]);
    let weights = read(&bytes).expect("sound");
    let other = fit(&weights.tensors, "tiny", &wanted(&NETWORK), Classifiers::Fitting).expect("fits").layers();
    assert_eq!(other.loaded, ["conv1"]);
    assert_eq!(other.reinitialised[0], left("conv1.bias", "not in the file"), "half a layer is told by its tensors");
    assert_eq!(other.reinitialised[2], left("fc8", "[1000, 2] in the file, [3, 2] in the network"));
}

#[test]
fn a_file_of_another_network_is_refused_with_both_sides_and_the_nearest() {
    let bytes = state_dict(&[("conv1.weight", &[96, 3, 11, 11]), ("conv1.bias", &[96]), ("fc7.weight", &[2, 2])]);
    let weights = read(&bytes).expect("sound");
    let misfit = |network: &[(&str, &[usize], bool)]| {
        fit(&weights.tensors, "tiny", &wanted(network), Classifiers::Fresh).expect_err("misfit").to_string()
    };
    insta::assert_snapshot!(misfit(&NETWORK), @"tensor `conv1.weight` is [96, 3, 11, 11], network `tiny` wants [2, 3, 1, 1], and 1 more differ; it looks like weights of `alexnet`");
    insta::assert_snapshot!(misfit(&[("a.weight", &[1], false), ("fc.weight", &[1], true)]), @"no tensor has a name of network `tiny`: the file holds `conv1.weight`, `conv1.bias`, `fc7.weight`, the network wants `a.weight`, `fc.weight`; it looks like weights of `alexnet`");
}

#[test]
fn the_first_convolution_is_flipped_where_the_order_of_channels_changes() {
    let bytes = bytes("tiny_v1.caffemodel");
    let caffe = read(&bytes).expect("sound");
    let kept = export(read(&bytes).expect("sound"), format("safetensors"), None).expect("writes");
    assert_eq!(read(&kept).expect("reads").facts["channels"], "bgr");
    let rgb = export(read(&bytes).expect("sound"), format("safetensors"), Some(bgh::weights::Channels::Rgb)).expect("writes");
    let rgb = read(&rgb).expect("reads");
    assert_eq!(rgb.facts["channels"], "rgb");
    for (ours, theirs) in
        caffe.tensors.iter().map(|tensor| (tensor, rgb.tensors.iter().find(|other| other.name == tensor.name).expect("kept")))
    {
        let (ours, theirs) = (ours.values(), theirs.values());
        if ours.len() == 4 * 3 * 9 {
            let flipped = |out: usize, channel: usize, pixel: usize| ours[(out * 3 + 2 - channel) * 9 + pixel];
            let wanted: Vec<f32> = (0..108).map(|at| flipped(at / 27, at / 9 % 3, at % 9)).collect();
            assert_eq!(theirs, wanted);
        } else {
            assert_eq!(ours, theirs);
        }
    }
    let back = export(rgb, format("caffemodel"), None).expect("writes");
    assert_eq!(arrays(&read(&back).expect("reads")), arrays(&caffe));
}

#[test]
fn batch_normalisation_has_no_place_in_a_caffemodel() {
    let bytes = bytes("wrapped_zip.pth");
    let refusal = export(read(&bytes).expect("sound"), format("caffemodel"), None).expect_err("no place").to_string();
    assert!(refusal.contains("`norm.weight`, [2], has no place in a .caffemodel"), "{refusal}");
}

#[test]
fn the_table_of_networks_has_the_published_totals() {
    let total = |name: &str| -> usize {
        let network = Network::find(name).expect("registered");
        network.tensors.iter().map(|tensor| tensor.shape.iter().product::<usize>()).sum()
    };
    assert_eq!((total("alexnet"), total("googlenet")), (60_965_224, 13_378_280));
}
