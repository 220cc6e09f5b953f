//! Who may come in. Any page that the user has open can send requests to this port, so an address on the loopback interface is no
//! protection.
//!
//! - The token, 128 bits by chance, is asked for with every request: in the query, as the printed address has it, or in the cookie
//!   that the first answer sets. The cookie is for this site alone, and its name tells servers on other ports apart.
//! - The `Host` must be a name of the loopback interface: a foreign name that was made to resolve to 127.0.0.1 is refused.
//! - Only GET and HEAD are answered, and nothing that they do changes anything.

use super::answer::Answer;
use super::ask::query;
use super::http::Request;
use crate::store::Digest;

/// Names of the loopback interface as browsers write them.
const HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

pub(super) struct Door {
    token: String,
    cookie: String,
}

/// How somebody came in: with the token in the address, who then gets the cookie, or with the cookie.
pub(super) struct Entry {
    pub(super) cookie: Option<String>,
}

impl Door {
    pub(super) fn new(port: u16) -> Self {
        Self { token: format!("{:032x}", rand::random::<u128>()), cookie: format!("bgh-{port}") }
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn admit(&self, request: &Request) -> Result<Entry, Answer> {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return Err(Answer::refused(405, "only GET is answered here"));
        }
        if !request.header("Host").is_some_and(is_loopback) {
            return Err(Answer::refused(403, "this address is not a name of the loopback interface"));
        }
        if query(&request.url).get("token").is_some_and(|given| self.is_token(given)) {
            let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie, self.token);
            return Ok(Entry { cookie: Some(cookie) });
        }
        if self.shown(request).is_some_and(|given| self.is_token(given)) {
            return Ok(Entry { cookie: None });
        }
        Err(Answer::refused(403, "open the address that `bgh serve` printed: its token is what lets you in"))
    }

    fn shown<'r>(&self, request: &'r Request) -> Option<&'r str> {
        let cookies = request.header("Cookie")?.split("; ").filter_map(|cookie| cookie.split_once('='));
        cookies.into_iter().find(|(name, _)| *name == self.cookie).map(|(_, value)| value)
    }

    /// Compares digests, so that the time it takes tells nothing about the token.
    fn is_token(&self, given: &str) -> bool {
        Digest::of(given.as_bytes()) == Digest::of(self.token.as_bytes())
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    HOSTS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_loopback_interface_are_hosts() {
        for host in ["127.0.0.1", "127.0.0.1:80", "localhost:8123", "[::1]:9", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost:80@evil.example", "", ":80"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
