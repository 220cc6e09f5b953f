//! `BlobProto`: Caffe's array, in every form that Caffe and NVIDIA's Caffe have written (caffe.proto, messages `BlobProto` and `BlobShape`).

use anyhow::{Context, Result, bail, ensure};

use super::dtype::Dtype;
use super::tensor::{Tensor, count};
use super::wire::{Fields, Message, Repeated, Value};

// Fields of BlobProto. `diff` (6), `double_diff` (9) and `raw_diff` (13) are what training left behind and no weights.
const LEGACY: std::ops::RangeInclusive<u64> = 1..=4;
const DATA: u64 = 5;
const SHAPE: u64 = 7;
const DOUBLE_DATA: u64 = 8;
const RAW_TYPE: u64 = 10;
const RAW_DATA: u64 = 12;
/// Field of BlobShape.
const DIM: u64 = 1;

/// The shape of a blob, as written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// `BlobShape`, any number of axes.
    Axes(Vec<usize>),
    /// `num`, `channels`, `height`, `width`, as Caffe wrote until March 2015: what has fewer axes is filled up with ones in front.
    Legacy([usize; 4]),
    /// None was written.
    Absent,
}

/// A blob before its name is known.
#[derive(Debug, Clone)]
pub(super) struct Blob<'a> {
    /// As written; may come behind the data.
    pub(super) shape: Shape,
    dtype: Dtype,
    data: Repeated<'a>,
}

impl<'a> Blob<'a> {
    /// Reads a `BlobProto`.
    ///
    /// # Errors
    /// When the message is damaged or has data of an unknown type.
    pub(super) fn read(message: &'a [u8]) -> Result<Self> {
        let (mut shape, mut legacy, mut raw) = (Shape::Absent, None, None);
        for field in Fields::of(message) {
            match field? {
                (field, Value::Varint(side)) if LEGACY.contains(&field) => {
                    legacy.get_or_insert([0; 4])[field as usize - 1] = side_of(side)?;
                }
                (SHAPE, Value::Bytes(message)) => shape = Shape::Axes(axes(message)?),
                (RAW_TYPE, Value::Varint(number)) => raw = Some(number),
                _ => {}
            }
        }
        if let (Shape::Absent, Some(sides)) = (&shape, legacy) {
            shape = Shape::Legacy(sides);
        }
        let (dtype, data) = data(message, raw)?;
        Ok(Self { shape, dtype, data })
    }

    /// The tensor of this name and shape.
    ///
    /// # Errors
    /// When the blob has more or fewer values.
    pub(super) fn named(self, name: String, shape: Vec<usize>) -> Result<Tensor<'a>> {
        Tensor::repeated(name, self.dtype, shape, self.data)
    }

    /// Number of values.
    pub(super) fn len(&self) -> usize {
        self.data.bytes / self.dtype.size()
    }
}

/// The array itself: raw where NVIDIA's Caffe wrote it so, else double, else float, in Caffe's order of preference.
fn data(message: &[u8], raw: Option<u64>) -> Result<(Dtype, Repeated<'_>)> {
    if let Some(number) = raw {
        let dtype = match number {
            0 => Dtype::F64,
            1 => Dtype::F32,
            2 => Dtype::F16,
            other => bail!("raw data of type {other}; known are 0 (double), 1 (float) and 2 (half)"),
        };
        return Ok((dtype, Repeated::of(message, RAW_DATA, dtype.size())?));
    }
    let double = Repeated::of(message, DOUBLE_DATA, 8)?;
    if double.bytes > 0 {
        return Ok((Dtype::F64, double));
    }
    Ok((Dtype::F32, Repeated::of(message, DATA, 4)?))
}

/// The sides in a `BlobShape`, packed or not.
fn axes(message: &[u8]) -> Result<Vec<usize>> {
    let mut axes = vec![];
    for field in Fields::of(message) {
        match field? {
            (DIM, Value::Varint(side)) => axes.push(side_of(side)?),
            (DIM, Value::Bytes(packed)) => unpack(packed, &mut axes)?,
            _ => {}
        }
    }
    ensure!(count(&axes).is_some(), "a shape of {axes:?}");
    Ok(axes)
}

fn unpack(packed: &[u8], axes: &mut Vec<usize>) -> Result<()> {
    let mut numbers = Fields::of(packed);
    while let Some(side) = numbers.bare() {
        axes.push(side_of(side?)?);
    }
    Ok(())
}

fn side_of(side: u64) -> Result<usize> {
    usize::try_from(side as i64).ok().with_context(|| format!("a shape with a side of {}", side as i64))
}

/// The message of a tensor of floats, as Caffe has written it since March 2015.
pub(super) fn write(shape: &[usize], values: &[f32]) -> Vec<u8> {
    let (mut dims, mut message) = (Message::default(), Message::default());
    for &side in shape {
        dims.varint(side as u64);
    }
    let mut axes = Message::default();
    axes.bytes(DIM, &dims.0);
    message.bytes(SHAPE, &axes.0).bytes(DATA, &little_endian(values));
    message.0
}

/// The message of an image `[1, channels, height, width]`, with the dimensions that `compute_image_mean` writes.
pub(super) fn write_legacy(shape: [usize; 4], values: &[f32]) -> Vec<u8> {
    let mut message = Message::default();
    for (side, field) in shape.into_iter().zip(LEGACY) {
        message.number(field, side as u64);
    }
    message.bytes(DATA, &little_endian(values));
    message.0
}

fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
