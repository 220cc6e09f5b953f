//! How fast many small blobs go to a remote cache and come back, beside what the remote itself can do: the same number of objects of the
//! same size, put and got by the bare client with as many requests at once.
//!
//!     cargo bench --bench remote                                                        a folder
//!     BGH_S3_ENDPOINT=http://127.0.0.1:9000 cargo bench --bench remote                  and the bucket `cache` of a service
//!     BLOBS=1000 …                                                                      fewer

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bgh::remote::{Location, Remote};
use bgh::site::RemoteSite;
use bgh::store::{ActionResult, Digest, Provenance, Store};
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt};

/// Bytes of a blob.
const SIZE: usize = 512;

fn main() -> Result<()> {
    let blobs: usize = std::env::var("BLOBS").map_or(Ok(10_000), |count| count.parse())?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{blobs} blobs of {SIZE} bytes, {} requests at once, load {}", RemoteSite::default().parallel, load.trim());
    let folder = tempfile::tempdir()?;
    let bare: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(folder.path())?.with_fsync(true));
    let url = format!("file://{}", folder.path().join("ours").display());
    compare("folder", bare, &url, &RemoteSite::default(), blobs)?;
    match std::env::var("BGH_S3_ENDPOINT") {
        Ok(endpoint) => service(&endpoint, blobs),
        Err(_) => {
            println!("no service: BGH_S3_ENDPOINT is not set");
            Ok(())
        }
    }
}

fn service(endpoint: &str, blobs: usize) -> Result<()> {
    // SAFETY: no other thread has been started yet that reads the environment.
    unsafe {
        std::env::set_var("AWS_ACCESS_KEY_ID", std::env::var("AWS_ACCESS_KEY_ID").unwrap_or_else(|_| "test".into()));
        std::env::set_var("AWS_SECRET_ACCESS_KEY", std::env::var("AWS_SECRET_ACCESS_KEY").unwrap_or_else(|_| "test".into()));
    }
    let site = RemoteSite { endpoint: Some(endpoint.to_owned()), region: Some("us-east-1".into()), ..RemoteSite::default() };
    let url = format!("s3://cache/bench-{}", std::process::id());
    // Opened first, so that there is a provider of encryption for the bare client as well.
    drop(Remote::open(Location::parse(&url)?, &site)?);
    let bare = AmazonS3Builder::from_env().with_endpoint(endpoint).with_allow_http(true).with_region("us-east-1");
    compare(endpoint, Arc::new(bare.with_bucket_name("cache").build()?), &url, &site, blobs)
}

fn compare(name: &str, bare: Arc<dyn ObjectStore>, url: &str, site: &RemoteSite, blobs: usize) -> Result<()> {
    let [put, get] = bare_rates(&bare, site.parallel, blobs)?;
    let [push, pull] = own_rates(url, site, blobs)?;
    println!("{name}");
    println!("  bare client  put  {put:7.0} a second   get  {get:7.0} a second");
    println!("  bgh          push {push:7.0} a second   pull {pull:7.0} a second");
    println!("  share             {:7.2}                 {:7.2}", push / put, pull / get);
    Ok(())
}

fn content(number: usize) -> Vec<u8> {
    Digest::of(&number.to_le_bytes()).as_bytes().iter().copied().cycle().take(SIZE).collect()
}

fn bare_rates(client: &Arc<dyn ObjectStore>, parallel: usize, blobs: usize) -> Result<[f64; 2]> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let name = |number: usize| object_store::path::Path::from(format!("bare/{:02x}/{number}", number % 256));
    runtime.block_on(async {
        let began = Instant::now();
        let puts = (0..blobs).map(|number| async move { client.put(&name(number), content(number).into()).await });
        stream::iter(puts).buffer_unordered(parallel).try_for_each(|_| async { Ok(()) }).await?;
        let put = blobs as f64 / began.elapsed().as_secs_f64();
        let began = Instant::now();
        let gets = (0..blobs).map(|number| async move { client.get(&name(number)).await?.bytes().await });
        stream::iter(gets).buffer_unordered(parallel).try_for_each(|_| async { Ok(()) }).await?;
        Ok([put, blobs as f64 / began.elapsed().as_secs_f64()])
    })
}

fn own_rates(url: &str, site: &RemoteSite, blobs: usize) -> Result<[f64; 2]> {
    let (one, two) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let store = Store::open(one.path())?;
    let action = fill(&store, one.path(), blobs)?;
    let remote = Remote::open(Location::parse(url)?, site)?;
    let began = Instant::now();
    remote.push(&store, &[action])?;
    let push = blobs as f64 / began.elapsed().as_secs_f64();
    let other = Store::open(two.path())?;
    let began = Instant::now();
    let result = remote.take(&other, action)?.context("the result is not there")?;
    let pull = blobs as f64 / began.elapsed().as_secs_f64();
    ensure!(result == store.read(action).map_err(|miss| anyhow::anyhow!("{miss}"))?, "it is another result");
    Ok([push, pull])
}

fn fill(store: &Store, root: &Path, blobs: usize) -> Result<Digest> {
    let made = root.join("tmp/made");
    std::fs::create_dir_all(&made)?;
    (0..blobs).try_for_each(|number| std::fs::write(made.join(number.to_string()), content(number)))?;
    let provenance = Provenance {
        bgh: "bench".into(),
        host: "bench".into(),
        started: 0,
        seconds: 0.0,
        device: "cpu".into(),
        peak_memory: 0,
        images_per_second: None,
    };
    let manifest = BTreeMap::from([("kind".to_owned(), "\"bench\"".to_owned())]);
    let outputs = BTreeMap::from([("files".to_owned(), store.take(&made)?)]);
    let result = ActionResult { outputs, provenance, manifest, inputs: BTreeMap::new() };
    store.record(result.key(), &result)?;
    Ok(result.key())
}
