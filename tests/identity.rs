//! No patient past ingest: exams with planted names, numbers, dates, UIDs and file names go through a whole study, and then every byte
//! that it left is searched for them, compressed or not.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use bgh::dicom::Identifiers;
use common::Space;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

/// Group, number and value representation.
type Attribute = (u16, u16, &'static [u8; 2]);

/// Tag and VR of attributes in Explicit VR Little Endian.
const STUDY_DATE: Attribute = (0x0008, 0x0020, b"DA");
const ACCESSION: Attribute = (0x0008, 0x0050, b"SH");
const INSTITUTION: Attribute = (0x0008, 0x0080, b"LO");
const REFERRING: Attribute = (0x0008, 0x0090, b"PN");
const STATION: Attribute = (0x0008, 0x1010, b"SH");
const STUDY_DESCRIPTION: Attribute = (0x0008, 0x1030, b"LO");
const SERIES_DESCRIPTION: Attribute = (0x0008, 0x103E, b"LO");
const NAME: Attribute = (0x0010, 0x0010, b"PN");
const PATIENT: Attribute = (0x0010, 0x0020, b"LO");
const BIRTH: Attribute = (0x0010, 0x0030, b"DA");
const STUDY: Attribute = (0x0020, 0x000D, b"UI");
const SERIES: Attribute = (0x0020, 0x000E, b"UI");
const INSTANCE: Attribute = (0x0008, 0x0018, b"UI");

/// The elements of an Explicit VR Little Endian data set without sequences: tag and whole bytes.
fn elements(bytes: &[u8]) -> Vec<((u16, u16), Vec<u8>)> {
    let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let (mut at, mut elements) = (132, vec![]);
    while at < bytes.len() {
        let long = [b"OB", b"OW", b"UN", b"UT", b"SQ"].iter().any(|vr| bytes[at + 4..at + 6] == vr[..]);
        let (head, length) = match long {
            true => (12, u32::from_le_bytes(bytes[at + 8..at + 12].try_into().expect("four bytes")) as usize),
            false => (8, usize::from(half(at + 6))),
        };
        elements.push(((half(at), half(at + 2)), bytes[at..at + head + length].to_vec()));
        at += head + length;
    }
    elements
}

/// The file with these values, whether it had the attributes or not.
fn planted(bytes: &[u8], values: &[(Attribute, String)]) -> Vec<u8> {
    let mut all = elements(bytes);
    for ((group, number, vr), value) in values {
        let padded =
            if value.len() % 2 == 1 { format!("{value}{}", if **vr == *b"UI" { '\0' } else { ' ' }) } else { value.clone() };
        let length = (padded.len() as u16).to_le_bytes();
        let element = [&group.to_le_bytes()[..], &number.to_le_bytes(), *vr, &length, padded.as_bytes()].concat();
        all.retain(|(tag, _)| *tag != (*group, *number));
        all.push(((*group, *number), element));
    }
    // The meta information is a group of its own, and its instance and length are not looked at by readers of images.
    all.sort_by_key(|(tag, _)| *tag);
    [&bytes[..132], &all.into_iter().flat_map(|(_, element)| element).collect::<Vec<u8>>()].concat()
}

/// Who the `at`th exam is of.
fn name(at: usize) -> String {
    format!("Quibblethorpe{at}^Zebulon")
}

fn folder_of(at: usize) -> String {
    format!("QUIBBLETHORPE_{at}_BORN_1940")
}

/// Everything that must not be found, with its sort.
fn secrets(exams: usize) -> Vec<(String, &'static str)> {
    let mut secrets: Vec<(String, &str)> =
        ["Quibblethorpe", "Zebulon", "Plantagenet", "Xanthopoulos", "Wilhelmina", "PLANTSTN", "phoned"]
            .map(|word| (word.to_owned(), "word"))
            .to_vec();
    for at in 0..exams {
        secrets.extend([
            (format!("MRN7731{at:03}9"), "PatientID"),
            (format!("1940031{}", at % 10), "PatientBirthDate"),
            (format!("1940-03-1{}", at % 10), "PatientBirthDate"),
            (format!("ACCZ8842{at:02}"), "AccessionNumber"),
            (format!("1.3.6.1.4.1.99999.7.{at}."), "StudyInstanceUID"),
        ]);
    }
    secrets.extend(["20190304", "2019-03-04"].map(|date| (date.to_owned(), "StudyDate")));
    secrets
}

/// A folder `exams Plantagenet` of exams of people, their labels and everything else that a study can read of them.
fn people(space: &Space) -> usize {
    let made = space.bgh(&["phantom", "made", "--matrix", "64", "--none", "9", "--right", "5", "--left", "5"]);
    assert_eq!(made.code, 0, "{}", made.text());
    let table = fs::read_to_string(space.path("made/labels.csv")).expect("labels");
    let mut labels = String::from("exam,class,patient,accession,sex,age,mrn,seen,remark\n");
    let (mut scores, mut marks) = (String::from("exam,score\n"), String::from("exam,slice,column,row,radius\n"));
    let rows: Vec<(String, String)> = table
        .lines()
        .skip(1)
        .map(|row| row.split(',').map(str::to_owned))
        .map(|mut cells| (cells.next().expect("an exam"), cells.next().expect("a class")))
        .collect();
    for (at, (exam, class)) in rows.iter().enumerate() {
        let folder = space.path("exams Plantagenet").join(folder_of(at));
        fs::create_dir_all(&folder).expect("a folder");
        let files = fs::read_dir(space.path("made/dicom").join(exam)).expect("files").map(|file| file.expect("a file").path());
        let mut files: Vec<_> = files.collect();
        files.sort();
        for (slice, file) in files.iter().enumerate() {
            let uid = format!("1.3.6.1.4.1.99999.7.{at}");
            let values = [
                (STUDY_DATE, "20190304".to_owned()),
                (ACCESSION, format!("ACCZ8842{at:02}")),
                (INSTITUTION, "Saint Plantagenet Infirmary".to_owned()),
                (REFERRING, "Xanthopoulos^Wilhelmina".to_owned()),
                (STATION, "PLANTSTN".to_owned()),
                (STUDY_DESCRIPTION, format!("Head of {}", name(at))),
                (SERIES_DESCRIPTION, format!("HEAD {}", name(at))),
                (NAME, name(at)),
                (PATIENT, format!("MRN7731{at:03}9")),
                (BIRTH, format!("1940031{}", at % 10)),
                (STUDY, format!("{uid}.1")),
                (SERIES, format!("{uid}.2")),
                (INSTANCE, format!("{uid}.3.{slice}")),
            ];
            let bytes = planted(&fs::read(file).expect("read"), &values);
            fs::write(folder.join(format!("Zebulon {at} {slice}.dcm")), bytes).expect("written");
        }
        let (folder, sex) = (folder_of(at), ["F", "M"][at % 2]);
        labels += &format!(
            "{folder},{class},\"Quibblethorpe{at}, Zebulon\",ACCZ8842{at:02},{sex},{},7731{at:03}9,2019-03-04,phoned Wilhelmina {at}\n",
            50 + at
        );
        scores += &format!("{folder},{}\n", at as f64 / 20.0);
        marks += &format!("{folder},1,30,30,4\n");
    }
    fs::remove_dir_all(space.path("made")).expect("removed");
    space.write("labels Plantagenet.csv", &labels);
    space.write("scores Plantagenet.csv", &scores);
    space.write("marks Plantagenet.csv", &marks);
    rows.len()
}

/// A study of them that names them wherever it can.
fn study(space: &Space) -> usize {
    let exams = people(space);
    space.edit("source = \"phantom\"", "source = \"dicom\"\nroot = \"exams Plantagenet\"\nlabels = \"labels Plantagenet.csv\"");
    space.edit("[cohort.phantom]\nexams = { none = 8, right = 5, left = 5 }\nmatrix = 64\n", "");
    space.edit("augment = [\"none\", \"x4\"]", "augment = [\"none\"]");
    space.edit("[[compare]]\nfactor = \"augment\"\n", "[[compare]]\nfactor = \"weights\"\n[[subgroup]]\nby = \"sex\"\n");
    let (one, other) = (folder_of(0), folder_of(1));
    space.edit(
        "[images]",
        &format!(
            "[leakage]\nacknowledge = [[\"{one}\", \"{other}\"]]\n\n[[reader]]\nname = \"first\"\nfile = \"scores Plantagenet.csv\"\n\
             column = \"score\"\nthreshold = 0.5\n\n[images]"
        ),
    );
    exams
}

/// What the study was made of; everything else in the folder is searched.
fn is_the_authors(file: &str) -> bool {
    file.starts_with("exams Plantagenet/") || file.ends_with("Plantagenet.csv") || file == "study.toml"
}

fn leaks(space: &Space, exams: usize) -> BTreeSet<String> {
    let identifiers = Identifiers::of_folder(&space.path("exams Plantagenet")).expect("exams").and(secrets(exams));
    let found = identifiers.leaks(&space.path("")).expect("searched");
    let told = |leak: &bgh::dicom::Leak| format!("{}: {:?}", leak.file, leak.keywords);
    found.iter().filter(|leak| !is_the_authors(&leak.file)).map(told).collect()
}

#[test]
fn nobody_is_named_in_what_a_study_leaves() {
    let space = Space::new();
    let exams = study(&space);
    let root = space.path("exams Plantagenet").display().to_string();
    let outcome = space.bgh(&["run", "study.toml", "--set", &format!("cohort.root=\"{root}\"")]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    space.write("said.txt", &outcome.text());
    assert!(space.path("reports/mini/report.html").is_file() && space.path("cache.key").is_file());
    assert_eq!(leaks(&space, exams), BTreeSet::new());
    // Nothing runs anew under the same key, and everything on exams under another one.
    assert_eq!(space.run(), [] as [&str; 0]);

    // An exam is found again by those who have the files.
    let told = space.bgh(&["check", "study.toml", "--pseudonyms"]);
    assert_eq!(told.code, 0, "{}", told.text());
    let line = told.stdout.lines().find(|line| line.contains("QUIBBLETHORPE_3_")).expect("the exam");
    let pseudonym = line.split(',').next().expect("a pseudonym");
    let results =
        String::from_utf8(space.bgh(&["explain", "study.toml", &format!("ingest[{pseudonym}]")]).stdout.into()).expect("text");
    assert!(pseudonym.starts_with("E-") && results.contains(pseudonym), "{line}: {results}");

    // A failed step says what is wrong and not whose it is.
    let broken = space.path("exams Plantagenet").join(folder_of(3)).join("Zebulon 3 0.dcm");
    let bytes = fs::read(&broken).expect("read");
    fs::write(&broken, &bytes[..bytes.len() - 100]).expect("cut");
    let failed = space.bgh(&["run", "study.toml"]);
    assert!(failed.code == 3 && failed.stderr.contains("the file is truncated or damaged"), "{}", failed.text());
    space.write("said.txt", &failed.text());
    assert_eq!(leaks(&space, exams), BTreeSet::new());
}

/// A stage of the author's own before ingest, which reads the files and fails. Did it succeed, its output would be the author's matter.
const BEFORE: &str = r#"
[[stage]]
name = "deface"
replaces = "dicom"
run = "cat {inputs.files}/* | wc -c >&2; echo stopped at {exam} in $PWD >&2; exit 1"
inputs = { files = { exam = "dicom" } }
outputs = { files = "files/" }
"#;

/// One after it, and one that judges.
const AFTER: &str = r#"
[[stage]]
name = "smooth"
replaces = "volume"
run = "cp -L {inputs.volume}/* {outputs.volume}/; echo smoothed {exam} >&2"
inputs = { volume = { exam = "volume" } }
outputs = { volume = "volume/" }

[[stage]]
name = "counted"
run = "wc -l {inputs.seen}/predictions.csv > {outputs.lines}"
inputs = { seen = { step = "predict[none-alexnet-low]", output = "predictions" } }
outputs = { lines = "lines.txt" }
"#;

/// Folders of jobs that failed stay to be looked at, and logs of those that did not; neither tells where the files of people are.
#[test]
fn nobody_is_named_in_the_jobs_and_logs_of_the_authors_stages() {
    let space = Space::new();
    let exams = study(&space);
    let spec = fs::read_to_string(space.path("study.toml")).expect("the study");
    let run = |stages: &str| {
        space.write("study.toml", &format!("{spec}\n{stages}"));
        let outcome = space.bgh(&["run", "study.toml", "--keep-going"]);
        space.write("said.txt", &outcome.text());
        outcome
    };
    let stopped = run(BEFORE);
    assert!(stopped.code == 3 && stopped.stderr.contains("stopped at E-"), "{}", stopped.text());
    let jobs = fs::read_dir(space.path("cache/jobs-v1")).expect("the folder of jobs").count();
    assert!(jobs > 0, "a job that failed stays");
    assert_eq!(leaks(&space, exams), BTreeSet::new());
    let ran = run(AFTER);
    assert_eq!(ran.code, 0, "{}", ran.text());
    assert!(fs::read_dir(space.path("cache/logs-v1")).expect("logs").count() > 0);
    assert_eq!(leaks(&space, exams), BTreeSet::new());
}

/// The search sees a name that is planted into what a study leaves, in each of the forms in which the program packs it.
#[test]
fn a_name_that_is_planted_into_a_report_or_a_bundle_is_found() {
    let space = Space::new();
    let exams = people(&space);
    let secret = b"an exam of Quibblethorpe4^Zebulon";
    let mut picture = vec![];
    let mut encoder = png::Encoder::new(&mut picture, 8, 1);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.add_ztxt_chunk("Comment".into(), "seen: Quibblethorpe4^Zebulon ".repeat(20)).expect("a comment");
    encoder.write_header().expect("a header").write_image_data(&[7; 8]).expect("pixels");
    let mut gzip = GzEncoder::new(vec![], Compression::default());
    gzip.write_all(&tar(secret)).expect("in memory");
    let forms = [
        ("report.docx", zipped("word/document.xml", secret)),
        ("nested.docx", zipped("word/media/1.png", &picture)),
        ("figure.png", picture),
        ("report.pdf", pdf(secret)),
        ("bundle.tar.gz", gzip.finish().expect("in memory")),
        ("bundle.tar", tar(secret)),
    ];
    for (form, bytes) in forms {
        assert!(form.ends_with(".tar") || !bytes.windows(13).any(|window| window == b"Quibblethorpe"), "{form} is not packed");
        let path = space.path(form);
        fs::write(&path, bytes).expect("written");
        assert_eq!(leaks(&space, exams).len(), 1, "{form}");
        fs::remove_file(&path).expect("removed");
    }
    assert_eq!(leaks(&space, exams), BTreeSet::new());
}

/// The local header and the data of an entry that is deflated (APPNOTE 4.3.7), as writers of Word files pack it.
fn zipped(name: &str, content: &[u8]) -> Vec<u8> {
    let mut stream = DeflateEncoder::new(vec![], Compression::default());
    // So little is stored as it is: repeated, it is packed.
    stream.write_all(&content.repeat(20)).expect("in memory");
    let stream = stream.finish().expect("in memory");
    let mut header = b"PK\x03\x04\x14\0\0\0\x08\0".to_vec();
    header.resize(18, 0);
    header.extend((stream.len() as u32).to_le_bytes());
    header.extend((20 * content.len() as u32).to_le_bytes());
    header.extend((name.len() as u16).to_le_bytes());
    [&header, &[0; 2][..], name.as_bytes(), &stream].concat()
}

/// A file with one stream in the filter FlateDecode (ISO 32000-2, 7.4.4).
fn pdf(content: &[u8]) -> Vec<u8> {
    let mut stream = ZlibEncoder::new(vec![], Compression::default());
    stream.write_all(&content.repeat(20)).expect("in memory");
    let stream = stream.finish().expect("in memory");
    let head = format!("%PDF-2.0\n1 0 obj\n<</Filter /FlateDecode /Length {}>>\nstream\n", stream.len());
    [head.as_bytes(), &stream, b"\nendstream\nendobj\n"].concat()
}

fn tar(content: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(vec![]);
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_cksum();
    archive.append_data(&mut header, "results/log.txt", content).expect("in memory");
    archive.into_inner().expect("in memory")
}

/// One leak of each form is found: the search above can fail.
#[test]
fn a_leak_is_found_in_every_form() {
    let space = Space::new();
    let exams = people(&space);
    let secret = "seen: Quibblethorpe4^Zebulon";
    let mut gzip = GzEncoder::new(vec![], Compression::best());
    gzip.write_all(secret.as_bytes()).expect("in memory");
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = secret.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let forms: [(&str, Vec<u8>); 4] =
        [("plain", secret.into()), ("gzip", gzip.finish().expect("in memory")), ("utf16le", utf16), ("utf16be", big)];
    for (form, bytes) in forms {
        let path = space.path(form);
        fs::write(&path, bytes).expect("written");
        assert_eq!(leaks(&space, exams).len(), 1, "{form}");
        fs::remove_file(&path).expect("removed");
    }
    fs::create_dir(space.path("cache")).expect("a folder");
    fs::write(space.path("cache").join(folder_of(2)), "").expect("written");
    assert_eq!(leaks(&space, exams).len(), 1, "a file's name");
    assert!(Path::new(&space.path("cache")).is_dir());
}
