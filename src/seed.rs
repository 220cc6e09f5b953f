//! Random streams that depend on names, never on order: every stream is derived from the experiment's seed and a path of
//! labels (step, exam, epoch, sample, operation), so thread count and scheduling cannot change a drawn number.

use std::fmt::{self, Display};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The root or a branch of the tree of random streams.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seed([u8; 32]);

impl Seed {
    /// The root of an experiment's streams: `seed = 2017` in the spec.
    pub fn root(seed: u64) -> Self {
        Self(blake3::derive_key("bgh 2026 random streams root", &seed.to_le_bytes()))
    }

    /// The stream of this name below this one. `a.child("x").child("y")` and `a.child("xy")` are unrelated.
    pub fn child(&self, name: impl Display) -> Self {
        Self(*blake3::keyed_hash(&self.0, name.to_string().as_bytes()).as_bytes())
    }

    /// A generator positioned at the start of this stream; the same on every platform.
    pub fn rng(&self) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.0)
    }

    /// The stream as one number in `0..2^63`, for generators that take an integer seed (libtorch).
    pub fn to_i64(&self) -> i64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        (u64::from_le_bytes([a, b, c, d, e, f, g, h]) >> 1) as i64
    }

    fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed({})", &self.hex()[..12])
    }
}

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.hex())
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = blake3::Hash::from_hex(text).map_err(serde::de::Error::custom)?;
        Ok(Self(*hash.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_of_one_name_agree_and_of_two_names_differ() {
        let root = Seed::root(2017);
        assert_eq!(root.child("exam").child(17), root.child("exam").child(17));
        assert_ne!(root.child("exam").child(17), root.child("exam").child(18));
        assert_ne!(root.child("ab").child("c"), root.child("a").child("bc"));
    }

    #[test]
    fn serialised_form_is_pinned() {
        let text = serde_json::to_string(&Seed::root(2017)).expect("seed serialises");
        assert_eq!(text, format!("\"{}\"", Seed::root(2017).hex()));
        assert_eq!(serde_json::from_str::<Seed>(&text).expect("seed parses"), Seed::root(2017));
    }
}
