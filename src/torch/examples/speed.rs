//! Milliseconds of one core an image: forward, backward and update, and the score of one image.
//! `cargo run --release -p bgh-torch --example speed [NETWORK CROP WIDTH BATCH]`. Processor time, so that other work on the machine does not count.

use anyhow::{Result, ensure};
use bgh::seed::Seed;
use bgh::stage::train::{self, Network, Rule, Schedule};
use bgh_torch::backend;
use bgh_torch::dataset::three_channels;
use bgh_torch::network::Net;
use bgh_torch::solver::Solver;
use tch::{Device, Kind, Tensor};

const BATCH: i64 = 32;
const REPEATS: usize = 5;

fn main() -> Result<()> {
    backend::set_up(false);
    println!("network    crop width batch  train ms  score ms  parameters");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [name, crop, width, batch] = &arguments[..] {
        return measure(name, crop.parse()?, width.parse()?, batch.parse()?);
    }
    for name in ["alexnet", "googlenet"] {
        for (width, crop) in [0.25, 0.5].into_iter().flat_map(|width| [56, 64, 96, 112].map(|crop| (width, crop))) {
            measure(name, crop, width, BATCH)?;
        }
    }
    Ok(())
}

fn measure(name: &str, crop: usize, width: f64, batch: i64) -> Result<()> {
    let net = Net::new(&Network { name: name.into(), width, crop }, 3, Seed::root(1), Device::Cpu)?;
    let (rule, schedule) = (Rule::Sgd { momentum: 0.9 }, Schedule::Constant);
    let params = train::Solver { rule, learning_rate: 1e-6, schedule, warm_up: 0.0, weight_decay: 1e-4, clip: None };
    let mut solver = Solver::new(&params, &net, 1)?;
    let side = crop as i64;
    let images = three_channels(&(Tensor::randn([batch, side, side], (Kind::Float, Device::Cpu)) * 50.0));
    let labels = Tensor::zeros([batch], (Kind::Int64, Device::Cpu));
    let train = fastest(batch, || {
        net.loss(&images, &labels).backward();
        solver.update(&net, 0);
    })?;
    let score = fastest(batch, || drop(net.scores(&images)))?;
    println!("{name:<10} {crop:>4} {width:>5} {batch:>5} {train:>9.2} {score:>9.2} {:>11}", net.size());
    Ok(())
}

/// Milliseconds an image of the fastest of some runs, after one to warm up.
fn fastest(batch: i64, mut work: impl FnMut()) -> Result<f64> {
    work();
    let mut least = f64::INFINITY;
    for _ in 0..REPEATS {
        let start = processor_seconds()?;
        work();
        least = least.min(processor_seconds()? - start);
    }
    Ok(least * 1e3 / batch as f64)
}

/// Time that this process has had on a processor.
fn processor_seconds() -> Result<f64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel fills in the structure that lives here.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    ensure!(status == 0, "the processor time of this process is unknown");
    Ok(time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9)
}
