//! Ctrl-C once: stop in good order. Twice: at once.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

/// How often the user has asked to stop. Every thread can read it, and can sleep until it changes.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<Wishes>);

#[derive(Debug)]
struct Wishes {
    count: AtomicUsize,
    /// The first becomes readable with the first wish, the second with the second; both stay so.
    bells: [Bell; 2],
}

/// Something that threads can wait for together with other descriptors: once it has rung it stays readable.
#[derive(Debug, Clone)]
pub(super) struct Bell(Arc<OwnedFd>);

impl Bell {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self(Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)))
    }

    pub(super) fn ring(&self) {
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Interrupt {
    /// Nobody has asked, and signals are not looked at.
    ///
    /// # Errors
    /// When the system refuses two descriptors.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self(Arc::new(Wishes { count: AtomicUsize::new(0), bells: [Bell::new()?, Bell::new()?] })))
    }

    /// Counts SIGINT and SIGTERM from now on.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn on_signals() -> std::io::Result<Self> {
        let interrupt = Self::new()?;
        for signal in [SIGINT, SIGTERM] {
            let raised = interrupt.clone();
            // SAFETY: the handler increments an atomic and writes to a descriptor, which are async-signal-safe.
            unsafe { signal_hook::low_level::register(signal, move || raised.raise()) }?;
        }
        Ok(interrupt)
    }

    /// From now on `SIGUSR1` asks as well, as a cluster does when the time of a job will soon be over. Whether it did.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn on_last_minutes(&self) -> std::io::Result<Arc<AtomicBool>> {
        let (raised, due) = (self.clone(), Arc::new(AtomicBool::new(false)));
        let told = Arc::clone(&due);
        let tell = move || {
            told.store(true, Ordering::SeqCst);
            raised.raise();
        };
        // SAFETY: the handler stores to an atomic, increments another and writes to a descriptor, which are async-signal-safe.
        unsafe { signal_hook::low_level::register(SIGUSR1, tell) }?;
        Ok(due)
    }

    /// Asks once more.
    pub fn raise(&self) {
        let before = self.0.count.fetch_add(1, Ordering::SeqCst);
        if let Some(bell) = self.0.bells.get(before) {
            bell.ring();
        }
    }

    /// How often the user has asked: 0, 1 or 2, which stands for more as well.
    pub fn wishes(&self) -> usize {
        self.0.count.load(Ordering::SeqCst).min(2)
    }

    /// Whether to stop in good order.
    pub fn requested(&self) -> bool {
        self.wishes() > 0
    }

    /// Whether to stop at once.
    pub fn at_once(&self) -> bool {
        self.wishes() > 1
    }

    /// A descriptor that becomes readable when the user asks once more than `heard` times; `None` after the second.
    pub(super) fn bell(&self, heard: usize) -> Option<BorrowedFd<'_>> {
        self.0.bells.get(heard).map(AsFd::as_fd)
    }

    /// Calls `tell` for each wish until `over` rings or there is no more to wish.
    pub(super) fn listen(&self, over: &Bell, mut tell: impl FnMut()) {
        for bell in &self.0.bells {
            let mut watched = [bell, over].map(|bell| PollFd::new(bell, PollFlags::IN));
            while poll(&mut watched, None) == Err(rustix::io::Errno::INTR) {}
            if !watched[1].revents().is_empty() {
                return;
            }
            tell();
        }
    }
}
