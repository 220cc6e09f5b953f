//! `.safetensors`: a JSON header, then the arrays (github.com/huggingface/safetensors). The crate checks every offset.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Result, bail};
use safetensors::{SafeTensors, View};

use super::dtype::Dtype;
use super::tensor::Tensor;
use super::{Contents, Format};

pub(super) const FORMAT: Format =
    Format { name: "safetensors", title: "safetensors", channels: None, recognises, read, write: Some(write) };

/// Whether eight bytes of length stand before a JSON object.
fn recognises(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{') && bytes[..8] != *b"version " && bytes[5..8] == [0; 3]
}

fn read(bytes: &[u8]) -> Result<Contents<'_>> {
    let (start, header) = SafeTensors::read_metadata(bytes)?;
    let data = &bytes[8 + start..];
    let facts = header.metadata().clone().unwrap_or_default().into_iter().collect();
    let mut entries: Vec<_> = header.tensors().into_iter().collect();
    entries.sort_by(|(a, one), (b, other)| (one.data_offsets, a).cmp(&(other.data_offsets, b)));
    let tensors = entries.into_iter().map(|(name, info)| {
        let (from, to) = info.data_offsets;
        let Some(bytes) = data.get(from..to) else { bail!("tensor `{name}` reaches beyond the file; it may be cut") };
        Tensor::dense(name.clone(), dtype(&name, info.dtype)?, info.shape.clone(), bytes)
    });
    Ok(Contents { variant: None, facts, tensors: tensors.collect::<Result<_>>()? })
}

/// Both names of each type.
const DTYPES: [(Dtype, safetensors::Dtype); 10] = [
    (Dtype::Bool, safetensors::Dtype::BOOL),
    (Dtype::U8, safetensors::Dtype::U8),
    (Dtype::I8, safetensors::Dtype::I8),
    (Dtype::I16, safetensors::Dtype::I16),
    (Dtype::I32, safetensors::Dtype::I32),
    (Dtype::I64, safetensors::Dtype::I64),
    (Dtype::F16, safetensors::Dtype::F16),
    (Dtype::Bf16, safetensors::Dtype::BF16),
    (Dtype::F32, safetensors::Dtype::F32),
    (Dtype::F64, safetensors::Dtype::F64),
];

fn dtype(name: &str, theirs: safetensors::Dtype) -> Result<Dtype> {
    let found = DTYPES.iter().find(|(_, known)| *known == theirs);
    let Some((dtype, _)) = found else { bail!("tensor `{name}` is {theirs:?}, which is not read") };
    Ok(*dtype)
}

/// A tensor as the crate wants to see it.
struct Viewed<'t, 'a>(&'t Tensor<'a>);

impl View for Viewed<'_, '_> {
    fn dtype(&self) -> safetensors::Dtype {
        let found = DTYPES.iter().find(|(dtype, _)| *dtype == self.0.dtype);
        found.expect("BUG: a type without a name in safetensors").1
    }

    fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.0.bytes()
    }

    fn data_len(&self) -> usize {
        self.0.len() * self.0.dtype.size()
    }
}

fn write(facts: &BTreeMap<String, String>, tensors: &[Tensor<'_>]) -> Result<Vec<u8>> {
    let plain = safetensors::serialize(tensors.iter().map(|tensor| (&tensor.name, Viewed(tensor))), None)?;
    if facts.is_empty() { Ok(plain) } else { with_facts(facts, &plain) }
}

/// Puts the facts into the header in the order of their names: the crate would take them from a map that has no order, and the
/// same weights have to be the same bytes. The header is filled up with blanks to a multiple of 8 bytes, as the crate does.
fn with_facts(facts: &BTreeMap<String, String>, plain: &[u8]) -> Result<Vec<u8>> {
    let (start, _) = SafeTensors::read_metadata(plain)?;
    let (header, data) = plain[8..].split_at(start);
    let tensors = std::str::from_utf8(header)?.trim_end().trim_start_matches('{');
    let comma = if tensors == "}" { "" } else { "," };
    let mut header = format!("{{\"__metadata__\":{}{comma}{tensors}", serde_json::to_string(facts)?);
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    Ok([&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat())
}
