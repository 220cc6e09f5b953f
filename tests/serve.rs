//! The live page as a browser meets it: who is let in, that everything it links to answers, that it follows a run, and what it says of
//! damage.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Outcome, STEPS, Space};

/// A server that ends with the test.
struct Served {
    child: Child,
    port: u16,
    token: String,
    first: String,
}

/// One answer.
struct Got {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Served {
    fn start(space: &Space, arguments: &[&str]) -> Self {
        let mut command = space.command(&[&["serve"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().expect("bgh starts");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("an address");
        let address = line.trim().strip_prefix("http://127.0.0.1:").expect("an address of the loopback interface");
        let (port, rest) = address.split_once('/').expect("a path");
        let (first, token) = rest.split_once("?token=").expect("a token");
        Self { child, port: port.parse().expect("a port"), token: token.into(), first: format!("/{first}") }
    }

    fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// HTTP 1.0 has no chunks, so an answer ends where the connection does.
    fn ask(&self, method: &str, path: &str, headers: &[&str]) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit against hanging");
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        write!(stream, "{method} {path} HTTP/1.0\r\n{headers}\r\n").expect("a request");
        stream
    }

    fn request(&self, method: &str, path: &str, headers: &[&str]) -> Got {
        let mut bytes = vec![];
        self.ask(method, path, headers).read_to_end(&mut bytes).expect("an answer");
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in ASCII");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Got { status, head, body: bytes[end + 4..].to_vec() }
    }

    fn cookie(&self) -> String {
        format!("Cookie: bgh-{}={}", self.port, self.token)
    }

    fn get(&self, path: &str) -> Got {
        self.request("GET", path, &["Host: localhost", &self.cookie()])
    }

    /// A page that must be there.
    fn page(&self, path: &str) -> String {
        let got = self.get(path);
        assert_eq!(got.status, 200, "{path}: {}", got.text());
        got.text()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Got {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The position of the first step whose label begins so.
fn step(space: &Space, begins: &str) -> usize {
    let steps = fs::read_to_string(space.path("cache/runs-v1").join(run(space)).join("steps.jsonl")).expect("steps");
    steps.lines().position(|line| line.contains(&format!("\"step\":\"{begins}"))).expect("such a step")
}

/// The only run.
fn run(space: &Space) -> String {
    let mut runs = fs::read_dir(space.path("cache/runs-v1")).expect("runs").map(|run| run.expect("a run").file_name());
    let first = runs.next().expect("a run").to_string_lossy().into_owned();
    assert!(runs.next().is_none(), "one run is looked at");
    first
}

/// Waits for what another process does.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A run that trains until `go` is written.
struct Training<'a> {
    space: &'a Space,
    child: Option<Child>,
}

impl<'a> Training<'a> {
    fn start(space: &'a Space) -> Self {
        space.write("misbehave", "train learn\n");
        let child = space.command(&["run", "study.toml"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let training = Self { space, child: Some(child.expect("bgh starts")) };
        until("the run trains", || {
            let runs = fs::read_dir(space.path("cache/runs-v1")).ok()?;
            let told = |run: fs::DirEntry| fs::read_to_string(run.path().join("events.jsonl")).unwrap_or_default();
            runs.flatten().map(told).any(|events| events.contains("\"training\"")).then_some(())
        });
        training
    }

    fn finish(mut self) {
        self.space.write("go", "");
        let child = self.child.take().expect("it runs");
        let outcome = Outcome::of(child.wait_with_output().expect("it ends"));
        assert_eq!(outcome.code, 0, "{}", outcome.text());
    }
}

impl Drop for Training<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

#[test]
fn only_who_has_the_token_and_a_name_of_this_machine_comes_in() {
    let space = Space::new();
    let served = Served::start(&space, &[]);
    let with = |path: &str, headers: &[&str]| served.request("GET", path, headers);
    let token = format!("/?token={}", served.token);
    assert_eq!(with("/", &["Host: localhost"]).status, 403);
    assert_eq!(with("/?token=0123", &["Host: localhost"]).status, 403);
    assert_eq!(with("/", &["Host: localhost", "Cookie: bgh=1; other=2"]).status, 403);
    for host in ["Host: rebound.example", "Host: 127.0.0.1.example:80", "X-Host: localhost"] {
        assert_eq!(with(&token, &[host]).status, 403, "{host}");
        assert_eq!(with("/style.css", &[host, &served.cookie()]).status, 403, "{host}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        assert_eq!(served.request(method, &token, &["Host: localhost", "Content-Length: 0"]).status, 405, "{method}");
    }
    let first = with(&token, &["Host: 127.0.0.1:9"]);
    assert_eq!(first.status, 200);
    let cookie = first.head.lines().find_map(|line| line.strip_prefix("Set-Cookie: ")).expect("a cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(first.head.contains("Content-Security-Policy: default-src 'none'"), "{}", first.head);
    assert!(!first.text().contains(&served.token), "a page shows nobody the token");
    assert_eq!(with("/", &["Host: localhost", &format!("Cookie: {}", cookie.split(';').next().expect("a value"))]).status, 200);
}

#[test]
fn nothing_outside_the_records_is_served() {
    let space = Space::new();
    space.run();
    let served = Served::start(&space, &[]);
    let run = run(&space);
    for path in [
        "/../../etc/passwd".to_owned(),
        "/runs/../../../etc/passwd".to_owned(),
        "/runs/..%2f..%2fetc/spec".to_owned(),
        format!("/runs/{run}/steps/0/files/dicom/..%2f..%2f..%2f..%2fetc%2fpasswd"),
        format!("/runs/{run}/steps/0/files/dicom//etc/passwd"),
        format!("/runs/{run}/report/..%2f..%2fstudy.toml"),
        format!("/runs/{run}/steps/99999"),
        format!("/runs/{run}/steps/-1"),
        format!("/runs/{run}/steps/0/show/dicom/0.png"),
        format!("/runs/{run}/steps/{}/show/volume/999.png", step(&space, "ingest")),
        format!("/runs/{run}/steps/{}/show/images/x.png", step(&space, "window")),
        format!("/runs/{}/spec", &run[..8]),
        "/nowhere".to_owned(),
    ] {
        let got = served.get(&path);
        assert!(matches!(got.status, 404 | 500), "{path}: {} {}", got.status, got.text());
        assert!(!got.text().contains("root:"), "{path}");
    }
    served.page("/");
}

#[test]
fn everything_that_a_page_names_answers() {
    let space = Space::new();
    space.run();
    let served = Served::start(&space, &["study.toml"]);
    assert_eq!(served.first, format!("/runs/{}", run(&space)), "the spec's last run comes first");
    let (mut open, mut known, mut images) = (vec!["/".to_owned(), served.first.clone()], BTreeSet::new(), 0);
    while let Some(path) = open.pop() {
        if !known.insert(path.clone()) || path.ends_with("/events") {
            continue;
        }
        let got = served.get(&path);
        assert!(matches!(got.status, 200 | 303), "{path}: {} {}", got.status, got.text());
        if got.head.contains("image/png") {
            images += 1;
            let decoded = png::Decoder::new(std::io::Cursor::new(&got.body)).read_info().map(|reader| reader.info().width);
            assert!(decoded.is_ok_and(|width| width > 0), "{path} is a PNG");
        }
        if got.head.contains("text/html") {
            open.extend(named(&got.text()).into_iter().map(|name| resolved(&path, &name)));
        }
    }
    assert!(known.len() > 200 && images > 60, "{} pages, {images} images", known.len());
    for page in ["results", "predictions", "report/report.html", "report/provenance.json", "spec", "steps?kind=train"] {
        assert!(known.contains(&format!("{}/{page}", served.first)), "{page} is named somewhere");
    }
}

/// Addresses in a page, without their fragments.
fn named(page: &str) -> Vec<String> {
    let named = ["href=\"", "src=\""].iter().flat_map(|form| page.split(form).skip(1));
    let named = named.filter_map(|rest| rest.split('"').next()).map(|name| name.replace("&amp;", "&"));
    named
        .filter_map(|name| {
            Some(name.split('#').next()?.to_owned()).filter(|name| !name.is_empty() && !name.starts_with("data:"))
        })
        .collect()
}

fn resolved(page: &str, name: &str) -> String {
    assert!(!name.contains("://"), "{page} names {name}, which is elsewhere");
    if name.starts_with('/') {
        return name.to_owned();
    }
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{name}")
}

#[test]
fn pages_say_what_the_run_made() {
    let space = Space::new();
    space.run();
    let (served, run) = (Served::start(&space, &[]), run(&space));
    let at = |page: &str| served.page(&format!("/runs/{run}/{page}"));
    assert!(served.page("/").contains(&format!("{STEPS} of {STEPS}")));
    let overview = served.page(&format!("/runs/{run}"));
    assert!(overview.contains("train[none-alexnet-low]") && overview.contains("polyline"), "{overview}");
    let results: serde_json::Value = serde_json::from_slice(
        &served.get(&format!("/runs/{run}/steps/{}/files/results/results.json", step(&space, "compare"))).body,
    )
    .expect("the results are JSON");
    let auc = format!("{:.3}", results["models"][0]["auc"].as_f64().expect("an area"));
    assert!(at("results").contains(&auc), "the page tells the area {auc}");
    let by = |by: &str| at(&format!("predictions?by={by}"));
    assert!(by("exam").contains("aria-sort=\"ascending\""));
    let first =
        |page: String| page.split("<th scope=\"row\">").nth(1).expect("a row").split('<').next().expect("an exam").to_owned();
    let exams: BTreeSet<String> = ["exam", "class", "x4-alexnet-low"].map(|order| first(by(order))).into();
    assert!(exams.len() > 1, "orders differ: {exams:?}");
    let window = at(&format!("steps/{}", step(&space, "window")));
    let classes = ["none", "left", "right"].map(|class| format!(": {class}\""));
    assert!(
        window.contains("alt=\"exam ") && classes.iter().any(|class| window.contains(class)),
        "images say exam and class: {window}"
    );
}

#[test]
fn events_are_the_journal_and_go_on_where_the_reader_was() {
    let space = Space::new();
    space.run();
    let (served, run) = (Served::start(&space, &[]), run(&space));
    let journal = fs::read_to_string(space.path("cache/runs-v1").join(&run).join("events.jsonl")).expect("the journal");
    let lines: Vec<&str> = journal.lines().collect();
    let told = |headers: &[&str]| {
        let cookie = served.cookie();
        let headers = [&["Host: localhost", &cookie], headers].concat();
        served.request("GET", &format!("/runs/{run}/events"), &headers).text()
    };
    let all = told(&[]);
    let data: Vec<&str> = all.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(data.split_last(), Some((&"done", lines.as_slice())));
    let id = format!("Last-Event-ID: {}", lines.len() - 1);
    let last = format!("id: {}\ndata: {}\n\nevent: end\ndata: done\n\n", lines.len(), lines[lines.len() - 1]);
    assert_eq!(told(&[&id]), last);
}

#[test]
fn a_run_is_followed_while_it_lives() {
    let space = Space::new();
    let training = Training::start(&space);
    let (served, run) = (Served::start(&space, &[]), run(&space));
    assert!(served.page("/").contains("class=\"state running\""));
    let place = format!("/runs/{run}/steps/{}", step(&space, "train[none-alexnet-low"));
    let page = until("log and rate are there", || {
        Some(served.page(&place)).filter(|page| page.contains("from a log") && page.contains("images/s"))
    });
    assert!(page.contains("&lt;script&gt;alert('from a log')") && !page.contains("<script>alert"), "{page}");
    assert!(page.contains("learning rate 1.0e-2") && page.contains("100 images/s"), "{page}");
    let cookie = served.cookie();
    let stream = served.ask("GET", &format!("/runs/{run}/events"), &["Host: localhost", &cookie]);
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("a line"));
    assert!(lines.any(|line| line.contains("\"event\":\"progressed\"")), "progress is told while it happens");
    training.finish();
    assert!(lines.any(|line| line == "event: end"), "the stream ends with its run");
    assert!(served.page("/").contains("class=\"state done\""));
}

#[test]
fn damage_is_said_and_nothing_is_mended() {
    let space = Space::new();
    space.run();
    let (served, run) = (Served::start(&space, &[]), run(&space));
    let window = format!("/runs/{run}/steps/{}", step(&space, "window"));
    let image = format!("{window}/show/images/0.png");
    assert_eq!(served.get(&image).status, 200);
    let blobs = files(&space.path("cache/cas-v1"));
    for blob in &blobs {
        let mut bytes = fs::read(blob).expect("a blob");
        bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
        fs::set_permissions(blob, fs::Permissions::from_mode(0o644)).expect("it is ours");
        fs::write(blob, bytes).expect("it is ours");
    }
    let page = served.page(&window);
    assert!(page.contains("is damaged in the cache"), "{page}");
    assert_eq!(served.get(&image).status, 500);
    assert!(served.get(&format!("/runs/{run}/results")).text().contains("is damaged in the cache"));
    assert!(served.page(&format!("/runs/{run}/predictions")).contains("is damaged in the cache"));
    assert_eq!(files(&space.path("cache/cas-v1")), blobs, "what is damaged stays for those who look after the cache");
    for record in files(&space.path("cache/actions-v1")) {
        fs::set_permissions(&record, fs::Permissions::from_mode(0o644)).expect("it is ours");
        fs::write(record, "{\"outputs\":").expect("it is ours");
    }
    assert!(served.page(&window).contains("record in the cache is damaged"));
    fs::write(space.path("cache/runs-v1").join(&run).join("steps.jsonl"), "{").expect("it is ours");
    let fresh = Served::start(&space, &[]);
    assert_eq!(fresh.get(&format!("/runs/{run}")).status, 500);
    fresh.page("/");
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() { found.extend(files(&entry)) } else { found.extend([entry]) }
    }
    found
}

#[test]
fn it_works_without_any_run_and_with_a_plan_alone() {
    let space = Space::new();
    assert!(Served::start(&space, &[]).page("/").contains("No run has left a journal"));
    let served = Served::start(&space, &["study.toml"]);
    assert_eq!(served.first, "/runs/spec");
    let plan = served.page("/runs/spec");
    assert!(plan.contains(&format!("0 of {STEPS} steps")) && plan.contains(&format!("{STEPS} waiting")), "{plan}");
}

#[test]
fn a_taken_port_is_said_with_what_to_do() {
    let space = Space::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let outcome = space.bgh(&["serve", "--port", &port]);
    assert_eq!(outcome.code, 4, "{}", outcome.text());
    assert!(outcome.stderr.contains(&format!("port {port}")) && outcome.stderr.contains("--port"), "{}", outcome.stderr);
}

fn chromium() -> Option<String> {
    let named = std::env::var("CHROMIUM").ok();
    let candidates = named.into_iter().chain(["chromium", "chromium-browser", "google-chrome"].map(str::to_owned));
    candidates.into_iter().find(|program| Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success()))
}

#[test]
fn a_browser_shows_every_page_whole_and_a_training_that_grows() {
    let Some(chromium) = chromium() else {
        eprintln!("skipped: no Chromium is here (`chromium`, `google-chrome`, or name one in CHROMIUM)");
        return;
    };
    let space = Space::new();
    let training = Training::start(&space);
    let (served, run) = (Served::start(&space, &[]), run(&space));
    let at = |label: &str| format!("/runs/{run}/steps/{}", step(&space, label));
    let browse = |growing: &str, pages: &[String]| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/browser.py");
        let mut command = Command::new("python3");
        command.arg(script).args([&chromium, &served.base(), &served.token, growing]).args(pages);
        let outcome = Outcome::of(command.output().expect("python3 starts"));
        assert_eq!(outcome.code, 0, "{}", outcome.text());
        let saw: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        assert_eq!((&saw["errors"], &saw["foreign"]), (&serde_json::json!([]), &serde_json::json!([])), "{saw}");
        for page in saw["seen"].as_array().expect("pages") {
            assert_eq!(page["undrawn"], serde_json::json!([]), "{page}");
            assert!(page["overflow"].as_i64().is_some_and(|pixels| pixels <= 0), "{page}");
        }
        saw
    };
    let living = browse(&at("train[none-alexnet-low"), &[format!("/runs/{run}"), at("train[none-alexnet-low")]);
    let points: Vec<u64> = serde_json::from_value(living["points"].clone()).expect("numbers of points");
    assert!(points.len() > 1 && points.is_sorted(), "the curve grows: {points:?}");
    assert!(!living["address"].as_str().expect("an address").contains("token"), "the token leaves the address");
    training.finish();
    let pages: Vec<String> =
        ["", "/results", "/predictions", "/steps", "/report/report.html"].map(|page| format!("/runs/{run}{page}")).into();
    let steps = ["ingest", "window", "augment", "train", "predict", "compare"].map(at);
    let sheets = [format!("{}/show/volume", at("ingest")), format!("{}/show/images", at("augment"))];
    let saw = browse("-", &[vec!["/".to_owned()], pages, steps.into(), sheets.into()].concat());
    let images: u64 = saw["seen"].as_array().expect("pages").iter().filter_map(|page| page["images"].as_u64()).sum();
    assert!(images > 100, "{images} images are drawn");
}
