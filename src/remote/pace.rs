//! How fast bytes may pass: each that passes puts off the next one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A limit on bytes a second, shared by all transfers of a process.
#[derive(Debug)]
pub(super) struct Pace {
    bytes_per_second: Option<u64>,
    free: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(bytes_per_second: Option<u64>) -> Self {
        Self { bytes_per_second, free: Mutex::new(Instant::now()) }
    }

    /// Waits until so many bytes may pass.
    pub(super) async fn pass(&self, bytes: usize) {
        let wait = self.book(bytes, Instant::now());
        if wait > Duration::ZERO {
            tokio::time::sleep(wait).await;
        }
    }

    /// Books the line for so many bytes; how long until they are through.
    fn book(&self, bytes: usize, now: Instant) -> Duration {
        let Some(rate) = self.bytes_per_second else { return Duration::ZERO };
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = (*free).max(now) + Duration::from_secs_f64(bytes as f64 / rate as f64);
        *free - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_wait_for_those_before_them_and_rest_is_not_saved_up() {
        let (pace, now) = (Pace::new(Some(1000)), Instant::now());
        let later = now + Duration::from_secs(60);
        let waits = [(500, now), (500, now), (1000, later)].map(|(bytes, at)| pace.book(bytes, at).as_millis());
        assert!(waits[0].abs_diff(500) <= 1 && waits[1].abs_diff(1000) <= 1 && waits[2].abs_diff(1000) <= 1, "{waits:?}");
        assert_eq!(Pace::new(None).book(1 << 40, now), Duration::ZERO);
    }
}
