//! A cache that machines share: what one has made the other does not make again, whatever happens to the line, to the remote and to its
//! bytes. Each test runs against a folder and against a small S3 in its own process; with `BGH_S3_ENDPOINT` also against a real service
//! (`make test-cluster` starts one).

#[path = "common/bucket.rs"]
mod bucket;
mod common;
#[path = "common/pipeline.rs"]
mod pipeline;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bgh::store::Digest;
use bucket::{Bucket, Mood};
use common::{Outcome, Space};
use pipeline::Pipeline;
use serde_json::Value;

/// Four steps, one that reads them, and one that reads that. Each notes in a log that it really ran.
const SPEC: &str = r#"
name = "shared"

[[stage]]
name = "a"
run = "printf {x} >> $LOG; printf 'part {x} ' > {outputs.o}"
outputs = { o = "o.txt" }
for_each = { x = ["1", "2", "3", "4"] }
pass_env = ["LOG"]

[[stage]]
name = "b"
run = "printf b >> $LOG; cat {inputs.a}/*/o.txt > {outputs.all}"
inputs = { a = { stage = "a" } }
outputs = { all = "all.txt" }
pass_env = ["LOG"]

[[stage]]
name = "c"
run = "printf c >> $LOG; wc -c < {inputs.b} > {outputs.count}"
inputs = { b = { stage = "b" } }
outputs = { count = "count.txt" }
pass_env = ["LOG"]
export = "out"
"#;

const EVERYTHING: &str = "1234bc";
const KEY: &str = "AKIAPLANTEDPLANTED00";
const SECRET: &str = "planted/Secret+Key=0123456789abcdefghij";
const TOKEN: &str = "plantedTokenplantedTokenplantedToken";

enum Place {
    Folder,
    Bucket(Bucket),
    /// An endpoint that somebody else runs, and a prefix of our own.
    Service(String, String),
}

struct Lab {
    pipeline: Pipeline,
    place: Place,
}

impl Lab {
    fn folder() -> Self {
        Self::at(Place::Folder)
    }

    fn bucket() -> Self {
        Self::at(Place::Bucket(Bucket::start()))
    }

    /// One of each sort.
    fn each() -> Vec<Self> {
        let mut labs = vec![Self::folder(), Self::bucket()];
        match std::env::var("BGH_S3_ENDPOINT") {
            Ok(endpoint) => {
                let lab = Self::at(Place::Folder);
                let prefix = Digest::of(lab.pipeline.path("").as_os_str().as_encoded_bytes()).short();
                labs.push(Self { place: Place::Service(endpoint, prefix), ..lab }.with_site(""));
            }
            Err(_) => eprintln!("not run against a real service: BGH_S3_ENDPOINT is not set; `make test-cluster` starts one"),
        }
        labs
    }

    fn at(place: Place) -> Self {
        Self { pipeline: Pipeline::new(SPEC), place }.with_site("")
    }

    /// The site file: the remote, and `more` of it.
    fn with_site(self, more: &str) -> Self {
        let where_it_is = match &self.place {
            Place::Folder => format!("url = \"file://{}\"", self.pipeline.path("remote").display()),
            Place::Bucket(bucket) => format!("url = \"s3://cache/lab\"\nendpoint = \"{}\"", bucket.endpoint()),
            Place::Service(endpoint, prefix) => format!("url = \"s3://cache/{prefix}\"\nendpoint = \"{endpoint}\""),
        };
        let patience = "region = \"us-east-1\"\ntimeout = \"1 s\"\nretries = 1";
        self.pipeline.write("bgh-site.toml", &format!("[remote]\n{where_it_is}\n{patience}\n{more}\n"));
        self
    }

    fn command(&self, cache: &str, arguments: &[&str]) -> Command {
        let mut command = self.pipeline.command(arguments);
        let keys = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_SESSION_TOKEN", TOKEN)];
        command.env("BGH_CACHE", cache).env_remove("BGH_REMOTE").env_remove("AWS_ENDPOINT_URL").envs(keys);
        command
    }

    fn bgh(&self, cache: &str, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(cache, arguments).output().expect("bgh starts"))
    }

    fn spawn(&self, cache: &str, arguments: &[&str]) -> Child {
        self.command(cache, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bgh starts")
    }

    /// A run on the machine that has this cache: what really ran, and what was said.
    fn run(&self, cache: &str) -> (String, Outcome) {
        let outcome = self.bgh(cache, &["run", "spec.toml"]);
        assert_eq!(outcome.code, 0, "{}", outcome.text());
        (self.pipeline.noted(), outcome)
    }

    fn json(&self, cache: &str, arguments: &[&str]) -> Value {
        let outcome = self.bgh(cache, arguments);
        assert_eq!(outcome.code, 0, "{}", outcome.text());
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {}", outcome.text()))
    }

    /// Names of blobs and records in a cache.
    fn contents(&self, cache: &str) -> [Vec<PathBuf>; 2] {
        ["cas-v1", "actions-v1"].map(|kind| {
            let root = self.pipeline.path(cache).join(kind);
            files(&root).into_iter().map(|path| path.strip_prefix(&root).expect("below").to_owned()).collect()
        })
    }

    /// Changes bytes at the remote: what `change` makes of each object whose name begins with `kind`; `None` removes it.
    fn spoil(&self, kind: &str, change: impl Fn(&[u8]) -> Option<Vec<u8>>) {
        match &self.place {
            Place::Bucket(bucket) => {
                let mut inside = bucket.inside();
                let objects = std::mem::take(&mut inside.objects).into_iter();
                let changed = objects.filter_map(|(name, bytes)| {
                    let is_meant = name.starts_with(&format!("lab/{kind}"));
                    Some((name, if is_meant { change(&bytes)? } else { bytes }))
                });
                let changed: BTreeMap<String, Vec<u8>> = changed.collect();
                inside.objects = changed;
            }
            _ => {
                for path in files(&self.pipeline.path("remote").join(kind)) {
                    let changed = change(&fs::read(&path).expect("an object"));
                    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("writable");
                    match changed {
                        Some(bytes) => fs::write(&path, bytes).expect("written"),
                        None => fs::remove_file(&path).expect("removed"),
                    }
                }
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found.sort();
    found
}

fn flipped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Some(bytes)
}

/// How often the run said that it goes on without its remote.
fn complaints(outcome: &Outcome) -> usize {
    outcome.text().matches("goes on without").count()
}

#[test]
fn another_machine_runs_nothing_and_fetches_only_what_it_leaves_to_the_user() {
    for lab in Lab::each() {
        let (ran, said) = lab.run("one");
        assert_eq!(ran, EVERYTHING);
        assert!(said.stdout.contains("6 sent to the remote"), "{}", said.text());
        let made = lab.pipeline.read("out/count.txt");
        fs::remove_dir_all(lab.pipeline.path("out")).expect("the export");
        let (ran, said) = lab.run("two");
        assert_eq!(ran, "", "{}", said.text());
        assert!(said.stdout.contains("6 cached") && said.stdout.contains("6 from the remote"), "{}", said.text());
        assert_eq!(lab.pipeline.read("out/count.txt"), made);
        let [blobs, records] = lab.contents("two");
        assert_eq!((blobs.len(), records.len()), (1, 1), "the last step's alone");
    }
}

#[test]
fn what_changed_is_run_on_what_was_fetched_for_it() {
    for lab in Lab::each() {
        lab.run("one");
        lab.pipeline.edit("wc -c", "wc -w");
        let planned = lab.bgh("two", &["plan", "spec.toml"]);
        assert!(planned.stdout.contains("5 cached, 1 run"), "{}", planned.text());
        assert_eq!(lab.run("two").0, "c");
        assert_eq!(lab.contents("two")[0].len(), 2, "what `c` reads and what it made");
        assert_eq!(lab.run("three").0, "", "what the second machine made is there for the third");
    }
}

#[test]
fn a_study_gives_the_same_digests_from_a_remote() {
    let (here, there) = (Space::new(), Space::new());
    let remote = here.path("remote");
    let remote = ["--remote", remote.to_str().expect("UTF-8")];
    here.run_with(&remote);
    let ran = there.run_with(&remote);
    assert!(ran.is_empty(), "{ran:?}");
    assert_eq!(there.digests(), here.digests());
    let blobs = |space: &Space| files(&space.path("cache/cas-v1")).len();
    assert!(blobs(&there) * 2 < blobs(&here), "the report was fetched, and no images: {} of {}", blobs(&there), blobs(&here));
    let again = there.bgh(&["report", "study.toml"].iter().chain(&remote).copied().collect::<Vec<_>>());
    assert_eq!(again.code, 0, "{}", again.text());
}

#[test]
fn pushed_and_pulled_is_the_same() {
    for lab in Lab::each() {
        let none = ["run", "spec.toml", "--remote", "none"];
        assert_eq!(lab.bgh("one", &none).code, 0);
        assert_eq!(lab.pipeline.noted(), EVERYTHING);
        let push = ["cache", "push", "spec.toml", "--json"];
        let first = lab.json("one", &push);
        assert_eq!((&first["new"], &first["known"], &first["blobs"]), (&6.into(), &0.into(), &6.into()), "{first}");
        let again = lab.json("one", &push);
        assert_eq!((&again["new"], &again["known"], &again["blobs"]), (&0.into(), &6.into(), &0.into()), "{again}");
        let pulled = lab.json("two", &["cache", "pull", "spec.toml", "--json"]);
        assert_eq!((&pulled["new"], &pulled["unusable"]), (&6.into(), &0.into()), "{pulled}");
        assert_eq!(lab.contents("two"), lab.contents("one"));
        let all = lab.json("three", &["cache", "pull", "--json"]);
        assert_eq!((&all["new"], lab.contents("three")), (&6.into(), lab.contents("one")), "{all}");
        for cache in ["two", "three"] {
            assert_eq!(lab.bgh(cache, &["cache", "verify"]).code, 0);
            assert_eq!(lab.bgh(cache, &none).code, 0);
            assert_eq!(lab.pipeline.noted(), "");
        }
    }
}

#[test]
fn a_folder_that_was_pushed_to_is_a_cache_to_read_from() {
    let lab = Lab::folder();
    lab.run("one");
    let outcome = lab.bgh("two", &["run", "spec.toml", "--remote", "none", "--read-cache", "remote"]);
    assert_eq!((outcome.code, lab.pipeline.noted()), (0, String::new()), "{}", outcome.text());
}

#[test]
fn damaged_bytes_are_refused_made_again_and_mended() {
    type Change = fn(&[u8]) -> Option<Vec<u8>>;
    let changes: [(&str, Change); 5] = [
        ("cas-v1", flipped),
        ("cas-v1", |bytes| Some(bytes[..bytes.len() - 1].to_vec())),
        ("cas-v1", |bytes| Some([bytes, b"more"].concat())),
        ("cas-v1", |_| None),
        ("actions-v1", flipped),
    ];
    for (kind, change) in changes {
        for lab in [Lab::folder(), Lab::bucket()] {
            lab.run("one");
            lab.spoil(kind, change);
            let pulled = lab.bgh("two", &["cache", "pull"]);
            assert!(pulled.code == 5 && pulled.stderr.contains("6 results at"), "{}", pulled.text());
            assert_eq!(lab.contents("two"), [Vec::<PathBuf>::new(), vec![]], "nothing of it is seen");
            let (ran, said) = lab.run("two");
            assert_eq!((ran.as_str(), complaints(&said)), (EVERYTHING, 0), "{}", said.text());
            assert_eq!(lab.contents("two"), lab.contents("one"));
            let (ran, said) = lab.run("three");
            assert_eq!(ran, "", "it was mended: {}", said.text());
        }
    }
}

#[test]
fn a_run_goes_on_without_a_remote_that_fails_and_says_so_once() {
    let lab = Lab::bucket();
    let Place::Bucket(bucket) = &lab.place else { unreachable!("it is a bucket") };
    for (number, mood) in [Mood::Broken, Mood::Silent, Mood::Strict].into_iter().enumerate() {
        bucket.set(mood);
        let (ran, said) = lab.run(&format!("cache-{number}"));
        assert_eq!((ran.as_str(), complaints(&said)), (EVERYTHING, 1), "{mood:?}: {}", said.text());
    }
    bucket.set(Mood::Well);
    assert_eq!(bucket.inside().objects.len(), 0);
    // It falls silent in the middle: while it is asked, while bytes are sent, before the last of them.
    for requests in [2, 7, 10, 15, 20] {
        let lab = Lab::bucket();
        let Place::Bucket(bucket) = &lab.place else { unreachable!("it is a bucket") };
        bucket.set(Mood::WellFor(requests));
        let (ran, said) = lab.run("one");
        assert_eq!((ran.as_str(), complaints(&said)), (EVERYTHING, 1), "after {requests}: {}", said.text());
        bucket.set(Mood::Well);
        let pulled = lab.bgh("two", &["cache", "pull"]);
        assert_eq!(pulled.code, 0, "what is seen is whole: {}", pulled.text());
    }
}

#[test]
fn an_address_where_nobody_listens_and_one_without_credentials_are_gone_on_without() {
    let lab = Lab::folder();
    let gone = "[remote]\nurl = \"s3://cache\"\nendpoint = \"http://127.0.0.1:9\"\nregion = \"us-east-1\"\ntimeout = \"1 s\"\nretries = 1\n";
    lab.pipeline.write("bgh-site.toml", gone);
    let (ran, said) = lab.run("one");
    assert_eq!((ran.as_str(), complaints(&said)), (EVERYTHING, 1), "{}", said.text());
    assert!(said.text().contains("AWS_ENDPOINT_URL"), "{}", said.text());
    let pushed = lab.bgh("one", &["cache", "push"]);
    assert!(pushed.code == 4 && pushed.stderr.contains("the remote cache s3://cache: "), "{}", pushed.text());
}

#[test]
fn a_shaky_remote_is_tried_again_until_it_answers() {
    let lab = Lab::bucket().with_site("").with_patience();
    let Place::Bucket(bucket) = &lab.place else { unreachable!("it is a bucket") };
    bucket.set(Mood::Shaky);
    let (ran, said) = lab.run("one");
    assert_eq!((ran.as_str(), complaints(&said)), (EVERYTHING, 0), "{}", said.text());
    bucket.set(Mood::Well);
    assert_eq!(lab.run("two").0, "");
}

impl Lab {
    fn with_patience(self) -> Self {
        let site = self.pipeline.read("bgh-site.toml").replace("retries = 1", "retries = 6\nparallel = 1");
        self.pipeline.write("bgh-site.toml", &site);
        self
    }
}

#[test]
fn a_transfer_that_is_killed_leaves_nothing_half_visible() {
    let lab = Lab::bucket();
    let Place::Bucket(bucket) = &lab.place else { unreachable!("it is a bucket") };
    assert_eq!(lab.bgh("one", &["run", "spec.toml", "--remote", "none"]).code, 0);
    let cut = |cache: &str, what: &str, requests: usize| {
        let before = bucket.inside().requests.len();
        bucket.set(Mood::WellFor(requests));
        let mut child = lab.spawn(cache, &["cache", what]);
        // The service has noted what it answered, and the next request hangs.
        while bucket.inside().requests.len() < before + requests && child.try_wait().is_ok_and(|ended| ended.is_none()) {
            std::thread::yield_now();
        }
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        bucket.set(Mood::Well);
    };
    for requests in [1, 3, 4, 5] {
        cut("one", "push", requests);
        let seen = lab.bgh(&format!("reader-{requests}"), &["cache", "pull"]);
        assert_eq!(seen.code, 0, "after {requests}: {}", seen.text());
    }
    assert_eq!(lab.bgh("one", &["cache", "push"]).code, 0);
    for requests in [1, 3, 8, 11] {
        let cache = format!("two-{requests}");
        cut(&cache, "pull", requests);
        let verified = lab.bgh(&cache, &["cache", "verify"]);
        assert_eq!(verified.code, 0, "after {requests}: {}", verified.text());
        assert_eq!(lab.bgh(&cache, &["cache", "pull"]).code, 0);
        assert_eq!(lab.contents(&cache), lab.contents("one"));
    }
}

#[test]
fn several_push_at_once() {
    for lab in Lab::each() {
        let caches = ["one", "two", "three"];
        for cache in caches {
            assert_eq!(lab.bgh(cache, &["run", "spec.toml", "--remote", "none"]).code, 0);
        }
        let pushes = caches.map(|cache| lab.spawn(cache, &["cache", "push"]));
        for push in pushes {
            let outcome = Outcome::of(push.wait_with_output().expect("it ends"));
            assert_eq!(outcome.code, 0, "{}", outcome.text());
        }
        lab.pipeline.noted();
        assert_eq!(lab.run("four").0, "");
    }
}

#[test]
fn credentials_are_in_no_message_log_or_file() {
    let lab = Lab::bucket();
    let Place::Bucket(bucket) = &lab.place else { unreachable!("it is a bucket") };
    let mut said = vec![];
    for (number, mood) in [Mood::Well, Mood::Strict, Mood::Broken].into_iter().enumerate() {
        bucket.set(mood);
        let cache = format!("cache-{number}");
        let log = format!("log-{number}.json");
        for arguments in [["run", "spec.toml"], ["cache", "push"], ["cache", "pull"]] {
            said.push(lab.bgh(&cache, &[&["--log", "trace", "--log-file", &log], &arguments[..]].concat()).text());
            said.push(lab.bgh(&cache, &[&["--log", "trace"], &arguments[..]].concat()).text());
        }
    }
    for path in files(&lab.pipeline.path("")) {
        said.push(String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned());
    }
    for planted in [KEY, SECRET, TOKEN] {
        let leak = said.iter().find_map(|text| text.find(planted).map(|at| &text[at.saturating_sub(200)..at]));
        assert!(leak.is_none(), "a credential follows {leak:?}");
    }
    let refused = lab.bgh("one", &["run", "spec.toml", "--remote", &format!("s3://{KEY}:hunter2@cache")]);
    assert!(refused.code == 2 && !refused.text().contains("hunter2"), "{}", refused.text());
}

#[test]
fn the_site_says_which_way_results_go() {
    let lab = Lab::folder().with_site("write = false");
    assert_eq!(lab.run("one").0, EVERYTHING);
    assert!(files(&lab.pipeline.path("remote")).is_empty());
    let lab = lab.with_site("read = false");
    assert_eq!(lab.run("two").0, EVERYTHING);
    assert!(!files(&lab.pipeline.path("remote")).is_empty());
    assert_eq!(lab.run("three").0, EVERYTHING);
    let lab = lab.with_site("write = false\nbandwidth = \"1 MiB\"");
    assert_eq!(lab.run("four").0, "");
}

#[test]
fn a_collection_takes_what_no_recent_use_stands_on() {
    for lab in [Lab::folder(), Lab::bucket()] {
        lab.run("one");
        lab.pipeline.edit("part {x}", "piece {x}");
        lab.run("one");
        let url = match &lab.place {
            Place::Folder => lab.pipeline.path("remote").display().to_string(),
            _ => "s3://cache/lab".to_owned(),
        };
        let gc = ["cache", "gc", "--remote", &url, "--json"];
        let young = lab.json("one", &gc);
        assert_eq!((&young["results"]["count"], &young["blobs"]["count"]), (&0.into(), &0.into()), "{young}");
        let strict = [&gc[..], &["--recent", "0", "--unused", "0", "--grace", "0"]].concat();
        let keep = [&strict[..], &["--keep", "spec.toml", "--dry-run"]].concat();
        let planned = lab.json("one", &keep);
        assert_eq!((&planned["results"]["count"], &planned["kept"]), (&6.into(), &6.into()), "{planned}");
        assert_eq!(lab.json("one", &keep), planned, "a plan changes nothing");
        let done = lab.json("one", &keep[..keep.len() - 1]);
        assert_eq!((&done["results"], &done["removed"]), (&planned["results"], &true.into()), "{done}");
        lab.pipeline.noted();
        assert_eq!(lab.run("two").0, "", "what was kept is whole");
        let rest = lab.json("one", &strict);
        assert_eq!((&rest["kept"], &rest["size_after"]), (&0.into(), &0.into()), "{rest}");
    }
}

#[test]
fn what_is_no_remote_is_told() {
    let lab = Lab::folder();
    lab.pipeline.write("bgh-site.toml", "");
    for arguments in
        [["cache", "push"].as_slice(), &["run", "spec.toml", "--remote", "ftp://host"], &["cache", "pull", "a", "b"]]
    {
        let outcome = lab.bgh("cache", arguments);
        assert!(outcome.code == 2 && outcome.stderr.contains("error: "), "{}", outcome.text());
    }
}

/// A blob in several parts, and a gigabyte of nothing but what was asked for.
#[test]
fn large_blobs_travel_in_parts() {
    for lab in Lab::each() {
        if matches!(lab.place, Place::Bucket(_)) {
            continue;
        }
        lab.pipeline.edit(
            "wc -c < {inputs.b} > {outputs.count}",
            "head -c 40000000 /dev/zero > {outputs.count}; cat {inputs.b} >> {outputs.count}",
        );
        lab.run("one");
        let made = Digest::of_file(&lab.pipeline.path("out/count.txt")).expect("the export");
        fs::remove_dir_all(lab.pipeline.path("out")).expect("the export");
        assert_eq!(lab.run("two").0, "");
        assert_eq!(Digest::of_file(&lab.pipeline.path("out/count.txt")).expect("the export"), made);
    }
}
