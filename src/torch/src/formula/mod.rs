//! Images and labels from equations alone: fractals of iterated function systems, each system a class of its own, so that a
//! network can be pretrained where no natural images are at hand (Kataoka et al. 2020), drawn by the contractive rule that never diverges
//! (Anderson and Farrell 2022).

mod scene;
mod system;

pub use scene::{Scene, Studio};
pub use system::{Map, System};
