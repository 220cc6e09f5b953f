//! Results on their way to the remote while the run goes on. Nobody waits for them but the end of the run.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::exchange::{Remote, Way};
use super::send::There;
use crate::store::{Digest, Store};

/// How often it is looked whether the wait for the last results shall end.
const LOOK: Duration = Duration::from_millis(20);

/// Sends results in the order in which they come.
pub struct Uploader<'scope> {
    remote: &'scope Remote,
    queue: Sender<Digest>,
    thread: ScopedJoinHandle<'scope, usize>,
}

impl<'scope> Uploader<'scope> {
    /// Starts the thread that sends.
    pub fn start(remote: &'scope Remote, store: &'scope Store, scope: &'scope Scope<'scope, '_>) -> Self {
        let (queue, results) = mpsc::channel();
        Self { remote, queue, thread: scope.spawn(move || send(remote, store, &results)) }
    }

    /// Queues a result that is safe in the local cache.
    pub fn submit(&self, action: Digest) {
        // The thread lives as long as there is a queue.
        let _ = self.queue.send(action);
    }

    /// Waits until all is sent, or `stop` says that nobody wants to wait any longer. How many results were not sent.
    pub fn finish(self, stop: impl Fn() -> bool) -> usize {
        let Self { remote, queue, thread } = self;
        drop(queue);
        while !thread.is_finished() {
            if stop() {
                remote.stop_sending();
            }
            std::thread::sleep(LOOK);
        }
        thread.join().unwrap_or(0)
    }
}

/// Until the queue is closed and empty. How many were not sent.
fn send(remote: &Remote, store: &Store, results: &Receiver<Digest>) -> usize {
    let mut unsent = 0;
    while let Ok(first) = results.recv() {
        let batch: Vec<Digest> = std::iter::once(first).chain(results.try_iter()).collect();
        unsent += remote
            .block_on(async {
                let one = |action: Digest| async move {
                    let outcome = match remote.lost(Way::Send) {
                        Some(trouble) => Err(trouble),
                        None => remote.send(store, action, &There::Unasked, remote.is_spoilt(action)).await,
                    };
                    if let Err(trouble) = &outcome {
                        tracing::warn!(%action, %trouble, "a result was not sent to the remote cache");
                    }
                    usize::from(outcome.is_err())
                };
                stream::iter(batch.into_iter().map(one)).buffer_unordered(remote.site.parallel).collect::<Vec<_>>().await
            })
            .into_iter()
            .sum::<usize>();
    }
    unsent
}
