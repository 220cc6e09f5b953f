//! One walk over the sorted scores: where each subject stands among the other class, and the points of the ROC curve.

mod coordinates;
mod placements;
mod roc;

pub use coordinates::{Axis, Coordinates};
pub use placements::Placements;
pub use roc::{Point, Roc};
