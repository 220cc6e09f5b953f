//! From one container to another: names, shapes, types and bits stay as they are, except that Caffe's formats hold floats only. What has
//! to be looked after is the order of the input channels: Caffe's networks see blue, green, red, PyTorch's red, green, blue, so the first
//! convolution is flipped where the order changes.

use std::borrow::Cow;

use anyhow::{Context, Result, bail, ensure};

use super::network::{Channels, best};
use super::tensor::Tensor;
use super::{FORMATS, Format, Weights};

/// Key of the order of channels among the facts of a file.
const CHANNELS: &str = "channels";

impl Format {
    /// The format to write under this extension.
    ///
    /// # Errors
    /// When none is written so; the message lists those that are.
    pub fn of_extension(extension: &str) -> Result<&'static Self> {
        let written = || FORMATS.iter().filter(|format| format.write.is_some());
        let known = || written().map(|format| format!(".{}", format.name)).collect::<Vec<_>>().join(", ");
        written()
            .find(|format| format.name == extension)
            .with_context(|| format!("`.{extension}` is not written; written are {}", known()))
    }
}

impl Weights<'_> {
    /// The order of the input channels: as the file says, else by the convention of its format, else by that of the network that it fits best.
    pub fn channels(&self) -> Option<Channels> {
        let said = self.facts.get(CHANNELS).and_then(|name| Channels::named(name));
        said.or(self.format.channels).or_else(|| best(&self.tensors).map(|network| network.channels()))
    }

    /// Brings the input channels into this order: flips the first convolution, or the channels of a mean image.
    ///
    /// # Errors
    /// When the order has to change and the present one, or the first convolution, is unknown.
    pub fn reorder(&mut self, to: Channels) -> Result<()> {
        let from = self.channels();
        if from != Some(to) {
            flip(&mut self.tensors, from).context("the order of the input channels cannot be changed")?;
        }
        self.facts.insert(CHANNELS.to_owned(), to.name().to_owned());
        Ok(())
    }
}

/// The weights as a file of another format. `channels` is the order of the input channels there; without it that of the format's convention,
/// else the one that there was.
///
/// # Errors
/// When the format cannot hold a tensor, or the order has to change and either the present one or the first convolution is unknown.
pub fn export(mut weights: Weights<'_>, format: &Format, channels: Option<Channels>) -> Result<Vec<u8>> {
    let write = format.write.with_context(|| format!("{} is not written", format.title))?;
    if let Some(order) = channels.or(format.channels).or(weights.channels()) {
        weights.reorder(order)?;
    }
    write(&weights.facts, &weights.tensors)
}

/// Flips the one tensor with three input channels, if there is one.
fn flip(tensors: &mut [Tensor<'_>], from: Option<Channels>) -> Result<()> {
    let mut coloured = tensors.iter_mut().filter(|tensor| !tensor.is_empty() && matches!(tensor.shape[..], [_, 3, _, _]));
    let Some(first) = coloured.next() else { return Ok(()) };
    ensure!(from.is_some(), "the file does not say which it is");
    if let Some(second) = coloured.next() {
        bail!("tensors `{}` and `{}` both have three input channels", first.name, second.name);
    }
    *first = flipped(first);
    Ok(())
}

/// The tensor with its second axis in reverse.
fn flipped<'a>(tensor: &Tensor<'a>) -> Tensor<'a> {
    let plane = tensor.shape[2..].iter().product::<usize>() * tensor.dtype.size();
    let bytes = tensor.bytes();
    let images = bytes.chunks(tensor.shape[1] * plane);
    let reversed: Vec<u8> = images.flat_map(|image| image.rchunks(plane)).flatten().copied().collect();
    Tensor::dense(tensor.name.clone(), tensor.dtype, tensor.shape.clone(), Cow::Owned(reversed))
        .expect("BUG: a flipped tensor has another size")
}
