//! Sizes of memory and spans of time, with their units written out: `"12 GiB"`, `"90 min"`. A bare number has no unit to be
//! wrong about, so it is refused.

use std::time::Duration;

use super::section::Item;
use super::tree::Value;

const MEMORY: [(&str, f64); 3] = [("MiB", 1.0), ("GiB", 1024.0), ("TiB", 1_048_576.0)];
const TIME: [(&str, f64); 4] = [("s", 1.0), ("min", 60.0), ("h", 3600.0), ("d", 86400.0)];

impl Item<'_> {
    /// A size of memory, MiB, rounded up.
    pub(crate) fn memory(&self) -> Option<u64> {
        self.quantity(&MEMORY, "a size of memory as \"12 GiB\" (MiB, GiB or TiB)").map(|mib| mib.ceil() as u64)
    }

    /// A span of time.
    pub(crate) fn duration(&self) -> Option<Duration> {
        self.quantity(&TIME, "a span of time as \"90 min\" (s, min, h or d)").map(Duration::from_secs_f64)
    }

    fn quantity(&self, units: &[(&str, f64)], what: &str) -> Option<f64> {
        const MOST: f64 = 1e12;
        let Value::String(text) = &self.node.value else { return self.expected(what) };
        let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, unit) = (text[..split].trim().parse::<f64>().ok(), text[split..].trim());
        let factor = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| factor);
        match number.zip(factor).map(|(number, factor)| number * factor) {
            Some(quantity) if quantity > 0.0 && quantity < MOST => Some(quantity),
            _ => self.expected(what),
        }
    }
}
