//! The loop that training and pretraining share: updates, a look at the tuning images after every epoch, a checkpoint, and the
//! same bytes at the end however often it was interrupted.

use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use bgh::artifact::{Curve, Curves};
use bgh::seed::Seed;
use bgh::stage::job::TrainingProgress;
use bgh::stage::train::Select;
use tch::{Device, Tensor};

use crate::checkpoint::{Checkpoint, Shelf};
use crate::evaluate::Quality;
use crate::model::named_values;
use crate::network::Net;
use crate::process::peak_memory;
use crate::session::Session;
use crate::solver::Solver;
use crate::weights::{self, Named};

/// What is learnt: batches and the images to judge it by. Every answer is a function of the update alone, so that a
/// training can go on from any of them.
pub trait Course {
    /// Epochs.
    fn epochs(&self) -> usize;
    /// Updates an epoch.
    fn updates_per_epoch(&self) -> usize;
    /// Images (`f32 [B, 3, crop, crop]`) and what they show (class indices `i64 [B]`, or shares of classes `f32 [B, classes]`) of an
    /// update.
    ///
    /// # Errors
    /// When a batch cannot be made.
    fn batch(&self, update: usize) -> Result<(Tensor, Tensor)>;
    /// How good the network is now.
    ///
    /// # Errors
    /// When the images cannot be read.
    fn judge(&self, net: &Net) -> Result<Quality>;
}

/// When to end, which weights to keep, and what all streams derive from.
#[derive(Debug)]
pub struct Plan {
    /// Which epoch's weights are kept.
    pub select: Select,
    /// Epochs without a new least tuning loss after which to end.
    pub patience: Option<usize>,
    /// Source of the dropout masks.
    pub seed: Seed,
}

/// A finished training.
#[derive(Debug)]
pub struct Fitted {
    /// An entry an epoch, the first before any update.
    pub curves: Curves,
    /// The epoch whose weights were kept.
    pub best: Curve,
    /// Those weights.
    pub weights: Named,
}

impl Fitted {
    /// The epoch that it ended with.
    pub fn last(&self) -> &Curve {
        self.curves.0.last().unwrap_or(&self.best)
    }
}

/// A training under way.
struct Fit<'a> {
    session: &'a mut Session,
    course: &'a dyn Course,
    net: &'a Net,
    solver: Solver,
    plan: Plan,
    shelf: Shelf,
    update: usize,
    loss_sum: f64,
    curves: Vec<Curve>,
    best: Named,
    pace: Pace,
}

/// How fast this attempt goes.
struct Pace {
    started: Instant,
    updates: usize,
    images: usize,
}

impl Pace {
    fn images_per_second(&self) -> f64 {
        self.images as f64 / self.started.elapsed().as_secs_f64()
    }

    fn seconds_for(&self, updates: usize) -> f64 {
        self.started.elapsed().as_secs_f64() * updates as f64 / self.updates as f64
    }
}

/// Trains `net`, from the session's checkpoint if it left one. `None` when it was asked to stop; then a checkpoint is written.
///
/// # Errors
/// When the loss is no longer a number, or a file or an image set fails.
pub fn fit(session: &mut Session, course: &dyn Course, net: &Net, solver: Solver, plan: Plan) -> Result<Option<Fitted>> {
    let identity = serde_json::to_string(&(&session.spec.kind, &session.spec.params, &session.spec.seed))?;
    let shelf = Shelf::new(&session.folder.checkpoint()?, identity);
    let (curves, best) = (Vec::new(), Named::new());
    let pace = Pace { started: Instant::now(), updates: 0, images: 0 };
    let mut fit = Fit { session, course, net, solver, plan, shelf, update: 0, loss_sum: 0.0, curves, best, pace };
    fit.resume()?;
    if fit.curves.is_empty() {
        fit.close_epoch(None)?;
    }
    let finished = fit.run()?;
    finished.then(|| fit.finish()).transpose()
}

impl Fit<'_> {
    /// Whether all updates were made that were to be made.
    fn run(&mut self) -> Result<bool> {
        let per_epoch = self.course.updates_per_epoch();
        let total = self.course.epochs() * per_epoch;
        while self.update < total && !self.is_exhausted() {
            if self.session.stop.raised() {
                self.save()?;
                return Ok(false);
            }
            let loss = self.step().with_context(|| format!("update {} of {total}", self.update + 1))?;
            if self.update.is_multiple_of(per_epoch) {
                let train_loss = self.loss_sum / per_epoch as f64;
                self.loss_sum = 0.0;
                self.close_epoch(Some(train_loss))?;
                self.save()?;
            }
            let progress = self.progress(loss, total);
            self.session.report(self.update, total, "updates", Some(progress))?;
        }
        self.session.images_per_second = (self.pace.images > 0).then(|| self.pace.images_per_second());
        Ok(true)
    }

    /// Whether its patience has run out. A function of the curve alone, so that a resumed training ends where one that ran through does.
    fn is_exhausted(&self) -> bool {
        let trained = &self.curves[1..];
        let since = least(trained).zip(trained.last()).map(|(least, last)| last.epoch - least.epoch);
        since.zip(self.plan.patience).is_some_and(|(since, patience)| since >= patience)
    }

    fn progress(&self, loss: f64, total: usize) -> TrainingProgress {
        let curve = self.curves.last().expect("BUG: no curve before the first update");
        TrainingProgress {
            epoch: curve.epoch,
            loss,
            tune_loss: curve.tune_loss,
            tune_accuracy: curve.tune_accuracy,
            learning_rate: self.solver.learning_rate(self.update - 1),
            images_per_second: self.pace.images_per_second(),
            seconds_left: self.pace.seconds_for(total - self.update),
            peak_memory: peak_memory(),
        }
    }

    /// Makes one update and returns its loss.
    fn step(&mut self) -> Result<f64> {
        seed_dropout(self.plan.seed.child("dropout").child(self.update), self.net.device());
        let (images, labels) = self.course.batch(self.update)?;
        let loss = self.net.loss(&images, &labels);
        let value = loss.double_value(&[]);
        ensure!(value.is_finite(), self.divergence("loss", value, self.update));
        loss.backward();
        self.solver.update(self.net, self.update);
        self.loss_sum += value;
        self.update += 1;
        self.pace.updates += 1;
        self.pace.images += labels.size()[0] as usize;
        Ok(value)
    }

    /// What is said of a loss that is no number: where, which weights are left, and what may help. The best weights so far are laid out as a
    /// weight file of their own, because the checkpoint would only lead to the same place again.
    fn divergence(&self, what: &str, value: f64, update: usize) -> anyhow::Error {
        let kept = match self.kept() {
            Ok(best) if best.epoch > 0 => {
                let path = self.session.folder.path().join("checkpoint/best.safetensors");
                let place = path.display();
                weights::write(&path, &self.best, None).map_or_else(
                    |fault| format!("the weights of epoch {} could not be kept: {fault:#}", best.epoch),
                    |()| format!("the weights of epoch {} (tuning loss {:.3}) are in {place}", best.epoch, best.tune_loss),
                )
            }
            _ => "no epoch was finished, so no weights are kept".to_owned(),
        };
        anyhow!(
            "the {what} is {value} at learning rate {}: the training diverged; {kept}; try a smaller `learning_rate`, or `clip = 1.0` or a \
             `warm_up` in [solver]",
            self.solver.learning_rate(update)
        )
    }

    fn close_epoch(&mut self, train_loss: Option<f64>) -> Result<()> {
        let quality = self.course.judge(self.net)?;
        let last = self.update.saturating_sub(1);
        let place = || format!("after {} updates", self.update);
        if !quality.loss.is_finite() {
            return Err(self.divergence("tuning loss", quality.loss, last)).with_context(place);
        }
        let curve = Curve {
            epoch: self.update / self.course.updates_per_epoch(),
            updates: self.update,
            learning_rate: self.solver.learning_rate(last),
            train_loss,
            tune_loss: quality.loss,
            tune_accuracy: quality.accuracy,
        };
        tracing::info!(epoch = curve.epoch, train_loss, tune_loss = curve.tune_loss, accuracy = curve.tune_accuracy);
        self.curves.push(curve);
        if self.kept()?.epoch + 1 == self.curves.len() {
            self.best = named_values(self.net);
        }
        Ok(())
    }

    /// The epoch to keep so far. The start (epoch 0) is a point of the curve, not a candidate, unless nothing follows.
    fn kept(&self) -> Result<&Curve> {
        let trained = if self.curves.len() > 1 { &self.curves[1..] } else { &self.curves[..] };
        let last = trained.last().context("no epoch was trained")?;
        Ok(match self.plan.select {
            Select::Last => last,
            Select::TuneLoss => least(trained).unwrap_or(last),
        })
    }

    fn resume(&mut self) -> Result<()> {
        let Some(checkpoint) = self.shelf.take() else { return Ok(()) };
        tracing::info!(update = checkpoint.update, "going on from the checkpoint");
        let place = || "the checkpoint does not fit its job".to_owned();
        self.net.restore(&checkpoint.weights).with_context(place)?;
        self.solver.recall(self.net, &checkpoint.memory).with_context(place)?;
        (self.update, self.loss_sum) = (checkpoint.update, checkpoint.loss_sum);
        (self.curves, self.best) = (checkpoint.curves, checkpoint.best);
        Ok(())
    }

    fn save(&self) -> Result<()> {
        let (weights, memory) = (named_values(self.net), self.solver.memory(self.net));
        let best = self.best.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect();
        let (update, loss_sum, curves) = (self.update, self.loss_sum, self.curves.clone());
        self.shelf.put(&Checkpoint { update, loss_sum, curves, weights, memory, best })
    }

    fn finish(self) -> Result<Fitted> {
        let best = self.kept()?.clone();
        Ok(Fitted { curves: Curves(self.curves), best, weights: self.best })
    }
}

/// The epoch of least tuning loss; of equals the first.
fn least(epochs: &[Curve]) -> Option<&Curve> {
    epochs.iter().min_by(|a, b| a.tune_loss.total_cmp(&b.tune_loss))
}

/// Dropout masks come from libtorch's own generator, set anew before every update: its state needs no checkpoint then.
fn seed_dropout(seed: Seed, device: Device) {
    tch::manual_seed(seed.to_i64());
    if device.is_cuda() {
        tch::Cuda::manual_seed_all(seed.to_i64() as u64);
    }
}
