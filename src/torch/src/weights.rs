//! Named tensors in a `.safetensors` file. Names are sorted and nothing else is written, so equal weights are equal bytes.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tch::{Kind, Tensor};

/// Tensors by name.
pub type Named = BTreeMap<String, Tensor>;

/// Writes `tensors` (f32, u8 or i64) to `path`: aside first, synced, then renamed, so a reader sees all or nothing.
///
/// # Errors
/// When a tensor has another type or the disk refuses.
pub fn write(path: &Path, tensors: &Named, facts: Option<HashMap<String, String>>) -> Result<()> {
    let place = || format!("cannot write {}", path.display());
    let stored = tensors.values().map(bytes_of).collect::<Result<Vec<_>>>().with_context(place)?;
    let views = tensors.iter().zip(&stored).map(|((name, tensor), (dtype, bytes))| {
        let shape = tensor.size().iter().map(|&side| side as usize).collect();
        Ok((name, TensorView::new(*dtype, shape, bytes)?))
    });
    let bytes = safetensors::serialize(views.collect::<Result<Vec<_>>>()?, facts).with_context(place)?;
    let aside = path.with_extension("part");
    let mut file = File::create(&aside).with_context(place)?;
    file.write_all(&bytes).with_context(place)?;
    file.sync_all().with_context(place)?;
    std::fs::rename(&aside, path).with_context(place)
}

/// Reads every tensor and the facts beside them.
///
/// # Errors
/// When the file is missing or damaged, or a tensor is none of f32, u8 and i64.
pub fn read(path: &Path) -> Result<(Named, HashMap<String, String>)> {
    let place = || format!("cannot read {}", path.display());
    let bytes = std::fs::read(path).with_context(place)?;
    parse(&bytes).with_context(place)
}

fn parse(bytes: &[u8]) -> Result<(Named, HashMap<String, String>)> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let tensors = SafeTensors::deserialize(bytes)?;
    let named = tensors.iter().map(|(name, view)| Ok((name.to_owned(), tensor_of(name, &view)?)));
    Ok((named.collect::<Result<_>>()?, header.metadata().clone().unwrap_or_default()))
}

fn tensor_of(name: &str, view: &TensorView<'_>) -> Result<Tensor> {
    let kind = match view.dtype() {
        Dtype::F32 => Kind::Float,
        Dtype::U8 => Kind::Uint8,
        Dtype::I64 => Kind::Int64,
        other => bail!("tensor `{name}` is {other:?}, none of F32, U8 and I64"),
    };
    let shape: Vec<i64> = view.shape().iter().map(|&side| side as i64).collect();
    Ok(Tensor::f_from_data_size(view.data(), &shape, kind)?)
}

/// Type and bytes of a tensor as they are stored, row after row.
///
/// # Errors
/// When it is neither f32 nor u8.
pub fn bytes_of(tensor: &Tensor) -> Result<(Dtype, Vec<u8>)> {
    let dtype = match tensor.kind() {
        Kind::Float => Dtype::F32,
        Kind::Uint8 => Dtype::U8,
        Kind::Int64 => Dtype::I64,
        other => bail!("a tensor of {other:?} cannot be stored"),
    };
    let tensor = tensor.detach().to_device(tch::Device::Cpu).contiguous();
    let count = tensor.numel();
    let mut bytes = vec![0u8; count * tensor.kind().elt_size_in_bytes()];
    tensor.f_copy_data_u8(&mut bytes, count)?;
    Ok((dtype, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_survive_and_equal_tensors_are_equal_bytes() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let named = || -> Named {
            let count = Tensor::from_slice(&[i64::MAX]).reshape([0i64; 0]);
            let floats = Tensor::from_slice(&[1.5f32, -0.0, f32::MIN_POSITIVE]);
            let all = [("b", floats), ("a", Tensor::from_slice(&[3u8, 255])), ("c", count)];
            all.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect()
        };
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        write(&first, &named(), None)?;
        write(&second, &named(), None)?;
        assert_eq!(std::fs::read(&first)?, std::fs::read(&second)?);
        let (read, _) = read(&first)?;
        assert_eq!(read.len(), 3);
        assert!(read.iter().zip(named()).all(|((_, read), (_, written))| *read == written));
        Ok(())
    }

    #[test]
    fn a_cut_file_is_named() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("weights.safetensors");
        write(&path, &Named::from([("a".into(), Tensor::from_slice(&[1f32; 100]))]), None)?;
        let bytes = std::fs::read(&path)?;
        std::fs::write(&path, &bytes[..bytes.len() - 1])?;
        assert!(read(&path).expect_err("cut").to_string().contains("weights.safetensors"));
        Ok(())
    }
}
