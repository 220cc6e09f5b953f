//! The loop that training and pretraining share: updates, a look at the tuning images after every epoch, a checkpoint, and the
//! same bytes at the end however often it was interrupted.

use anyhow::{Context, Result, ensure};
use bgh::artifact::{Curve, Curves};
use bgh::seed::Seed;
use bgh::stage::train::Select;
use tch::{Device, Tensor};

use crate::checkpoint::{Checkpoint, Shelf};
use crate::evaluate::Quality;
use crate::model::named_values;
use crate::network::Net;
use crate::session::Session;
use crate::solver::Descent;
use crate::weights::Named;

/// What is learnt: batches, a schedule and the images to judge it by. Every answer is a function of the update alone, so that a
/// training can go on from any of them.
pub trait Course {
    /// Epochs.
    fn epochs(&self) -> usize;
    /// Updates an epoch.
    fn updates_per_epoch(&self) -> usize;
    /// Images (`f32 [B, 3, crop, crop]`) and class indices (`i64 [B]`) of an update.
    ///
    /// # Errors
    /// When a batch cannot be made.
    fn batch(&self, update: usize) -> Result<(Tensor, Tensor)>;
    /// The rate of an update.
    fn learning_rate(&self, update: usize) -> f64;
    /// Limit on the common norm of all gradients, where there is one.
    fn gradient_limit(&self) -> Option<f64>;
    /// How good the network is now.
    ///
    /// # Errors
    /// When the images cannot be read.
    fn judge(&self, net: &Net) -> Result<Quality>;
}

/// Which weights to keep, and what all streams and checkpoints derive from.
#[derive(Debug)]
pub struct Plan {
    /// Which epoch's weights are kept.
    pub select: Select,
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

/// A training under way.
struct Fit<'a> {
    session: &'a mut Session,
    course: &'a dyn Course,
    net: &'a Net,
    descent: Descent,
    plan: Plan,
    shelf: Shelf,
    update: usize,
    loss_sum: f64,
    curves: Vec<Curve>,
    best: Named,
}

/// Trains `net`, from the session's checkpoint if it left one. `None` when it was asked to stop; then a checkpoint is written.
///
/// # Errors
/// When the loss is no longer a number, or a file or an image set fails.
pub fn fit(session: &mut Session, course: &dyn Course, net: &Net, descent: Descent, plan: Plan) -> Result<Option<Fitted>> {
    let identity = serde_json::to_string(&(&session.spec.kind, &session.spec.params, &session.spec.seed))?;
    let shelf = Shelf::new(&session.folder.checkpoint()?, identity);
    let (curves, best) = (Vec::new(), Named::new());
    let mut fit = Fit { session, course, net, descent, plan, shelf, update: 0, loss_sum: 0.0, curves, best };
    fit.resume()?;
    if fit.curves.is_empty() {
        fit.close_epoch(None)?;
    }
    let finished = fit.run()?;
    finished.then(|| fit.finish()).transpose()
}

impl Fit<'_> {
    /// Whether all updates were made.
    fn run(&mut self) -> Result<bool> {
        let per_epoch = self.course.updates_per_epoch();
        let total = self.course.epochs() * per_epoch;
        while self.update < total {
            if self.session.stop.raised() {
                self.save()?;
                return Ok(false);
            }
            self.step().with_context(|| format!("update {} of {total}", self.update + 1))?;
            if self.update.is_multiple_of(per_epoch) {
                let train_loss = self.loss_sum / per_epoch as f64;
                self.loss_sum = 0.0;
                self.close_epoch(Some(train_loss))?;
                self.save()?;
            }
            let curve = self.curves.last().expect("BUG: no curve before the first update");
            let message = format!("epoch {} tune loss {:.3} accuracy {:.3}", curve.epoch, curve.tune_loss, curve.tune_accuracy);
            self.session.report(self.update, total, "updates", &message)?;
        }
        Ok(true)
    }

    fn step(&mut self) -> Result<()> {
        seed_dropout(self.plan.seed.child("dropout").child(self.update), self.net.device());
        let rate = self.course.learning_rate(self.update);
        let (images, labels) = self.course.batch(self.update)?;
        let loss = self.net.loss(&images, &labels);
        let value = loss.double_value(&[]);
        let advice = "the training diverged, try a smaller `learning_rate`";
        ensure!(value.is_finite(), "the loss is {value} at learning rate {rate}: {advice}");
        loss.backward();
        if let Some(limit) = self.course.gradient_limit() {
            Descent::clip(self.net, limit);
        }
        self.descent.update(self.net, rate);
        self.loss_sum += value;
        self.update += 1;
        Ok(())
    }

    fn close_epoch(&mut self, train_loss: Option<f64>) -> Result<()> {
        let quality = self.course.judge(self.net)?;
        let advice = "the training diverged, try a smaller `learning_rate`";
        ensure!(quality.loss.is_finite(), "the tuning loss is {} after {} updates: {advice}", quality.loss, self.update);
        let curve = Curve {
            epoch: self.update / self.course.updates_per_epoch(),
            updates: self.update,
            learning_rate: self.course.learning_rate(self.update.saturating_sub(1)),
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
            // `min_by` keeps the first of equals.
            Select::TuneLoss => trained.iter().min_by(|a, b| a.tune_loss.total_cmp(&b.tune_loss)).unwrap_or(last),
        })
    }

    fn resume(&mut self) -> Result<()> {
        let Some(checkpoint) = self.shelf.take() else { return Ok(()) };
        tracing::info!(update = checkpoint.update, "going on from the checkpoint");
        let place = || "the checkpoint does not fit its job".to_owned();
        self.net.restore(&checkpoint.weights).with_context(place)?;
        for (parameter, velocity) in self.net.parameters().iter().zip(self.descent.velocities()) {
            let kept = checkpoint.velocities.get(&parameter.name).with_context(place)?;
            velocity.shallow_clone().f_copy_(kept).with_context(place)?;
        }
        (self.update, self.loss_sum) = (checkpoint.update, checkpoint.loss_sum);
        (self.curves, self.best) = (checkpoint.curves, checkpoint.best);
        Ok(())
    }

    fn save(&self) -> Result<()> {
        let names = self.net.parameters().iter().map(|parameter| parameter.name.clone());
        let velocities = names.zip(self.descent.velocities().iter().map(Tensor::shallow_clone)).collect();
        let best = self.best.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect();
        let (update, loss_sum, curves) = (self.update, self.loss_sum, self.curves.clone());
        self.shelf.put(&Checkpoint { update, loss_sum, curves, weights: named_values(self.net), velocities, best })
    }

    fn finish(self) -> Result<Fitted> {
        let best = self.kept()?.clone();
        Ok(Fitted { curves: Curves(self.curves), best, weights: self.best })
    }
}

/// Dropout masks come from libtorch's own generator, set anew before every update: its state needs no checkpoint then.
fn seed_dropout(seed: Seed, device: Device) {
    tch::manual_seed(seed.to_i64());
    if device.is_cuda() {
        tch::Cuda::manual_seed_all(seed.to_i64() as u64);
    }
}
