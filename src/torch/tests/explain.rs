//! The built worker explains a network whose weights are set by hand: one channel carries the grey of single pixels to one class, and
//! only the upper left quarter of the image reaches it. What every map must show is then known.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use bgh::artifact::{Case, Cases, Explanation, Explanations, Files, ImageRow, ImageSetWriter, Predictions, Why};
use bgh::seed::Seed;
use bgh::stage::job::{JobFolder, JobResult, JobSpec};
use bgh::stage::train::Network;
use bgh_torch::mean::Mean;
use bgh_torch::model::{self, Facts};
use bgh_torch::network::Net;
use serde_json::{Value, json};
use tch::{Device, Tensor};

const SIZE: usize = 119;
const CROP: usize = 115;
/// The crop is cut two pixels from each edge.
const EDGE: usize = 2;
const CLASSES: [&str; 3] = ["none", "left", "right"];
/// Row and column of the bright pixel that counts, in the image: conv1 takes the middle of its window, which lies at 5 + 4k in the crop.
const BRIGHT: usize = EDGE + 5 + 4 * 4;
/// Another one, in the quarter that the network does not look at.
const IGNORED: usize = EDGE + 5 + 4 * 20;

/// AlexNet that passes one channel on: P(left) grows with the brightest sampled pixel of rows and columns 5 to 61 of the crop.
fn model(folder: &Path) -> Files {
    let network = Network { name: "alexnet".into(), width: 0.02, crop: CROP };
    let net = Net::new(&network, CLASSES.len(), Seed::root(0), Device::Cpu).expect("a network");
    let mut named = model::named_values(&net);
    for (name, tensor) in &mut named {
        let mut values = vec![0f32; tensor.numel()];
        let shape = tensor.size();
        match name.as_str() {
            "conv1.weight" => values[5 * 11 + 5] = 1.0 / 255.0,
            "fc6.weight" => values[0] = 1.0,
            "fc7.weight" => values[0] = 1.0,
            "fc8.weight" => values[shape[1] as usize] = 3.0,
            weight if weight.ends_with(".weight") => values[((shape[2] / 2) * shape[3] + shape[3] / 2) as usize] = 1.0,
            _ => {}
        }
        *tensor = Tensor::from_slice(&values).reshape(shape);
    }
    fs::create_dir_all(folder).expect("folder");
    let facts = Facts { network, classes: CLASSES.map(String::from).to_vec(), size: [SIZE; 2], pretraining: None };
    let mean = Mean { height: SIZE, width: SIZE, pixels: vec![0; SIZE * SIZE] };
    model::write(folder, &facts, &named, &mean).expect("writes");
    Files::of_folder(folder).expect("lists")
}

/// The same picture twice: once with the place of the bright pixel marked, once without.
fn cases(folder: &Path) -> Files {
    fs::create_dir_all(folder).expect("folder");
    let mut pixels = vec![0u8; SIZE * SIZE];
    pixels[BRIGHT * SIZE + BRIGHT] = 255;
    pixels[IGNORED * SIZE + IGNORED] = 255;
    let mut writer = ImageSetWriter::create(folder, 2, SIZE, SIZE).expect("writes");
    let case = |case: usize, place: Option<f64>| Case {
        case,
        exam: format!("{case}"),
        slice: 0,
        class: "left".into(),
        named: "left".into(),
        probability: 0.9,
        why: Why::Asked,
        mark: place.map(|_| "lesion".to_owned()),
        column: place,
        row: place,
        radius: place.map(|_| 2.0),
        pixel_mm: 1.0,
    };
    for case in 0..2 {
        let row = ImageRow { image: 0, exam: format!("{case}"), slice: 0, class: "left".into(), variant: 0 };
        writer.push(row, &pixels).expect("fits");
    }
    writer.finish().expect("complete");
    Cases::write(folder, &[case(0, Some(BRIGHT as f64)), case(1, None)]).expect("writes");
    Files::of_folder(folder).expect("lists")
}

fn run(root: &Path, kind: &str, params: Value, inputs: &[(&str, &Files)]) -> JobResult {
    let folder = root.join(kind);
    fs::create_dir_all(&folder).expect("folder");
    let job = JobFolder::new(folder);
    let inputs: BTreeMap<String, Files> = inputs.iter().map(|(port, files)| ((*port).to_owned(), (*files).clone())).collect();
    let spec = JobSpec { kind: kind.into(), params, seed: Seed::root(0), inputs, device: "cpu".into(), threads: 1 };
    job.write_spec(&spec).expect("writes");
    let mut worker = Command::new(env!("CARGO_BIN_EXE_bgh-torch"));
    worker.arg(job.path()).env_remove("LD_LIBRARY_PATH").stdout(Stdio::null()).stderr(Stdio::null());
    worker.status().expect("starts");
    job.result().expect("sound").expect("a result")
}

fn explain(root: &Path, params: Value) -> Result<Explanations, String> {
    let (model, cases) = (model(&root.join("model")), cases(&root.join("cases")));
    match run(root, "explain", params, &[("model", &model), ("cases", &cases)]) {
        JobResult::Failed(why) => Err(why),
        JobResult::Done { .. } => {
            let files = Files::of_folder(&root.join("explain/out/explanations")).expect("port");
            Ok(Explanations::open(&files).expect("explanations"))
        }
        JobResult::Interrupted => Err("interrupted".into()),
    }
}

fn params(eval: &str, layer: Value, channel: Value) -> Value {
    json!({"eval": eval, "side": 11, "stride": 4, "fill": {"grey": 0}, "layer": layer, "channel": channel, "attention_layer": null})
}

fn explained() -> (tempfile::TempDir, Explanations) {
    let root = tempfile::tempdir().expect("folder");
    let explanations = explain(root.path(), params("center_crop", json!("conv1"), json!({"number": 0}))).expect("explained");
    (root, explanations)
}

/// e³ against two classes of score 0, softened by the two response normalisations: between 0.9 and e³/(e³ + 2).
fn bright(p: f64) -> bool {
    p > 0.9 && p < 3f64.exp() / (3f64.exp() + 2.0)
}

#[test]
fn a_box_matters_where_it_covers_the_pixel_that_counts_and_nowhere_else() {
    let (_root, explanations) = explained();
    let Explanation { intact, occlusion, target, .. } = &explanations.cases[0];
    assert!(bright(intact[1]) && target == "left", "{intact:?}");
    let third = (1.0 / 3.0) as f32;
    let [rows, columns] = occlusion.shape;
    assert_eq!((rows, columns), (27, 27));
    for (at, value) in occlusion.values.iter().enumerate() {
        // The grid starts where the crop does.
        let covers = |place: usize| (EDGE + 4 * place..EDGE + 4 * place + 11).contains(&BRIGHT);
        let expected = if covers(at / columns) && covers(at % columns) { third } else { intact[1] as f32 };
        assert_eq!(*value, expected, "place {at}");
    }
}

#[test]
fn a_box_lies_over_the_mark_or_else_where_it_changes_most() {
    let (_root, explanations) = explained();
    for (case, over_mark) in [(0, true), (1, false)] {
        let boxed = &explanations.cases[case].boxed;
        let [top, left, height, width] = boxed.frame;
        assert_eq!((boxed.over_mark, height, width), (over_mark, 11, 11));
        assert!((top..top + 11).contains(&BRIGHT) && (left..left + 11).contains(&BRIGHT), "{boxed:?}");
        assert_eq!(boxed.probabilities, [1.0 / 3.0; 3]);
    }
    assert_eq!(explanations.cases[0].boxed.frame[..2], [BRIGHT - 5; 2]);
}

#[test]
fn the_activation_is_the_pixel_and_the_attention_the_part_that_counts() {
    let (_root, explanations) = explained();
    assert_eq!((explanations.layer.as_str(), explanations.attention_layer.as_str()), ("relu1", "relu5"));
    let Explanation { activation, attention, channel, .. } = &explanations.cases[0];
    assert_eq!((*channel, activation.shape), (0, [27, 27]));
    let lit: Vec<usize> = (0..27 * 27).filter(|&at| activation.values[at] != 0.0).collect();
    assert_eq!(lit, [4 * 27 + 4, 20 * 27 + 20], "both pixels excite the first layer");
    let place = |cell: f64| EDGE as f64 + (cell + 0.5) * CROP as f64 / 27.0;
    assert_eq!(activation.peak(), [place(4.0), place(4.0)]);
    // Channels are weighted as wholes, so what the channel shows elsewhere is lit as well; the quarter that counts must be.
    let lit: Vec<usize> = (0..attention.values.len()).filter(|&at| attention.values[at] > 0.0).collect();
    let [rows, columns] = attention.shape;
    assert_eq!((rows, columns), (6, 6));
    assert!(!lit.is_empty() && lit.iter().any(|at| at / columns < 3 && at % columns < 3), "{lit:?}");
}

#[test]
fn the_whole_image_is_covered_where_it_is_squashed() {
    let root = tempfile::tempdir().expect("folder");
    let explanations = explain(root.path(), params("squash", Value::Null, json!("peak"))).expect("explained");
    assert_eq!((explanations.layer.as_str(), explanations.cases[0].attention.frame), ("relu2", [0.0, 0.0, 119.0, 119.0]));
    assert_eq!(explanations.cases[0].occlusion.shape, [28, 28]);
}

#[test]
fn the_intact_image_has_the_probability_of_its_prediction_and_equal_jobs_have_equal_bytes() {
    let (root, explanations) = explained();
    let files = |port: &str| Files::of_folder(&root.path().join(port)).expect("lists");
    let (model, cases) = (files("model"), files("cases"));
    let done = run(root.path(), "predict", json!({"eval": "center_crop"}), &[("model", &model), ("images", &cases)]);
    assert!(matches!(done, JobResult::Done { .. }), "{done:?}");
    let predictions = Predictions::open(&files("predict/out/predictions")).expect("predictions");
    assert_eq!(predictions.rows[0].probabilities, explanations.cases[0].intact);
    let (again, _) = explained();
    for (name, path) in files("explain/out").iter() {
        let twin = again.path().join("explain/out").join(name);
        assert_eq!(fs::read(path).expect("reads"), fs::read(twin).expect("reads"), "{name}");
    }
}

#[test]
fn a_layer_that_is_no_map_is_answered_with_those_that_are() {
    let root = tempfile::tempdir().expect("folder");
    let fault = explain(root.path(), params("center_crop", json!("fc6"), json!("peak"))).expect_err("no map");
    assert!(fault.starts_with("`fc6` is no layer with maps; those are: data, conv1, relu1, norm1"), "{fault}");
    let root = tempfile::tempdir().expect("folder");
    let fault = explain(root.path(), params("center_crop", Value::Null, json!({"number": 999}))).expect_err("no channel");
    assert!(fault.starts_with("channel 999 of a layer of "), "{fault}");
}
