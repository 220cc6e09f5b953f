//! What a comparison costs: one curve from raw scores to AUC and variance beside a plain sort of the scores, which nothing that
//! needs ranks can beat; all pairs of a factorial of eight; ten thousand resamples.

use std::hint::black_box;
use std::sync::Arc;

use bgh::seed::Seed;
use bgh::stats::resample::{Bootstrap, Sampling};
use bgh::stats::{self, Pair, Placements, Reference, Scores};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Half cases; scores overlap, and every tenth is tied.
fn study(subjects: usize, curves: usize) -> (Arc<Reference>, Vec<Vec<f64>>) {
    let mut rng = ChaCha8Rng::seed_from_u64(2017);
    let is_case: Vec<bool> = (0..subjects).map(|subject| subject % 2 == 0).collect();
    let mut score = |case: bool| {
        let score = rng.random::<f64>() + if case { 0.3 } else { 0.0 };
        if score < 0.1 { 0.0 } else { score }
    };
    let scores = (0..curves).map(|_| is_case.iter().map(|&case| score(case)).collect()).collect();
    (Arc::new(Reference::new(is_case).expect("both classes")), scores)
}

fn placements(reference: &Arc<Reference>, scores: &[f64]) -> Placements {
    Placements::of(&Scores::new(reference, scores).expect("scores"))
}

fn auc_and_delong(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("auc_and_delong");
    for subjects in [110, 10_000, 100_000, 1_000_000] {
        let (reference, scores) = study(subjects, 1);
        group.throughput(Throughput::Elements(subjects as u64)).sample_size(10);
        group.bench_function(BenchmarkId::from_parameter(subjects), |bencher| {
            bencher.iter(|| {
                let curve = placements(&reference, black_box(&scores[0]));
                (stats::auc(&curve), stats::delong::variance(&curve))
            });
        });
    }
}

fn factorial_of_eight(criterion: &mut Criterion) {
    let (reference, scores) = study(110, 8);
    criterion.bench_function("eight_curves_28_tests_110", |bencher| {
        bencher.iter(|| {
            let curves: Vec<_> = black_box(&scores).iter().map(|scores| placements(&reference, scores)).collect();
            let pairs = (0..8).flat_map(|a| (a + 1..8).map(move |b| (a, b)));
            let tests = pairs.map(|(a, b)| Pair::new(&curves[a], &curves[b]).expect("the same subjects").test());
            tests.filter_map(Result::ok).map(|test| test.p).sum::<f64>()
        });
    });
}

fn plain_sort(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plain_sort");
    for subjects in [110, 10_000, 100_000, 1_000_000] {
        let (_, scores) = study(subjects, 1);
        group.throughput(Throughput::Elements(subjects as u64)).sample_size(10);
        group.bench_function(BenchmarkId::from_parameter(subjects), |bencher| {
            bencher.iter(|| {
                let mut sorted = black_box(&scores[0]).clone();
                sorted.sort_unstable_by(f64::total_cmp);
                sorted
            });
        });
    }
}

fn ten_thousand_resamples(criterion: &mut Criterion) {
    let (reference, scores) = study(110, 1);
    let scores = Scores::new(&reference, &scores[0]).expect("scores");
    let bootstrap = Bootstrap { sampling: Sampling::stratified(&reference), seed: Seed::root(2017), replicates: 10_000 };
    let one_core = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    criterion.bench_function("ten_thousand_resamples_110_one_core", |bencher| {
        bencher.iter(|| one_core.install(|| bootstrap.areas(black_box(&scores))));
    });
}

criterion_group!(benches, auc_and_delong, plain_sort, factorial_of_eight, ten_thousand_resamples);
criterion_main!(benches);
