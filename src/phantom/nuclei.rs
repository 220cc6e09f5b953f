//! The deep grey matter. Dimensions are rounded fits to the PD25 atlas (Xiao 2017) in mm of the MNI frame.

use super::canvas::{Canvas, Frame};
use super::ellipse::{Bounds, Ellipse, polyline_distance};
use super::tissue::Tissues;

const CLAUSTRUM: [[f64; 2]; 5] = [[31.5, 18.0], [34.0, 9.0], [35.0, 0.0], [34.5, -9.0], [32.5, -16.0]];
/// Where the pallidum lies; its calcification lies in it.
pub(super) const PALLIDUM: Ellipse = Ellipse { centre: [21.0, -2.0], semi: [14.0, 5.0], angle: 122.0, z: -4.0, dz: 11.0 };

/// Paints the nuclei of both sides; what stays white between them is the internal and external capsule.
pub(super) fn paint(canvas: &mut Canvas, tissues: &Tissues) {
    for ellipse in [caudate, putamen].map(|nucleus| nucleus(canvas.height([20.0, 0.0]))) {
        both(canvas, ellipse, tissues.grey + 0.5);
    }
    both(canvas, PALLIDUM, tissues.pallidum);
    both(canvas, Ellipse { centre: [12.0, -19.0], semi: [18.0, 9.0], angle: 115.0, z: 6.5, dz: 11.7 }, tissues.grey - 0.5);
    claustrum(canvas, tissues.grey);
}

/// The head of the caudate, which runs backward as it rises.
fn caudate(z: f64) -> Ellipse {
    let y = 17.0 - 9.0 / 16.0 * z.clamp(0.0, 16.0);
    Ellipse { centre: [14.0, y], semi: [10.0, 4.8], angle: 55.0, z: 8.0, dz: 40.0 }
}

fn putamen(z: f64) -> Ellipse {
    let y = 3.0 - 5.0 / 12.0 * z.clamp(0.0, 12.0);
    Ellipse { centre: [27.0, y], semi: [20.0, 5.0], angle: 102.0, z: 1.0, dz: 14.0 }
}

fn both(canvas: &mut Canvas, ellipse: Ellipse, hu: f64) {
    for side in [ellipse, ellipse.mirrored()] {
        canvas.paint(Frame::Atlas, side.bounds(), 1.4, |p| (side.distance(p), hu));
    }
}

/// A sheet of 1.5 mm between external and extreme capsule, as high as the putamen.
fn claustrum(canvas: &mut Canvas, hu: f64) {
    if (canvas.height([34.0, 0.0]) - 1.0).abs() > 12.0 {
        return;
    }
    for side in [1.0, -1.0] {
        let line = CLAUSTRUM.map(|[x, y]| [side * x, y]);
        canvas.paint(Frame::Atlas, Bounds::of(&line, 2.0), 1.0, |p| (polyline_distance(&line, p) - 0.7, hu));
    }
}
