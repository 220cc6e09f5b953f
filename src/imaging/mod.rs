//! Operations on images, free of files and of the flow.

mod recipe;

pub use recipe::{Filter, Fit, Geometry, Recipe, Window};
