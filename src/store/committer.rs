//! Many results made safe at once. A disk takes about as long to make one file safe as to make hundreds safe together, so results that
//! come in while it is busy wait for each other, and one that comes alone does not wait at all.

use std::fmt;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::Scope;

use anyhow::{Result, anyhow};

use super::{ActionResult, Digest, Store};

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
    while let Ok(first) = queue.recv() {
        let batch: Vec<Commit<'_>> = std::iter::once(first).chain(queue.try_iter()).collect();
        let results: Vec<(Digest, &ActionResult)> = batch.iter().map(|commit| (commit.action, &commit.result)).collect();
        let outcomes = store.publish(&results);
        for (commit, outcome) in batch.into_iter().zip(outcomes) {
            (commit.then)(outcome);
        }
    }
}
