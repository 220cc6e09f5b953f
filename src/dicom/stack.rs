//! Slices that can stand in one volume, in their order, and what is remarkable about it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::kernel::enhances_edges;
use super::pixels::Hu;
use super::slice::Slice;

/// Positions that differ by less are one, mm: scanners round to a hundredth.
const SAME_PLACE: f64 = 0.02;
/// A gap is remarkable where it is longer than the usual step by this part of it.
const GAP: f64 = 0.5;
/// Slices of the studies that this tool was made for, mm.
const USUAL_THICKNESS: f64 = 5.0;

/// Slices of one series with one orientation, matrix, pixel size and kernel, from the feet to the head, each at a place of its own.
#[derive(Debug, Clone)]
pub(super) struct Stack {
    pub(super) slices: Vec<Slice>,
    /// Slices that were left out because they show what another one shows.
    copies: usize,
    /// How many stacks of this series lie at the same places, this one included.
    phases: usize,
}

/// What one series of an exam offers, free of identity.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StackFacts {
    /// Series Number as written; may be empty.
    pub series_number: String,
    /// Number of slices.
    pub slices: usize,
    /// Convolution Kernel.
    pub kernel: String,
    /// Median distance between neighbouring slices, mm; `None` for a single one.
    pub step_mm: Option<f64>,
    /// Slice thickness that most slices have, mm.
    pub thickness_mm: Option<f64>,
    /// From the first to the last slice, and half a slice beyond both, mm.
    pub coverage_mm: f64,
    /// Tilt from the vectors, degrees.
    pub tilt_deg: f64,
    /// What a reader of the volume should know: gaps, changes of thickness, copies, phases.
    pub notes: Vec<String>,
}

impl Stack {
    /// All stacks among slices: none mixes series, orientations, matrices, pixel sizes or kernels, and where several slices lie at one
    /// place (phases, repeated scans) the first stack has the first of each by acquisition and instance number.
    pub(super) fn all(slices: Vec<Slice>) -> Vec<Self> {
        let mut groups: Vec<Vec<Slice>> = Vec::new();
        for slice in slices {
            match groups.iter_mut().find(|group| belong_together(&group[0], &slice)) {
                Some(group) => group.push(slice),
                None => groups.push(vec![slice]),
            }
        }
        groups.into_iter().flat_map(phases).collect()
    }

    /// What decides which stack is taken, the best greatest; the rules are in the documentation of [`super::AxialSeries`].
    pub(super) fn rank(&self, widest: f64) -> impl Ord + use<> {
        let (first, facts) = (&self.slices[0], self.facts());
        let hundredths = |mm: f64| (mm * 100.0).round() as i64;
        let odd = facts.thickness_mm.or(facts.step_mm).map_or(i64::MAX, |mm| hundredths((mm - USUAL_THICKNESS).abs()));
        (
            anatomy(first),
            !enhances_edges(&first.frame().kernel),
            !first.header.acquisition.contains_key("ContrastBolusAgent"),
            first.frame().image_type.first().is_none_or(|kind| kind != "DERIVED"),
            facts.coverage_mm >= 0.75 * widest,
            Reverse(odd),
            self.slices.len(),
            Reverse(first.header.series.clone()),
        )
    }

    /// From the first to the last slice, and half a slice beyond both, mm.
    pub(super) fn coverage(&self) -> f64 {
        let (first, last) = (&self.slices[0], &self.slices[self.slices.len() - 1]);
        let beyond = |slice: &Slice| slice.frame().thickness.unwrap_or(0.0) / 2.0;
        last.position - first.position + beyond(first) + beyond(last)
    }

    pub(super) fn facts(&self) -> StackFacts {
        let first = &self.slices[0];
        StackFacts {
            series_number: first.header.series_number.clone(),
            slices: self.slices.len(),
            kernel: first.frame().kernel.clone(),
            step_mm: median(self.steps()),
            thickness_mm: self.thicknesses().into_iter().max_by_key(|(_, count)| *count).map(|(mm, _)| mm as f64 / 1000.0),
            coverage_mm: self.coverage(),
            tilt_deg: first.orientation.tilt_degrees(),
            notes: self.notes(),
        }
    }

    fn steps(&self) -> Vec<f64> {
        self.slices.windows(2).map(|pair| pair[1].position - pair[0].position).collect()
    }

    /// How many slices have which thickness, thousandths of a millimetre.
    fn thicknesses(&self) -> BTreeMap<i64, usize> {
        let mut counts = BTreeMap::new();
        for thickness in self.slices.iter().filter_map(|slice| slice.frame().thickness) {
            *counts.entry((thickness * 1000.0).round() as i64).or_default() += 1;
        }
        counts
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let thick: Vec<_> =
            self.thicknesses().iter().map(|(mm, count)| format!("{count} x {} mm", *mm as f64 / 1000.0)).collect();
        if thick.len() > 1 {
            notes.push(format!("slices of several thicknesses: {}", thick.join(", ")));
        }
        let steps = self.steps();
        let usual = median(steps.clone()).unwrap_or(0.0);
        // Sequential heads change their step with their thickness; only what is missing besides that is a gap.
        let gaps = self.slices.windows(2).zip(&steps).enumerate().filter(|(_, (pair, step))| {
            let own = pair.iter().filter_map(|slice| slice.frame().thickness).fold(usual, f64::max);
            **step > own * (1.0 + GAP)
        });
        notes.extend(gaps.map(|(at, (_, step))| format!("a gap of {step:.2} mm between slices {at} and {}", at + 1)));
        if self.copies > 0 {
            notes.push(format!("{} copies of slices were left out", self.copies));
        }
        if self.phases > 1 {
            notes.push(format!(
                "one of {} stacks of its series at the same places; the first acquisition comes first",
                self.phases
            ));
        }
        notes
    }
}

/// Whether the series says that it shows the head: 2, says nothing: 1, says that it shows something else: 0.
fn anatomy(slice: &Slice) -> u8 {
    let header = &slice.header;
    let part = header.acquisition.get("BodyPartExamined").map(String::as_str).unwrap_or_default();
    let told = format!("{part} {}", header.description).to_ascii_uppercase();
    let says = |words: &[&str]| words.iter().any(|word| told.contains(word));
    if says(&["SPINE", "NECK", "CHEST", "THORAX", "ABDOMEN", "PELVIS", "LUNG"]) {
        0
    } else if says(&["HEAD", "BRAIN", "SKULL", "CEREBR", "CRANI", "NEURO"]) {
        2
    } else {
        1
    }
}

fn belong_together(a: &Slice, b: &Slice) -> bool {
    let series = |slice: &Slice| (slice.header.series.clone(), slice.rows(), slice.columns(), slice.frame().kernel.clone());
    let near = |a: f64, b: f64| (a - b).abs() < 1e-3 * a;
    let spacing = near(a.spacing[0], b.spacing[0]) && near(a.spacing[1], b.spacing[1]);
    series(a) == series(b) && spacing && a.orientation.agrees_with(&b.orientation)
}

/// Slices of a group, the k-th at each place into the k-th stack.
fn phases(mut slices: Vec<Slice>) -> Vec<Stack> {
    let number = |text: &str| text.parse::<i64>().unwrap_or(i64::MAX);
    let order = |slice: &Slice| (number(&slice.header.acquisition_number), number(&slice.header.instance_number));
    slices.sort_by(|a, b| {
        let place = if same_place(a, b) { std::cmp::Ordering::Equal } else { a.position.total_cmp(&b.position) };
        place.then_with(|| order(a).cmp(&order(b))).then_with(|| a.name.cmp(&b.name))
    });
    let mut stacks: Vec<Stack> = Vec::new();
    let mut copies = 0;
    for place in slices.chunk_by(same_place) {
        let distinct = distinct(place);
        copies += place.len() - distinct.len();
        for (phase, slice) in distinct.into_iter().enumerate() {
            if phase == stacks.len() {
                stacks.push(Stack { slices: Vec::new(), copies: 0, phases: 1 });
            }
            stacks[phase].slices.push(slice.clone());
        }
    }
    let phases = stacks.len();
    stacks.iter_mut().for_each(|stack| (stack.copies, stack.phases) = (copies, phases));
    stacks
}

fn same_place(a: &Slice, b: &Slice) -> bool {
    (a.position - b.position).abs() < SAME_PLACE
}

/// Slices at one place without those that show the same pixels. What cannot be decoded is kept: it is told when it is needed.
fn distinct(place: &[Slice]) -> Vec<&Slice> {
    let [_, _, ..] = place else { return place.iter().collect() };
    let mut kept: Vec<(&Slice, Option<Hu>)> = Vec::new();
    for slice in place {
        let hu = slice.hu().ok();
        if hu.is_none() || kept.iter().all(|(_, seen)| *seen != hu) {
            kept.push((slice, hu));
        }
    }
    kept.into_iter().map(|(slice, _)| slice).collect()
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}
