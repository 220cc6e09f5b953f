//! The journal of a run as server-sent events: its lines as they are, numbered, so that a reader goes on where it was.

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::history::{Ending, Run};
use crate::serve::answer::Answer;
use crate::serve::ask::Ask;
use crate::serve::route::Route;
use crate::serve::site::Site;

pub(super) const ROUTE: Route = Route { path: "/runs/{run}/events", answer };

const PULSE: Duration = Duration::from_millis(200);
/// A line without meaning now and then tells whether the reader is still there.
const HEARTBEAT: Duration = Duration::from_secs(10);

fn answer(site: &Site, ask: &Ask) -> Result<Answer> {
    let run = site.run(ask.named("run"))?;
    let after = ask.last_event.or_else(|| ask.value("after")).unwrap_or(0);
    Ok(Answer::events(move |out| stream(&run, after, out)))
}

/// Until the run is over and all is told, or the reader leaves.
fn stream(run: &Run, after: usize, out: &mut dyn Write) -> io::Result<()> {
    let (mut tail, mut told, mut last) = (run.events(), 0, Instant::now());
    loop {
        let ending = run.ending().map_err(io::Error::other)?;
        for line in tail.read()? {
            told += 1;
            if told > after {
                write!(out, "id: {told}\ndata: {}\n\n", line.json().trim_end())?;
                last = Instant::now();
            }
        }
        if ending != Ending::Running {
            write!(out, "event: end\ndata: {}\n\n", ending.word())?;
            return out.flush();
        }
        if last.elapsed() > HEARTBEAT {
            out.write_all(b": still here\n\n")?;
            last = Instant::now();
        }
        out.flush()?;
        thread::sleep(PULSE);
    }
}
