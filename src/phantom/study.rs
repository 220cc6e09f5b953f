//! One exam rendered: a person is drawn, bleeds where the class says so, and is scanned.

use super::calcification::{self, Deposit};
use super::canvas::{Canvas, Frame, Grid, Map, cover};
use super::cortex::Cortex;
use super::draw::{chance, normal, uniform};
use super::ellipse::Ellipse;
use super::hemorrhage::Hemorrhage;
use super::person::Person;
use super::pose::Pose;
use super::protocol::Protocol;
use super::scanner::{self, Exposed};
use super::tissue::{AIR, Tissues};
use super::truth::{Calcification, Lesion, Truth, Visible};
use super::vault::Vault;
use super::ventricles::Ventricles;
use super::{Class, Exam, nuclei};
use crate::seed::Seed;

/// Planes that are averaged over the thickness of a slice.
const PLANES: usize = 3;
/// The headrest: semi-axes (mm) of two arcs about the centre of the image, open in front, and their HU.
const HEADREST: [([f64; 2], f64); 2] = [([98.0, 112.0], 700.0), ([103.0, 117.0], 400.0)];

/// A rendered exam.
#[derive(Debug, Clone)]
pub struct Study {
    /// Slices in the order of their instances.
    pub slices: Vec<Slice>,
    /// What is really there.
    pub truth: Truth,
    pub(super) protocol: Protocol,
}

/// One slice.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// HU, row after row from anterior, each from the patient's right; `matrix` x `matrix`.
    pub hu: Vec<i16>,
    /// Height at which the plane crosses the axis of the head, mm.
    pub level: f64,
}

/// Everything about a patient that does not depend on the plane.
struct Patient {
    person: Person,
    tissues: Tissues,
    vault: Vault,
    cortex: Cortex,
    clot: Option<Hemorrhage>,
    ventricles: Ventricles,
    infarct: Option<Ellipse>,
    deposits: Vec<Deposit>,
}

/// One slice before the scanner, and what it shows of clot and deposits.
struct Painted {
    exposed: Exposed,
    clot: Visible,
    deposits: Vec<Visible>,
}

impl Study {
    pub(super) fn of(exam: &Exam) -> Self {
        let protocol = Protocol::draw(exam.seed.child("protocol"), exam.difficulty.noise);
        let pose = Pose::draw(exam.seed.child("pose"), exam.difficulty.pose);
        let patient = Patient::draw(exam, &protocol, &pose);
        let grid = Grid { matrix: exam.matrix, pixel: protocol.field_of_view / exam.matrix as f64, pose };
        let mut levels = protocol.levels.clone();
        if protocol.downward {
            levels.reverse();
        }
        let painted = patient.slices(exam.seed.child("individual"), grid, &levels, protocol.thickness);
        let truth = patient.truth(exam, &painted);
        let exposed = painted.into_iter().map(|painted| painted.exposed).collect();
        let images = scanner::scan(exam.seed.child("noise"), &protocol, exam.matrix, exposed);
        let slices = images.into_iter().zip(levels).map(|(hu, level)| Slice { hu, level }).collect();
        let study = Self { slices, truth, protocol };
        if exam.class == Class::Right { study.mirrored(exam.matrix) } else { study }
    }

    /// Left and right exchanged.
    fn mirrored(mut self, matrix: usize) -> Self {
        for slice in &mut self.slices {
            slice.hu.chunks_mut(matrix).for_each(<[i16]>::reverse);
        }
        let flip = |visible: &mut Vec<Visible>| visible.iter_mut().for_each(|seen| *seen = seen.mirrored(matrix));
        self.truth.lesion.iter_mut().for_each(|lesion| flip(&mut lesion.visible));
        self.truth.calcifications.iter_mut().for_each(|focus| flip(&mut focus.visible));
        self
    }
}

impl Patient {
    /// Each part has its own stream, so that the same seed gives the same head with and without a clot.
    fn draw(exam: &Exam, protocol: &Protocol, pose: &Pose) -> Self {
        let stream = |name: &str| exam.seed.child(name);
        let person = Person::draw(stream("person"));
        let tissues = Tissues::draw(stream("tissues"), exam.difficulty.offset);
        let (low, high) = (protocol.levels[0], protocol.levels[protocol.levels.len() - 1]);
        let heights = |at: [f64; 2]| [pose.height(low, at), pose.height(high, at)];
        let clot =
            (exam.class != Class::None).then(|| Hemorrhage::draw(stream("clot"), &exam.difficulty, &person, &tissues, heights));
        let ventricles = Ventricles::of(&person, clot.as_ref().map_or(0.0, |clot| clot.mass.shift));
        Self {
            vault: Vault::draw(stream("vault"), &person),
            cortex: Cortex::draw(stream("cortex"), &person),
            infarct: infarct(stream("infarct"), exam.difficulty.infarct),
            deposits: calcification::draw(stream("calcium"), exam.calcified, &ventricles),
            person,
            tissues,
            clot,
            ventricles,
        }
    }

    fn slices(&self, seed: Seed, grid: Grid, levels: &[f64], thickness: f64) -> Vec<Painted> {
        let map = self.map(seed, grid);
        let headrest: Vec<f32> = (0..grid.count()).map(|index| headrest(grid.image(index), grid.pixel) as f32).collect();
        levels.iter().map(|level| self.slice(&map, &headrest, *level, thickness)).collect()
    }

    fn map(&self, seed: Seed, grid: Grid) -> Map {
        Map::new(seed, grid, self.person.scale(), &self.vault, self.clot.as_ref().map(|clot| &clot.mass))
    }

    /// The mean of planes spread over the thickness.
    fn slice(&self, map: &Map, headrest: &[f32], level: f64, thickness: f64) -> Painted {
        let count = map.grid.count();
        let exposed = Exposed { hu: vec![0.0; count], depth: Vec::new() };
        let mut painted =
            Painted { exposed, clot: Visible::default(), deposits: vec![Visible::default(); self.deposits.len()] };
        for plane in 0..PLANES {
            let offset = (plane as f64 + 0.5) / PLANES as f64 - 0.5;
            let canvas = self.plane(map, headrest, level + offset * thickness, &mut painted);
            painted.exposed.hu.iter_mut().zip(&canvas.hu).for_each(|(sum, hu)| *sum += hu / PLANES as f32);
            painted.exposed.depth = canvas.depth;
        }
        painted.clot = painted.clot.averaged(PLANES, map.grid.pixel);
        painted.deposits.iter_mut().for_each(|seen| *seen = seen.averaged(PLANES, map.grid.pixel));
        painted
    }

    /// One thin plane, painted from the outside inward and from the common to the particular.
    fn plane<'a>(&self, map: &'a Map, headrest: &[f32], level: f64, painted: &mut Painted) -> Canvas<'a> {
        let mut canvas = Canvas::new(map, level, &self.vault, &self.tissues, headrest);
        self.cortex.paint(&mut canvas, &self.vault, &self.person, &self.tissues, self.clot.as_ref());
        nuclei::paint(&mut canvas, &self.tissues);
        if let Some(infarct) = &self.infarct {
            let hu = self.tissues.csf + 13.0;
            canvas.paint(Frame::Atlas, infarct.bounds(), 3.0, |p| (infarct.distance(p), hu));
        }
        let blood = self.clot.as_ref().and_then(|clot| clot.ventricular.as_ref());
        self.ventricles.paint(&mut canvas, &self.tissues, blood);
        for (deposit, seen) in self.deposits.iter().zip(&mut painted.deposits) {
            seen.merge(&deposit.paint(&mut canvas));
        }
        if let Some(clot) = &self.clot {
            painted.clot.merge(&clot.paint(&mut canvas));
        }
        canvas
    }

    fn truth(&self, exam: &Exam, painted: &[Painted]) -> Truth {
        let lesion = self.clot.as_ref().map(|clot| lesion(clot, painted.iter().map(|slice| slice.clot).collect()));
        let calcification = |(i, deposit): (usize, &Deposit)| Calcification {
            place: deposit.place.to_owned(),
            attenuation: deposit.attenuation,
            visible: painted.iter().map(|slice| slice.deposits[i]).collect(),
        };
        Truth {
            exam: exam.id.clone(),
            class: exam.class,
            age: self.person.age,
            calcified: exam.calcified,
            lesion,
            calcifications: self.deposits.iter().enumerate().map(calcification).collect(),
        }
    }
}

fn lesion(clot: &Hemorrhage, visible: Vec<Visible>) -> Lesion {
    Lesion {
        size: clot.size,
        volume: clot.size.volume(),
        attenuation: clot.attenuation,
        days: clot.days,
        edema: clot.rim,
        midline_shift: clot.mass.shift,
        intraventricular: clot.ventricular.is_some(),
        visible,
    }
}

/// An old infarct of 15..25 HU, a mimic of edema, on either side.
fn infarct(seed: Seed, share: f64) -> Option<Ellipse> {
    let rng = &mut seed.rng();
    let (present, left) = (chance(rng, share), chance(rng, 0.5));
    let semi = [uniform(rng, 2.0, 9.0), uniform(rng, 1.5, 5.0)];
    let centre = [normal(rng, 24.0, 7.0), normal(rng, 0.0, 14.0)];
    let body = Ellipse { centre, semi, angle: uniform(rng, 0.0, 180.0), z: normal(rng, 6.0, 4.0), dz: 8.0 };
    present.then(|| if left { body } else { body.mirrored() })
}

fn headrest(image: [f64; 2], pixel: f64) -> f64 {
    let shell = |(semi, hu): ([f64; 2], f64)| {
        let arc = Ellipse { centre: [0.0, 0.0], semi, angle: 0.0, z: 0.0, dz: 1.0 };
        let distance = arc.distance([image[0], image[1], 0.0]).abs() - 0.7;
        (hu - AIR) * cover(distance.max(image[1] - 15.0), pixel)
    };
    AIR + HEADREST.map(shell).into_iter().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phantom::Difficulty;

    fn exam(class: Class, name: &str, matrix: usize) -> Exam {
        let seed = Seed::root(11).child(name);
        Exam { id: "001".into(), class, seed, matrix, calcified: false, difficulty: Difficulty::default() }
    }

    #[test]
    fn the_mirror_image_of_a_patient_differs_in_the_side_alone() {
        let (left, right) = (exam(Class::Left, "a", 128).render(), exam(Class::Right, "a", 128).render());
        for (left, right) in left.slices.iter().zip(&right.slices) {
            let mirrored = right.hu.chunks(128).flat_map(|row| row.iter().rev()).copied().collect::<Vec<_>>();
            assert!(left.hu == mirrored && left.level == right.level);
        }
        let [left, right] = [left.truth, right.truth].map(|truth| truth.lesion.expect("positive"));
        assert_eq!(Lesion { visible: Vec::new(), ..left.clone() }, Lesion { visible: Vec::new(), ..right.clone() });
        assert!(left.visible.iter().zip(&right.visible).all(|(l, r)| *l == r.mirrored(128)));
    }

    /// The patient's right is on the left of the image, that is in the lower columns.
    #[test]
    fn blood_is_bright_and_on_the_side_that_the_class_says() {
        for (class, on_left_of_image) in [(Class::Right, true), (Class::Left, false)] {
            let exam =
                Exam { difficulty: Difficulty { smallest: 2.0, pose: 2.0, ..Difficulty::default() }, ..exam(class, "b", 128) };
            let study = exam.render();
            let lesion = study.truth.lesion.expect("positive");
            for (slice, seen) in study.slices.iter().zip(&lesion.visible).filter(|(_, seen)| seen.area > 100.0) {
                assert_eq!(seen.column < 64.0, on_left_of_image, "{class:?} {seen:?}");
                let at = |row: usize, column: usize| f64::from(slice.hu[row * 128 + column]);
                let (row, column) = (seen.row.round() as usize, seen.column.round() as usize);
                let mean = (0..9).map(|i| at(row + i / 3 - 1, column + i % 3 - 1)).sum::<f64>() / 9.0;
                assert!((mean - lesion.attenuation).abs() < 15.0, "{mean} HU in a clot of {}", lesion.attenuation);
            }
        }
    }

    #[test]
    fn every_positive_patient_shows_the_clot_in_some_slice() {
        for i in 0..12 {
            let truth = exam(Class::Left, &format!("c{i}"), 96).render().truth;
            let lesion = truth.lesion.expect("positive");
            assert!(lesion.visible.iter().any(|seen| seen.area > 10.0), "{i}: {lesion:?}");
        }
    }

    /// Interior pixels of a painted tissue: all neighbours within two pixels have its attenuation too, and no cupping reaches.
    fn interior(slice: &Exposed, matrix: usize, hu: f64) -> Vec<usize> {
        let near = |index: usize| (f64::from(slice.hu[index]) - hu).abs() < 1.2;
        let block = |index: usize| (0..25).map(move |i| index + (i / 5) * matrix + i % 5 - 2 * matrix - 2);
        let rows = 3 * matrix..(matrix - 3) * matrix;
        rows.filter(|index| slice.depth[*index] > 15.0 && block(*index).all(near)).collect()
    }

    #[test]
    fn tissues_keep_their_mean_hu_through_the_scanner() {
        let mut errors = [(0.0, 0.0); 3];
        for name in ["d", "e", "f"] {
            let exam = exam(Class::None, name, 256);
            let protocol = Protocol::draw(exam.seed.child("protocol"), 3.5);
            let pose = Pose::draw(exam.seed.child("pose"), 2.0);
            let mut patient = Patient::draw(&exam, &protocol, &pose);
            patient.person.ventricles = 2.5;
            patient.ventricles = Ventricles::of(&patient.person, 0.0);
            let grid = Grid { matrix: 256, pixel: protocol.field_of_view / 256.0, pose };
            let painted = patient.slices(exam.seed, grid, &protocol.levels[1..3], protocol.thickness);
            let tissues = [patient.tissues.csf, patient.tissues.white, patient.tissues.grey];
            let interiors: Vec<_> = painted.iter().map(|slice| tissues.map(|hu| interior(&slice.exposed, 256, hu))).collect();
            let expected: Vec<Vec<f32>> = painted.iter().map(|slice| slice.exposed.hu.clone()).collect();
            let exposed = painted.into_iter().map(|slice| slice.exposed).collect();
            let images = scanner::scan(exam.seed, &protocol, 256, exposed);
            for ((image, expected), interiors) in images.iter().zip(&expected).zip(&interiors) {
                for (sum, pixels) in errors.iter_mut().zip(interiors) {
                    sum.0 += pixels.iter().map(|i| f64::from(image[*i]) - f64::from(expected[*i])).sum::<f64>();
                    sum.1 += pixels.len() as f64;
                }
            }
        }
        for (tissue, (sum, count)) in ["CSF", "white", "grey"].iter().zip(errors) {
            assert!(count > 150.0, "{tissue}: {count} pixels");
            assert!((sum / count).abs() < 1.0, "{tissue}: {} HU off over {count} pixels", sum / count);
        }
    }

    #[test]
    fn the_head_is_the_same_with_and_without_blood() {
        let (none, left) = (exam(Class::None, "g", 96), exam(Class::Left, "g", 96));
        let draw = |exam: &Exam| {
            let protocol = Protocol::draw(exam.seed.child("protocol"), 3.5);
            let pose = Pose::draw(exam.seed.child("pose"), 4.5);
            let patient = Patient::draw(exam, &protocol, &pose);
            format!("{:?} {:?} {:?} {protocol:?} {pose:?}", patient.person, patient.tissues, patient.infarct)
        };
        assert_eq!(draw(&none), draw(&left));
    }
}
