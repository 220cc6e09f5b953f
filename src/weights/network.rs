//! The tensors of every registered network at its published size with 1000 classes, so that a file can be held against them without
//! libtorch. `networks.tsv` is written and held equal to the networks by a test of the worker.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::fit::Wanted;
use super::tensor::Tensor;

/// One line a tensor: network, tensor, shape as `96x3x11x11`, and `classifier` where it belongs to one.
const TABLE: &str = include_str!("networks.tsv");

/// Order of the three input channels of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Blue, green, red, as Caffe reads pictures.
    Bgr,
    /// Red, green, blue, as PyTorch reads them.
    Rgb,
}

impl Channels {
    /// As the option and the facts of a file write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bgr => "bgr",
            Self::Rgb => "rgb",
        }
    }

    /// The order of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Bgr, Self::Rgb].into_iter().find(|order| order.name() == name)
    }
}

/// A registered network at its published size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its registered name.
    pub name: &'static str,
    /// Its tensors in the order of its layers.
    pub tensors: Vec<Wanted>,
}

impl Network {
    /// Every registered network.
    pub fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Network>> = LazyLock::new(|| {
            let mut networks: Vec<Network> = vec![];
            for line in TABLE.lines() {
                let (name, tensor) = parsed(line).expect("BUG: a line of networks.tsv is not a tensor");
                match networks.last_mut().filter(|last| last.name == name) {
                    Some(last) => last.tensors.push(tensor),
                    None => networks.push(Network { name, tensors: vec![tensor] }),
                }
            }
            networks
        });
        &ALL
    }

    /// The network of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|network| network.name == name)
    }

    /// The order of its input channels: networks with the layers of Caffe (`conv1`, `conv1/7x7_s2`) have Caffe's.
    pub fn channels(&self) -> Channels {
        if ["alexnet", "googlenet"].contains(&self.name) { Channels::Bgr } else { Channels::Rgb }
    }

    /// Classes that the published network tells apart.
    pub fn classes(&self) -> usize {
        self.tensors.iter().find(|tensor| tensor.classifier).map_or(0, |tensor| tensor.shape[0])
    }

    /// Whether a file holds tensors of the published size rather than of a narrower network.
    pub fn is_published(&self, tensors: &[Tensor<'_>]) -> bool {
        self.shared(tensors) > 0
    }

    /// Tensors of this network that the file has under their name and in their shape.
    fn shared(&self, tensors: &[Tensor<'_>]) -> usize {
        let wanted: BTreeSet<_> = self.tensors.iter().map(|wanted| (&wanted.name, &wanted.shape)).collect();
        tensors.iter().filter(|tensor| wanted.contains(&(&tensor.name, &tensor.shape))).count()
    }

    /// Tensors of this network that the file has under their name.
    fn named(&self, tensors: &[Tensor<'_>]) -> usize {
        let wanted: BTreeSet<_> = self.tensors.iter().map(|wanted| &wanted.name).collect();
        tensors.iter().filter(|tensor| wanted.contains(&tensor.name)).count()
    }
}

/// The registered network with which the file has most tensors in common, in name and shape first; `None` where no name agrees.
pub fn best(tensors: &[Tensor<'_>]) -> Option<&'static Network> {
    let likeness = |network: &&Network| (network.shared(tensors), network.named(tensors));
    Network::all().iter().rev().max_by_key(likeness).filter(|network| network.named(tensors) > 0)
}

fn parsed(line: &'static str) -> Option<(&'static str, Wanted)> {
    let mut fields = line.split('\t');
    let (network, name, shape) = (fields.next()?, fields.next()?, fields.next()?);
    let sides = shape.split('x').filter(|side| !side.is_empty()).map(str::parse).collect::<Result<_, _>>().ok()?;
    Some((network, Wanted { name: name.to_owned(), shape: sides, classifier: fields.next() == Some("classifier") }))
}
