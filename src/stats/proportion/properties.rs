//! What intervals of proportions promise, on every count.

use proptest::prelude::*;

use super::*;
use crate::stats::{Interval, Level};

type Method = fn(Proportion, Level) -> Interval;

const METHODS: [Method; 5] = [clopper_pearson, wilson, wilson_corrected, jeffreys, agresti_coull];

fn count() -> impl Strategy<Value = (usize, usize)> {
    (1usize..3000).prop_flat_map(|trials| (0..=trials).prop_map(move |hits| (hits, trials - hits)))
}

fn level() -> impl Strategy<Value = Level> {
    (0.5..0.9999f64).prop_map(|coverage| Level::new(coverage).unwrap())
}

fn paired() -> impl Strategy<Value = PairedProportions> {
    (0usize..80, 0usize..80, 0usize..80, 0usize..80)
        .prop_map(|(both, only_first, only_second, neither)| PairedProportions { both, only_first, only_second, neither })
        .prop_filter("somebody", |counts| counts.subjects() > 0)
}

fn interval(method: Method, (hits, misses): (usize, usize), level: Level) -> Interval {
    method(Proportion::new(hits, misses).unwrap(), level)
}

/// Probabilities of 0..=n hits in n trials.
fn binomial(trials: usize, p: f64) -> Vec<f64> {
    let next = |masses: Vec<f64>, _| {
        let miss = masses.iter().map(|mass| mass * (1.0 - p)).chain([0.0]);
        let hit = [0.0].into_iter().chain(masses.iter().map(|mass| mass * p));
        miss.zip(hit).map(|(miss, hit)| miss + hit).collect()
    };
    (0..trials).fold(vec![1.0], next)
}

proptest! {
    #[test]
    fn clopper_pearson_covers_at_least_its_level(trials in 1usize..60, p in 0.0..=1.0f64, level in level()) {
        let covers = |hits: usize| {
            let interval = interval(clopper_pearson, (hits, trials - hits), level);
            interval.lower <= p && p <= interval.upper
        };
        let covered: f64 = binomial(trials, p).iter().enumerate().filter(|&(hits, _)| covers(hits)).map(|(_, mass)| mass).sum();
        prop_assert!(covered >= 1.0 - 2.0 * level.tail() - 1e-12, "{covered}");
    }

    #[test]
    fn every_interval_holds_its_estimate(count in count(), level in level()) {
        let estimate = Proportion::new(count.0, count.1).unwrap().estimate();
        for method in METHODS {
            let interval = interval(method, count, level);
            prop_assert!(interval.lower <= estimate && estimate <= interval.upper + 1e-15, "{interval:?}");
        }
    }

    #[test]
    fn hits_and_misses_mirror_each_other((hits, misses) in count(), level in level()) {
        for method in METHODS {
            let (here, there) = (interval(method, (hits, misses), level), interval(method, (misses, hits), level));
            prop_assert!((here.lower - (1.0 - there.upper)).abs() < 1e-13, "{here:?} {there:?}");
        }
    }

    #[test]
    fn one_hit_more_raises_both_limits((hits, misses) in count(), level in level()) {
        prop_assume!(misses > 0);
        for method in METHODS {
            let (fewer, more) = (interval(method, (hits, misses), level), interval(method, (hits + 1, misses - 1), level));
            prop_assert!(fewer.lower <= more.lower && fewer.upper <= more.upper, "{fewer:?} {more:?}");
        }
    }

    #[test]
    fn all_but_agresti_and_coulls_stay_within_the_unit_interval(count in count(), level in level()) {
        for method in &METHODS[..4] {
            let interval = interval(*method, count, level);
            prop_assert!(0.0 <= interval.lower && interval.lower < interval.upper && interval.upper <= 1.0, "{interval:?}");
        }
    }

    #[test]
    fn agresti_and_coulls_holds_wilsons(count in count(), level in level()) {
        let (inner, outer) = (interval(wilson, count, level), interval(agresti_coull, count, level));
        prop_assert!(outer.lower <= inner.lower + 1e-14 && inner.upper <= outer.upper + 1e-14, "{inner:?} {outer:?}");
    }

    #[test]
    fn newcombes_interval_holds_the_difference_within_bounds(counts in paired(), level in level()) {
        let (interval, difference) = (newcombe(&counts, level).unwrap(), counts.difference().unwrap());
        prop_assert!(-1.0 - 1e-12 <= interval.lower && interval.lower <= difference, "{interval:?} {difference}");
        prop_assert!(difference <= interval.upper && interval.upper <= 1.0 + 1e-12, "{interval:?} {difference}");
        let swapped = newcombe(&counts.swapped(), level).unwrap();
        prop_assert!((swapped.lower + interval.upper).abs() < 1e-13 && (swapped.upper + interval.lower).abs() < 1e-13);
    }
}
