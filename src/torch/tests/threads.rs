//! How far results depend on the number of threads. Alone in its process, because the number is one for the whole of it.

use bgh::seed::Seed;
use bgh::stage::train;
use bgh_torch::network::Net;
use tch::{Device, Kind, Tensor};

/// Scores before training and every gradient of one step.
fn computed(name: &str, threads: i32) -> Vec<Tensor> {
    tch::set_num_threads(threads);
    tch::manual_seed(1);
    let net =
        Net::new(&train::Network { name: name.into(), width: 0.5, crop: 96 }, 3, Seed::root(1), Device::Cpu).expect("fits");
    let images = Tensor::randn([8, 3, 96, 96], (Kind::Float, Device::Cpu)) * 50.0;
    let scores = net.scores(&images);
    net.loss(&images, &Tensor::from_slice(&[0i64, 1, 2, 0, 1, 2, 0, 1])).backward();
    [scores].into_iter().chain(net.parameters().iter().map(|parameter| parameter.values.grad())).collect()
}

#[test]
fn one_number_of_threads_gives_one_result_and_two_numbers_nearly_so() {
    for name in ["alexnet", "googlenet"] {
        let [one, again, two] = [1, 1, 2].map(|threads| computed(name, threads));
        assert!(one.iter().zip(&again).all(|(one, again)| one == again), "{name}: other bits with the same thread");
        let equal = one.iter().zip(&two).filter(|(one, two)| one == two).count();
        println!("{name}: {equal} of {} tensors are equal with one and two threads; scores: {}", one.len(), one[0] == two[0]);
        for (one, two) in one.iter().zip(&two) {
            let deviation = (one - two).norm().double_value(&[]) / one.norm().double_value(&[]);
            assert!(deviation < 1e-4, "{name}: {deviation} apart with two threads");
        }
    }
}
