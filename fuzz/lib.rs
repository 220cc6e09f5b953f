//! What is done to every input: all that the tool does to a file that it did not write.

mod allocation;

use std::path::Path;

pub use allocation::Frugal;
use bgh_field::dicom::{self, Header};
use bgh_field::labels;
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

/// Reads a DICOM header. Anything but a panic is right, as long as no more is allocated than 4 times the file and what a parser needs.
pub fn header(bytes: &[u8]) {
    let most = allocation::most(|| drop(Header::of_bytes(bytes)));
    assert!(most <= room(bytes), "{most} bytes were allocated for a file of {}", bytes.len());
}

/// Decodes every frame of a DICOM file. A compressed one may declare more pixels than it has bytes; what is allocated is bounded by
/// what it declares, and a frame of more values than any of CT is refused before it.
pub fn pixels(bytes: &[u8]) {
    let declared = Header::of_bytes(bytes).map_or(0, |header| declared(&header));
    let most = allocation::most(|| drop(dicom::inspect_bytes(Path::new("input"), bytes)));
    assert!(most <= room(bytes) + 16 * declared, "{most} bytes for a file of {} that declares {declared}", bytes.len());
}

/// Reads a table of labels as `bgh check` does, and looks at all that its rows say. Anything but a panic is right, as long as no more is
/// allocated than 4 times the file and what some rows need, one list of slices included.
pub fn labels(bytes: &[u8]) {
    let classes = ["none", "left", "right"].map(str::to_owned);
    let most = allocation::most(|| {
        let mut faults = vec![];
        for label in labels::of_bytes("labels.csv", bytes, &classes, &mut faults) {
            assert!(!label.id().is_empty() && label.fold() != Some(0), "{}", label.place());
            drop((label.part(), label.slices(), label.facts()));
        }
        assert!(faults.iter().all(|fault| fault.starts_with("labels.csv:")), "{faults:?}");
    });
    assert!(most <= SLACK + 4 * bytes.len(), "{most} bytes were allocated for a table of {}", bytes.len());
}

/// What a file may take: 4 times itself, and of a deflated data set, which may grow a thousandfold, as much as the reader lets it grow.
fn room(bytes: &[u8]) -> usize {
    let is_deflated = bytes.windows(DEFLATED.len()).any(|window| window == DEFLATED);
    SLACK + if is_deflated { 4 * MAX_INFLATED } else { 4 * bytes.len() }
}

/// Deflated Explicit VR Little Endian.
const DEFLATED: &[u8] = b"1.2.840.10008.1.2.1.99";
/// Where the reader gives a deflated data set up.
const MAX_INFLATED: usize = 256 << 20;
/// What is needed whatever the size of the file: tables of Huffman codes, of an inflating stream, the dictionary of attributes,
/// which is made when it is first asked, and the longest list of slices that a label may ask for.
const SLACK: usize = 2 << 20;
/// Values of the largest frame that is decoded.
const MAX_VALUES: usize = 1 << 26;

/// Values that the header declares, as far as they are decoded at all.
fn declared(header: &Header) -> usize {
    let side = |side: Option<u16>| usize::from(side.unwrap_or(0));
    let frame = side(header.rows) * side(header.columns) * side(header.samples);
    if frame > MAX_VALUES { 0 } else { frame * header.frames as usize }
}
