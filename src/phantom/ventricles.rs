//! The ventricles, and blood that has broken into them.

use super::canvas::{Canvas, Frame};
use super::ellipse::{Bounds, Ellipse, polyline_distance};
use super::hemorrhage::Ventricular;
use super::person::Person;
use super::tissue::Tissues;

/// The chambers of one patient.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ventricles {
    /// Factor of the left side, which a clot there narrows.
    left: f64,
    right: f64,
    leukoaraiosis: f64,
}

/// Blood in a chamber: HU of what lies below a level (mm in y), none where there is none.
type Blood = Option<(f64, f64)>;

impl Ventricles {
    /// A midline shift of `shift` mm narrows the near side and dams up the far one.
    pub(super) fn of(person: &Person, shift: f64) -> Self {
        let v = person.ventricles;
        let squeeze = (shift / 12.0).min(1.0);
        Self { left: v * (1.0 - 0.55 * squeeze), right: v * (1.0 + 0.15 * squeeze), leukoaraiosis: person.leukoaraiosis }
    }

    /// The horn and the body beside the left basal ganglia.
    pub(super) fn near(&self) -> [Ellipse; 2] {
        [frontal_horn(self.left), body(self.left)]
    }

    /// The atrium of the left side, where the choroid plexus lies.
    pub(super) fn atrium(&self) -> Ellipse {
        atrium(self.left)
    }

    pub(super) fn paint(&self, canvas: &mut Canvas, tissues: &Tissues, blood: Option<&Ventricular>) {
        for (factor, left) in [(self.left, true), (self.right, false)] {
            self.halo(canvas, factor, left, tissues);
            for (chamber, ellipse) in [frontal_horn(factor), body(factor), atrium(factor)].into_iter().enumerate() {
                let blood = blood.and_then(|blood| blood.in_chamber(left, chamber == 2));
                fill(canvas, if left { ellipse } else { ellipse.mirrored() }, tissues.csf, blood);
            }
        }
        septum(canvas, tissues);
        self.midline(canvas, tissues);
    }

    /// Pale white matter around the horns and atria, common in old age.
    fn halo(&self, canvas: &mut Canvas, factor: f64, left: bool, tissues: &Tissues) {
        if self.leukoaraiosis < 1.0 {
            return;
        }
        let hu = tissues.white - self.leukoaraiosis;
        for ellipse in [frontal_horn(factor), atrium(factor)].map(|ellipse| ellipse.grown(3.0)) {
            let ellipse = if left { ellipse } else { ellipse.mirrored() };
            canvas.paint(Frame::Atlas, ellipse.grown(4.0).bounds(), 7.0, |p| (ellipse.distance(p), hu));
        }
    }

    /// Third ventricle and quadrigeminal cistern with the vein that runs through it.
    fn midline(&self, canvas: &mut Canvas, tissues: &Tissues) {
        let v = (self.left + self.right) / 2.0;
        let third = Ellipse { centre: [0.0, -12.0], semi: [13.5, 0.6 + 1.5 * v], angle: 90.0, z: -1.0, dz: 11.0 };
        fill(canvas, third, tissues.csf, None);
        let cistern = Ellipse { centre: [0.0, -38.0], semi: [9.0, 3.2], angle: 0.0, z: 0.0, dz: 8.0 };
        fill(canvas, cistern, tissues.csf, None);
        let vein = Ellipse { centre: [0.0, -44.0], semi: [3.2, 1.8], angle: 90.0, z: 4.0, dz: 10.0 };
        canvas.paint(Frame::Atlas, vein.bounds(), 1.0, |p| (vein.distance(p), tissues.sinus));
    }
}

fn frontal_horn(v: f64) -> Ellipse {
    Ellipse { centre: [6.5 + 2.0 * v, 20.0], semi: [12.5 * v.sqrt(), 3.6 * v], angle: 62.0, z: 10.0, dz: 14.5 }
}

fn body(v: f64) -> Ellipse {
    Ellipse { centre: [9.0 + 2.0 * v, -2.0], semi: [24.0, 4.2 * v], angle: 97.0, z: 19.0, dz: 11.0 }
}

fn atrium(v: f64) -> Ellipse {
    Ellipse { centre: [23.0 + 1.5 * v, -44.0], semi: [11.0, 4.2 * v], angle: 115.0, z: 8.0, dz: 17.0 }
}

fn fill(canvas: &mut Canvas, ellipse: Ellipse, csf: f64, blood: Blood) {
    canvas.paint(Frame::Atlas, ellipse.bounds(), 0.8, |p| {
        (ellipse.distance(p), blood.map_or(csf, |(hu, level)| if p[1] < level { hu } else { csf }))
    });
}

/// The wall of 1 mm between the horns.
fn septum(canvas: &mut Canvas, tissues: &Tissues) {
    let line = [[0.0, 27.0], [0.0, 2.0]];
    canvas.paint(Frame::Atlas, Bounds::of(&line, 2.0), 0.6, |p| (polyline_distance(&line, p) - 0.6, tissues.white));
}
