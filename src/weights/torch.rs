//! `.pth` and `.pt`: state dicts as `torch.save` writes them, in a zip archive (since PyTorch 1.6) or in the legacy file of pickles and raw
//! storages. A tensor is a view of a storage: offset, shape and strides (torch/serialization.py, torch/_utils.py).

use std::collections::BTreeMap;
use std::io::Cursor;

use anyhow::{Context, Result, bail, ensure};
use zip::{CompressionMethod, ZipArchive};

use super::network::Channels;
use super::pickle::{Pickle, Value};
use super::state_dict::{KNOWN, StateDict, Storages, dtype_of};
use super::{Contents, Format};

pub(super) const ZIP: Format = Format {
    name: "pth",
    title: "PyTorch state dict (.pth)",
    channels: Some(Channels::Rgb),
    recognises: |bytes| bytes.starts_with(b"PK\x03\x04"),
    read: read_zip,
    write: None,
};

pub(super) const LEGACY: Format = Format { recognises: |bytes| bytes.starts_with(MAGIC), read: read_legacy, ..ZIP };

/// The first pickle of a legacy file: the number 0x1950a86a20f9469cfc6c.
const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

fn read_zip(bytes: &[u8]) -> Result<Contents<'_>> {
    let entries = entries(bytes)?;
    let data = entries.iter().find_map(|(name, data)| Some((name.strip_suffix("data.pkl")?, *data)));
    let (root, data) = data.context("the archive has no `data.pkl`: it is not one of PyTorch's")?;
    let entry = |name: &str| entries.get(format!("{root}{name}").as_str()).copied();
    ensure!(entry("constants.pkl").is_none(), "a TorchScript program; save `model.state_dict()`");
    ensure!(entry("byteorder").is_none_or(|order| order == b"little"), "its numbers are big-endian");
    let folder = format!("{root}data/");
    let storages: Storages<'_> =
        entries.iter().filter_map(|(name, data)| Some((name.strip_prefix(&folder)?.to_owned(), *data))).collect();
    let pickle = Pickle::read(data, KNOWN).context("data.pkl")?;
    contents("zip archive", &pickle, &storages)
}

/// The stored entries of a zip archive by name. PyTorch never compresses, so what is compressed is not its own, and cannot swell.
fn entries(bytes: &[u8]) -> Result<BTreeMap<String, &[u8]>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).context("no sound zip archive; the file may be cut")?;
    let mut entries = BTreeMap::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).with_context(|| format!("entry {index} of the archive"))?;
        let name = entry.name().with_context(|| format!("name of entry {index}"))?.into_owned();
        ensure!(
            entry.compression() == CompressionMethod::Stored,
            "entry `{name}` is compressed; PyTorch stores entries as they are"
        );
        let start = entry.data_start().and_then(|start| usize::try_from(start).ok());
        let data = start.zip(usize::try_from(entry.size()).ok()).and_then(|(start, size)| bytes.get(start..)?.get(..size));
        let data = data.with_context(|| format!("entry `{name}` reaches beyond the archive; the file may be cut"))?;
        entries.insert(name, data);
    }
    Ok(entries)
}

/// Behind the magic number: the pickles of the protocol, of facts about the system, of the state dict and of the keys of the storages; then
/// the storages in the order of the keys, each behind the number of its elements.
fn read_legacy(bytes: &[u8]) -> Result<Contents<'_>> {
    let rest = &bytes[MAGIC.len()..];
    let (protocol, rest) = pickle(rest, "protocol")?;
    ensure!(matches!(protocol.root(), Value::Int(1001)), "another protocol than 1001");
    let (system, rest) = pickle(rest, "facts about the system")?;
    ensure!(!is_big_endian(&system), "its numbers are big-endian");
    let (state, rest) = pickle(rest, "state dict")?;
    let (keys, rest) = pickle(rest, "keys of the storages")?;
    let storages = storages(&state, &keys, rest)?;
    contents("legacy", &state, &storages)
}

/// The next pickle, and what comes behind it.
fn pickle<'a>(bytes: &'a [u8], what: &'static str) -> Result<(Pickle<'a>, &'a [u8])> {
    let pickle = Pickle::read(bytes, KNOWN).context(what)?;
    let rest = &bytes[pickle.length..];
    Ok((pickle, rest))
}

fn is_big_endian(system: &Pickle<'_>) -> bool {
    let Value::Dict(facts) = system.root() else { return false };
    let said = facts.iter().find(|(key, _)| *system.get(*key) == Value::Text("little_endian"));
    said.is_some_and(|(_, value)| *system.get(*value) == Value::Bool(false))
}

fn storages<'a>(state: &Pickle<'a>, keys: &Pickle<'a>, mut rest: &'a [u8]) -> Result<Storages<'a>> {
    let Value::List(keys_in_order) = keys.root() else { bail!("the keys of the storages are no list") };
    let dtypes: BTreeMap<&str, usize> =
        state.values().filter_map(|value| dtype_of(state, value)).map(|(key, dtype)| (key, dtype.size())).collect();
    let mut storages = Storages::new();
    for &key in keys_in_order {
        let Value::Text(key) = keys.get(key) else { bail!("the key of a storage is no text") };
        let size = *dtypes.get(key).with_context(|| format!("no tensor stands in storage `{key}`"))?;
        let storage = storage(&mut rest, size).with_context(|| format!("storage `{key}` is cut off"))?;
        storages.insert((*key).to_owned(), storage);
    }
    Ok(storages)
}

/// The number of elements, then the elements; `None` where fewer bytes are left.
fn storage<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (count, behind) = rest.split_first_chunk()?;
    let bytes = usize::try_from(u64::from_le_bytes(*count)).ok()?.checked_mul(size)?;
    let (storage, behind) = behind.split_at_checked(bytes)?;
    *rest = behind;
    Some(storage)
}

fn contents<'a>(variant: &'static str, pickle: &Pickle<'a>, storages: &Storages<'a>) -> Result<Contents<'a>> {
    let tensors = StateDict { pickle, storages }.tensors()?;
    Ok(Contents { variant: Some(variant), facts: BTreeMap::new(), tensors })
}
