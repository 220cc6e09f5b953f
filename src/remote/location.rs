//! Where a remote cache is, and the client that speaks to it.

use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Once};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, RetryConfig};

use super::trouble;
use crate::site::RemoteSite;

/// A place, as a user writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder that all machines see.
    Folder(PathBuf),
    /// A bucket of a service.
    Bucket {
        /// Which service.
        service: Service,
        /// Name of the bucket, or of Azure's container.
        bucket: String,
        /// Where in the bucket; may be empty.
        prefix: String,
    },
}

/// Services that keep objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Amazon's S3, or another that speaks its language.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob Storage.
    Azure,
}

const SERVICES: [(&str, Service); 3] = [("s3", Service::S3), ("gs", Service::Google), ("az", Service::Azure)];
const FORMS: &str = "write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX, file:///FOLDER or a folder";

impl Location {
    /// # Errors
    /// What is wrong with it. A text with credentials in it is not repeated.
    pub fn parse(text: &str) -> Result<Self> {
        let Some((scheme, rest)) = text.split_once("://") else {
            ensure!(!text.is_empty(), "the remote has no name; {FORMS}");
            return Ok(Self::Folder(text.into()));
        };
        ensure!(
            !rest.contains(['@', '?', '#']),
            "a remote is named without user, password or options; credentials come from environment variables only"
        );
        if scheme == "file" {
            ensure!(rest.starts_with('/'), "`{text}` names no folder; write file:///FOLDER with three slashes");
            return Ok(Self::Folder(rest.into()));
        }
        let Some((_, service)) = SERVICES.iter().find(|(name, _)| *name == scheme) else {
            bail!("`{scheme}://` is no remote that bgh knows; {FORMS}");
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        ensure!(!bucket.is_empty(), "`{text}` names no bucket; {FORMS}");
        Ok(Self::Bucket { service: *service, bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }

    /// The client, and the prefix below which it works.
    pub(super) fn open(&self, site: &RemoteSite) -> Result<(Arc<dyn ObjectStore>, Path)> {
        match self {
            Self::Folder(folder) => Ok((open_folder(folder)?, Path::default())),
            Self::Bucket { service, bucket, prefix } => {
                let client = service.open(bucket, site);
                let client = client.map_err(trouble::cleaned).with_context(|| format!("cannot use {self}"))?;
                Ok((client, Path::parse(prefix).with_context(|| format!("cannot use {self}"))?))
            }
        }
    }

    /// Where the credentials come from.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Folder(_) => "see that the folder is mounted and that you may write to it",
            Self::Bucket { service: Service::S3, .. } => {
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY say who you are, AWS_REGION and AWS_ENDPOINT_URL where the bucket is"
            }
            Self::Bucket { service: Service::Google, .. } => {
                "GOOGLE_SERVICE_ACCOUNT names the file of the service account's key"
            }
            Self::Bucket { service: Service::Azure, .. } => {
                "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY say who you are"
            }
        }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Bucket { service, bucket, prefix } => {
                let scheme = SERVICES.iter().find(|(_, known)| known == service).map_or("", |(name, _)| name);
                let slash = if prefix.is_empty() { "" } else { "/" };
                write!(f, "{scheme}://{bucket}{slash}{prefix}")
            }
        }
    }
}

fn open_folder(folder: &FilePath) -> Result<Arc<dyn ObjectStore>> {
    let place = || format!("cannot use the folder {}", folder.display());
    std::fs::create_dir_all(folder).with_context(place)?;
    let client = LocalFileSystem::new_with_prefix(folder).with_context(place)?;
    Ok(Arc::new(client.with_fsync(true)))
}

impl Service {
    /// Its own retries are off: one place decides how often a request is tried, whatever the service.
    fn open(self, bucket: &str, site: &RemoteSite) -> object_store::Result<Arc<dyn ObjectStore>> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Fails only where one is installed already, which serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let retry = RetryConfig { max_retries: 0, retry_timeout: site.timeout, ..RetryConfig::default() };
        let plain = site.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://")) || Self::plain_from_env();
        let client = ClientOptions::new()
            .with_allow_http(plain)
            .with_timeout_disabled()
            .with_connect_timeout(site.timeout.min(Duration::from_secs(10)))
            .with_pool_max_idle_per_host(site.parallel);
        Ok(match self {
            Self::S3 => {
                let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry);
                if let Some(endpoint) = &site.endpoint {
                    builder = builder.with_endpoint(endpoint);
                }
                if let Some(region) = &site.region {
                    builder = builder.with_region(region);
                }
                Arc::new(builder.with_client_options(client).build()?)
            }
            Self::Google => {
                let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket).with_retry(retry);
                Arc::new(builder.with_client_options(client).build()?)
            }
            Self::Azure => {
                let builder = MicrosoftAzureBuilder::from_env().with_container_name(bucket).with_retry(retry);
                Arc::new(builder.with_client_options(client).build()?)
            }
        })
    }

    /// Without encryption only where the address says so.
    fn plain_from_env() -> bool {
        const ADDRESSES: [&str; 4] = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT"];
        ADDRESSES.iter().any(|name| std::env::var(name).is_ok_and(|address| address.starts_with("http://")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_and_written_the_same() -> Result<()> {
        for text in ["s3://lab/bgh/cache", "gs://lab", "az://container/a", "/mnt/shared/cache"] {
            assert_eq!(Location::parse(text)?.to_string(), text);
        }
        assert_eq!(Location::parse("file:///mnt/cache")?, Location::Folder("/mnt/cache".into()));
        assert_eq!(Location::parse("s3://lab/a/")?.to_string(), "s3://lab/a");
        Ok(())
    }

    #[test]
    fn what_is_no_location_is_told_with_what_would_be_one() {
        let told = ["", "ftp://host/x", "s3://", "file://here"].map(|text| Location::parse(text).expect_err(text).to_string());
        insta::assert_snapshot!(told.join("\n"));
        let secret = Location::parse("s3://AKIA:hunter2@lab/x").expect_err("credentials").to_string();
        assert!(!secret.contains("hunter2") && secret.contains("environment"), "{secret}");
    }
}
