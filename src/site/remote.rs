//! The remote cache of a site: where it is, what a run does with it, and how much of the line and of its time it may take. Credentials
//! are no part of it: they come from the environment.

use std::time::Duration;

use crate::document::section::Section;

/// A remote cache as one site uses it.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteSite {
    /// `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`, `file:///folder` or a folder.
    pub url: Option<String>,
    /// Whether a run asks it for results.
    pub read: bool,
    /// Whether a run sends it what it makes.
    pub write: bool,
    /// Bytes a second that may pass, both ways together; `None` for as many as can.
    pub bandwidth: Option<u64>,
    /// Requests at once.
    pub parallel: usize,
    /// Tries beyond the first of a request that fails.
    pub retries: u32,
    /// The longest that a request waits for an answer.
    pub timeout: Duration,
    /// Address of a service that speaks S3 and is not Amazon's.
    pub endpoint: Option<String>,
    /// Region of the bucket.
    pub region: Option<String>,
}

impl Default for RemoteSite {
    fn default() -> Self {
        Self {
            url: None,
            read: true,
            write: true,
            bandwidth: None,
            parallel: 32,
            retries: 3,
            timeout: Duration::from_secs(10),
            endpoint: None,
            region: None,
        }
    }
}

pub(super) fn remote(section: &mut Section<'_>) -> Option<RemoteSite> {
    let default = RemoteSite::default();
    let url = section.optional("url", None, |item| item.text().map(|url| Some(url.to_owned())));
    let read = section.optional("read", default.read, |item| item.truth());
    let write = section.optional("write", default.write, |item| item.truth());
    let bandwidth = section.optional("bandwidth", None, |item| item.memory().map(|mib| Some(mib << 20)));
    let parallel = section.optional("parallel", default.parallel, |item| item.count(1, 1024));
    let retries = section.optional("retries", default.retries as usize, |item| item.count(0, 20));
    let timeout = section.optional("timeout", default.timeout, |item| item.duration());
    let endpoint = section.optional("endpoint", None, |item| item.text().map(|url| Some(url.to_owned())));
    let region = section.optional("region", None, |item| item.word().map(|name| Some(name.to_owned())));
    Some(RemoteSite {
        url: url?,
        read: read?,
        write: write?,
        bandwidth: bandwidth?,
        parallel: parallel?,
        retries: u32::try_from(retries?).ok()?,
        timeout: timeout?,
        endpoint: endpoint?,
        region: region?,
    })
}
