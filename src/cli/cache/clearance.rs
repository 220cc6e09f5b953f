//! `bgh cache gc --remote`: removes from a remote cache what nobody needs. Nobody can lock a remote, so what is young stays.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::super::session;
use super::super::{Failure, remote};
use super::amount::size;
use super::gc;
use crate::execute::{Executor, Options};
use crate::remote::{Clearance, Keeping, Remote};
use crate::site::Site;
use crate::store::{Digest, Store};

/// Where nothing is said, everything younger stays: a result may be on its way for so long.
const GRACE: Duration = Duration::from_secs(24 * 3600);

pub(super) fn run(url: &str, arguments: &gc::Arguments, site: &Site) -> Result<(), Failure> {
    let remote = remote::open(url, site)?;
    let told = |trouble| Failure::environment(&remote.refusal(&trouble));
    let keeping = Keeping {
        keep: kept(arguments, &remote)?,
        recent: arguments.recent,
        unused: arguments.unused,
        grace: arguments.grace.unwrap_or(GRACE),
        now: SystemTime::now(),
    };
    let plan = Clearance::plan(&remote, &keeping).map_err(told)?;
    if !arguments.json {
        print(&plan, arguments.dry_run);
    }
    if !arguments.dry_run {
        plan.execute(&remote).map_err(told)?;
    }
    if arguments.json {
        let mut answer = json!(plan);
        answer["removed"] = json!(!arguments.dry_run);
        outln!("{answer}");
    }
    Ok(())
}

/// Every result that the specs have at the remote: a cache that is empty knows them from there.
fn kept(arguments: &gc::Arguments, remote: &Remote) -> Result<BTreeSet<Digest>, Failure> {
    let mut keep = BTreeSet::new();
    if arguments.keep.is_empty() {
        return Ok(keep);
    }
    let folder = tempfile::tempdir().map_err(anyhow::Error::from)?;
    let store = Store::open(folder.path())?;
    let cache = arguments.cache.folder()?;
    for path in &arguments.keep {
        let spec = crate::spec::load(path, &[])?;
        let plan = session::planned(&spec, &session::key(&spec, &cache)?)?;
        let options = Options::default();
        let mut executor = Executor::survey(&plan, &store, &options)?;
        executor.consult(remote)?;
        keep.extend(executor.actions());
    }
    Ok(keep)
}

fn print(plan: &Clearance, dry_run: bool) {
    for (name, heap) in plan.heaps() {
        outln!("{name:18} {:6} {:>10}", heap.count, size(heap.bytes));
    }
    let verb = if dry_run { "could be removed" } else { "removed" };
    let freed = size(plan.size_before - plan.size_after);
    outln!("{freed} {verb} · {} results stay · {} before, {} after", plan.kept, size(plan.size_before), size(plan.size_after));
}
