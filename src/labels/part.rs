//! What an exam is for.

/// What an exam is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Weights are fitted to it.
    Train,
    /// The epoch is chosen on it.
    Tune,
    /// The model is judged on it.
    Test,
}

impl Part {
    /// All parts in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Tune, Self::Test];

    /// `train`, `tune` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Tune => "tune",
            Self::Test => "test",
        }
    }

    /// What the report calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Train => "Training",
            Self::Tune => "Tuning",
            Self::Test => "Test",
        }
    }

    /// The part of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}
