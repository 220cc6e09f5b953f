//! The typed files that stages exchange. Every one opens in Python or R without `bgh`: arrays are `.safetensors`, tables are
//! `.csv`, records are `.json`. A stage writes into a folder and reads through [`Files`], because in the store each file
//! lies under its own digest.

mod cases;
mod characteristics;
mod curves;
mod disjoint;
mod explanations;
mod files;
mod images;
mod predictions;
pub mod results;
mod table;
mod training;
mod volume;

pub use cases::{Case, Cases, Why};
pub use characteristics::{Acquired, Characteristics, Group, Spread};
pub use curves::{Curve, Curves};
pub use disjoint::{Disjoint, Overlap, PartProof};
pub use explanations::{Boxed, Explanation, Explanations, Map};
pub use files::Files;
pub use images::{ImageRow, ImageSet, ImageSetWriter};
pub use predictions::{Prediction, Predictions};
pub use training::{Pretraining, TrainingRecord};
pub use volume::{Element, SliceRow, Volume, VolumeReader, VolumeWriter};
