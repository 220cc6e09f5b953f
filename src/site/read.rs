//! From the text of a site file to its meaning.

use std::collections::BTreeMap;
use std::path::Path;

use super::remote::remote;
use super::slurm::{place, request, slurm};
use super::{BackOff, Device, Patience, Request, Site, Venue};
use crate::document::section::{Item, Section};
use crate::document::source::{Log, Source};
use crate::document::{Faults, Place, tree};

pub(super) fn file(path: &Path) -> Result<Site, Faults> {
    let mut log = Log::of("the site file");
    let site = read(&mut log, path);
    match site {
        Some(site) if log.count() == 0 => Ok(site),
        _ => Err(Faults::new(log.into_faults())),
    }
}

fn read(log: &mut Log, path: &Path) -> Option<Site> {
    let name = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            log.fault_in(Place { file: name, spot: None }, format!("cannot read the site file: {error}"), "");
            return None;
        }
    };
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let source = log.add(Source { name, folder, text });
    let root = tree::parse(log, source)?;
    Item::root(log, &root).table(site)
}

fn site(section: &mut Section<'_>) -> Option<Site> {
    let jobs = section.optional("jobs", None, |item| item.count(1, 4096).map(Some));
    let memory_mib = section.optional("memory", None, |item| item.memory().map(Some));
    let devices = section.optional("device", None, |item| devices(&item).map(Some));
    let cache = section.optional("cache", None, |item| item.path().map(Some));
    let read_caches = section.optional("read_caches", Vec::new(), |item| item.list(|part| part.path()));
    let max_cache_mib = section.optional("max_cache", None, |item| item.memory().map(Some));
    let reports = section.optional("reports", None, |item| item.path().map(Some));
    let back_off = section.table_or_empty("back_off", back_off);
    let kinds = section.optional("kind", BTreeMap::new(), |item| kinds(&item));
    let executor = section.optional("executor", Venue::Local, |item| place(&item));
    let remote = section.table_or_empty("remote", remote);
    let slurm = section.table_or_empty("slurm", slurm);
    let (kinds, mut slurm) = (kinds?, slurm?);
    slurm.place = executor?;
    slurm.places = kinds.iter().filter_map(|(name, kind)| Some((name.clone(), kind.place?))).collect();
    slurm.kinds = kinds.iter().map(|(name, kind)| (name.clone(), kind.request.clone())).collect();
    Some(Site {
        jobs: jobs?,
        memory_mib: memory_mib?,
        devices: devices?,
        cache: cache?,
        read_caches: read_caches?,
        max_cache_mib: max_cache_mib?,
        reports: reports?,
        back_off: back_off?,
        patience: kinds.into_iter().map(|(name, kind)| (name, kind.patience)).collect(),
        remote: remote?,
        slurm,
    })
}

/// An empty array is a machine without accelerators, whatever the driver says.
fn devices(item: &Item<'_>) -> Option<Vec<Device>> {
    let Some(items) = item.items() else { return item.expected("tables `[[device]]`, or `[]` for none") };
    let devices: Vec<Option<Device>> = items.iter().map(|item| item.table(device)).collect();
    let devices: Vec<Device> = devices.into_iter().collect::<Option<_>>()?;
    for (at, device) in devices.iter().enumerate() {
        if devices[..at].iter().any(|earlier| earlier.index == device.index) {
            return items[at].fault(format!("device {} is there twice", device.index), "give each its own `index`");
        }
    }
    Some(devices)
}

fn device(section: &mut Section<'_>) -> Option<Device> {
    let index = section.required("index", |item| item.count(0, 1023));
    let memory_mib = section.required("memory", |item| item.memory());
    Some(Device { index: u32::try_from(index?).ok()?, memory_mib: memory_mib? })
}

fn back_off(section: &mut Section<'_>) -> Option<BackOff> {
    let default = BackOff::default();
    let first = section.optional("first", default.first, |item| item.duration());
    let most = section.optional("most", default.most, |item| item.duration());
    Some(BackOff { first: first?, most: most? })
}

/// What a site says of one kind.
struct OfKind {
    patience: Patience,
    place: Option<Venue>,
    request: Request,
}

fn kinds(item: &Item<'_>) -> Option<BTreeMap<String, OfKind>> {
    let read = |(name, _, item): (&str, _, Item<'_>)| Some((name.to_owned(), item.table(of_kind)?));
    let kinds: Vec<Option<(String, OfKind)>> = item.named()?.into_iter().map(read).collect();
    kinds.into_iter().collect()
}

fn of_kind(section: &mut Section<'_>) -> Option<OfKind> {
    let retries = section.optional("retries", None, |item| item.count(0, 100).map(Some));
    let time_limit = section.optional("time_limit", None, |item| item.duration().map(Some));
    let place = section.optional("executor", None, |item| place(&item).map(Some));
    let request = section.table_or_empty("slurm", request);
    let patience = Patience { retries: retries?.map(|retries| retries as u32), time_limit: time_limit? };
    Some(OfKind { patience, place: place?, request: request? })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::Result;

    use super::*;
    use crate::site::{GpuOption, RemoteSite, Slurm};

    fn read(text: &str) -> Result<Result<Site, String>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("site.toml");
        std::fs::write(&path, text)?;
        let hidden = |faults: Faults| faults.to_string().replace(&folder.path().display().to_string(), "");
        Ok(file(&path).map_err(hidden))
    }

    #[test]
    fn all_that_a_site_can_say() -> Result<()> {
        let site = read(
            "jobs = 6\nmemory = \"1.5 GiB\"\ncache = \"/scratch/cache\"\nread_caches = [\"/shared\"]\nmax_cache = \"50 GiB\"\nreports = \"/home/reports\"\n\
             [back_off]\nfirst = \"0.5 s\"\n[kind.train]\nretries = 2\ntime_limit = \"2 h\"\n\
             [[device]]\nindex = 1\nmemory = \"12 GiB\"\n[remote]\nurl = \"s3://lab/cache\"\nwrite = false\nbandwidth = \"20 MiB\"\n\
             parallel = 8\nretries = 1\ntimeout = \"5 s\"\nendpoint = \"https://s3.example.org\"\nregion = \"eu-central-1\"\n",
        )?;
        let remote = RemoteSite {
            url: Some("s3://lab/cache".to_owned()),
            read: true,
            write: false,
            bandwidth: Some(20 << 20),
            parallel: 8,
            retries: 1,
            timeout: Duration::from_secs(5),
            endpoint: Some("https://s3.example.org".to_owned()),
            region: Some("eu-central-1".to_owned()),
        };
        let patience = Patience { retries: Some(2), time_limit: Some(Duration::from_secs(7200)) };
        let expected = Site {
            jobs: Some(6),
            memory_mib: Some(1536),
            devices: Some(vec![Device { index: 1, memory_mib: 12288 }]),
            cache: Some("/scratch/cache".into()),
            read_caches: vec!["/shared".into()],
            max_cache_mib: Some(50 << 10),
            reports: Some("/home/reports".into()),
            back_off: BackOff { first: Duration::from_millis(500), ..BackOff::default() },
            patience: [("train".to_owned(), patience)].into(),
            remote,
            slurm: Slurm { kinds: [("train".to_owned(), Request::default())].into(), ..Slurm::default() },
        };
        assert_eq!(site, Ok(expected));
        assert_eq!(read("")?, Ok(Site::default()));
        assert_eq!(read("device = []")?, Ok(Site { devices: Some(vec![]), ..Site::default() }));
        Ok(())
    }

    #[test]
    fn what_a_kind_says_of_its_jobs_counts_before_what_the_site_says() -> Result<()> {
        let site = read(
            "executor = \"slurm\"\n[slurm]\npartition = \"cpu\"\naccount = \"lab\"\npoll = \"2 s\"\n[kind.window]\nexecutor = \"local\"\n\
             [kind.train.slurm]\npartition = \"gpu\"\ngpus = 1\ngpu_option = \"gpus\"\nmemory = \"8 GiB\"\n",
        )?
        .expect("no fault");
        assert_eq!(["train", "window", "ingest"].map(|kind| site.slurm.takes(&[kind])), [true, false, true]);
        let train = site.slurm.request(&["train"]);
        assert_eq!(train.plain, [("--account", "lab".to_owned()), ("--partition", "gpu".to_owned())].into());
        assert_eq!((train.gpus, train.gpu_option, train.memory_mib), (Some(1), Some(GpuOption::Gpus), Some(8192)));
        assert_eq!(site.slurm.request(&["ingest"]).plain["--partition"], "cpu");
        assert_eq!((site.slurm.poll, site.slurm.poll_most), (Duration::from_secs(2), Duration::from_secs(60)));
        Ok(())
    }

    #[test]
    fn every_fault_is_told_with_its_place() -> Result<()> {
        let text = "jobs = 0\nmemory = 12\ncaches = \"c\"\n[kind.train]\ntime_limit = \"5 parsecs\"\n\
                    [[device]]\nindex = 1\nmemory = \"1 GiB\"\n[[device]]\nindex = 1\nmemory = \"1 GiB\"\n";
        insta::assert_snapshot!(read(text)?.expect_err("faulty"));
        Ok(())
    }
}
