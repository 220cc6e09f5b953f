//! `.binaryproto`: the mean image that Caffe's `compute_image_mean` and DIGITS write, one `BlobProto` of 1 x channels x height x width.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::blob::{self, Blob, Shape};
use super::network::Channels;
use super::tensor::Tensor;
use super::wire::{Fields, Value};
use super::{Contents, Format};

pub(super) const FORMAT: Format = Format {
    name: "binaryproto",
    title: "Caffe mean image (.binaryproto)",
    channels: Some(Channels::Bgr),
    recognises,
    read,
    write: Some(write),
};

/// The name that the one array gets.
const MEAN: &str = "mean";

/// Whether every field is one of a `BlobProto` and some of them hold numbers.
fn recognises(bytes: &[u8]) -> bool {
    let mut fields = Fields::of(bytes).take_while(Result::is_ok).filter_map(Result::ok).peekable();
    let blob = |(field, value): (u64, Value<'_>)| match field {
        1..=4 | 10 | 11 => matches!(value, Value::Varint(_)),
        5..=9 | 12 | 13 => !matches!(value, Value::Varint(_)),
        _ => false,
    };
    fields.peek().is_some() && fields.all(blob)
}

fn read(bytes: &[u8]) -> Result<Contents<'_>> {
    let blob = Blob::read(bytes)?;
    let shape = match &blob.shape {
        Shape::Axes(axes) => axes.clone(),
        Shape::Legacy(sides) => sides.to_vec(),
        Shape::Absent => bail!("an array without a shape"),
    };
    let mean = blob.named(MEAN.to_owned(), shape)?;
    Ok(Contents { variant: None, facts: BTreeMap::new(), tensors: vec![mean] })
}

/// Writes the one tensor there is, as 1 x channels x height x width.
fn write(_: &BTreeMap<String, String>, tensors: &[Tensor<'_>]) -> Result<Vec<u8>> {
    let [mean] = tensors else { bail!("a .binaryproto holds one array, not {}", tensors.len()) };
    let shape = match mean.shape[..] {
        [height, width] => [1, 1, height, width],
        [channels, height, width] => [1, channels, height, width],
        [images, channels, height, width] => [images, channels, height, width],
        _ => bail!("tensor `{}` is {:?}; a .binaryproto holds an image", mean.name, mean.shape),
    };
    Ok(blob::write_legacy(shape, &mean.values()))
}
