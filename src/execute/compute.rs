//! `compute.csv`: what each kind of step took, on which device. Like the provenance, it lies beside the report and outside its digest.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::{Executor, State};
use crate::plan::Plan;
use crate::store::Provenance;

/// Name of the table.
pub const COMPUTE: &str = "compute.csv";

/// The table of a run whose steps are done: a row a kind and device. Seconds are wall-clock; those of cached steps are of the run that made
/// them.
///
/// # Errors
/// When a number cannot be written, which is a fault of `bgh`.
pub fn compute(plan: &Plan, run: &Executor<'_>) -> Result<String> {
    let steps = plan.in_order().filter_map(|id| match run.state(id) {
        State::Done { provenance, .. } => Some((plan.step(id).kind.name, provenance)),
        _ => None,
    });
    table(steps)
}

fn table<'a>(steps: impl Iterator<Item = (&'static str, &'a Provenance)>) -> Result<String> {
    let mut rows: BTreeMap<(&str, &str), Vec<&Provenance>> = BTreeMap::new();
    steps.for_each(|(kind, provenance)| rows.entry((kind, &provenance.device)).or_default().push(provenance));
    let mut writer = csv::Writer::from_writer(vec![]);
    writer.write_record([
        "kind",
        "device",
        "hosts",
        "steps",
        "seconds",
        "longest_seconds",
        "peak_memory_mib",
        "most_images_per_second",
    ])?;
    for ((kind, device), steps) in rows {
        let hosts: BTreeSet<&str> = steps.iter().map(|step| step.host.as_str()).collect();
        let seconds = steps.iter().map(|step| step.seconds);
        let peak = steps.iter().map(|step| step.peak_memory).max().unwrap_or(0);
        let speed = steps.iter().filter_map(|step| step.images_per_second).reduce(f64::max);
        writer.write_record([
            kind.to_owned(),
            device.to_owned(),
            hosts.len().to_string(),
            steps.len().to_string(),
            format!("{:.1}", seconds.clone().sum::<f64>()),
            format!("{:.1}", seconds.fold(0.0, f64::max)),
            if peak > 0 { peak.div_ceil(1 << 20).to_string() } else { String::new() },
            speed.map(|speed| format!("{speed:.1}")).unwrap_or_default(),
        ])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(device: &str, seconds: f64, peak_memory: u64, images_per_second: Option<f64>) -> Provenance {
        let (bgh, host) = ("0.1.0".into(), "a".into());
        Provenance { bgh, host, started: 0, seconds, device: device.into(), peak_memory, images_per_second }
    }

    #[test]
    fn steps_are_summed_by_kind_and_device() -> Result<()> {
        let steps = [
            ("train", step("GPU", 10.0, 3 << 20, Some(100.0))),
            ("window", step("cpu", 0.25, 0, None)),
            ("train", step("GPU", 20.5, 5 << 20, Some(50.0))),
            ("train", step("cpu", 90.0, 1, None)),
        ];
        let table = table(steps.iter().map(|(kind, step)| (*kind, step)))?;
        let rows: Vec<&str> = table.lines().skip(1).collect();
        assert_eq!(rows, ["train,GPU,1,2,30.5,20.5,5,100.0", "train,cpu,1,1,90.0,90.0,1,", "window,cpu,1,1,0.2,0.2,,"]);
        Ok(())
    }
}
