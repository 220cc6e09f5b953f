//! Names of objects. They are those of the files of a cache, so a copy of a remote folder is a cache and the other way round.

use object_store::path::Path;

use crate::store::Digest;

/// What lies at a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bytes under their digest.
    Blob,
    /// What an action made, under its key.
    Record,
}

impl Kind {
    fn folder(self) -> &'static str {
        match self {
            Self::Blob => "cas-v1",
            Self::Record => "actions-v1",
        }
    }
}

/// The folder of what runs used.
const USES: &str = "uses-v1";

/// Names below a prefix.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    prefix: Path,
}

impl Layout {
    pub(super) fn below(prefix: Path) -> Self {
        Self { prefix }
    }

    /// `cas-v1/ab/cdef…` or `actions-v1/ab/cdef…`.
    pub(super) fn name(&self, kind: Kind, digest: Digest) -> Path {
        let hex = digest.hex();
        self.prefix.clone().join(kind.folder()).join(&hex[..2]).join(&hex[2..])
    }

    /// Where all of a kind lie.
    pub(super) fn folder(&self, kind: Kind) -> Path {
        self.prefix.clone().join(kind.folder())
    }

    /// `uses-v1/<experiment>/<digest of what it used>`.
    pub(super) fn use_of(&self, experiment: &str, used: Digest) -> Path {
        self.uses().join(experiment).join(used.hex())
    }

    pub(super) fn uses(&self) -> Path {
        self.prefix.clone().join(USES)
    }

    /// The digest that a name of this kind stands for; `None` for a name that is none.
    pub(super) fn digest(&self, kind: Kind, name: &Path) -> Option<Digest> {
        let folder = self.folder(kind);
        let parts: Vec<String> = name.prefix_match(&folder)?.map(|part| part.as_ref().to_owned()).collect();
        let digest: Digest = parts.concat().parse().ok()?;
        (self.name(kind, digest) == *name).then_some(digest)
    }

    /// The experiment whose use a name is.
    pub(super) fn experiment(&self, name: &Path) -> Option<String> {
        let mut parts = name.prefix_match(&self.uses())?;
        Some(parts.next()?.as_ref().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_a_cache_and_lead_back_to_their_digest() {
        let layout = Layout::below(Path::from("lab/cache"));
        let digest = Digest::of(b"x");
        for kind in [Kind::Blob, Kind::Record] {
            assert_eq!(layout.digest(kind, &layout.name(kind, digest)), Some(digest));
        }
        let hex = digest.hex();
        let name = layout.name(Kind::Blob, digest);
        assert_eq!(name.as_ref(), format!("lab/cache/cas-v1/{}/{}", &hex[..2], &hex[2..]));
        assert_eq!(layout.digest(Kind::Record, &name), None);
        for stranger in [format!("lab/cache/cas-v1/{hex}"), "lab/cache/cas-v1/ab/notes.txt".into(), format!("cas-v1/{hex}")] {
            assert_eq!(layout.digest(Kind::Blob, &Path::from(stranger)), None);
        }
        assert_eq!(layout.experiment(&layout.use_of("mini", digest)).as_deref(), Some("mini"));
    }
}
