//! What is done to an image before a network sees it: plain data that specs name and stages carry out.

use serde::{Deserialize, Serialize};

/// A display window: HU outside it become black or white.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Width, HU, at least 1.
    pub width: f64,
    /// Level (centre), HU.
    pub level: f64,
}

/// How an image of another size comes to the wanted square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Aspect ignored, as DIGITS squashes.
    Squash,
    /// Aspect in mm kept, the rest filled with black.
    Pad,
}

/// A change of geometry on the same canvas, about its centre.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Geometry {
    /// Nothing.
    Identity,
    /// Magnified by this factor, at least 1.
    Zoom(f64),
    /// Turned clockwise by this angle, degrees.
    Rotate(f64),
}

/// A filter on 8-bit images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Gaussian blur of this standard deviation, pixels.
    Blur(f64),
    /// 3 x 3 mean.
    Smooth,
    /// 3 x 3 sharpening.
    Sharpen,
    /// Sobel magnitude.
    FindEdges,
    /// Unsharp mask: standard deviation in pixels, weight in (0, 1).
    UnsharpMask {
        /// Standard deviation of the blur, pixels.
        sigma: f64,
        /// Weight of the blur that is taken away.
        weight: f64,
    },
}

/// Every window x every geometry x every filter chain; variant = (window · geometries + geometry) · filters + filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Windows, the first being the unaugmented one.
    pub windows: Vec<Window>,
    /// Geometries.
    pub geometry: Vec<Geometry>,
    /// Filter chains, each applied left to right; the empty chain is the identity.
    pub filter: Vec<Vec<Filter>>,
}

impl Recipe {
    /// Variants that one image becomes.
    pub fn product(&self) -> usize {
        self.windows.len() * self.geometry.len() * self.filter.len()
    }
}
