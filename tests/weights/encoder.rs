//! Writes Caffe models in every way that the format allows: an encoder of its own, so that reader and writer of the tool cannot agree on a
//! common error.

use half::f16;
use proptest::prelude::*;

/// A named array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Array {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

impl Array {
    /// Values that differ and that halves hold exactly.
    pub(crate) fn ramp(name: &str, shape: &[usize]) -> Self {
        let count: usize = shape.iter().product();
        let values = (0..count).map(|place| (place * 7 % 31) as f32 / 8.0 - 2.0).collect();
        Self { name: name.to_owned(), shape: shape.to_vec(), values }
    }
}

/// How an array is written.
#[derive(Debug, Clone, Copy)]
struct Style {
    numbers: Numbers,
    /// Legacy sides in place of a `BlobShape`.
    legacy: bool,
    shape_behind: bool,
    diff: bool,
    packed_shape: bool,
}

#[derive(Debug, Clone, Copy)]
enum Numbers {
    Packed,
    Unpacked,
    /// Pieces of so many numbers, packed and bare in turn.
    Mixed(usize),
    Double,
    RawHalf,
    RawFloat,
    RawDouble,
}

const PLAIN: Style = Style { numbers: Numbers::Packed, legacy: false, shape_behind: false, diff: false, packed_shape: true };

/// A layer's name, whether it is a convolution, and its arrays with the style of each.
type Layer = (String, bool, Vec<(Array, Style)>);

/// A net and how it is written.
#[derive(Debug, Clone)]
pub(crate) struct Net {
    layers: Vec<Layer>,
    v1: bool,
}

impl Net {
    /// V2 layers in the usual style, one for each name before `.weight` and `.bias`.
    pub(crate) fn plain(arrays: Vec<Array>) -> Self {
        let mut layers: Vec<Layer> = vec![];
        for array in arrays {
            let (layer, _) = array.name.rsplit_once('.').expect("a part of a layer");
            let layer = layer.to_owned();
            match layers.last_mut().filter(|(name, ..)| *name == layer) {
                Some((_, _, arrays)) => arrays.push((array, PLAIN)),
                None => layers.push((layer, array.shape.len() == 4, vec![(array, PLAIN)])),
            }
        }
        Self { layers, v1: false }
    }

    /// Any net of a few layers in any style.
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        (prop::collection::vec((1usize..5, 1usize..5, 1usize..4, any::<bool>(), style(), style()), 1..5), any::<bool>())
            .prop_map(|(layers, v1)| {
                let layer = |(place, (out, input, kernel, convolution, weight, bias)): (usize, _)| {
                    let name = format!("block{place}/layer");
                    let shape = if convolution { vec![out, input + 3, kernel, kernel] } else { vec![out, input] };
                    let arrays = vec![
                        (Array::ramp(&format!("{name}.weight"), &shape), weight),
                        (Array::ramp(&format!("{name}.bias"), &[out]), bias),
                    ];
                    (name, convolution, arrays)
                };
                Self { layers: layers.into_iter().enumerate().map(layer).collect(), v1 }
            })
    }

    /// What went in, by name.
    pub(crate) fn arrays(&self) -> Vec<Array> {
        let mut arrays: Vec<Array> =
            self.layers.iter().flat_map(|(.., arrays)| arrays.iter().map(|(array, _)| array.clone())).collect();
        arrays.sort_by(|a, b| a.name.cmp(&b.name));
        arrays
    }

    /// The file.
    pub(crate) fn encoded(&self) -> Vec<u8> {
        let mut net = vec![];
        field(&mut net, 1, b"net");
        // Fields that no reader of weights asks for: force_backward and a layer without blobs.
        number(&mut net, 5, 1);
        let (list, name_field, type_field, blob_field) = if self.v1 { (2, 4, 5, 6) } else { (100, 1, 2, 7) };
        for (name, convolution, arrays) in &self.layers {
            let mut idle = vec![];
            field(&mut idle, name_field, format!("{name}/relu").as_bytes());
            field(&mut net, list, &idle);
            let mut layer = vec![];
            field(&mut layer, 3, b"bottom");
            // Blobs may come before name and type.
            for (array, style) in arrays {
                field(&mut layer, blob_field, &blob(array, *style, *convolution));
            }
            match (self.v1, convolution) {
                (true, true) => number(&mut layer, type_field, 4),
                (true, false) => number(&mut layer, type_field, 14),
                (false, true) => field(&mut layer, type_field, b"Convolution"),
                (false, false) => field(&mut layer, type_field, b"InnerProduct"),
            }
            field(&mut layer, name_field, name.as_bytes());
            field(&mut net, list, &layer);
        }
        net
    }
}

fn style() -> impl Strategy<Value = Style> {
    let numbers = prop_oneof![
        Just(Numbers::Packed),
        Just(Numbers::Unpacked),
        (1usize..9).prop_map(Numbers::Mixed),
        Just(Numbers::Double),
        Just(Numbers::RawHalf),
        Just(Numbers::RawFloat),
        Just(Numbers::RawDouble),
    ];
    (numbers, any::<[bool; 4]>()).prop_map(|(numbers, [legacy, shape_behind, diff, packed_shape])| Style {
        numbers,
        legacy,
        shape_behind,
        diff,
        packed_shape,
    })
}

fn blob(array: &Array, style: Style, convolution: bool) -> Vec<u8> {
    let mut message = vec![];
    let sides: Vec<u64> = array.shape.iter().map(|&side| side as u64).collect();
    let shape = |message: &mut Vec<u8>| match style.legacy && (array.shape.len() != 4 || convolution) {
        true => legacy(message, &sides),
        false => axes(message, &sides, style.packed_shape),
    };
    if style.diff {
        field(&mut message, 6, &packed(&vec![9.0; array.values.len()]));
    }
    if style.shape_behind {
        data(&mut message, &array.values, style.numbers);
        shape(&mut message);
    } else {
        shape(&mut message);
        data(&mut message, &array.values, style.numbers);
    }
    message
}

fn legacy(message: &mut Vec<u8>, sides: &[u64]) {
    let filled = std::iter::repeat_n(1, 4 - sides.len()).chain(sides.iter().copied());
    (1..=4).zip(filled).for_each(|(place, side)| number(message, place, side));
}

fn axes(message: &mut Vec<u8>, sides: &[u64], packed: bool) {
    let (mut dims, mut shape) = (vec![], vec![]);
    for &side in sides {
        if packed {
            varint(&mut dims, side);
        } else {
            number(&mut shape, 1, side);
        }
    }
    if packed {
        field(&mut shape, 1, &dims);
    }
    field(message, 7, &shape);
}

fn data(message: &mut Vec<u8>, values: &[f32], numbers: Numbers) {
    let doubles = || values.iter().flat_map(|&value| f64::from(value).to_le_bytes()).collect::<Vec<u8>>();
    match numbers {
        Numbers::Packed => field(message, 5, &packed(values)),
        Numbers::Unpacked => values.iter().for_each(|value| bare(message, *value)),
        Numbers::Mixed(length) => values.chunks(length).enumerate().for_each(|(place, piece)| match place % 2 {
            0 => field(message, 5, &packed(piece)),
            _ => piece.iter().for_each(|value| bare(message, *value)),
        }),
        Numbers::Double => field(message, 8, &doubles()),
        Numbers::RawHalf => {
            number(message, 10, 2);
            field(message, 12, &values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect::<Vec<u8>>());
        }
        Numbers::RawFloat => {
            field(message, 12, &packed(values));
            number(message, 10, 1);
        }
        Numbers::RawDouble => {
            number(message, 10, 0);
            field(message, 12, &doubles());
        }
    }
}

/// A V2 net of one blob with these sides, however many values there are.
pub(crate) fn lone_blob(sides: &[u64], values: &[f32]) -> Vec<u8> {
    let (mut blob, mut layer, mut net) = (vec![], vec![], vec![]);
    axes(&mut blob, sides, true);
    field(&mut blob, 5, &packed(values));
    field(&mut layer, 1, b"conv1");
    field(&mut layer, 7, &blob);
    field(&mut net, 100, &layer);
    net
}

/// A mean image as `compute_image_mean` writes it.
pub(crate) fn mean(sides: [u64; 4], values: &[f32]) -> Vec<u8> {
    let mut message = vec![];
    legacy(&mut message, &sides);
    field(&mut message, 5, &packed(values));
    message
}

fn packed(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn bare(message: &mut Vec<u8>, value: f32) {
    varint(message, 5 << 3 | 5);
    message.extend(value.to_le_bytes());
}

fn field(message: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    varint(message, number << 3 | 2);
    varint(message, bytes.len() as u64);
    message.extend(bytes);
}

fn number(message: &mut Vec<u8>, field: u64, number: u64) {
    varint(message, field << 3);
    varint(message, number);
}

fn varint(message: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        message.push(number as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}
