//! What went wrong at a remote, in words that may be shown: without credentials, and with what helps.

use std::fmt;
use std::time::Duration;

use object_store::Error;

/// Variables whose values nobody may read in a message.
const SECRETS: [&str; 14] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SSE_CUSTOMER_KEY_BASE64",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_MASTER_KEY",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_CLIENT_SECRET",
    "AZURE_CLIENT_SECRET",
    "AZURE_STORAGE_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_BEARER_TOKEN",
];

/// Letters of a message that are kept: services answer with whole pages.
const LONGEST: usize = 300;

/// Why a request to a remote did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing of this name is there.
    Absent,
    /// It is there and its bytes are not what they should be.
    Damaged(String),
    /// The remote refuses; it will next time as well.
    Refused(String),
    /// It does not answer, or not well; it may another time.
    Unwell(String),
    /// The fault is on this side, as a full disk.
    Here(String),
}

impl Trouble {
    pub(super) fn of(error: Error) -> Self {
        match error {
            Error::NotFound { .. } => Self::Absent,
            Error::PermissionDenied { .. }
            | Error::Unauthenticated { .. }
            | Error::NotSupported { .. }
            | Error::NotImplemented { .. }
            | Error::InvalidPath { .. }
            | Error::UnknownConfigurationKey { .. } => Self::Refused(said(&error)),
            _ => Self::Unwell(said(&error)),
        }
    }

    pub(super) fn silence(waited: Duration) -> Self {
        Self::Unwell(format!("no answer within {} s", waited.as_secs_f64()))
    }

    pub(super) fn here(error: impl fmt::Display) -> Self {
        Self::Here(format!("{error:#}"))
    }

    /// Whether another try may help.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Unwell(_))
    }

    /// Whether it is a fault of the remote as a whole, and not of one object.
    pub(super) fn is_of_the_remote(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Unwell(_))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("it is not there"),
            Self::Damaged(why) | Self::Refused(why) | Self::Unwell(why) | Self::Here(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Trouble {}

/// The same error without what nobody may read.
pub(super) fn cleaned(error: Error) -> anyhow::Error {
    anyhow::anyhow!("{}", said(&error))
}

fn said(error: &Error) -> String {
    let secrets = SECRETS.iter().filter_map(|name| std::env::var(name).ok());
    // The chain, since the outermost words often say no more than that there was an error.
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = inner.source();
    }
    clean(&words, secrets)
}

/// On one line, without values of `secrets` and without what follows a `?` in an address, which may be a signature.
fn clean(words: &str, secrets: impl Iterator<Item = String>) -> String {
    let hidden = secrets.filter(|secret| secret.len() >= 4).fold(words.to_owned(), |text, secret| text.replace(&secret, "…"));
    let without_queries = hidden.split_whitespace().map(|word| match word.split_once('?') {
        Some((address, _)) if address.contains("://") => address,
        _ => word,
    });
    let line = without_queries.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_signatures_are_not_repeated() {
        let words =
            "Error performing GET https://x.blob.example/c?sv=1&sig=abc%3D in 1s\n <AccessKeyId>AKIASECRET</AccessKeyId>";
        let told = clean(words, ["AKIASECRET".to_owned()].into_iter());
        assert_eq!(told, "Error performing GET https://x.blob.example/c in 1s <AccessKeyId>…</AccessKeyId>");
        assert!(clean(&"x".repeat(5000), std::iter::empty()).chars().count() <= LONGEST + 1);
    }
}
