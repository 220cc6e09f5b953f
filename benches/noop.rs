//! What it costs to find out that nothing has to be done: `bgh run` on the default study, all steps cached, as a whole process. The
//! stand-in worker of the tests fills the cache; the number of steps and files is that of the real study.

#[path = "../tests/common/mod.rs"]
mod common;

use common::Space;
use criterion::{Criterion, criterion_group, criterion_main};

const ARGUMENTS: [&str; 6] = ["run", "study.toml", "--set", "cohort.phantom.matrix=64", "--set", "images.size=80"];

fn noop(criterion: &mut Criterion) {
    let study = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/study.toml");
    let space = Space::new();
    space.write("study.toml", &std::fs::read_to_string(study).expect("the default study"));
    let outcome = space.bgh(&ARGUMENTS);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    criterion.bench_function("noop_study", |bencher| {
        bencher.iter(|| {
            let outcome = space.bgh(&ARGUMENTS);
            let steps = outcome.stdout.split(' ').next().unwrap_or_default();
            assert!(outcome.stdout.starts_with(&format!("{steps} steps: {steps} cached")), "{}", outcome.text());
        });
    });
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = noop }
criterion_main!(benches);
