//! Where people's identities end. What a plan is made of bears keyed pseudonyms: artifacts, records, journals, logs and reports
//! can be passed on, and nobody without the key can tell whom they are of, nor test a guess.
//!
//! A pseudonym is a keyed hash (BLAKE3, section 2.3 of its specification) of what names an exam (its Study Instance UID, or its folder) or a
//! patient. It depends on nothing else, so exams that come or go rename nobody. The key is a file beside the cache and never in it. Who
//! is meant stays in memory as [`Person`], which prints nothing by itself.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::artifact::Files;
use crate::stage::{Format, png};

/// The secret of a project.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Hashes of what sorts of names; no two sorts share pseudonyms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// An examination: `E-…`.
    Exam,
    /// A patient: `P-…`.
    Patient,
    /// A place of the author's: `F-…`.
    Place,
}

impl Sort {
    fn letter(self) -> char {
        match self {
            Self::Exam => 'E',
            Self::Patient => 'P',
            Self::Place => 'F',
        }
    }
}

/// Letters of a pseudonym, 5 bits each: Crockford's base 32, which has none that are mistaken for others.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 40 bits: of 10 000 patients two share one with a chance of 1 in 20 000, and then both get a longer one.
const SHORT: usize = 8;
/// 130 bits.
const LONG: usize = 26;

impl Key {
    /// The key of the project whose cache is at `cache`: the file beside it whose name ends in `.key`, made where there is none,
    /// readable by its owner alone.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds no key.
    pub fn beside(cache: &Path) -> Result<Self> {
        let path = Self::place(cache)?;
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::read(&text).with_context(|| {
                let hint = "restore it from a copy; without it pseudonyms are others and every step on exams runs anew";
                format!("{} holds no key of 64 hexadecimal digits: {hint}", path.display())
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Self::make(&path).with_context(|| format!("cannot make the key {} of the pseudonyms", path.display()))
            }
            Err(error) => Err(error).with_context(|| {
                let hint = "who shares the cache needs it as well: let its owner hand out a copy";
                format!("cannot read the key {} of the pseudonyms; {hint}", path.display())
            }),
        }
    }

    /// A key that nobody has: for what keeps and prints no pseudonym.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn of_nobody() -> Result<Self> {
        let mut bytes = [0; 32];
        std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes)).context("no random bytes")?;
        Ok(Self(bytes))
    }

    /// `cache.key` for `cache`.
    fn place(cache: &Path) -> Result<PathBuf> {
        let cache = std::path::absolute(cache).with_context(|| format!("{} has no place", cache.display()))?;
        let name = cache.file_name().map_or_else(|| "bgh".into(), std::ffi::OsStr::to_owned);
        let mut file = name;
        file.push(".key");
        Ok(cache.parent().unwrap_or(&cache).join(file))
    }

    fn read(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text.trim()).ok().map(|hash| Self(*hash.as_bytes()))
    }

    /// Of two that make it at once, the first decides.
    fn make(path: &Path) -> Result<Self> {
        let key = Self::of_nobody()?;
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        // Such a file is its owner's alone from the start.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        writeln!(file, "{}", blake3::Hash::from_bytes(key.0).to_hex())?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Ok(_) => Ok(key),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                Self::read(&std::fs::read_to_string(path)?).context("another process made one that is none")
            }
            Err(error) => Err(error.error.into()),
        }
    }

    /// The pseudonym of one name.
    pub fn pseudonym(&self, sort: Sort, name: &str) -> String {
        self.of_length(sort, name, SHORT)
    }

    /// The pseudonyms of these names: short ones, and long ones where two would share a short one.
    fn pseudonyms<'n>(&self, sort: Sort, names: impl Iterator<Item = &'n str>) -> BTreeMap<&'n str, String> {
        let short: BTreeMap<&str, String> = names.map(|name| (name, self.pseudonym(sort, name))).collect();
        let mut bearers: BTreeMap<&str, usize> = BTreeMap::new();
        short.values().for_each(|pseudonym| *bearers.entry(pseudonym).or_default() += 1);
        let told = |(name, pseudonym): (&&'n str, &String)| match bearers[pseudonym.as_str()] {
            1 => (*name, pseudonym.clone()),
            _ => (*name, self.of_length(sort, name, LONG)),
        };
        short.iter().map(told).collect()
    }

    fn of_length(&self, sort: Sort, name: &str, letters: usize) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&[sort.letter() as u8, 0]).update(name.as_bytes());
        let hash = hasher.finalize();
        let bits = |at: usize| (0..5).fold(0, |bits, bit| bits << 1 | usize::from(bit_of(hash.as_bytes(), 5 * at + bit)));
        let text: String = (0..letters).map(|at| char::from(LETTERS[bits(at)])).collect();
        format!("{}-{text}", sort.letter())
    }
}

fn bit_of(bytes: &[u8; 32], at: usize) -> bool {
    bytes[at / 8] >> (7 - at % 8) & 1 == 1
}

/// Who is meant by an exam: for the terminal of those who have the files, and for nothing that is kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    exam: String,
    patient: String,
    /// What names the exam for good; `None` where nobody is behind it.
    lasting: Option<String>,
}

/// Tells nothing.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person")
    }
}

impl Person {
    /// An exam as the label table calls it, whose it is, and what names it for good.
    pub(super) fn new(exam: String, patient: String, lasting: String) -> Self {
        Self { exam, patient, lasting: Some(lasting) }
    }

    /// Nobody: a phantom, whose names are made up.
    pub(super) fn nobody(exam: String) -> Self {
        Self { patient: exam.clone(), exam, lasting: None }
    }

    /// What the label table calls the exam. Never to be kept.
    pub fn exam(&self) -> &str {
        &self.exam
    }

    /// Whose the exam is. Never to be kept.
    pub fn patient(&self) -> &str {
        &self.patient
    }
}

/// What exam and patient are called from here on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Called {
    pub(super) exam: String,
    pub(super) patient: String,
}

/// What each of these exams and its patient are called, in their order.
pub(super) fn called<'p>(key: &Key, people: impl Iterator<Item = &'p Person> + Clone) -> Vec<Called> {
    let real = || people.clone().filter_map(|person| Some((person.lasting.as_deref()?, person.patient.as_str())));
    let exams = key.pseudonyms(Sort::Exam, real().map(|(exam, _)| exam));
    let patients = key.pseudonyms(Sort::Patient, real().map(|(_, patient)| patient));
    let one = |person: &Person| match &person.lasting {
        Some(lasting) => Called { exam: exams[lasting.as_str()].clone(), patient: patients[person.patient.as_str()].clone() },
        None => Called { exam: person.exam.clone(), patient: person.patient.clone() },
    };
    people.map(one).collect()
}

/// The files of an exam under numbers, in the order in which its kind reads them: their names may be those of people.
pub fn numbered(format: Format, files: &Files) -> Files {
    let mut files: Vec<(&str, &Path)> = files.iter().collect();
    if format == Format::Png {
        files.sort_by_cached_key(|(name, _)| png::natural(name));
    }
    let ending = |name: &str| match format {
        Format::Dicom => ".dcm",
        Format::Nifti if name.ends_with(".gz") => ".nii.gz",
        Format::Nifti => ".nii",
        Format::Png => ".png",
    };
    let one = |(at, (name, path)): (usize, &(&str, &Path))| (format!("{:06}{}", at + 1, ending(name)), path.to_path_buf());
    files.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_are_of_the_key_the_sort_and_the_name_alone() {
        let (key, other) = (Key([7; 32]), Key([8; 32]));
        let name = key.pseudonym(Sort::Patient, "DOE^JANE");
        assert_eq!(name, key.pseudonym(Sort::Patient, "DOE^JANE"));
        assert!(name.starts_with("P-") && name.len() == 2 + SHORT, "{name}");
        let others = [
            other.pseudonym(Sort::Patient, "DOE^JANE"),
            key.pseudonym(Sort::Patient, "DOE^JOHN"),
            key.pseudonym(Sort::Exam, "DOE^JANE"),
        ];
        assert!(others.iter().all(|other| other[2..] != name[2..]), "{name} {others:?}");
        assert_eq!(key.of_length(Sort::Exam, "x", LONG)[..2 + SHORT], key.pseudonym(Sort::Exam, "x"));
    }

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir()?;
        let cache = folder.path().join("cache");
        let first = Key::beside(&cache)?;
        let second = Key::beside(&cache)?;
        assert_eq!(first.0, second.0);
        let meta = std::fs::metadata(folder.path().join("cache.key"))?;
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        assert_ne!(first.0, Key::beside(&folder.path().join("other"))?.0);
        std::fs::write(folder.path().join("cache.key"), "secret")?;
        let told = format!("{:#}", Key::beside(&cache).expect_err("no key"));
        assert!(told.contains("cache.key holds no key of 64 hexadecimal digits"), "{told}");
        Ok(())
    }

    #[test]
    fn people_do_not_print_themselves() {
        let person = Person::new("exam-7".into(), "DOE^JANE".into(), "1.2.3".into());
        assert_eq!(format!("{person:?}"), "Person");
    }

    #[test]
    fn files_are_numbered_as_they_are_read() {
        let named = |format, names: &[&str]| -> Vec<(String, String)> {
            let files: Files = names.iter().map(|name| ((*name).to_owned(), PathBuf::from(name))).collect();
            let told = numbered(format, &files);
            told.iter().map(|(name, path)| (name.to_owned(), path.display().to_string())).collect()
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(named(Format::Png, &["s10.png", "s9.PNG"]), [pair("000001.png", "s9.PNG"), pair("000002.png", "s10.png")]);
        assert_eq!(named(Format::Nifti, &["doe.nii.gz"]), [pair("000001.nii.gz", "doe.nii.gz")]);
        assert_eq!(named(Format::Dicom, &["doe/1", "ann"]), [pair("000001.dcm", "ann"), pair("000002.dcm", "doe/1")]);
    }
}
