//! What there is to look at: the cache, its runs, and the spec that the server was started with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;

use super::answer::Missing;
use super::ask::Ask;
use super::picture::{Outline, Picture};
use crate::history::{Run, Runs};
use crate::store::Store;

/// The name under which the spec is looked at; no run is called so, for their names are times.
pub(super) const SPEC: &str = "spec";

/// A cache and what was asked for.
pub struct Site {
    pub(super) store: Store,
    pub(super) runs: Runs,
    pub(super) outline: Option<Outline>,
    pictures: Mutex<HashMap<String, Arc<Mutex<Picture>>>>,
}

impl Site {
    /// Of this cache, and of a spec if there is one.
    pub fn new(store: Store, outline: Option<Outline>) -> Self {
        Self { runs: Runs::of(&store), store, outline, pictures: Mutex::default() }
    }

    /// Shows the run that is asked for, read up to now, to `show`.
    pub(super) fn with_run<T>(&self, ask: &Ask, show: impl FnOnce(&Picture) -> Result<T>) -> Result<T> {
        let picture = self.picture(ask.named("run"))?;
        let mut picture = locked(&picture);
        picture.read_on()?;
        show(&picture)
    }

    /// The run of exactly this name.
    pub(super) fn run(&self, id: &str) -> Result<Run> {
        let found = self.runs.list()?.into_iter().find(|run| run.id() == id);
        Ok(found.ok_or_else(|| Missing(format!("no run of this cache is called {id}")))?)
    }

    /// Pictures are kept: a journal is read once, however often it is looked at.
    fn picture(&self, id: &str) -> Result<Arc<Mutex<Picture>>> {
        const KEPT: usize = 16;
        let mut pictures = locked(&self.pictures);
        if let Some(known) = pictures.get(id) {
            return Ok(Arc::clone(known));
        }
        let made = match &self.outline {
            Some(outline) if id == SPEC => Picture::of_outline(SPEC, outline),
            _ => Picture::of_run(self.run(id)?)?,
        };
        if pictures.len() >= KEPT {
            pictures.clear();
        }
        let made = Arc::new(Mutex::new(made));
        pictures.insert(id.to_owned(), Arc::clone(&made));
        Ok(made)
    }
}

/// What a thread that panicked left is still what the journal says.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
