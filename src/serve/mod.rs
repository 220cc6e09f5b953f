//! A cache looked at in a browser: its runs while they run and afterwards, their curves, logs, images, predictions and results.
//!
//! The server only reads: the journal, the records and the blobs. So it works beside any number of runs in other processes, and
//! without any. It listens on the loopback interface, and whoever asks must know the token (`door.rs`). Pages are made here, whole and
//! escaped; the script in them does nothing but fetch the same page again when the journal has grown, so that what is seen live
//! and what is seen afterwards cannot differ.
//!
//! A page is a file in `pages/` and a line in `ROUTES`.

mod address;
mod answer;
mod artifacts;
mod ask;
mod chart;
mod door;
mod http;
mod layout;
mod pages;
mod parts;
mod picture;
mod route;
mod site;
mod status;
mod words;

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};

use answer::Answer;
use ask::Ask;
use door::Door;
use http::Request;

pub use picture::Outline;
pub use site::Site;

/// A page server on the loopback interface.
pub struct Server {
    listener: TcpListener,
    port: u16,
    house: Arc<House>,
}

/// What every thread looks at.
struct House {
    door: Door,
    site: Site,
}

impl Server {
    /// Listens on `port` of 127.0.0.1; on 0, on a port that is free.
    ///
    /// # Errors
    /// When the port is taken or the system refuses it.
    pub fn bind(port: u16, site: Site) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = listener.with_context(|| format!("cannot listen on port {port} of 127.0.0.1"))?;
        let port = listener.local_addr().context("cannot tell the port")?.port();
        Ok(Self { listener, port, house: Arc::new(House { door: Door::new(port), site }) })
    }

    /// Where a browser finds `page` (a path that begins with `/`); the token is in it.
    pub fn url(&self, page: &str) -> String {
        format!("http://127.0.0.1:{}{page}?token={}", self.port, self.house.door.token())
    }

    /// Answers until the process ends, each request on a thread of its own.
    pub fn serve(&self) {
        for stream in self.listener.incoming() {
            let house = Arc::clone(&self.house);
            let spawned = stream.and_then(|stream| thread::Builder::new().spawn(move || house.receive(stream)));
            if let Err(error) = spawned {
                tracing::warn!(%error, "a request was not taken");
            }
        }
    }
}

impl House {
    fn receive(&self, stream: TcpStream) {
        let given = Request::read(stream).and_then(|request| self.answer(&request).send(request));
        if let Err(error) = given {
            // The reader left; a page that is closed while it loads is nothing to report.
            tracing::debug!(%error, "an answer was not taken");
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        let entry = match self.door.admit(request) {
            Err(refused) => return refused,
            Ok(entry) => entry,
        };
        let ask = Ask::of(request);
        let made = catch_unwind(AssertUnwindSafe(|| route::answer(&self.site, &ask)));
        made.unwrap_or_else(|_| Answer::fault("a fault of bgh itself; `bgh serve` printed more about it")).with(entry)
    }
}
