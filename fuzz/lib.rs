//! What is done to every input: all that the tool does to a weight file of a stranger.

use bgh_field::weights::{self, Classifiers, Format, Network};

/// Reads the file, decodes every tensor, holds it against every network and writes it in every format. Anything but a panic is right.
pub fn exercise(bytes: &[u8]) {
    let Ok(weights) = weights::read(bytes) else { return };
    for tensor in &weights.tensors {
        assert_eq!(tensor.values().len(), tensor.len());
    }
    for network in Network::all() {
        let fit = weights::foresee(&weights.tensors, network.name, true, 3, Classifiers::Fitting);
        fit.map(|fit| fit.layers()).ok();
    }
    for extension in ["safetensors", "caffemodel", "binaryproto"] {
        let format = Format::of_extension(extension).expect("written");
        let weights = weights::read(bytes).expect("it was sound a moment ago");
        let Ok(written) = weights::export(weights, format, None) else { continue };
        if extension == "safetensors" {
            weights::read(&written).expect("what was written is sound");
        }
    }
}
