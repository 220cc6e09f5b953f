//! What is asked for: the parts of the path and the query, decoded.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::http::Request;

/// A request that was let in.
#[derive(Debug, Clone, Default)]
pub(super) struct Ask {
    /// The path between slashes.
    pub(super) path: Vec<String>,
    pub(super) query: BTreeMap<String, String>,
    /// The last event that a stream's reader has seen.
    pub(super) last_event: Option<usize>,
    /// What the placeholders of the route stand for.
    pub(super) named: BTreeMap<&'static str, String>,
}

impl Ask {
    pub(super) fn of(request: &Request) -> Self {
        let url = request.url.as_str();
        let path = url.split(['?', '#']).next().unwrap_or_default();
        Self {
            path: path.split('/').filter(|part| !part.is_empty()).map(decoded).collect(),
            query: query(url),
            last_event: request.header("Last-Event-ID").and_then(|id| id.parse().ok()),
            named: BTreeMap::new(),
        }
    }

    /// What the route's placeholder stands for.
    pub(super) fn named(&self, name: &str) -> &str {
        self.named.get(name).map_or("", String::as_str)
    }

    /// A value of the query that is there and can be read.
    pub(super) fn value<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.query.get(name)?.parse().ok()
    }
}

/// Names and values after the question mark.
pub(super) fn query(url: &str) -> BTreeMap<String, String> {
    let text = url.split_once('?').map_or("", |(_, query)| query);
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded_and_oddities_do_no_harm() {
        let found = query("/x?a=1%202&b&=c&&d=%ff&e=f=g");
        let expected = [("", "c"), ("a", "1 2"), ("b", ""), ("d", "\u{fffd}"), ("e", "f=g")];
        assert_eq!(found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(), expected);
        assert!(query("/x").is_empty());
    }
}
