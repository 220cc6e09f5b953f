//! Kind `pretrain`: a network learns to tell fractals apart.

use anyhow::{Result, bail, ensure};
use bgh::artifact::{Curve, Pretraining, TrainingRecord};
use bgh::seed::Seed;
use bgh::stage::pretrain::{KIND, Params};
use bgh::stage::train::{Rule, Schedule, Select, Solver as SolverParams};
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
use crate::solver::Solver;

/// Looks at the held-out scenes in the course of a pretraining.
const LOOKS: usize = 10;
/// Held-out scenes a category.
const HELD_OUT: usize = 8;
/// Scenes that the mean image is made of.
const MEAN_OF: usize = 512;

/// The rate rises over a tenth of the updates, then falls by half a cosine to a hundredth. Without batch normalisation a rare batch gives a
/// gradient that would undo all that was learnt, so gradients are clipped.
fn solver(learning_rate: f64) -> SolverParams {
    let (rule, schedule) = (Rule::Sgd { momentum: 0.9 }, Schedule::Cosine { floor: 0.01 });
    SolverParams { rule, learning_rate, schedule, warm_up: 0.1, weight_decay: 5e-4, clip: Some(5.0) }
}

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
    let solver = Solver::new(&solver(params.learning_rate), &net, course.epochs() * course.updates_per_epoch())?;
    let plan = Plan { select: Select::Last, patience: None, seed: session.spec.seed };
    let Some(fitted) = fit::fit(session, &course, &net, solver, plan)? else { return Ok(Outcome::Interrupted) };
    write(session, &params, &course, &net, &fitted)?;
    Ok(Outcome::Done)
}

fn write(session: &Session, params: &Params, course: &Fractals, net: &Net, fitted: &Fitted) -> Result<()> {
    accept(params, &fitted.curves.0)?;
    let classes = (0..params.categories).map(|category| format!("ifs-{category:04}")).collect();
    let end = fitted.last();
    let pretraining =
        Pretraining { formula: KIND.version, updates: end.updates, loss: end.tune_loss, accuracy: end.tune_accuracy };
    let (network, size) = (params.network.clone(), [params.size; 2]);
    let facts = Facts { network, classes, size, pretraining: Some(pretraining) };
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
        pretraining: None,
        images: params.samples,
        planned_epochs: course.epochs(),
        epochs: fitted.last().epoch,
        updates: fitted.last().updates,
        best_epoch: fitted.best.epoch,
        best_tune_loss: fitted.best.tune_loss,
        loaded: vec![],
        reinitialised: vec![],
        ignored: vec![],
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
    objects: usize,
    batch: usize,
    updates: usize,
}

impl Fractals {
    fn new(params: &Params, input: Input, seed: Seed, device: Device) -> Result<Self> {
        let Params { size, categories, objects, samples, batch, .. } = *params;
        let crop = params.network.crop;
        ensure!(crop <= size, "crop {crop} does not fit rendered images of size {size}");
        ensure!(categories >= 2, "categories {categories}: there is nothing to tell apart");
        ensure!(objects > 0, "objects 0: the images would show nothing");
        ensure!(batch > 0 && samples >= batch, "samples {samples} do not fill one batch of {batch}");
        let studio = Studio::new(seed.child("categories"), categories, size);
        let scenes = (0..MEAN_OF).flat_map(|number| studio.draw(seed.child("mean").child(number), objects).pixels);
        let mean = input.reference(Mean::of_pixels(size, size, &scenes.collect::<Vec<_>>()));
        Ok(Self { studio, mean, seed, device, size, crop, categories, objects, batch, updates: samples / batch })
    }

    /// Scenes of at most so many objects from these streams, each cut at its place: images and the categories in them.
    fn scenes(&self, objects: usize, streams: impl Iterator<Item = (Seed, [usize; 2])>) -> (Tensor, Vec<Vec<usize>>) {
        let (mut values, mut categories) = (Vec::new(), Vec::new());
        for (seed, place) in streams {
            let scene = self.studio.draw(seed, objects);
            self.cut(&scene.pixels, place, &mut values);
            categories.push(scene.categories);
        }
        let (count, crop) = (categories.len() as i64, self.crop as i64);
        let grey = Tensor::from_slice(&values).reshape([count, crop, crop]).to_device(self.device);
        (three_channels(&grey), categories)
    }

    /// The share of each category among the objects of each scene, `f32 [B, categories]`. With one object a scene, the loss on shares is
    /// the loss on labels; with several, shares train as well as a loss of their own for each category (Mahajan et al. 2018).
    fn shares(&self, scenes: &[Vec<usize>]) -> Tensor {
        let mut shares = vec![0f32; scenes.len() * self.categories];
        for (scene, categories) in scenes.iter().enumerate() {
            let share = 1.0 / categories.len() as f32;
            categories.iter().for_each(|category| shares[scene * self.categories + category] += share);
        }
        Tensor::from_slice(&shares).reshape([scenes.len() as i64, self.categories as i64]).to_device(self.device)
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
        let (images, scenes) = self.scenes(self.objects, streams.map(|seed| (seed, self.anywhere(seed))));
        Ok((images, self.shares(&scenes)))
    }

    /// Held-out scenes show one object each, so that accuracy means the same whatever the training shows.
    fn judge(&self, net: &Net) -> Result<Quality> {
        let centre = [(self.size - self.crop) / 2; 2];
        let mut tally = Tally::default();
        let held_out = (HELD_OUT * self.categories).next_multiple_of(BATCH);
        for first in (0..held_out).step_by(BATCH) {
            let streams = (first..first + BATCH).map(|number| (self.seed.child("held out").child(number), centre));
            let (images, scenes) = self.scenes(1, streams);
            let labels: Vec<i64> = scenes.iter().map(|categories| categories[0] as i64).collect();
            tally.add(&net.scores(&images).to_device(Device::Cpu).to_kind(tch::Kind::Double), &Tensor::from_slice(&labels));
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
        Params { network, size: 64, categories: 3, objects: 1, samples: 640, batch: 32, learning_rate: 0.02, min_accuracy: 0.9 }
    }

    #[test]
    fn shares_count_the_objects_of_a_scene() {
        let course = Fractals::new(&params(), Input::MeanImage, Seed::root(1), Device::Cpu).expect("valid");
        let shares: Vec<f32> = course.shares(&[vec![2], vec![0, 1, 0, 2]]).flatten(0, -1).try_into().expect("floats");
        assert_eq!(shares, [0.0, 0.0, 1.0, 0.5, 0.25, 0.25]);
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
