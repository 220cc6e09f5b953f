//! Kind `pretrain`: a network learns to tell fractals apart.

use anyhow::{Result, bail, ensure};
use bgh::artifact::{Curve, TrainingRecord};
use bgh::seed::Seed;
use bgh::stage::pretrain::Params;
use bgh::stage::train::Select;
use rand::RngExt;
use tch::{Device, Tensor};

use crate::dataset::three_channels;
use crate::evaluate::{BATCH, Quality, Tally};
use crate::fit::{self, Course, Fitted, Plan};
use crate::formula::Studio;
use crate::mean::Mean;
use crate::model::{self, Facts};
use crate::network::{Input, Net, Network};
use crate::session::{Outcome, Session};
use crate::solver::Descent;

/// Looks at the held-out scenes in the course of a pretraining.
const LOOKS: usize = 10;
/// Held-out scenes a category.
const HELD_OUT: usize = 8;
/// Scenes that the mean image is made of.
const MEAN_OF: usize = 512;
const MOMENTUM: f64 = 0.9;
const WEIGHT_DECAY: f64 = 5e-4;
/// Share of the updates over which the rate rises to its full height, and the share of it that is left at the end.
const WARM_UP: f64 = 0.1;
const FINAL_RATE: f64 = 0.01;
/// Without batch normalisation a rare batch gives a gradient that would undo all that was learnt.
const GRADIENT_LIMIT: f64 = 5.0;

/// Pretrains, and writes ports `model`, `curves` and `record`.
///
/// # Errors
/// When parameters do not fit each other, the training diverges, or the held-out scenes are told apart too rarely.
pub fn run(session: &mut Session) -> Result<Outcome> {
    let params: Params = session.params()?;
    let input = Network::find(&params.network.name)?.input;
    let course = Fractals::new(&params, input, session.spec.seed, session.device)?;
    let net = Net::new(&params.network, params.categories, session.spec.seed.child("fillers"), session.device)?;
    net.accept_batch(params.batch)?;
    let descent = Descent::new(&net, MOMENTUM, WEIGHT_DECAY)?;
    let plan = Plan { select: Select::Last, seed: session.spec.seed };
    let Some(fitted) = fit::fit(session, &course, &net, descent, plan)? else { return Ok(Outcome::Interrupted) };
    write(session, &params, &course, &net, &fitted)?;
    Ok(Outcome::Done)
}

fn write(session: &Session, params: &Params, course: &Fractals, net: &Net, fitted: &Fitted) -> Result<()> {
    accept(params, &fitted.curves.0)?;
    let classes = (0..params.categories).map(|category| format!("ifs-{category:04}")).collect();
    let facts = Facts { network: params.network.clone(), classes, size: [params.size; 2] };
    model::write(&session.folder.port("model")?, &facts, &fitted.weights, &course.mean)?;
    fitted.curves.write(&session.folder.port("curves")?)?;
    record(params, course, net, fitted).write(&session.folder.port("record")?)
}

/// Weights that cannot tell fractals apart are no better a start than the fillers, and would be reported as pretrained.
fn accept(params: &Params, curves: &[Curve]) -> Result<()> {
    let accuracy = curves.last().map_or(0.0, |curve| curve.tune_accuracy);
    if accuracy >= params.min_accuracy {
        return Ok(());
    }
    let end: Vec<String> = curves.iter().rev().take(4).rev().map(|curve| format!("{:.3}", curve.tune_loss)).collect();
    bail!(
        "held-out fractals are told apart with accuracy {accuracy:.3}, below min_accuracy {}; held-out loss ended {} (chance: {:.3}); \
         use more `samples`, fewer `categories` or another `learning_rate`",
        params.min_accuracy,
        end.join(", "),
        (params.categories as f64).ln()
    )
}

fn record(params: &Params, course: &Fractals, net: &Net, fitted: &Fitted) -> TrainingRecord {
    TrainingRecord {
        network: params.network.name.clone(),
        parameters: net.size(),
        start: "untrained".into(),
        images: params.samples,
        epochs: course.epochs(),
        updates: course.epochs() * course.updates_per_epoch(),
        best_epoch: fitted.best.epoch,
        best_tune_loss: fitted.best.tune_loss,
        loaded: vec![],
        reinitialised: net.graph().learnt().map(|layer| layer.name.clone()).collect(),
    }
}

/// Scenes drawn as they are needed, none shown twice.
#[derive(Debug)]
struct Fractals {
    studio: Studio,
    mean: Mean,
    seed: Seed,
    device: Device,
    size: usize,
    crop: usize,
    categories: usize,
    batch: usize,
    updates: usize,
    learning_rate: f64,
}

impl Fractals {
    fn new(params: &Params, input: Input, seed: Seed, device: Device) -> Result<Self> {
        let Params { size, categories, samples, batch, learning_rate, .. } = *params;
        let crop = params.network.crop;
        ensure!(crop <= size, "crop {crop} does not fit rendered images of size {size}");
        ensure!(categories >= 2, "categories {categories}: there is nothing to tell apart");
        ensure!(batch > 0 && samples >= batch, "samples {samples} do not fill one batch of {batch}");
        ensure!(learning_rate > 0.0 && learning_rate.is_finite(), "learning_rate {learning_rate} is not above 0");
        let studio = Studio::new(seed.child("categories"), categories, size);
        let scenes = (0..MEAN_OF).flat_map(|number| studio.draw(seed.child("mean").child(number)).pixels);
        let mean = input.reference(Mean::of_pixels(size, size, &scenes.collect::<Vec<_>>()));
        Ok(Self { studio, mean, seed, device, size, crop, categories, batch, updates: samples / batch, learning_rate })
    }

    /// Scenes of these streams, each cut at its place: images and labels.
    fn scenes(&self, streams: impl Iterator<Item = (Seed, [usize; 2])>) -> (Tensor, Tensor) {
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        for (seed, place) in streams {
            let scene = self.studio.draw(seed);
            self.cut(&scene.pixels, place, &mut values);
            labels.push(scene.category as i64);
        }
        let (count, crop) = (labels.len() as i64, self.crop as i64);
        let grey = Tensor::from_slice(&values).reshape([count, crop, crop]).to_device(self.device);
        (three_channels(&grey), Tensor::from_slice(&labels).to_device(self.device))
    }

    /// Pixel minus mean at the same position, appended row after row.
    fn cut(&self, pixels: &[u8], [top, left]: [usize; 2], values: &mut Vec<f32>) {
        for row in top..top + self.crop {
            let line = row * self.size + left..row * self.size + left + self.crop;
            let pairs = pixels[line.clone()].iter().zip(&self.mean.pixels[line]);
            values.extend(pairs.map(|(&pixel, &mean)| f32::from(pixel) - f32::from(mean)));
        }
    }

    fn anywhere(&self, seed: Seed) -> [usize; 2] {
        let mut rng = seed.child("crop").rng();
        [0, 1].map(|_| rng.random_range(0..=self.size - self.crop))
    }
}

impl Course for Fractals {
    fn epochs(&self) -> usize {
        LOOKS.min(self.updates)
    }

    fn updates_per_epoch(&self) -> usize {
        self.updates / self.epochs()
    }

    fn batch(&self, update: usize) -> Result<(Tensor, Tensor)> {
        let samples = update * self.batch..(update + 1) * self.batch;
        let streams = samples.map(|sample| self.seed.child("scene").child(sample));
        Ok(self.scenes(streams.map(|seed| (seed, self.anywhere(seed)))))
    }

    /// A linear rise, then half a cosine down.
    fn learning_rate(&self, update: usize) -> f64 {
        let (update, total) = (update as f64, self.updates as f64);
        let rise = (WARM_UP * total).max(1.0);
        if update < rise {
            return self.learning_rate * (update + 1.0) / (rise + 1.0);
        }
        let way = (update - rise) / (total - rise).max(1.0);
        let share = FINAL_RATE + (1.0 - FINAL_RATE) * (1.0 + (std::f64::consts::PI * way).cos()) / 2.0;
        self.learning_rate * share
    }

    fn gradient_limit(&self) -> Option<f64> {
        Some(GRADIENT_LIMIT)
    }

    fn judge(&self, net: &Net) -> Result<Quality> {
        let centre = [(self.size - self.crop) / 2; 2];
        let mut tally = Tally::default();
        let held_out = (HELD_OUT * self.categories).next_multiple_of(BATCH);
        for first in (0..held_out).step_by(BATCH) {
            let streams = (first..first + BATCH).map(|number| (self.seed.child("held out").child(number), centre));
            let (images, labels) = self.scenes(streams);
            tally.add(&net.scores(&images).to_device(Device::Cpu).to_kind(tch::Kind::Double), &labels);
        }
        Ok(tally.quality())
    }
}

#[cfg(test)]
mod tests {
    use bgh::stage::train::Network;

    use super::*;

    fn params() -> Params {
        let network = Network { name: "alexnet".into(), width: 0.1, crop: 56 };
        Params { network, size: 64, categories: 3, samples: 640, batch: 32, learning_rate: 0.02, min_accuracy: 0.9 }
    }

    #[test]
    fn the_rate_rises_then_falls_to_a_hundredth() {
        let course = Fractals::new(&params(), Input::MeanImage, Seed::root(1), Device::Cpu).expect("valid");
        let rates: Vec<f64> = (0..20).map(|update| course.learning_rate(update)).collect();
        assert!(rates[0] < rates[1] && rates[1] < rates[2] && rates[2..].is_sorted_by(|a, b| a > b), "{rates:?}");
        assert!((rates[2] - 0.02).abs() < 1e-12 && rates[19] < 0.02 * 0.02, "{rates:?}");
    }

    #[test]
    fn too_little_accuracy_fails_with_the_end_of_the_curve() {
        let curve =
            Curve { epoch: 1, updates: 2, learning_rate: 0.1, train_loss: None, tune_loss: 1.0986, tune_accuracy: 0.34 };
        let refusal = accept(&params(), &[curve]).expect_err("too little").to_string();
        assert!(
            refusal.contains("accuracy 0.340, below min_accuracy 0.9; held-out loss ended 1.099 (chance: 1.099)"),
            "{refusal}"
        );
    }
}
