//! Shows on a terminal how far a scan of many headers is. A folder of some thousand files is read before anybody would look.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use super::out;
use crate::dicom::scanned;

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(250);
/// Fewer are read at once.
const MANY: usize = 5000;

/// Shows it until it is dropped.
pub(super) struct Headers(Option<(Arc<AtomicBool>, JoinHandle<()>)>);

impl Headers {
    /// Begins, where standard error is a terminal.
    pub(super) fn shown() -> Self {
        if !stderr().is_terminal() {
            return Self(None);
        }
        let ended = Arc::new(AtomicBool::new(false));
        let told = ended.clone();
        Self(Some((ended, std::thread::spawn(move || show(&told)))))
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        let Some((ended, thread)) = self.0.take() else { return };
        ended.store(true, Relaxed);
        thread.thread().unpark();
        // It draws and nothing else; what it says last is of no matter.
        thread.join().ok();
    }
}

fn show(ended: &AtomicBool) {
    let mut drawn = false;
    while !ended.load(Relaxed) {
        if let Some(line) = line(scanned()) {
            out::aside(&format!("\r{line}\x1b[K"));
            drawn = true;
        }
        std::thread::park_timeout(INTERVAL);
    }
    if drawn {
        out::aside("\r\x1b[K");
    }
}

fn line((read, all): (usize, usize)) -> Option<String> {
    (all >= MANY && read < all).then(|| format!("headers: {read} of {all} files, {} %", 100 * read / all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_and_finished_scans_are_not_told() {
        assert_eq!(line((10, 4000)), None);
        assert_eq!(line((100_000, 100_000)), None);
        assert_eq!(line((25_000, 100_000)).as_deref(), Some("headers: 25000 of 100000 files, 25 %"));
    }
}
