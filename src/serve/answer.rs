//! An answer: status, type and bytes, or a stream. Every one forbids the browser to load, frame or run anything that is not from here.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use maud::{Markup, html};

use super::door::Entry;
use super::http::Request;
use super::layout;
use crate::imaging::{Image, grey_png};

/// Pages run one script and load styles and images, all from here.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";
/// What stages made may carry its style, its letters and its images, and runs nothing.
const INERT: &str = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
                     frame-ancestors 'none'";

/// What was asked for is not there; the text says what.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Missing(pub(super) String);

/// Writes the rest of an answer for as long as its reader stays.
type Stream = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

enum Body {
    Bytes(Vec<u8>),
    File(File),
    Stream(Stream),
}

pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

impl Answer {
    fn new(status: u16, kind: &str, policy: &str, body: Body) -> Self {
        let headers = [
            ("Content-Type", kind),
            ("Content-Security-Policy", policy),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ];
        Self { status, headers: headers.map(|(name, value)| (name, value.to_owned())).to_vec(), body }
    }

    /// A page of this site.
    pub(super) fn page(markup: Markup) -> Self {
        Self::html(200, markup)
    }

    fn html(status: u16, markup: Markup) -> Self {
        Self::new(status, "text/html; charset=utf-8", POLICY, Body::Bytes(markup.into_string().into_bytes()))
    }

    /// A part of the program: style, script, icon.
    pub(super) fn asset(kind: &str, text: &str) -> Self {
        Self::new(200, kind, POLICY, Body::Bytes(text.as_bytes().to_vec()))
    }

    /// Plain text that somebody else wrote.
    pub(super) fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/plain; charset=utf-8", INERT, Body::Bytes(text.into()))
    }

    /// An image of at least one pixel.
    ///
    /// # Errors
    /// When it is larger than PNG allows.
    pub(super) fn image(image: &Image) -> Result<Self> {
        Ok(Self::new(200, "image/png", INERT, Body::Bytes(grey_png(image)?)))
    }

    /// A file that a stage made, shown as what it is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn file(path: &Path, kind: &str) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self::new(200, kind, INERT, Body::File(file)))
    }

    /// The same, kept by the browser as a file of this name.
    #[must_use]
    pub(super) fn kept_as(mut self, name: &str) -> Self {
        let encoded = super::address::encoded(name);
        self.headers.push(("Content-Disposition", format!("attachment; filename*=UTF-8''{encoded}")));
        self
    }

    /// Server-sent events.
    pub(super) fn events(stream: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static) -> Self {
        Self::new(200, "text/event-stream", INERT, Body::Stream(Box::new(stream)))
    }

    /// What was asked for has another address.
    pub(super) fn elsewhere(address: &str) -> Self {
        let mut answer = Self::html(303, layout::plain("Elsewhere", html! { p { a href=(address) { (address) } } }));
        answer.headers.push(("Location", address.to_owned()));
        answer
    }

    /// Not let in.
    pub(super) fn refused(status: u16, why: &str) -> Self {
        Self::html(status, layout::plain("Not here", html! { p { (why) } }))
    }

    /// Not there.
    pub(super) fn missing(what: &str) -> Self {
        let body = html! { p { (what) } p { a href="/" { "All runs" } } };
        Self::html(404, layout::plain("Not found", body))
    }

    /// There, and something is wrong with it.
    pub(super) fn fault(what: &str) -> Self {
        let body = html! { p.fault { (what) } p { a href="/" { "All runs" } } };
        Self::html(500, layout::plain("Something is wrong", body))
    }

    /// For somebody who came in this way.
    #[must_use]
    pub(super) fn with(mut self, entry: Entry) -> Self {
        self.headers.extend(entry.cookie.map(|cookie| ("Set-Cookie", cookie)));
        self
    }

    /// Gives the answer and ends the connection.
    ///
    /// # Errors
    /// When the reader has left.
    pub(super) fn send(self, request: Request) -> io::Result<()> {
        let mut out = BufWriter::new(request.stream);
        write!(out, "HTTP/1.1 {} {}\r\nConnection: close\r\n", self.status, reason(self.status))?;
        self.headers.iter().try_for_each(|(name, value)| write!(out, "{name}: {value}\r\n"))?;
        if let Some(length) = self.body.length()? {
            write!(out, "Content-Length: {length}\r\n")?;
        }
        out.write_all(b"\r\n")?;
        if request.method == "HEAD" {
            return out.flush();
        }
        match self.body {
            Body::Bytes(bytes) => out.write_all(&bytes)?,
            Body::File(mut file) => drop(io::copy(&mut file, &mut out)?),
            Body::Stream(stream) => stream(&mut out)?,
        }
        out.flush()
    }
}

impl Body {
    /// Bytes, where their number is known; a stream ends with its connection.
    fn length(&self) -> io::Result<Option<u64>> {
        match self {
            Self::Bytes(bytes) => Ok(Some(bytes.len() as u64)),
            Self::File(file) => Ok(Some(file.metadata()?.len())),
            Self::Stream(_) => Ok(None),
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        303 => "See Other",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        _ => "Internal Server Error",
    }
}
