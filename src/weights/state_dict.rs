//! What a pickle of PyTorch's means: a dictionary of tensors, each a view of a storage (torch/_utils.py).

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};

use super::dtype::Dtype;
use super::pickle::{Id, Pickle, Value};
use super::tensor::Tensor;

const TENSOR: &str = "torch._utils._rebuild_tensor_v2";
/// Before PyTorch 0.4.
const OLD_TENSOR: &str = "torch._utils._rebuild_tensor";
const PARAMETER: &str = "torch._utils._rebuild_parameter";

/// Storage classes by the type of their elements.
const STORAGES: [(&str, Dtype); 10] = [
    ("torch.BoolStorage", Dtype::Bool),
    ("torch.ByteStorage", Dtype::U8),
    ("torch.CharStorage", Dtype::I8),
    ("torch.ShortStorage", Dtype::I16),
    ("torch.IntStorage", Dtype::I32),
    ("torch.LongStorage", Dtype::I64),
    ("torch.HalfStorage", Dtype::F16),
    ("torch.BFloat16Storage", Dtype::Bf16),
    ("torch.FloatStorage", Dtype::F32),
    ("torch.DoubleStorage", Dtype::F64),
];

/// All functions and classes that a state dict may name.
pub(super) const KNOWN: &[&str] = &{
    let mut known = [TENSOR; STORAGES.len() + 3];
    known[1] = OLD_TENSOR;
    known[2] = PARAMETER;
    let mut place = 0;
    while place < STORAGES.len() {
        known[place + 3] = STORAGES[place].0;
        place += 1;
    }
    known
};

/// Keys under which training scripts put the state dict of the model beside that of the optimiser.
const NESTED: [&str; 4] = ["state_dict", "model_state_dict", "model", "net"];

/// What wrappers put in front of all names: data parallelism and `torch.compile`.
const PREFIXES: [&str; 2] = ["module.", "_orig_mod."];

/// The bytes of storages by their keys.
pub(super) type Storages<'a> = HashMap<String, &'a [u8]>;

/// A pickle and the storages that it speaks of.
#[derive(Debug, Clone, Copy)]
pub(super) struct StateDict<'p, 'a> {
    pub(super) pickle: &'p Pickle<'a>,
    pub(super) storages: &'p Storages<'a>,
}

/// Key and type of a storage, where the value is one: `("storage", class, key, device, elements)`, in old files with a view behind.
pub(super) fn dtype_of<'p>(pickle: &'p Pickle<'_>, value: &Value<'_>) -> Option<(&'p str, Dtype)> {
    let Value::Persistent(id) = value else { return None };
    let Value::Tuple(parts) = pickle.get(*id) else { return None };
    let [kind, class, key, _, _, view @ ..] = &parts[..] else { return None };
    let whole = view.iter().all(|&view| *pickle.get(view) == Value::None);
    let (Value::Text("storage"), Value::Global(class), Value::Text(key)) =
        (pickle.get(*kind), pickle.get(*class), pickle.get(*key))
    else {
        return None;
    };
    let (_, dtype) = STORAGES.iter().find(|(name, _)| name == class)?;
    whole.then_some((*key, *dtype))
}

impl<'p, 'a> StateDict<'p, 'a> {
    /// Its tensors in order; other entries, such as the number of the epoch, are passed over.
    ///
    /// # Errors
    /// When there is no tensor, or one reaches beyond its storage.
    pub(super) fn tensors(self) -> Result<Vec<Tensor<'a>>> {
        let entries = self.entries(self.pickle.root())?;
        let is_tensor = |value: Id| matches!(self.pickle.get(value), Value::Call(..));
        let named: Vec<(&str, Id)> = entries
            .iter()
            .filter_map(|&(key, value)| match self.pickle.get(key) {
                Value::Text(name) if is_tensor(value) => Some((*name, value)),
                _ => None,
            })
            .collect();
        ensure!(!named.is_empty(), "a dictionary without tensors; save `model.state_dict()`");
        let prefix = PREFIXES.iter().find(|prefix| named.iter().all(|(name, _)| name.starts_with(**prefix)));
        let bare =
            |name: &str| prefix.and_then(|prefix| name.strip_prefix(prefix)).map_or_else(|| name.to_owned(), str::to_owned);
        named.into_iter().map(|(name, value)| self.tensor(modern(bare(name)), value)).collect()
    }

    /// The dictionary of the model: the whole, or what lies under one of the usual keys.
    fn entries(self, root: &'p Value<'a>) -> Result<&'p [(Id, Id)]> {
        let Value::Dict(entries) = root else { bail!("no dictionary of tensors; save `model.state_dict()`") };
        let nested = NESTED.iter().find_map(|wanted| {
            let (_, value) = entries.iter().find(|(key, _)| *self.pickle.get(*key) == Value::Text(wanted))?;
            if let Value::Dict(inner) = self.pickle.get(*value) { Some(inner) } else { None }
        });
        Ok(nested.unwrap_or(entries))
    }

    fn tensor(self, name: String, value: Id) -> Result<Tensor<'a>> {
        let place = format!("tensor `{name}`");
        let (mut function, mut arguments) = self.called(value).with_context(|| format!("{place} is none"))?;
        if function == PARAMETER {
            let inner = arguments.first().and_then(|&inner| self.called(inner));
            (function, arguments) = inner.with_context(|| format!("{place} is a parameter without values"))?;
        }
        let ([storage, offset, shape, strides, ..], TENSOR | OLD_TENSOR) = (arguments, function) else {
            bail!("{place} is made by `{function}` of {} arguments", arguments.len());
        };
        let known = dtype_of(self.pickle, self.pickle.get(*storage));
        let (key, dtype) = known.with_context(|| format!("{place}: its storage is of a kind that is not read"))?;
        let bytes = self.storages.get(key).with_context(|| format!("{place}: there is no storage `{key}`"))?;
        let (offset, shape, strides) = (self.whole(*offset), self.sides(*shape), self.sides(*strides));
        let view = offset.zip(shape).zip(strides).with_context(|| format!("{place}: its view is not told in whole numbers"))?;
        let ((offset, shape), strides) = view;
        Tensor::strided(name, dtype, shape, bytes, offset, strides)
    }

    /// Function and arguments of a call.
    fn called(self, value: Id) -> Option<(&'static str, &'p [Id])> {
        let Value::Call(function, arguments) = self.pickle.get(value) else { return None };
        match (self.pickle.get(*function), self.pickle.get(*arguments)) {
            (Value::Global(function), Value::Tuple(arguments)) => Some((*function, arguments)),
            _ => None,
        }
    }

    fn whole(self, value: Id) -> Option<usize> {
        if let Value::Int(number) = self.pickle.get(value) { usize::try_from(*number).ok() } else { None }
    }

    fn sides(self, value: Id) -> Option<Vec<usize>> {
        let Value::Tuple(sides) = self.pickle.get(value) else { return None };
        sides.iter().map(|&side| self.whole(side)).collect()
    }
}

/// The name that torchvision gives today to what its DenseNet files call `denselayer1.norm.1.weight`: `denselayer1.norm1.weight`.
fn modern(name: String) -> String {
    let Some((block, rest)) = name.rsplit_once("denselayer") else { return name };
    for old in [".norm.", ".conv."] {
        if let Some((number, part)) = rest.split_once(old)
            && part.starts_with(['1', '2'])
        {
            return format!("{block}denselayer{number}{}{part}", &old[..old.len() - 1]);
        }
    }
    name
}
