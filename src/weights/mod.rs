//! Weight files of other tools: named tensors out of Caffe, PyTorch and safetensors files, without libtorch.
//!
//! A file is recognised by its content, never by its name, and read where it lies: a [`Tensor`] borrows the bytes of the file, and its values
//! are decoded when they are asked for. Files come from strangers, so a reader runs nothing that they hold, believes no length that they
//! declare, and refuses what it does not understand with the place and the fact.
//!
//! [`fit()`] then says which tensors of a file a network takes and why others are left out: the worker before it copies, `bgh check` and
//! `bgh weights inspect` before anything runs.

mod blob;
mod caffe;
mod dtype;
mod export;
mod file;
mod fit;
mod mean;
mod network;
mod pickle;
mod safetensors;
mod state_dict;
mod tensor;
mod torch;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};

pub use dtype::Dtype;
pub use export::export;
pub use file::WeightFile;
pub use fit::{Classifiers, Fit, Left, Wanted, fit, foresee};
pub use network::{Channels, Network, best};
pub use tensor::Tensor;

/// Names, shapes and values out of one file.
#[derive(Debug)]
pub struct Weights<'a> {
    /// The format of the file.
    pub format: &'static Format,
    /// Which of the format's variants it is, where there are several.
    pub variant: Option<&'static str>,
    /// What the file says beside its tensors, such as the name of the network.
    pub facts: BTreeMap<String, String>,
    /// The tensors in the order of the file; no two have one name.
    pub tensors: Vec<Tensor<'a>>,
}

/// What the reader of a format finds.
struct Contents<'a> {
    variant: Option<&'static str>,
    facts: BTreeMap<String, String>,
    tensors: Vec<Tensor<'a>>,
}

/// A format of weight files.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Its usual extension, which is also its short name.
    pub name: &'static str,
    /// What it is called in a sentence.
    pub title: &'static str,
    /// Order of the input channels of networks in this format by convention, where there is one.
    pub channels: Option<Channels>,
    recognises: fn(&[u8]) -> bool,
    read: for<'a> fn(&'a [u8]) -> Result<Contents<'a>>,
    write: Option<Writer>,
}

/// Writes facts and tensors as the bytes of a file.
type Writer = fn(&BTreeMap<String, String>, &[Tensor<'_>]) -> Result<Vec<u8>>;

/// Every format; the first that recognises a file reads it.
pub const FORMATS: &[Format] = &[torch::ZIP, torch::LEGACY, safetensors::FORMAT, caffe::FORMAT, mean::FORMAT];

/// The most elements that tensors may have for each byte of their file. A byte holds one element at most; tensors that share a storage
/// bring it above one, and a small file whose tensors share one storage a thousand times is an attack on memory.
const MOST_ELEMENTS_A_BYTE: usize = 4;

/// Reads a weight file that lies in memory.
///
/// # Errors
/// When no format recognises it, or the one that does finds it damaged; the message names the place in the file.
pub fn read(bytes: &[u8]) -> Result<Weights<'_>> {
    let Some(format) = FORMATS.iter().find(|format| (format.recognises)(bytes)) else { bail!(unknown(bytes)) };
    let Contents { variant, facts, tensors } =
        (format.read)(bytes).with_context(|| format!("damaged or unusual {}", format.title))?;
    let mut names = BTreeSet::new();
    for tensor in &tensors {
        ensure!(names.insert(tensor.name.as_str()), "two tensors are called `{}`", tensor.name);
    }
    let elements = tensors.iter().map(Tensor::len).fold(0, usize::saturating_add);
    let most = bytes.len().saturating_mul(MOST_ELEMENTS_A_BYTE);
    ensure!(elements <= most, "tensors overlap: {elements} elements in a file of {} bytes", bytes.len());
    Ok(Weights { format, variant, facts, tensors })
}

/// What a file is that no format recognises.
fn unknown(bytes: &[u8]) -> String {
    let mut known: Vec<_> = FORMATS.iter().map(|format| format.title).collect();
    known.dedup();
    let is = |place: usize, magic: &[u8]| bytes.get(place..).is_some_and(|rest| rest.starts_with(magic));
    let fact = if bytes.is_empty() {
        "the file is empty"
    } else if is(0, b"version https://git-lfs") {
        "a Git LFS pointer, not the file that it points to; `git lfs pull` fetches that"
    } else if is(257, b"ustar") {
        "a tar archive, as PyTorch 0.1 wrote them; load and save it again with a newer PyTorch"
    } else if is(0, b"\x89HDF\r\n") {
        "an HDF5 file; save the weights as `.safetensors`, or in Caffe as `.caffemodel`"
    } else if is(0, b"\x80") {
        "a Python pickle that PyTorch did not write"
    } else if bytes[..bytes.len().min(256)].iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        "text, perhaps a web page in place of a download"
    } else {
        "not recognised"
    };
    format!("no weight file: {fact}; read are: {}", known.join(", "))
}
