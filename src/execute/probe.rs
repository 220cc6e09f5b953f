//! A job that does nothing, to see whether jobs work: the site's options, the script, `bgh` on the node, and the file system between.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::node::{NodeExit, NodeTask};
use crate::slurm::{AttemptFolder, Cluster, EXEC_ATTEMPT, News, Order, Over, Resources, Script};
use crate::stage::command;
use crate::store::Store;

/// Submits a job for `kind` as its steps would be, waits for it, and says where it ran and after how many seconds. `heard` is told
/// what it waits for.
///
/// # Errors
/// Why it did not run, or not to its end.
pub fn probe(cluster: &Cluster, store: &Store, patience: Duration, mut heard: impl FnMut(&str)) -> Result<(String, f64)> {
    let aside = tempfile::Builder::new().prefix("probe-").tempdir_in(store.root().join("tmp"))?;
    let path = std::path::absolute(aside.path())?;
    let folder = AttemptFolder::new(&path);
    let task = NodeTask {
        kind: command::KIND.name.to_owned(),
        label: "probe".to_owned(),
        params: json!({"run": {"argv": ["true"]}, "outputs": {}}),
        seed: None,
        inputs: BTreeMap::new(),
        outputs: vec![],
        copies: false,
        environment: BTreeMap::new(),
        cache: std::path::absolute(store.root())?,
        read_caches: vec![],
        worker: None,
        limit: None,
        strict_memory: true,
    };
    std::fs::write(folder.task(), serde_json::to_vec(&task)?)?;
    let request = cluster.request(&[]);
    let words = vec![cluster.program().to_string_lossy().into_owned(), EXEC_ATTEMPT.to_owned()];
    let resources = Resources { memory_mib: request.memory_mib, time: request.time, ..Resources::default() };
    let script = Script::new(&request, &resources, words);
    let ticket = cluster.place(Order {
        folder: folder.clone(),
        script,
        stage: "probe".to_owned(),
        label: "probe".to_owned(),
        batches: path,
    });
    let began = Instant::now();
    loop {
        let left = patience.saturating_sub(began.elapsed());
        match ticket.news().recv_timeout(left) {
            Ok(News::Submitted { job }) => heard(&format!("job {job}")),
            Ok(News::Waiting { reason, .. }) => heard(&format!("waits: {reason}")),
            Ok(News::Running { node }) => heard(&format!("on {node}")),
            Ok(News::Over { over, words, .. }) => {
                let node = folder.claim().map_or_else(|| "an unknown node".to_owned(), |claim| claim.node);
                return match (over, folder.exit::<NodeExit>()?) {
                    (Over::Recorded, Some(NodeExit::Done { .. })) => Ok((node, began.elapsed().as_secs_f64())),
                    (_, Some(NodeExit::Failed(failure))) => bail!("it ran on {node} and failed: {failure}"),
                    (Over::Refused(why), _) => bail!("{why}"),
                    (over, _) => bail!("it did not run ({over:?}): {}", words.trim()),
                };
            }
            Err(_) => {
                cluster.cancel(&ticket);
                // The monitor cancels before it looks for more; its end is the sign that it has.
                let _ = ticket.news().recv_timeout(Duration::from_secs(30));
                return Err(anyhow::anyhow!("it did not end within {} s and was cancelled", patience.as_secs()))
                    .context("the probe");
            }
        }
    }
}
