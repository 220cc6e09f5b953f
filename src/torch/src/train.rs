//! Kind `train`: one network on one image set.

use anyhow::{Result, ensure};
use bgh::artifact::{ImageSet, TrainingRecord};
use bgh::seed::Seed;
use bgh::stage::train::Params;
use rand::RngExt;
use rand::seq::SliceRandom;
use tch::Tensor;

use crate::dataset::{Cut, Dataset};
use crate::evaluate::{self, Quality};
use crate::fit::{self, Course, Fitted, Plan};
use crate::mean::Mean;
use crate::model::{self, Facts};
use crate::network::Net;
use crate::session::{Outcome, Session};
use crate::solver::{Descent, StepDown};
use crate::start::{self, Started};

/// Trains, and writes ports `model`, `curves` and `record`.
///
/// # Errors
/// When parameters or inputs do not fit each other, or the training diverges.
pub fn run(session: &mut Session) -> Result<Outcome> {
    let params: Params = session.params()?;
    let train = ImageSet::open(session.input("train")?)?;
    let tune = ImageSet::open(session.input("tune")?)?;
    let net = Net::new(&params.network, params.classes.len(), session.spec.seed.child("fillers"), session.device)?;
    net.accept_batch(params.batch)?;
    let mean = net.input().reference(Mean::of(&train)?);
    let started = start::apply(session, &params, &net)?;
    let train = Dataset::new(train, &params.classes, &mean, session.device)?;
    let tune = Dataset::new(tune, &params.classes, &mean, session.device)?;
    let course = Supervised::new(&params, session.spec.seed, train, tune)?;
    let descent = Descent::new(&net, params.solver.momentum, params.solver.weight_decay)?;
    let plan = Plan { select: params.select, seed: session.spec.seed };
    let Some(fitted) = fit::fit(session, &course, &net, descent, plan)? else { return Ok(Outcome::Interrupted) };
    let size = [mean.height, mean.width];
    let facts = Facts { network: params.network.clone(), classes: params.classes.clone(), size };
    model::write(&session.folder.port("model")?, &facts, &fitted.weights, &mean)?;
    fitted.curves.write(&session.folder.port("curves")?)?;
    record(&params, &course, &net, started, &fitted).write(&session.folder.port("record")?)?;
    Ok(Outcome::Done)
}

fn record(params: &Params, course: &Supervised, net: &Net, started: Started, fitted: &Fitted) -> TrainingRecord {
    TrainingRecord {
        network: params.network.name.clone(),
        parameters: net.size(),
        start: started.origin,
        images: course.train.len(),
        epochs: course.epochs(),
        updates: course.epochs() * course.updates_per_epoch(),
        best_epoch: fitted.best.epoch,
        best_tune_loss: fitted.best.tune_loss,
        loaded: started.loaded,
        reinitialised: started.reinitialised,
    }
}

/// Labelled images, cut at random while training and from the centre while tuning.
#[derive(Debug)]
struct Supervised {
    train: Dataset,
    tune: Dataset,
    rate: StepDown,
    offsets: [usize; 2],
    crop: usize,
    batch: usize,
    epochs: usize,
    seed: Seed,
}

impl Supervised {
    fn new(params: &Params, seed: Seed, train: Dataset, tune: Dataset) -> Result<Self> {
        ensure!(params.batch > 0, "batch 0: an update needs at least one image");
        ensure!(params.epochs > 0, "epochs 0: nothing would be trained");
        ensure!(!tune.is_empty(), "the tuning set has no image");
        let updates = params.epochs * train.len().div_ceil(params.batch);
        let rate = StepDown::new(&params.solver, updates)?;
        let crop = params.network.crop;
        let offsets = train.offsets(crop)?;
        Ok(Self { train, tune, rate, offsets, crop, batch: params.batch, epochs: params.epochs, seed })
    }

    /// The order of one epoch, shuffled anew for each.
    fn order(&self, epoch: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.train.len()).collect();
        order.shuffle(&mut self.seed.child("order").child(epoch).rng());
        order
    }

    /// A uniform cut for the sample at `place` of an epoch.
    fn cut(&self, epoch: usize, place: usize, image: usize) -> Cut {
        let mut rng = self.seed.child("crop").child(epoch).child(place).rng();
        let [top, left] = self.offsets.map(|largest| rng.random_range(0..=largest));
        Cut { image, top, left }
    }
}

impl Course for Supervised {
    fn epochs(&self) -> usize {
        self.epochs
    }

    /// ⌈N / batch⌉ as DIGITS counts; the last batch is filled from the start of the epoch's order.
    fn updates_per_epoch(&self) -> usize {
        self.train.len().div_ceil(self.batch)
    }

    fn batch(&self, update: usize) -> Result<(Tensor, Tensor)> {
        let (epoch, within) = (update / self.updates_per_epoch(), update % self.updates_per_epoch());
        let order = self.order(epoch);
        let places = within * self.batch..(within + 1) * self.batch;
        let cuts: Vec<Cut> = places.map(|place| self.cut(epoch, place, order[place % order.len()])).collect();
        Ok((self.train.squares(&cuts, self.crop), self.train.labels(cuts.iter().map(|cut| cut.image))))
    }

    fn learning_rate(&self, update: usize) -> f64 {
        self.rate.at(update)
    }

    fn gradient_limit(&self) -> Option<f64> {
        None
    }

    fn judge(&self, net: &Net) -> Result<Quality> {
        evaluate::quality(net, &self.tune, self.crop)
    }
}
