//! What Slurm's words mean to an attempt.

use serde::{Deserialize, Serialize};

/// Where Slurm says that a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Not started.
    Queued,
    /// Started and not ended.
    Running,
    /// The script ended with code 0.
    Completed,
    /// The script ended with another code, or could not be started.
    Failed,
    /// Its time was over.
    TimeLimit,
    /// The kernel killed something of it for want of memory.
    OutOfMemory,
    /// Its node failed, or could not run it.
    NodeFailed,
    /// Another job took its place.
    Preempted,
    /// Somebody cancelled it.
    Cancelled,
}

impl Phase {
    /// The meaning of a state as `squeue` and `sacct` write it; `None` for a word of a later Slurm. Only the first word counts:
    /// `sacct` writes `CANCELLED by 1000`, and cuts long states short with a `+`.
    pub fn of(state: &str) -> Option<Self> {
        let word = state.split([' ', '+']).next().unwrap_or_default();
        Some(match word {
            "PENDING" | "CONFIGURING" | "REQUEUE_FED" | "REQUEUE_HOLD" | "REQUEUED" | "RESV_DEL_HOLD" | "SPECIAL_EXIT" => {
                Self::Queued
            }
            "RUNNING" | "COMPLETING" | "SIGNALING" | "STAGE_OUT" | "STOPPED" | "SUSPENDED" | "RESIZING" => Self::Running,
            "COMPLETED" => Self::Completed,
            "FAILED" => Self::Failed,
            "TIMEOUT" | "DEADLINE" => Self::TimeLimit,
            "OUT_OF_MEMORY" => Self::OutOfMemory,
            "NODE_FAIL" | "BOOT_FAIL" | "LAUNCH_FAILED" | "RECONFIG_FAIL" | "REVOKED" => Self::NodeFailed,
            "PREEMPTED" => Self::Preempted,
            "CANCELLED" => Self::Cancelled,
            _ => return None,
        })
    }

    /// Whether a job without `--requeue` stays so.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// What the reason of a waiting job gives to fear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// It waits for its turn.
    None,
    /// It waits for a limit of its account, which may pass.
    Limit,
    /// It will not start unless somebody changes it.
    DeadEnd,
    /// The controller lost track of the start.
    LaunchFailed,
}

impl Doubt {
    /// What to fear of a reason.
    pub fn of(reason: &str) -> Self {
        const DEAD_ENDS: [&str; 9] = [
            "PartitionTimeLimit",
            "PartitionNodeLimit",
            "DependencyNeverSatisfied",
            "BadConstraints",
            "InvalidAccount",
            "InvalidQOS",
            "AccountNotAllowed",
            "QOSNotAllowed",
            "JobHeldAdmin",
        ];
        const MAY_PASS: [&str; 4] = ["JobHeldUser", "ReqNodeNotAvail", "PartitionDown", "PartitionInactive"];
        // squeue writes some reasons in words with spaces, and lists nodes behind a comma.
        let word = reason.trim_matches(['(', ')']).split([',', ' ']).next().unwrap_or_default();
        if reason.starts_with("launch failed") || word == "JobLaunchFailure" {
            Self::LaunchFailed
        } else if DEAD_ENDS.contains(&word) || word.ends_with("PerJob") || word.contains("PerJobLimit") {
            Self::DeadEnd
        } else if MAY_PASS.contains(&word) || word.starts_with("Assoc") || word.starts_with("QOS") || word.starts_with("MaxMem")
        {
            Self::Limit
        } else {
            Self::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_by_their_first_word() {
        assert_eq!(Phase::of("CANCELLED by 1000"), Some(Phase::Cancelled));
        assert_eq!(Phase::of("OUT_OF_MEMORY"), Some(Phase::OutOfMemory));
        assert_eq!(Phase::of("CANCELLED+"), Some(Phase::Cancelled));
        assert_eq!(Phase::of("DEADLINE"), Some(Phase::TimeLimit));
        assert_eq!(Phase::of("HIBERNATING"), None);
    }

    #[test]
    fn what_never_starts_is_told_from_what_waits() {
        let doubts =
            ["Resources", "Priority", "AssocGrpGRES", "PartitionTimeLimit", "QOSMaxCpuPerJob", "None", ""].map(Doubt::of);
        let expected = [Doubt::None, Doubt::None, Doubt::Limit, Doubt::DeadEnd, Doubt::DeadEnd, Doubt::None, Doubt::None];
        assert_eq!(doubts, expected);
        assert_eq!(Doubt::of("launch failed requeued held"), Doubt::LaunchFailed);
        assert_eq!(Doubt::of("ReqNodeNotAvail, UnavailableNodes:n1"), Doubt::Limit);
    }
}
