//! One tensor of a file, and where its elements lie.

use std::borrow::Cow;

use anyhow::{Context, Result, ensure};

use super::dtype::Dtype;
use super::wire::Repeated;

/// A named array whose elements are still in the file.
#[derive(Debug, Clone)]
pub struct Tensor<'a> {
    /// `<layer>.weight`, `<layer>.bias` or as PyTorch's state dicts have it.
    pub name: String,
    /// Type of the elements in the file.
    pub dtype: Dtype,
    /// Length of each axis, the slowest first; empty for a single number.
    pub shape: Vec<usize>,
    elements: Elements<'a>,
}

/// Where elements lie.
#[derive(Debug, Clone)]
enum Elements<'a> {
    /// One behind the other, row-major.
    Dense(Cow<'a, [u8]>),
    /// At `offset + Σ index · stride` elements of a storage.
    Strided { storage: &'a [u8], offset: usize, strides: Vec<usize> },
    /// In a field of a protocol buffer, in one piece or in several.
    Repeated(Repeated<'a>),
}

impl<'a> Tensor<'a> {
    /// A tensor whose elements stand one behind the other.
    ///
    /// # Errors
    /// When there are more or fewer bytes than the shape asks for.
    pub fn dense(name: String, dtype: Dtype, shape: Vec<usize>, bytes: impl Into<Cow<'a, [u8]>>) -> Result<Self> {
        let bytes = bytes.into();
        let wanted = count(&shape).and_then(|count| count.checked_mul(dtype.size()));
        ensure!(wanted == Some(bytes.len()), "tensor `{name}`: {} bytes for {} {shape:?}", bytes.len(), dtype.name());
        Ok(Self { name, dtype, shape, elements: Elements::Dense(bytes) })
    }

    /// A tensor in a repeated field.
    ///
    /// # Errors
    /// When the field holds more or fewer elements than the shape asks for.
    pub(super) fn repeated(name: String, dtype: Dtype, shape: Vec<usize>, field: Repeated<'a>) -> Result<Self> {
        let found = field.bytes / dtype.size();
        ensure!(count(&shape) == Some(found), "tensor `{name}`: {found} values for a shape of {shape:?}");
        Ok(Self { name, dtype, shape, elements: Elements::Repeated(field) })
    }

    /// A view of a storage; `offset` and `strides` count elements.
    ///
    /// # Errors
    /// When the view reaches beyond the storage or has more elements than it.
    pub(super) fn strided(
        name: String,
        dtype: Dtype,
        shape: Vec<usize>,
        storage: &'a [u8],
        offset: usize,
        strides: Vec<usize>,
    ) -> Result<Self> {
        let held = storage.len() / dtype.size();
        let view = || format!("tensor `{name}`: a view {shape:?} with strides {strides:?} from {offset} on");
        ensure!(shape.len() == strides.len(), "{}: as many strides as axes were expected", view());
        let elements = count(&shape).with_context(view)?;
        ensure!(elements <= held, "{} has more elements than its storage, which holds {held}", view());
        let reach = shape
            .iter()
            .zip(&strides)
            .try_fold(offset, |end, (&side, &stride)| end.checked_add(side.saturating_sub(1).checked_mul(stride)?));
        let inside = elements == 0 || reach.is_some_and(|last| last < held);
        ensure!(inside, "{} reaches beyond its storage, which holds {held} elements; the file may be cut", view());
        Ok(Self { name, dtype, shape, elements: Elements::Strided { storage, offset, strides } })
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as bytes of their type, little-endian, row-major.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        match &self.elements {
            Elements::Dense(bytes) => Cow::Borrowed(bytes),
            Elements::Strided { storage, offset, strides } => gathered(self.dtype, &self.shape, storage, *offset, strides),
            Elements::Repeated(field) => field.gathered(),
        }
    }

    /// The elements as numbers, row-major.
    pub fn values(&self) -> Vec<f32> {
        self.dtype.decode(&self.bytes())
    }
}

/// Elements of a shape; `None` beyond the address space.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |count, &side| count.checked_mul(side))
}

/// Strides of the row-major order, in elements.
fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis].max(1);
    }
    strides
}

fn gathered<'a>(dtype: Dtype, shape: &[usize], storage: &'a [u8], offset: usize, strides: &[usize]) -> Cow<'a, [u8]> {
    let (size, elements) = (dtype.size(), shape.iter().product::<usize>());
    if elements == 0 {
        return Cow::Borrowed(&[]);
    }
    let order = row_major(shape);
    // A stride along an axis of one element has no meaning.
    if (0..shape.len()).all(|axis| shape[axis] == 1 || strides[axis] == order[axis]) {
        return Cow::Borrowed(&storage[offset * size..][..elements * size]);
    }
    let mut bytes = Vec::with_capacity(elements * size);
    for element in 0..elements {
        let along = |axis: usize| element / order[axis] % shape[axis] * strides[axis];
        let place = offset + (0..shape.len()).map(along).sum::<usize>();
        bytes.extend_from_slice(&storage[place * size..][..size]);
    }
    Cow::Owned(bytes)
}
