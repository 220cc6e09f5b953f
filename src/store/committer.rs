//! Many results made safe at once. A disk takes about as long to make one file safe as to make hundreds safe together, so results that
//! come in while it is busy wait for each other, and one that comes alone does not wait at all.

use std::fmt;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::Scope;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use super::{ActionResult, Digest, Store};

/// Where results come one after the other, the next ones are awaited this long before the disk is asked again.
const PAUSE: Duration = Duration::from_millis(30);

/// A result to publish.
pub struct Commit<'scope> {
    /// The key.
    pub action: Digest,
    /// What to publish; its blobs are in the store.
    pub result: ActionResult,
    /// Called when the result is safe and visible, or when it could not be made so.
    pub then: Box<dyn FnOnce(Result<()>) + Send + 'scope>,
}

/// Takes results to publish; a clone is another hand on the same queue. What is queued is published even if every hand is gone.
#[derive(Clone)]
pub struct Committer<'scope>(Sender<Commit<'scope>>);

impl<'scope> Committer<'scope> {
    /// Starts the thread that publishes. It ends when the last hand is dropped and all is published.
    pub fn start(store: &'scope Store, scope: &'scope Scope<'scope, '_>) -> Self {
        let (sender, receiver) = mpsc::channel();
        scope.spawn(move || publish(store, &receiver));
        Self(sender)
    }

    /// Queues a result and returns at once.
    pub fn submit(&self, commit: Commit<'scope>) {
        if let Err(mpsc::SendError(commit)) = self.0.send(commit) {
            (commit.then)(Err(anyhow!("the thread that publishes results has ended")));
        }
    }
}

impl fmt::Debug for Committer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Committer")
    }
}

fn publish(store: &Store, queue: &Receiver<Commit<'_>>) {
    let mut until = Instant::now();
    while let Ok(first) = queue.recv() {
        let company = std::iter::from_fn(|| queue.recv_timeout(until.saturating_duration_since(Instant::now())).ok());
        let mut batch: Vec<Commit<'_>> = std::iter::once(first).chain(company).collect();
        batch.extend(queue.try_iter());
        let results: Vec<(Digest, &ActionResult)> = batch.iter().map(|commit| (commit.action, &commit.result)).collect();
        let outcomes = store.publish(&results);
        until = Instant::now() + if batch.len() > 1 { PAUSE } else { Duration::ZERO };
        for (commit, outcome) in batch.into_iter().zip(outcomes) {
            (commit.then)(outcome);
        }
    }
}
