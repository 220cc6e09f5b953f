//! `needs`: what a command takes while it runs.

use super::super::super::section::Section;
use crate::stage::Needs;

pub(super) fn read(s: &mut Section<'_>) -> Option<Needs> {
    let cpus = s.optional("cpus", 1, |item| item.count(1, 4096));
    let memory_mib = s.optional("memory", None, |item| item.memory().map(Some));
    let device_mib = s.optional("device_memory", None, |item| item.memory().map(Some));
    let time_limit = s.optional("time", None, |item| item.duration().map(Some));
    let retries = s.optional("retries", 0, |item| item.count(0, 100));
    Some(Needs {
        cpus: cpus?,
        memory_mib: memory_mib?,
        device_mib: device_mib?,
        time_limit: time_limit?,
        retries: retries? as u32,
    })
}
