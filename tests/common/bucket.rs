//! A service that speaks as much of S3 as a remote cache needs, in the process of the test, so that it can be made to fail: it answers
//! with errors, not at all, or is gone. It believes every signature and keeps objects in memory.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses its own part, and nobody else does")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// How the service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Every answer is an error.
    Broken,
    /// Nothing is answered.
    Silent,
    /// Nobody may.
    Strict,
    /// Every answer is an error but each third one.
    Shaky,
    /// After so many more requests it is silent.
    WellFor(usize),
}

/// Requests of one kind, `PUT cas-v1/…`, and objects by name.
#[derive(Default)]
pub struct Inside {
    pub objects: BTreeMap<String, Vec<u8>>,
    pub requests: Vec<String>,
}

pub struct Bucket {
    port: u16,
    inside: Arc<Mutex<Inside>>,
    mood: Arc<Mutex<Mood>>,
    count: Arc<AtomicUsize>,
}

struct Request {
    method: String,
    name: String,
    query: BTreeMap<String, String>,
    is_conditional: bool,
    body: Vec<u8>,
}

impl Bucket {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (inside, mood) = (Arc::<Mutex<Inside>>::default(), Arc::new(Mutex::new(Mood::Well)));
        let count = Arc::<AtomicUsize>::default();
        let (shared, felt, counted) = (Arc::clone(&inside), Arc::clone(&mood), Arc::clone(&count));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, felt, count) = (Arc::clone(&shared), Arc::clone(&felt), Arc::clone(&counted));
                std::thread::spawn(move || serve(stream, &shared, &felt, &count));
            }
        });
        Self { port, inside, mood, count }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn set(&self, mood: Mood) {
        self.count.store(0, Ordering::SeqCst);
        *self.mood.lock().expect("unspoilt") = mood;
    }

    pub fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().expect("unspoilt")
    }
}

fn serve(mut stream: TcpStream, inside: &Mutex<Inside>, mood: &Mutex<Mood>, count: &AtomicUsize) {
    let _ = stream.set_nodelay(true);
    let mut rest = vec![];
    while let Some(request) = next(&mut stream, &mut rest) {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let mood = *mood.lock().expect("unspoilt");
        let answer = match mood {
            Mood::Broken => answer(500, "", b"<Error><Code>InternalError</Code></Error>"),
            Mood::Shaky if !number.is_multiple_of(3) => answer(503, "", b"<Error><Code>SlowDown</Code></Error>"),
            Mood::Strict => answer(403, "", b"<Error><Code>AccessDenied</Code></Error>"),
            Mood::Silent => return silence(&mut stream),
            Mood::WellFor(requests) if number >= requests => return silence(&mut stream),
            _ => inside.lock().expect("unspoilt").answer(request),
        };
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

/// Reads whatever comes until nobody is there any more.
fn silence(stream: &mut TcpStream) {
    let mut nothing = [0; 4096];
    while stream.read(&mut nothing).is_ok_and(|count| count > 0) {}
}

fn next(stream: &mut TcpStream, rest: &mut Vec<u8>) -> Option<Request> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Request::new(&mut headers);
        if let httparse::Status::Complete(start) = head.parse(rest).expect("HTTP") {
            let header = |name: &str| {
                let found = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
                found.map(|header| String::from_utf8_lossy(header.value).into_owned())
            };
            let length = header("content-length").map_or(0, |length| length.parse().expect("a length"));
            let method = head.method.expect("a method").to_owned();
            let (path, query) = head.path.expect("a path").split_once('?').unwrap_or((head.path.expect("a path"), ""));
            let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
            let name = decoded(path.trim_start_matches('/').split_once('/').map_or("", |(_, name)| name));
            let pairs = query.split('&').filter(|pair| !pair.is_empty());
            let query =
                pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decoded(k), decoded(v))).collect();
            let is_conditional = header("if-none-match").is_some();
            let end = start + length;
            while rest.len() < end {
                read(stream, rest)?;
            }
            let body = rest[start..end].to_vec();
            rest.drain(..end);
            return Some(Request { method, name, query, is_conditional, body });
        }
        read(stream, rest)?;
    }
}

fn read(stream: &mut TcpStream, rest: &mut Vec<u8>) -> Option<()> {
    let mut piece = [0; 65536];
    let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
    rest.extend_from_slice(&piece[..count]);
    Some(())
}

fn answer(code: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {code} x\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

const STAMP: &str = "etag: \"1\"\r\nlast-modified: Sat, 28 Nov 2026 12:00:00 GMT\r\n";

impl Inside {
    fn answer(&mut self, request: Request) -> Vec<u8> {
        let Request { method, name, query, is_conditional, body } = request;
        self.requests.push(format!("{method} {name}"));
        match method.as_str() {
            "PUT" if is_conditional && self.objects.contains_key(&name) => answer(412, "", b"<Error/>"),
            "PUT" => {
                self.objects.insert(name, body);
                answer(200, STAMP, b"")
            }
            "GET" if query.contains_key("list-type") => answer(200, "", self.listing(&query).as_bytes()),
            "GET" => self.objects.get(&name).map_or_else(|| answer(404, "", b"<Error/>"), |bytes| answer(200, STAMP, bytes)),
            "HEAD" => match self.objects.get(&name) {
                Some(bytes) => format!("HTTP/1.1 200 x\r\ncontent-length: {}\r\n{STAMP}\r\n", bytes.len()).into_bytes(),
                None => answer(404, "", b""),
            },
            "POST" if query.contains_key("delete") => {
                let text = String::from_utf8_lossy(&body).into_owned();
                let keys = text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
                let mut said = String::from("<DeleteResult>");
                for key in keys {
                    self.objects.remove(key);
                    let _ = write!(said, "<Deleted><Key>{key}</Key></Deleted>");
                }
                answer(200, "", format!("{said}</DeleteResult>").as_bytes())
            }
            _ => answer(501, "", b"<Error/>"),
        }
    }

    /// A page of at most 100 names, so that there are pages.
    fn listing(&self, query: &BTreeMap<String, String>) -> String {
        const PAGE: usize = 100;
        let prefix = query.get("prefix").cloned().unwrap_or_default();
        let after = query.get("continuation-token").cloned().unwrap_or_default();
        let found = self.objects.iter().filter(|(name, _)| name.starts_with(&prefix) && **name > after);
        let page: Vec<_> = found.take(PAGE + 1).collect();
        let mut text = format!("<ListBucketResult><IsTruncated>{}</IsTruncated>", page.len() > PAGE);
        for (name, bytes) in page.iter().take(PAGE) {
            let _ = write!(
                text,
                "<Contents><Key>{name}</Key><LastModified>2026-11-28T12:00:00.000Z</LastModified><ETag>1</ETag><Size>{}</Size></Contents>",
                bytes.len()
            );
        }
        if page.len() > PAGE {
            let _ = write!(text, "<NextContinuationToken>{}</NextContinuationToken>", page[PAGE - 1].0);
        }
        text + "</ListBucketResult>"
    }
}
