//! Where a step of a run stands, for people.

/// The states that a page tells apart. Each has a colour and a sign of its own, so that neither is needed to read the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Running,
    Failed,
    Retrying,
    Stopped,
    Waiting,
    Done,
    Cached,
}

impl Status {
    pub(super) const ALL: [Self; 7] =
        [Self::Running, Self::Failed, Self::Retrying, Self::Stopped, Self::Waiting, Self::Done, Self::Cached];

    /// In a word; also the class in the style sheet.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Failed => "failed",
            Self::Retrying => "retrying",
            Self::Stopped => "stopped",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Cached => "cached",
        }
    }

    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Running => "▶",
            Self::Failed => "✕",
            Self::Retrying => "↻",
            Self::Stopped => "■",
            Self::Waiting => "·",
            Self::Done => "✓",
            Self::Cached => "=",
        }
    }
}
