//! Folders of jobs whose result is kept. A run that is killed after it wrote a record, or while the cluster worked for it, has no time to
//! remove them.

use std::fs;
use std::path::Path;

use super::{Digest, Store};

impl Store {
    /// Removes them, but for those that somebody works at and those with a checkpoint: a result may be made once more. What cannot be
    /// removed stays for the next run.
    pub fn sweep_jobs(&self) {
        let Ok(jobs) = fs::read_dir(self.root.join("jobs-v1")) else { return };
        for job in jobs.flatten().map(|entry| entry.path()) {
            let action = job.file_name().and_then(|name| name.to_str()?.parse::<Digest>().ok());
            let Some(action) = action.filter(|action| self.action(*action).is_file() && !has_checkpoint(&job)) else {
                continue;
            };
            if let Ok(Some(_claim)) = self.claim(action)
                && let Err(error) = fs::remove_dir_all(&job)
            {
                tracing::debug!(job = %job.display(), %error, "a folder of a job that is done stays");
            }
        }
    }
}

fn has_checkpoint(job: &Path) -> bool {
    fs::read_dir(job.join("checkpoint")).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests {
    use anyhow::Result;

    use super::*;

    /// A store with a job folder of an action, which is done or not.
    fn left(done: bool, checkpoint: bool) -> Result<(tempfile::TempDir, Store, Digest)> {
        let folder = tempfile::tempdir()?;
        let (store, action) = (Store::open(folder.path())?, Digest::of(b"a step"));
        fs::create_dir_all(store.job(action).join("checkpoint"))?;
        if checkpoint {
            fs::write(store.job(action).join("checkpoint/state"), "half")?;
        }
        if done {
            let record = store.action(action);
            fs::create_dir_all(record.parent().expect("a folder"))?;
            fs::write(record, "{}")?;
        }
        Ok((folder, store, action))
    }

    #[test]
    fn what_is_done_and_nobodys_goes() -> Result<()> {
        for (done, checkpoint, goes) in [(true, false, true), (true, true, false), (false, false, false)] {
            let (_folder, store, action) = left(done, checkpoint)?;
            store.sweep_jobs();
            assert_eq!(store.job(action).exists(), !goes, "done: {done}, checkpoint: {checkpoint}");
        }
        Ok(())
    }

    #[test]
    fn what_somebody_works_at_stays() -> Result<()> {
        let (_folder, store, action) = left(true, false)?;
        let claim = store.claim(action)?;
        store.sweep_jobs();
        assert!(claim.is_some() && store.job(action).is_dir());
        Ok(())
    }
}
