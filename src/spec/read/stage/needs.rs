//! `needs`: what a command takes while it runs.

use std::time::Duration;

use super::super::super::section::{Item, Section};
use crate::stage::Needs;

pub(super) fn read(s: &mut Section<'_>) -> Option<Needs> {
    let cpus = s.optional("cpus", 1, |item| item.count(1, 4096));
    let memory_mib = s.optional("memory", None, |item| mebibytes(&item).map(Some));
    let device_mib = s.optional("device_memory", None, |item| mebibytes(&item).map(Some));
    let time_limit = s.optional("time", None, |item| duration(&item).map(Some));
    let retries = s.optional("retries", 0, |item| item.count(0, 100));
    Some(Needs {
        cpus: cpus?,
        memory_mib: memory_mib?,
        device_mib: device_mib?,
        time_limit: time_limit?,
        retries: retries? as u32,
    })
}

/// Units with what one of them is in the smallest.
type Units = [(&'static str, f64)];

fn mebibytes(item: &Item<'_>) -> Option<u64> {
    const UNITS: &Units = &[("MiB", 1.0), ("GiB", 1024.0), ("TiB", 1024.0 * 1024.0)];
    measured(item, UNITS, "an amount of memory such as \"4 GiB\" or \"512 MiB\"").map(|mib| mib.ceil() as u64)
}

fn duration(item: &Item<'_>) -> Option<Duration> {
    const UNITS: &Units = &[("s", 1.0), ("min", 60.0), ("h", 3600.0), ("d", 86_400.0)];
    measured(item, UNITS, "a time such as \"90 s\", \"30 min\" or \"2 h\"").map(Duration::from_secs_f64)
}

/// A number above 0 with its unit.
fn measured(item: &Item<'_>, units: &Units, what: &str) -> Option<f64> {
    let text = item.string()?.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = (text[..split].trim().parse::<f64>().ok(), text[split..].trim());
    let factor = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| factor);
    match number.zip(factor).map(|(number, factor)| number * factor).filter(|value| (1e-3..=1e12).contains(value)) {
        Some(value) => Some(value),
        None => item.expected(what),
    }
}
