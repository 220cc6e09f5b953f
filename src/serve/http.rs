//! As much of HTTP as pages need: one request a connection, read whole before it is answered. A browser that keeps connections open
//! in advance then holds nothing that another page waits for.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

/// Longest head of a request, bytes; browsers send about one KiB.
const MOST: usize = 32 << 10;
const HEADERS: usize = 100;
/// How long a connection may stay silent before it has asked for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was asked, and where the answer goes.
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query as they were sent.
    pub(super) url: String,
    headers: Vec<(String, String)>,
    pub(super) stream: TcpStream,
}

impl Request {
    /// The request of a new connection.
    ///
    /// # Errors
    /// When the connection ends or stays silent first, or what comes is no request.
    pub(super) fn read(mut stream: TcpStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut bytes = vec![];
        loop {
            let mut more = [0; 4096];
            let read = stream.read(&mut more)?;
            bytes.extend_from_slice(&more[..read]);
            if let Some((method, url, headers)) = parsed(&bytes)? {
                return Ok(Self { method, url, headers, stream });
            }
            if read == 0 || bytes.len() > MOST {
                return Err(io::Error::new(ErrorKind::InvalidData, "no whole request came"));
            }
        }
    }

    /// The value of a header, whatever the case of its name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

type Head = (String, String, Vec<(String, String)>);

/// Method, address and headers; `None` while the head is not whole.
fn parsed(bytes: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let status = request.parse(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    let (Some(method), Some(url)) = (request.method, request.path) else { return Ok(None) };
    let header = |header: &httparse::Header<'_>| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned());
    let head = (method.to_owned(), url.to_owned(), request.headers.iter().map(header).collect());
    Ok(status.is_complete().then_some(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole_and_nonsense_is_refused() {
        let whole = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n";
        assert!((0..whole.len()).all(|end| matches!(parsed(&whole[..end]), Ok(None))));
        let head = ("GET".to_owned(), "/a?b=c".to_owned(), vec![("Host".to_owned(), "x".to_owned())]);
        assert_eq!(parsed(whole).expect("a request"), Some(head));
        assert!(parsed(b"\x16\x03\x01\x02\x00").is_err());
    }
}
