//! What a cluster says of itself, for those who write a site file.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Controller;

/// What is good to know of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Version of Slurm.
    pub version: String,
    /// Partitions: name, longest time of a job, nodes, GPUs.
    pub partitions: Vec<String>,
    /// Accounts that this user may name; empty where there are none.
    pub accounts: Vec<String>,
    /// Whether there is accounting, so that jobs are known after the queue has forgotten them.
    pub accounting: bool,
    /// Seconds for which the queue knows a job that has ended.
    pub memory: Option<u64>,
    /// Elements that an array may have.
    pub array: Option<u64>,
}

impl Facts {
    /// Asks the controller.
    ///
    /// # Errors
    /// When Slurm's programs are not there, or the controller does not answer.
    pub fn ask(controller: &Controller) -> Result<Self> {
        let version = controller.version()?;
        let settings = controller.settings()?;
        let accounting = setting(&settings, "AccountingStorageType").is_some_and(|kind| !kind.ends_with("none"));
        let number = |name| setting(&settings, name).and_then(|value| value.split_whitespace().next()?.parse().ok());
        let format = ["-h", "-o", "%P: at most %l, %D nodes, generic resources %G"].map(str::to_owned);
        let partitions = controller.ask("sinfo", format.into())?.stdout.lines().map(str::to_owned).collect();
        let accounts = if accounting { accounts(controller).unwrap_or_default() } else { vec![] };
        Ok(Self { version, partitions, accounts, accounting, memory: number("MinJobAge"), array: number("MaxArraySize") })
    }
}

fn accounts(controller: &Controller) -> Result<Vec<String>> {
    let user = rustix::process::getuid().as_raw();
    let name = std::env::var("USER").unwrap_or_else(|_| user.to_string());
    let words = ["-n", "-P", "show", "assoc", "format=Account"].map(str::to_owned);
    let mut arguments: Vec<String> = words.into();
    arguments.push(format!("user={name}"));
    let said = controller.ask("sacctmgr", arguments)?;
    let names: BTreeSet<String> = said.stdout.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    Ok(names.into_iter().collect())
}

/// A value of what `scontrol show config` prints.
pub(super) fn setting<'a>(settings: &'a str, name: &str) -> Option<&'a str> {
    let line = settings.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='))?;
    Some(line.trim())
}
