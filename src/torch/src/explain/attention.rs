//! Gradient-weighted class activation (Selvaraju et al. 2017): L = ReLU(Σ_k α_k A^k) with α_k the mean over places of ∂y/∂A^k, y the
//! class's score before the softmax.

use tch::{Kind, Tensor};

use crate::network::Net;
use crate::network::graph::Node;

/// The map of one class for `input` (`f32 [1, 3, crop, crop]`) at layer `at`, `f32 [h, w]`, at least 0.
pub(super) fn map(net: &Net, input: &Tensor, at: Node, class: usize) -> Tensor {
    let (scores, activations) = net.scores_from(input, at);
    let gradient = Tensor::run_backward(&[scores.get(0).get(class as i64)], &[&activations], false, false).swap_remove(0);
    weighted(&activations.detach(), &gradient)
}

fn weighted(activations: &Tensor, gradient: &Tensor) -> Tensor {
    let weights = gradient.mean_dim([2, 3].as_slice(), true, Kind::Float);
    (activations * weights).sum_dim_intlist([1].as_slice(), false, Kind::Float).squeeze_dim(0).relu()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_weighted_by_their_mean_gradient_and_negatives_are_cut() {
        let activations = Tensor::from_slice(&[1f32, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0]).reshape([1, 2, 2, 2]);
        let gradient = Tensor::from_slice(&[4f32, 0.0, 0.0, 0.0, -1.0, -1.0, -1.0, -1.0]).reshape([1, 2, 2, 2]);
        let map = Vec::<f32>::try_from(weighted(&activations, &gradient).flatten(0, -1)).expect("numbers");
        assert_eq!(map, [1.0, 0.0, 0.0, 0.0]);
    }
}
