//! Kind `train`: one network on one image set.

use anyhow::{Result, bail, ensure};
use bgh::artifact::{ImageSet, Pretraining, TrainingRecord};
use bgh::seed::Seed;
use bgh::stage::train::{Params, Precision, Start};
use rand::RngExt;
use tch::{Device, Kind, Tensor};

use crate::dataset::{Cut, Dataset};
use crate::evaluate::{self, Quality};
use crate::fit::{self, Course, Fitted, Plan};
use crate::mean::Mean;
use crate::model::{self, Facts};
use crate::network::Net;
use crate::sampling::{Sampler, Showing};
use crate::session::{Outcome, Session};
use crate::solver::Solver;
use crate::start::{self, Started};

/// Trains, and writes ports `model`, `curves` and `record`.
///
/// # Errors
/// When parameters or inputs do not fit each other, or the training diverges.
pub fn run(session: &mut Session) -> Result<Outcome> {
    let params: Params = session.params()?;
    let train = ImageSet::open(session.input("train")?)?;
    let tune = ImageSet::open(session.input("tune")?)?;
    let mut net = Net::new(&params.network, params.classes.len(), session.spec.seed.child("fillers"), session.device)?;
    net.accept_batch(params.batch)?;
    net.compute_products_in(products(params.precision, session.device)?);
    let mean = net.input().reference(Mean::of(&train)?);
    let started = start::apply(session, &params, &net)?;
    let train = Dataset::new(train, &params.classes, &mean, session.device)?;
    let tune = Dataset::new(tune, &params.classes, &mean, session.device)?;
    let course = Supervised::new(&params, session.spec.seed, train, tune)?;
    let solver = Solver::new(&params.solver, &net, course.epochs() * course.updates_per_epoch())?;
    let plan = Plan { select: params.select, patience: params.patience, seed: session.spec.seed };
    let Some(fitted) = fit::fit(session, &course, &net, solver, plan)? else { return Ok(Outcome::Interrupted) };
    let size = [mean.height, mean.width];
    let facts = Facts { network: params.network.clone(), classes: params.classes.clone(), size, pretraining: None };
    model::write(&session.folder.port("model")?, &facts, &fitted.weights, &mean)?;
    fitted.curves.write(&session.folder.port("curves")?)?;
    let record =
        TrainingRecord { pretraining: pretraining(session, &params)?, ..record(&params, &course, &net, started, &fitted) };
    record.write(&session.folder.port("record")?)?;
    Ok(Outcome::Done)
}

/// Numbers in which products are computed.
///
/// # Errors
/// When the device has none of that precision.
fn products(precision: Precision, device: Device) -> Result<Kind> {
    match precision {
        Precision::Fp32 => Ok(Kind::Float),
        Precision::Bf16 => Ok(Kind::BFloat16),
        // The process was set up for it before its first tensor.
        Precision::Tf32 if device.is_cuda() => Ok(Kind::Float),
        Precision::Tf32 => bail!("precision \"tf32\": only CUDA devices have it, this is {device:?}; use \"fp32\" or \"bf16\""),
    }
}

/// What the pretraining at input `start` came to.
fn pretraining(session: &Session, params: &Params) -> Result<Option<Pretraining>> {
    match params.start {
        Start::Formula => Ok(model::facts(session.input("start")?)?.pretraining),
        Start::Untrained | Start::File { .. } => Ok(None),
    }
}

fn record(params: &Params, course: &Supervised, net: &Net, started: Started, fitted: &Fitted) -> TrainingRecord {
    TrainingRecord {
        network: params.network.name.clone(),
        parameters: net.size(),
        start: started.origin,
        pretraining: None,
        images: course.train.len(),
        planned_epochs: course.epochs(),
        epochs: fitted.last().epoch,
        updates: fitted.last().updates,
        best_epoch: fitted.best.epoch,
        best_tune_loss: fitted.best.tune_loss,
        loaded: started.loaded,
        reinitialised: started.reinitialised,
        ignored: started.ignored,
    }
}

/// Labelled images, cut at random while training and from the centre while tuning.
#[derive(Debug)]
struct Supervised {
    train: Dataset,
    tune: Dataset,
    sampler: Sampler,
    offsets: [usize; 2],
    crop: usize,
    epochs: usize,
    /// The class of the mirror image of each class, where images are mirrored.
    mirror: Option<Vec<i64>>,
    seed: Seed,
}

impl Supervised {
    fn new(params: &Params, seed: Seed, train: Dataset, tune: Dataset) -> Result<Self> {
        ensure!(params.batch > 0, "batch 0: an update needs at least one image");
        ensure!(params.epochs > 0, "epochs 0: nothing would be trained");
        ensure!(!tune.is_empty(), "the tuning set has no image");
        let sampler = Sampler::new(train.len(), params.batch, params.sampling, params.matched, seed.child("order"));
        let crop = params.network.crop;
        let offsets = train.offsets(crop)?;
        let mirror = params.mirror.as_ref().map(|images| images.iter().map(|&class| class as i64).collect::<Vec<_>>());
        let known = mirror.as_ref().is_none_or(|images| images.len() == params.classes.len());
        ensure!(known, "mirror {:?} does not name a class for each of {:?}", params.mirror, params.classes);
        Ok(Self { train, tune, sampler, offsets, crop, epochs: params.epochs, mirror, seed })
    }

    /// A uniform cut for a showing, mirrored in half of all cases where images are mirrored.
    fn cut(&self, showing: Showing) -> Cut {
        let mut rng = self.seed.child("crop").child(showing.number).rng();
        let [top, left] = self.offsets.map(|largest| rng.random_range(0..=largest));
        Cut { image: showing.image, top, left, mirrored: self.mirror.is_some() && rng.random() }
    }

    fn label(&self, cut: &Cut) -> i64 {
        let class = self.train.label(cut.image);
        self.mirror.as_ref().filter(|_| cut.mirrored).map_or(class, |images| images[class as usize])
    }
}

impl Course for Supervised {
    fn epochs(&self) -> usize {
        self.epochs
    }

    fn updates_per_epoch(&self) -> usize {
        self.sampler.updates_per_epoch()
    }

    fn batch(&self, update: usize) -> Result<(Tensor, Tensor)> {
        let cuts: Vec<Cut> = self.sampler.batch(update).into_iter().map(|showing| self.cut(showing)).collect();
        let labels: Vec<i64> = cuts.iter().map(|cut| self.label(cut)).collect();
        let images = self.train.squares(&cuts, self.crop);
        let labels = Tensor::from_slice(&labels).to_device(images.device());
        Ok((images, labels))
    }

    fn judge(&self, net: &Net) -> Result<Quality> {
        evaluate::quality(net, &self.tune, self.crop)
    }
}
