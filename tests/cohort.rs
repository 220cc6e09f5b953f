//! A clean cohort: labels and exams matched one to one, parts that share nothing, folds, and cohorts from elsewhere.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use common::Space;
use insta::assert_snapshot;

/// A folder `exams` of phantoms, and a study that reads it with the table `labels.csv`.
fn folder(none: usize, right: usize, left: usize) -> Space {
    let space = Space::new();
    phantoms(&space, "exams", [none, right, left], 2017);
    space.edit("source = \"phantom\"", "source = \"dicom\"\nroot = \"exams/dicom\"\nlabels = \"labels.csv\"");
    space.edit("[cohort.phantom]\nexams = { none = 8, right = 5, left = 5 }\nmatrix = 64\n", "");
    space.edit("augment = [\"none\", \"x4\"]", "augment = [\"none\"]");
    space.edit("[[compare]]\nfactor = \"augment\"\n", "");
    space
}

fn phantoms(space: &Space, name: &str, [none, right, left]: [usize; 3], seed: u64) {
    let counts = [("--none", none), ("--right", right), ("--left", left)];
    let numbers: Vec<String> = counts.iter().flat_map(|(flag, count)| [(*flag).to_owned(), count.to_string()]).collect();
    let seed = seed.to_string();
    let mut arguments = vec!["phantom", name, "--matrix", "64", "--seed", &seed];
    arguments.extend(numbers.iter().map(String::as_str));
    assert_eq!(space.bgh(&arguments).code, 0);
}

/// The table that `bgh phantom` wrote, cell by cell: `exam,class`.
fn rows(space: &Space, name: &str) -> Vec<[String; 2]> {
    let table = fs::read_to_string(space.path(&format!("{name}/labels.csv"))).expect("labels");
    let cells = |row: &str| -> [String; 2] {
        let mut cells = row.split(',').map(str::to_owned);
        [cells.next().expect("an exam"), cells.next().expect("a class")]
    };
    table.lines().skip(1).map(cells).collect()
}

/// A copy of an exam under another study, patient and name, its pixels untouched: what a second export of the same images is.
fn copy(space: &Space, from: &str, to: &str) {
    let (from, to) = (space.path("exams/dicom").join(from), space.path("exams/dicom").join(to));
    fs::create_dir(&to).expect("a folder");
    for file in fs::read_dir(&from).expect("files").map(|file| file.expect("a file").path()) {
        let mut bytes = fs::read(&file).expect("read");
        // Study Instance UID (0020,000D) and Patient ID (0010,0020), explicit VR little endian: the last digit becomes another one.
        for (tag, vr) in [([0x20, 0, 0x0D, 0], b"UI"), ([0x10, 0, 0x20, 0], b"LO")] {
            let head: Vec<u8> = [&tag[..], vr].concat();
            let at = bytes.windows(6).position(|window| window == head).expect("the element");
            let length = usize::from(u16::from_le_bytes([bytes[at + 6], bytes[at + 7]]));
            let value = &mut bytes[at + 8..at + 8 + length];
            let last = value.iter().rposition(u8::is_ascii_digit).expect("a digit");
            value[last] = if value[last] == b'9' { b'8' } else { value[last] + 1 };
        }
        fs::write(to.join(file.file_name().expect("a name")), bytes).expect("written");
    }
}

/// A text with the exams' names in place of their pseudonyms.
fn named(space: &Space, text: &str) -> String {
    space.pseudonyms().iter().fold(text.to_owned(), |text, (name, pseudonym)| text.replace(pseudonym, name))
}

fn faults(space: &Space) -> String {
    let outcome = space.bgh(&["check", "study.toml"]);
    assert_eq!(outcome.code, 2, "{}", outcome.text());
    outcome.stderr.replace(&space.path("").display().to_string(), "")
}

#[test]
fn every_mismatch_is_told_at_once() {
    let space = folder(4, 2, 2);
    fs::create_dir(space.path("exams/dicom/more")).expect("a folder");
    for exam in ["007", "008"] {
        fs::rename(space.path("exams/dicom").join(exam), space.path("exams/dicom/more").join(exam)).expect("moved");
    }
    space.write(
        "labels.csv",
        "exam,class,part,series,slices,z,fold\n\
         001,none,train,,3-1,,\n\
         001,left,,,,,\n\
         002,nine,practice,,,,x\n\
         003,none,,bone,,,\n\
         more,none,,,,,\n\
         nowhere,left,,,,,\n\
         ,right,,,,,\n\
         004,right,,,1,0..5,\n\
         005,,,,,,\n",
    );
    assert_snapshot!(
        faults(&space)
            .split("it has:")
            .map(|part| part.split_once(')').map_or(part, |(_, rest)| rest))
            .collect::<Vec<_>>()
            .join("…")
    );
}

#[test]
fn a_patient_under_two_names_is_one() {
    let space = folder(6, 4, 4);
    let patient = |row: &[String; 2]| format!("{},{},p{}\n", row[0], row[1], row[0]);
    let twin = "twin,none,somebody\n";
    copy(&space, "001", "twin");
    let table: String = rows(&space, "exams").iter().map(patient).collect();
    space.write("labels.csv", &format!("exam,class,patient\n{table}{twin}"));
    // The copy got another Patient ID; with the same one the table contradicts the files.
    let same = fs::read(space.path("exams/dicom/001/IM0001.dcm")).expect("read");
    let id = |bytes: &[u8]| -> Vec<u8> {
        let at = bytes.windows(6).position(|window| window == [0x10, 0, 0x20, 0, b'L', b'O']).expect("the element");
        bytes[at + 8..at + 8 + usize::from(bytes[at + 6])].to_vec()
    };
    let (own, other) = (id(&same), id(&fs::read(space.path("exams/dicom/twin/IM0001.dcm")).expect("read")));
    assert_ne!(own, other);
    for file in fs::read_dir(space.path("exams/dicom/twin")).expect("files").map(|file| file.expect("a file").path()) {
        let bytes = fs::read(&file).expect("read");
        let at = bytes.windows(other.len()).position(|window| window == other).expect("the id");
        fs::write(&file, [&bytes[..at], &own, &bytes[at + own.len()..]].concat()).expect("written");
    }
    let told = faults(&space);
    assert!(told.contains("of the files is `p001` and `somebody` in the table"), "{told}");
    space.edit("labels = \"labels.csv\"", "labels = \"labels.csv\"\npatient_ids = \"table\"");
    assert_eq!(space.bgh(&["check", "study.toml"]).code, 0);
    // Without a column for patients the files decide, and both exams are in one part.
    space.edit("patient_ids = \"table\"", "patient_ids = \"files\"");
    space.write(
        "labels.csv",
        &format!(
            "exam,class\n{}twin,none\n",
            table.lines().map(|row| format!("{}\n", row.rsplit_once(',').expect("cells").0)).collect::<String>()
        ),
    );
    assert_eq!(space.bgh(&["check", "study.toml"]).code, 0);
    space.write("labels.csv", "exam,class,part\n001,none,train\ntwin,none,test\n");
    space.edit("labels = \"labels.csv\"", "labels = \"labels.csv\"\nunlabelled = \"skip\"");
    assert!(faults(&space).contains("is in test and train; all exams of a patient belong to one part"));
}

#[test]
fn a_slice_copied_into_another_part_stops_the_run_before_any_training() {
    let space = folder(6, 4, 4);
    copy(&space, "001", "twin");
    let parts = |at: usize| ["train", "tune", "test"][at % 3];
    let mut all = rows(&space, "exams");
    all.sort_by_key(|row| (row[0] != "001", row[1].clone()));
    let table: String = all.iter().enumerate().map(|(at, row)| format!("{},{},{}\n", row[0], row[1], parts(at))).collect();
    space.write("labels.csv", &format!("exam,class,part\n{table}twin,{},test\n", all[0][1]));
    let refused = space.bgh(&["run", "study.toml", "--keep-going"]);
    assert_eq!(refused.code, 3, "{}", refused.text());
    assert!(!refused.ran().iter().any(|step| step.starts_with("train")), "{:?}", refused.ran());
    let told = refused.text();
    assert!(!told.contains("`001`") && !told.contains("`twin`") && told.contains("equal, first slice"), "{told}");
    let told = named(&space, &told);
    // The order is that of the pseudonyms, which is another one under every key.
    assert!(told.contains("exam `001` (train)") && told.contains("exam `twin` (test)"), "{told}");
    let advice = ["[\"001\", \"twin\"]", "[\"twin\", \"001\"]"].map(|pair| format!("[leakage] acknowledge = [{pair}]"));
    assert!(advice.iter().any(|advice| told.contains(advice)), "{told}");
    let text = fs::read_to_string(space.path("study.toml")).expect("the study");
    space.write("study.toml", &format!("{text}\n[leakage]\nacknowledge = [[\"twin\", \"001\"]]\n"));
    space.run();
    let report = named(&space, &fs::read_to_string(space.path("reports/mini/report.md")).expect("the report"));
    assert!(report.contains("which the author knows of and lists") && report.contains("twin, slice 1 | test |"), "{report}");
}

#[test]
fn a_column_that_tells_the_class_is_warned_of() {
    let space = folder(6, 4, 4);
    let site = |class: &str| if class == "none" { "A" } else { "B" };
    let row = |(at, row): (usize, &[String; 2])| format!("{},{},{}{},{at}\n", row[0], row[1], site(&row[1]), row[1]);
    let table: String = rows(&space, "exams").iter().enumerate().map(row).collect();
    space.write("labels.csv", &format!("exam,class,site,number\n{table}"));
    let outcome = space.bgh(&["check", "study.toml"]);
    assert!(outcome.stdout.contains("column `site` of the label table tells the class of every exam"), "{}", outcome.text());
    assert!(!outcome.stdout.contains("column `number`"), "{}", outcome.text());
    space.edit("tune = 0.5", "tune = 0.5\nbalance = [\"scanner\"]");
    assert!(faults(&space).contains("nothing is known as `scanner` of the exams"));
}

#[test]
fn rows_choose_series_and_slices() {
    let space = folder(6, 4, 4);
    let all = rows(&space, "exams");
    let slices = |at: usize| ["1", "1-2", "", ""][at % 4];
    let z = |at: usize| ["", "", "-1000..1000", ""][at % 4];
    let table: String =
        all.iter().enumerate().map(|(at, row)| format!("{},{},{},{}\n", row[0], row[1], slices(at), z(at))).collect();
    space.write("labels.csv", &format!("exam,class,slices,z\n{table}"));
    let outcome = space.bgh(&["check", "study.toml"]);
    assert!(outcome.code == 0 && outcome.stdout.contains("in 14 exams, 1 to "), "{}", outcome.text());
    space.write(
        "labels.csv",
        &format!("exam,class,slices\n{}", table.replace(",-1000..1000", ",").replacen(",1,", ",99", 1))
            .replace(",,\n", ",\n")
            .replace(",1-2,\n", ",1-2\n")
            .replace(",1,\n", ",1\n"),
    );
    let told = faults(&space);
    assert!(told.contains("slice 99 was asked for, the series has"), "{told}");
}

#[test]
fn every_exam_of_folds_is_tested_once_by_a_model_that_never_saw_it() {
    let space = Space::new();
    space.edit("test = { none = 4, positive = 4 }\ntune = 0.5", "folds = 3");
    let ran = space.run();
    let count = |kind: &str| ran.iter().filter(|step| step.starts_with(kind)).count();
    assert_eq!((count("train["), count("predict["), count("pool[")), (12, 24, 8));
    let scores = fs::read_to_string(space.path("reports/mini/scores.csv")).expect("scores");
    let mut exams: Vec<&str> = scores.lines().skip(1).filter_map(|row| row.split(',').next()).collect();
    exams.dedup();
    assert_eq!(exams.len(), 18);
    let report = fs::read_to_string(space.path("reports/mini/report.md")).expect("the report");
    assert!(report.contains("dealt out into 3 folds") && report.contains("Fold 3"), "{report}");
    space.edit("folds = 3", "folds = 6");
    assert!(faults(&space).contains("class `left` has 5 patients for 6 folds"));
    space.edit("folds = 6", "folds = 3\ntest = 0.5");
    assert!(faults(&space).contains("`split.test` beside `folds`"));
}

#[test]
fn external_cohorts_only_test() {
    let space = Space::new();
    phantoms(&space, "elsewhere", [3, 2, 2], 99);
    space.edit(
        "[split]",
        "[[cohort.external]]\nname = \"elsewhere\"\nroot = \"elsewhere/dicom\"\nlabels = \"elsewhere/labels.csv\"\n\n[split]",
    );
    let all = rows(&space, "elsewhere");
    // Patients of the own cohort are called 001 and so on.
    let table: String = all.iter().map(|row| format!("{},{},{}\n", row[0], row[1], row[0])).collect();
    space.write("elsewhere/labels.csv", &format!("exam,class,patient\n{table}"));
    assert!(faults(&space).contains("patient `001` of the external cohort `elsewhere` is in"));
    let table: String = all.iter().map(|row| format!("{},{},e{}\n", row[0], row[1], row[0])).collect();
    space.write("elsewhere/labels.csv", &format!("exam,class,patient\n{table}"));
    let ran = space.run();
    assert_eq!(ran.iter().filter(|step| step.starts_with("train[")).count(), 4);
    assert!(ran.contains(&"compare[external/elsewhere]".to_owned()), "{ran:?}");
    let report = fs::read_to_string(space.path("reports/mini/report.md")).expect("the report");
    assert!(report.contains("7 exams of the external cohort elsewhere (4 positive, 3 negative)"), "{report}");
    space.write(
        "elsewhere/labels.csv",
        &format!(
            "exam,class,patient\n{}",
            table.lines().filter(|row| row.contains("none")).map(|row| format!("{row}\n")).collect::<String>()
        ),
    );
    space.edit("name = \"elsewhere\"", "name = \"elsewhere\"\nunlabelled = \"skip\"");
    assert!(faults(&space).contains("has 0 positive and 3 negative exams"));
}

#[test]
fn an_exported_model_lists_new_exams_most_suspicious_first() {
    let space = folder(8, 5, 5);
    let row = |row: &[String; 2]| format!("{},{}\n", row[0], row[1]);
    let table: String = rows(&space, "exams").iter().map(row).collect();
    space.write("labels.csv", &format!("exam,class\n{table}"));
    let early = space.bgh(&["export-model", "study.toml", "none-alexnet-low", "--to", "model.bgh"]);
    assert!(early.code == 3 && early.stderr.contains("has no results yet"), "{}", early.text());
    space.run();
    let exported = space.bgh(&["export-model", "study.toml", "none-alexnet-low", "--to", "model.bgh"]);
    assert!(exported.code == 0 && exported.stdout.contains("none-alexnet-low of mini, threshold"), "{}", exported.text());
    phantoms(&space, "new", [2, 1, 1], 5);
    let classified = space.bgh(&["classify", "model.bgh", "new/dicom", "--sr"]);
    assert_eq!(classified.code, 0, "{}", classified.text());
    let list = fs::read_to_string(space.path("worklist/worklist.csv")).expect("the list");
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines[0], "rank,exam,score,positive,class,slice,slices");
    let scores: Vec<f64> =
        lines[1..].iter().map(|line| line.split(',').nth(2).expect("a score").parse().expect("a number")).collect();
    assert!(scores.len() == 4 && scores.is_sorted_by(|a, b| a >= b), "{list}");
    let report = fs::read(space.path("worklist/sr/001.dcm")).expect("a report");
    let holds = |text: &[u8]| report.windows(text.len()).any(|window| window == text);
    assert!(holds(b"1.2.840.10008.5.1.4.1.1.88.11") && holds(b"it is no diagnosis"));
    // The same again computes nothing; the study's own exams are ingested by the very steps of the study.
    assert_eq!(space.bgh(&["classify", "model.bgh", "new/dicom"]).ran(), [] as [&str; 0]);
    let own = space.bgh(&["classify", "model.bgh", "exams/dicom"]).ran();
    assert!(own.len() == 3 && !own.iter().any(|step| step.starts_with("ingest")), "{own:?}");

    let mut bytes = fs::read(space.path("model.bgh")).expect("the model");
    let at = bytes.len() - 2000;
    bytes[at] ^= 1;
    fs::write(space.path("damaged.bgh"), &bytes).expect("written");
    let refused = space.bgh(&["classify", "damaged.bgh", "new/dicom"]);
    assert_eq!(refused.code, 2, "{}", refused.text());
    let other = String::from_utf8_lossy(&fs::read(space.path("model.bgh")).expect("the model")).contains("\"window\": 2");
    assert!(other, "the card names the versions of the kinds");
    fs::write(space.path("new/dicom/001/IM0001.dcm"), "no DICOM").expect("written");
    fs::create_dir(space.path("empty")).expect("a folder");
    assert!(space.bgh(&["classify", "model.bgh", "empty"]).stderr.contains("no exam below"));
}

/// Two groups with the same files: other pseudonyms, but the same parts and the same models, bit for bit.
#[test]
fn the_key_of_the_pseudonyms_decides_no_model() {
    let space = folder(9, 5, 5);
    let table: String = rows(&space, "exams").iter().map(|[exam, class]| format!("{exam},{class}\n")).collect();
    space.write("labels.csv", &format!("exam,class\n{table}"));
    space.edit("[split]", "[canary]\npermute_labels = true\n\n[robustness]\nnoise = [5]\n\n[split]");
    let run = || {
        space.run();
        let (names, images, digests) = (space.pseudonyms(), image_sets(&space), space.digests());
        for left in ["cache", "reports"] {
            fs::remove_dir_all(space.path(left)).expect("removed");
        }
        fs::remove_file(space.path("cache.key")).expect("removed");
        let models: Vec<(String, String)> = digests.into_iter().filter(|(step, _)| step.starts_with("train[")).collect();
        (names, models, images)
    };
    let ((names, models, images), (others, same_models, same_images)) = (run(), run());
    assert!(names.keys().eq(others.keys()) && names.values().all(|name| !others.values().any(|other| other == name)));
    assert!(models.iter().any(|(step, _)| step.contains("canary/")), "{models:?}");
    assert_eq!(models, same_models);
    // One of each part, and the test exams once more with noise.
    assert_eq!(images.len(), 4);
    assert_eq!(images, same_images);
}

/// The digests of the pixels of all sets of images in the cache.
fn image_sets(space: &Space) -> BTreeSet<String> {
    let folders = fs::read_dir(space.path("cache/cas-v1")).expect("blobs").map(|folder| folder.expect("a folder").path());
    let blobs = folders.flat_map(|folder| fs::read_dir(folder).expect("blobs").map(|blob| blob.expect("a blob").path()));
    let holds_images = |blob: &PathBuf| {
        let bytes = fs::read(blob).expect("read");
        bytes.get(8..).is_some_and(|header| header.starts_with(b"{\"images\""))
    };
    let name = |blob: PathBuf| format!("{}", blob.strip_prefix(space.path("cache")).expect("inside").display());
    blobs.filter(holds_images).map(name).collect()
}

#[test]
fn pictures_are_a_cohort_too() {
    let space = folder(0, 0, 1);
    let mut table = String::from("exam,class\n");
    for at in 0..18_u32 {
        let class = ["none", "left", "right"][at as usize % 3];
        fs::create_dir_all(space.path(&format!("pictures/p{at}"))).expect("a folder");
        for slice in 0..2_u32 {
            let path = space.path(&format!("pictures/p{at}/s{slice}.png"));
            let mut state = at * 2 + slice + 1;
            let pixels: Vec<u8> = (0..64 * 64)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            let mut encoder = png::Encoder::new(fs::File::create(path).expect("a file"), 64, 64);
            encoder.set_color(png::ColorType::Grayscale);
            encoder.write_header().expect("a header").write_image_data(&pixels).expect("pixels");
        }
        table += &format!("p{at},{class}\n");
    }
    space.write("labels.csv", &table);
    space.edit("source = \"dicom\"\nroot = \"exams/dicom\"", "source = \"png\"\nroot = \"pictures\"");
    let ran = space.run();
    assert_eq!(ran.iter().filter(|step| step.starts_with("ingest[")).count(), 18);
    assert!(fs::read_to_string(space.path("reports/mini/report.md")).expect("the report").contains("read from PNG files"));
}

#[test]
fn a_drafted_spec_runs_once_the_classes_are_filled_in() {
    let space = folder(9, 0, 9);
    let drafted = space.bgh(&["init", "exams/dicom", "--to", "mine", "--classes", "none,left"]);
    assert_eq!(drafted.code, 0, "{}", drafted.text());
    let again = space.bgh(&["init", "exams/dicom", "--to", "mine"]);
    assert!(again.code == 2 && again.stderr.contains("is there already"), "{}", again.text());
    let told = space.bgh(&["check", "mine/spec.toml"]);
    assert!(told.code == 2 && told.stderr.matches("there is no class").count() == 18, "{}", told.text());
    let classes: std::collections::BTreeMap<String, String> =
        rows(&space, "exams").into_iter().map(|[exam, class]| (exam, class)).collect();
    let table = fs::read_to_string(space.path("mine/labels.csv")).expect("the table");
    let filled = table.lines().enumerate().map(|(at, line)| match (at, line.split_once(",,")) {
        (1.., Some((exam, patient))) => format!("{exam},{},{patient}\n", classes[exam]),
        _ => format!("{line}\n"),
    });
    space.write("mine/labels.csv", &filled.collect::<String>());
    // So few exams are divided by number; a chance might leave a part without a class.
    let divided = ["mine/spec.toml", "--set", "split.test={ none = 3, left = 3 }"];
    for (command, rest) in [("check", &[][..]), ("run", &["--until", "window"])] {
        let outcome = space.bgh(&[&[command], &divided[..], rest].concat());
        assert_eq!(outcome.code, 0, "{}", outcome.text());
    }
}

#[test]
fn a_contact_sheet_shows_what_is_taken() {
    let space = folder(1, 0, 1);
    let told = space.bgh(&["inspect", "exams/dicom", "--html", "sheet.html"]);
    assert!(told.code == 0 && told.stdout.contains("001: takes "), "{}", told.text());
    let page = fs::read_to_string(space.path("sheet.html")).expect("the page");
    assert!(page.matches("<figure>").count() >= 4 && page.contains("data:image/png;base64,"), "{page}");
    assert_eq!(page.matches("taken: ").count(), 2);
}
