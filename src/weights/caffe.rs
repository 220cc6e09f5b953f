//! `.caffemodel`: `NetParameter` (caffe.proto), in the layout of V1 (`layers`, until February 2015, also that of the model zoo's AlexNet and
//! GoogLeNet) and V2 (`layer`). Only names, types and blobs of the layers are looked at.
//!
//! The first two blobs of a layer are its weight and bias; a layer `conv1` becomes `conv1.weight` and `conv1.bias`, further blobs
//! `conv1.blob2` and so on. Convolutions are stored as (out, in / groups, height, width), inner products as (out, in), both as libtorch has
//! them; the input channels are blue, green, red.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use super::blob::{self, Blob, Shape};
use super::network::Channels;
use super::tensor::Tensor;
use super::wire::{Fields, Message, Value};
use super::{Contents, Format};

pub(super) const FORMAT: Format = Format {
    name: "caffemodel",
    title: "Caffe model (.caffemodel)",
    channels: Some(Channels::Bgr),
    recognises,
    read,
    write: Some(write),
};

// Fields of NetParameter.
const NAME: u64 = 1;
const LAYERS_V1: u64 = 2;
const LAYERS_V2: u64 = 100;

/// Field numbers of a kind of layer.
struct Layout {
    variant: &'static str,
    name: u64,
    kind: u64,
    blobs: u64,
}

const V1: Layout = Layout { variant: "V1 layers", name: 4, kind: 5, blobs: 6 };
const V2: Layout = Layout { variant: "V2 layers", name: 1, kind: 2, blobs: 7 };
/// `V1LayerParameter.layer`, a layer in the layout before V1.
const OBSOLETE: u64 = 1;

/// Whether a layer stands among the fields: an array on its own has a number at field 2. One that is cut counts up to the cut. A
/// network's name is one line, where a text that begins with an empty line would have several.
fn recognises(bytes: &[u8]) -> bool {
    let layer = |field| matches!(field, Ok((LAYERS_V1 | LAYERS_V2, Value::Bytes(_))));
    let sound = || Fields::of(bytes).take_while(Result::is_ok);
    let line = |name: &[u8]| !name.iter().any(u8::is_ascii_control);
    let named = sound().next().is_some_and(|first| matches!(first, Ok((NAME, Value::Bytes(name))) if line(name)));
    named || sound().any(layer)
}

fn read(bytes: &[u8]) -> Result<Contents<'_>> {
    let mut contents = Contents { variant: None, facts: BTreeMap::new(), tensors: vec![] };
    let mut layers = 0;
    for field in Fields::of(bytes) {
        let (layout, message) = match field? {
            (NAME, Value::Bytes(name)) => {
                contents.facts.insert("network".to_owned(), String::from_utf8_lossy(name).into_owned());
                continue;
            }
            (LAYERS_V1, Value::Bytes(message)) => (V1, message),
            (LAYERS_V2, Value::Bytes(message)) => (V2, message),
            _ => continue,
        };
        layer(&layout, message, &mut contents.tensors).with_context(|| format!("layer {layers}"))?;
        layers += 1;
        contents.variant = Some(layout.variant);
    }
    ensure!(layers > 0, "it holds no layer; the file may be cut");
    Ok(contents)
}

/// What a layer's blobs mean depends on what it computes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Convolution,
    InnerProduct,
    Other,
}

impl Kind {
    /// From the numbers of V1 (4 and 39, 14) and the words of V2.
    fn of(value: Value<'_>) -> Self {
        match value {
            Value::Varint(4 | 39) | Value::Bytes(b"Convolution" | b"Deconvolution") => Self::Convolution,
            Value::Varint(14) | Value::Bytes(b"InnerProduct") => Self::InnerProduct,
            _ => Self::Other,
        }
    }
}

fn layer<'a>(layout: &Layout, message: &'a [u8], tensors: &mut Vec<Tensor<'a>>) -> Result<()> {
    let (mut name, mut kind, mut blobs) = (None, Kind::Other, vec![]);
    for field in Fields::of(message) {
        let (field, value) = field?;
        if field == OBSOLETE && layout.name != OBSOLETE {
            bail!("a layout of 2013; Caffe's upgrade_net_proto_binary brings it up to date");
        } else if field == layout.name {
            name = value.bytes();
        } else if field == layout.kind {
            kind = Kind::of(value);
        } else if field == layout.blobs {
            blobs.push(value.bytes().context("a blob is no message")?);
        }
    }
    if blobs.is_empty() {
        return Ok(());
    }
    let name = name.and_then(|name| std::str::from_utf8(name).ok()).context("it has blobs but no name")?;
    for (place, message) in blobs.into_iter().enumerate() {
        tensors.push(tensor(name, kind, place, message).with_context(|| format!("`{name}`, blob {place}"))?);
    }
    Ok(())
}

fn tensor<'a>(layer: &str, kind: Kind, place: usize, message: &'a [u8]) -> Result<Tensor<'a>> {
    let blob = Blob::read(message)?;
    let part = match place {
        0 => "weight".to_owned(),
        1 => "bias".to_owned(),
        further => format!("blob{further}"),
    };
    let shape = match &blob.shape {
        Shape::Axes(axes) => axes.clone(),
        Shape::Legacy(sides) => legacy(kind, place, sides),
        Shape::Absent => vec![blob.len()],
    };
    blob.named(format!("{layer}.{part}"), shape)
}

/// The axes that were meant by four sides: a convolution's weight has four, an inner product's the last two, a bias the last.
fn legacy(kind: Kind, place: usize, sides: &[usize; 4]) -> Vec<usize> {
    let filled = sides.iter().take_while(|&&side| side == 1).count();
    let least = match (kind, place) {
        (Kind::Convolution, 0) => 4,
        (Kind::InnerProduct, 0) => 2,
        _ => 1,
    };
    sides[filled.min(4 - least)..].to_vec()
}

/// Writes layers of V2; tensors of other types become floats, for Caffe reads nothing else everywhere.
fn write(facts: &BTreeMap<String, String>, tensors: &[Tensor<'_>]) -> Result<Vec<u8>> {
    let mut net = Message::default();
    if let Some(name) = facts.get("network") {
        net.bytes(NAME, name.as_bytes());
    }
    for (name, weight, bias) in pairs(tensors)? {
        let mut layer = Message::default();
        let kind: &[u8] = if weight.shape.len() == 4 { b"Convolution" } else { b"InnerProduct" };
        layer.bytes(V2.name, name.as_bytes()).bytes(V2.kind, kind);
        for blob in [Some(weight), bias].into_iter().flatten() {
            layer.bytes(V2.blobs, &blob::write(&blob.shape, &blob.values()));
        }
        net.bytes(LAYERS_V2, &layer.0);
    }
    Ok(net.0)
}

/// Weight and bias of each layer, in the order of the weights.
fn pairs<'t, 'a>(tensors: &'t [Tensor<'a>]) -> Result<Vec<(&'t str, &'t Tensor<'a>, Option<&'t Tensor<'a>>)>> {
    let named: BTreeMap<&str, &'t Tensor<'a>> = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let find = |name: String| named.get(name.as_str()).copied();
    let mut pairs = vec![];
    for tensor in tensors {
        let name = &tensor.name;
        match name.rsplit_once('.') {
            Some((layer, "weight")) if matches!(tensor.shape.len(), 2 | 4) => {
                pairs.push((layer, tensor, find(format!("{layer}.bias"))));
            }
            Some((layer, "bias")) if find(format!("{layer}.weight")).is_some_and(|weight| weight.shape.len() > 1) => {}
            _ => bail!(
                "tensor `{name}`, {:?}, has no place in a .caffemodel: it holds convolutions and inner products",
                tensor.shape
            ),
        }
    }
    Ok(pairs)
}
