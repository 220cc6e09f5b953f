//! An artifact as a reader sees it: names inside the artifact, and where each file's bytes lie.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Files of one artifact by their name within it (`images.csv`, `roc/alexnet.csv`), each with the path of its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Files(BTreeMap<String, PathBuf>);

impl Files {
    /// Every file below `folder`, named by its path from there with `/` between the parts.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn of_folder(folder: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        collect(folder, "", &mut files)?;
        Ok(Self(files))
    }

    /// Where the bytes of `name` lie.
    ///
    /// # Errors
    /// When the artifact has no such file; the message lists those it has.
    pub fn path(&self, name: &str) -> Result<&Path> {
        let known = || self.0.keys().cloned().collect::<Vec<_>>().join(", ");
        self.0
            .get(name)
            .map(PathBuf::as_path)
            .with_context(|| format!("the artifact has no file `{name}`; it has: {}", known()))
    }

    /// Names and paths in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.0.iter().map(|(name, path)| (name.as_str(), path.as_path()))
    }
}

impl FromIterator<(String, PathBuf)> for Files {
    fn from_iter<I: IntoIterator<Item = (String, PathBuf)>>(files: I) -> Self {
        Self(files.into_iter().collect())
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        // Two names that differ only in bytes that are not UTF-8 would become one.
        let name = entry.file_name();
        let name = name.to_str().with_context(|| format!("the name of {} is not UTF-8; rename it", entry.path().display()))?;
        let name = format!("{prefix}{name}");
        // The listing knows what most entries are; only a link has to be followed.
        let kind = entry.file_type().with_context(|| format!("cannot list {}", folder.display()))?;
        if kind.is_dir() || kind.is_symlink() && entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, entry.path());
        }
    }
    Ok(())
}
