//! How many subjects make an interval as narrow as wanted.

use super::hanley_mcneil::controls_of;
use super::search::least;
use crate::stats::hanley_mcneil::variance;
use crate::stats::proportion::Proportion;
use crate::stats::{Interval, Level, Undefined};

/// Least number of cases, with ⌈ratio · cases⌉ controls, whose interval of an area of `auc` is at most `width` wide: 2 z √var
/// with Hanley & McNeil's variance (1982, Radiology 143:29).
///
/// # Errors
/// [`Undefined::OutOfRange`] where `auc` is not within (0, 1) or `ratio` or `width` is not positive, [`Undefined::Unreachable`]
/// where more than [`MAX_SUBJECTS`](crate::stats::MAX_SUBJECTS) cases would be needed.
pub fn area_width(auc: f64, ratio: f64, width: f64, level: Level) -> Result<usize, Undefined> {
    if !(auc > 0.0 && auc < 1.0 && width > 0.0) {
        return Err(Undefined::OutOfRange);
    }
    let controls = controls_of(ratio)?;
    least(|cases| 2.0 * level.critical() * variance(auc, cases, controls(cases)).sqrt() <= width)
}

/// Number of subjects whose interval by `method` is at most `width` wide when the share comes out as `expected`, to the nearest
/// subject: one that suffices while one less does not. Which is least is not quite a question, because rounding the share
/// widens and narrows the interval from one number to the next.
///
/// # Errors
/// [`Undefined::OutOfRange`] where `expected` is not within [0, 1] or `width` is not positive, [`Undefined::Unreachable`] where
/// more than [`MAX_SUBJECTS`](crate::stats::MAX_SUBJECTS) would be needed.
pub fn proportion_width(
    expected: f64,
    width: f64,
    level: Level,
    method: impl Fn(Proportion, Level) -> Interval,
) -> Result<usize, Undefined> {
    if !((0.0..=1.0).contains(&expected) && width > 0.0) {
        return Err(Undefined::OutOfRange);
    }
    let interval = |subjects: usize| {
        let hits = (expected * subjects as f64).round() as usize;
        Proportion::new(hits, subjects - hits).map(|proportion| method(proportion, level))
    };
    least(|subjects| interval(subjects).is_ok_and(|interval| interval.upper - interval.lower <= width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::proportion::{clopper_pearson, wilson};

    #[test]
    fn sizes_suffice_and_one_less_does_not() {
        let level = Level::new(0.95).unwrap();
        for (expected, width) in [(0.8, 0.15), (0.95, 0.1), (0.5, 0.02), (1.0, 0.05), (0.0, 0.05)] {
            for method in [clopper_pearson, wilson] {
                let subjects = proportion_width(expected, width, level, method).unwrap();
                let width_of = |subjects: usize| {
                    let hits = (expected * subjects as f64).round() as usize;
                    let interval = method(Proportion::new(hits, subjects - hits).unwrap(), level);
                    interval.upper - interval.lower
                };
                assert!(width_of(subjects) <= width && width_of(subjects - 1) > width, "{expected} {width}: {subjects}");
            }
        }
        // Clopper & Pearson's lower limit of n in n is 0.025^(1/n): ln 0.025 / ln 0.95 = 71.9.
        assert_eq!(proportion_width(1.0, 0.05, level, clopper_pearson), Ok(72));
        assert_eq!(proportion_width(1.5, 0.05, level, wilson), Err(Undefined::OutOfRange));
        assert_eq!(proportion_width(0.5, 1e-9, level, wilson), Err(Undefined::Unreachable));
    }

    #[test]
    fn an_areas_width_is_hanley_and_mcneils() {
        let level = Level::new(0.95).unwrap();
        let cases = area_width(0.9, 2.0, 0.1, level).unwrap();
        let width = |cases: usize| 2.0 * level.critical() * variance(0.9, cases, 2 * cases).sqrt();
        assert!(width(cases) <= 0.1 && width(cases - 1) > 0.1, "{cases}");
        assert_eq!(area_width(1.0, 1.0, 0.1, level), Err(Undefined::OutOfRange));
    }
}
