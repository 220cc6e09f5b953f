//! Operations on images, free of files and of the flow.
//!
//! A slice becomes an image in this order: [`Window::apply`] at the native size, [`Fit::apply`] to the wanted square, and, for
//! training only, [`Recipe::variants`].

mod aspect;
mod fingerprint;
mod image;
mod ops;
mod png;
mod recipe;
mod resize;
mod variants;
mod window;

pub use aspect::Aspect;
pub use fingerprint::Fingerprint;
pub use image::Image;
pub use ops::{OPS, Op, OpKind, Parameter};
pub use png::{grey_png, opaque_png};
pub use recipe::{Filter, Fit, Geometry, Recipe, Window};
pub use resize::resize;
pub use variants::RecipeError;

/// A reference image that ImageJ 1.50i made.
#[cfg(test)]
fn golden(name: &str) -> Image {
    let all: serde_json::Value = serde_json::from_str(include_str!("../../tests/golden/imagej_ops.json")).expect("is JSON");
    let image = &all["ops"][name];
    let side = |key: &str| image[key].as_u64().expect("has a size") as usize;
    let pixels = image["data"].as_array().expect("has pixels").iter().map(|grey| grey.as_u64().expect("is a grey level") as u8);
    Image::new(side("w"), side("h"), pixels.collect())
}
