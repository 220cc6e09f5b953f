//! Milliseconds an image for forward pass, backward pass and update, on one core: `cargo run -p bgh-torch --example speed`.

use std::time::Instant;

use anyhow::Result;
use bgh::seed::Seed;
use bgh::stage::train::Network;
use bgh_torch::network::Net;
use tch::{Device, Kind, Tensor};

fn main() -> Result<()> {
    tch::set_num_threads(1);
    let last = std::env::args().nth(1).is_some();
    for name in ["alexnet", "googlenet"] {
        for (crop, width) in [(56, 0.25), (64, 0.25), (96, 0.25), (112, 0.25), (64, 0.5), (112, 0.5)] {
            let size = Network { name: name.into(), width, crop };
            let net = Net::new(&size, 3, Seed::root(1), Device::Cpu)?;
            let c = crop as i64;
            let images = Tensor::randn([32, 1, c, c], (Kind::Float, Device::Cpu)).expand([32, 3, c, c], false) * 50.0;
            let images =
                if last { images.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]) } else { images.contiguous() };
            let labels = Tensor::zeros([32], (Kind::Int64, Device::Cpu));
            let mut best = f64::MAX;
            let mut fwd = f64::MAX;
            for _ in 0..6 {
                let start = Instant::now();
                let loss = net.loss(&images, &labels);
                fwd = fwd.min(start.elapsed().as_secs_f64());
                loss.backward();
                best = best.min(start.elapsed().as_secs_f64());
            }
            println!("{name} {crop} {width}: {:.2} ms ({:.2} fwd) {} params", best / 32.0 * 1e3, fwd / 32.0 * 1e3, net.size());
        }
    }
    Ok(())
}
