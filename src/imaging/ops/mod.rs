//! The operations of augmentation, one file each. Every one reproduces ImageJ 1.50i bit for bit on 8-bit images: the reference
//! outputs in `tests/golden/imagej_ops.json` were made by that program.

mod find_edges;
mod gaussian_blur;
mod rotate;
mod sharpen;
mod smooth;
mod unsharp_mask;
mod zoom;

use super::Image;

/// Every operation that a recipe can name.
pub const OPS: &[Op] = &[zoom::OP, rotate::OP, gaussian_blur::OP, smooth::OP, sharpen::OP, find_edges::OP, unsharp_mask::OP];

/// One operation: its name in a spec, what it takes, what it does.
#[derive(Debug, Clone, Copy)]
pub struct Op {
    /// As specs spell it.
    pub name: &'static str,
    /// One line for users.
    pub doc: &'static str,
    /// Where in a recipe it may stand.
    pub kind: OpKind,
    /// What it takes, in order.
    pub parameters: &'static [Parameter],
    apply: fn(&Image, &[f64]) -> Image,
}

/// Where in a recipe an operation may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpKind {
    /// Under `geometry`.
    Geometry,
    /// Under `filter`.
    Filter,
}

/// A number that an operation takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// As specs spell it.
    pub name: &'static str,
    /// What it is measured in; empty for a ratio.
    pub unit: &'static str,
    /// Least value.
    pub least: f64,
    /// Largest value.
    pub most: f64,
}

impl Op {
    /// The operation of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        OPS.iter().find(|op| op.name == name)
    }

    /// The first argument that lies outside its range, with the parameter that says so.
    pub fn fault(&self, arguments: &[f64]) -> Option<(&'static Parameter, f64)> {
        let outside = |&(parameter, value): &(&Parameter, f64)| !(parameter.least..=parameter.most).contains(&value);
        self.parameters.iter().zip(arguments.iter().copied()).find(outside)
    }

    /// The image after the operation, of the same size.
    ///
    /// # Panics
    /// When there are fewer arguments than parameters, or one has a [`Op::fault`].
    pub fn apply(&self, image: &Image, arguments: &[f64]) -> Image {
        assert!(arguments.len() >= self.parameters.len(), "BUG: `{}` takes {}", self.name, self.parameters.len());
        assert!(self.fault(arguments).is_none(), "BUG: `{}` of {arguments:?} was not checked", self.name);
        (self.apply)(image, arguments)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::golden;
    use super::*;

    #[test]
    fn names_are_unique_and_spelt_like_keys() {
        let names: HashSet<_> = OPS.iter().map(|op| op.name).collect();
        assert_eq!(names.len(), OPS.len());
        assert!(names.iter().all(|name| name.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_')));
    }

    #[test]
    fn every_operation_keeps_the_canvas_at_both_ends_of_its_ranges() {
        for op in OPS {
            for end in [|range: &Parameter| range.least, |range: &Parameter| range.most] {
                let arguments: Vec<f64> = op.parameters.iter().map(end).collect();
                let after = op.apply(&golden("input"), &arguments);
                assert_eq!((after.width(), after.height()), (20, 18), "{}", op.name);
            }
        }
    }

    #[test]
    fn what_lies_outside_a_range_is_named() {
        let blur = Op::named("blur").expect("is registered");
        assert_eq!(blur.fault(&[f64::NAN]).map(|(parameter, _)| parameter.name), Some("sigma"));
        assert!(blur.fault(&[2.0]).is_none());
    }
}
