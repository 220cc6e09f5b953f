//! Ctrl-C once: stop in good order. Twice: at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

/// How often the user has asked to stop, readable from every thread.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Counts SIGINT and SIGTERM from now on.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn on_signals() -> std::io::Result<Self> {
        let count = Self::default();
        for signal in [SIGINT, SIGTERM] {
            let counter = count.0.clone();
            let note = move || {
                counter.fetch_add(1, Ordering::SeqCst);
            };
            // SAFETY: the handler only increments an atomic, which is async-signal-safe.
            unsafe { signal_hook::low_level::register(signal, note) }?;
        }
        Ok(count)
    }

    /// Whether to stop in good order.
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }

    /// Whether to stop at once.
    pub fn at_once(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 1
    }
}
