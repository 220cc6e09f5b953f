//! Draws the screen ten times a second at most, from a thread of its own: thousands of short steps cost no more than a few long ones.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Outlook;
use super::screen::Screen;
use crate::execute::{Event, Listener};
use crate::history::{Line, now};

const PULSE: Duration = Duration::from_millis(100);

/// A screen and who draws it.
pub(super) struct Terminal {
    shared: Arc<Shared>,
    painter: Option<JoinHandle<()>>,
}

struct Shared {
    screen: Mutex<Screen>,
    over: AtomicBool,
}

impl Terminal {
    pub(super) fn start(experiment: &str, outlook: Outlook) -> Self {
        let screen = Mutex::new(Screen::new(experiment, outlook, now()));
        let shared = Arc::new(Shared { screen, over: AtomicBool::new(false) });
        let painter = thread::spawn({
            let shared = Arc::clone(&shared);
            move || paint(&shared)
        });
        Self { shared, painter: Some(painter) }
    }
}

fn paint(shared: &Shared) {
    // One bar of many lines: a drawing is one write, however many steps run.
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(20));
    bar.set_style(ProgressStyle::with_template("{msg}").expect("BUG: the template is a constant"));
    let (term, mut shown) = (Term::stderr(), String::new());
    loop {
        let over = shared.over.load(Ordering::SeqCst);
        let (height, width) = term.size();
        let (kept, text) = shared.look(usize::from(width), usize::from(height).saturating_sub(1));
        if !kept.is_empty() {
            bar.println(kept.join("\n"));
        }
        if over {
            bar.finish_and_clear();
            return;
        }
        if text != shown {
            bar.set_message(text.clone());
            shown = text;
        }
        thread::park_timeout(PULSE);
    }
}

impl Shared {
    fn look(&self, width: usize, height: usize) -> (Vec<String>, String) {
        let mut screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        (screen.kept(), screen.lines(now(), width, height).join("\n"))
    }
}

impl Listener for Terminal {
    fn event(&mut self, event: &Event) {
        self.shared.screen.lock().unwrap_or_else(PoisonError::into_inner).take(Line::now(event.clone()));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        if let Some(painter) = self.painter.take() {
            painter.thread().unpark();
            // A painter that panicked has said so; the run is worth more than its picture.
            drop(painter.join());
        }
    }
}
