//! How often and how soon a failed step is tried again.

use std::time::Duration;

use crate::stage::Needs;

/// Waits that double from one attempt to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BackOff {
    /// Before the second attempt.
    pub first: Duration,
    /// At most.
    pub most: Duration,
}

impl Default for BackOff {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), most: Duration::from_secs(60) }
    }
}

impl BackOff {
    /// The wait after so many retries.
    pub(crate) fn after(&self, retries: u32) -> Duration {
        self.first.saturating_mul(2u32.saturating_pow(retries)).min(self.most)
    }
}

/// What a site grants the steps of a kind that say nothing themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Patience {
    /// Attempts beyond the first, for failures that may pass.
    pub retries: Option<u32>,
    /// Longest wall-clock time of one attempt.
    pub time_limit: Option<Duration>,
}

impl Patience {
    pub(crate) fn for_needs(self, needs: Needs) -> Needs {
        Needs {
            retries: if needs.retries == 0 { self.retries.unwrap_or(0) } else { needs.retries },
            time_limit: needs.time_limit.or(self.time_limit),
            ..needs
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit() {
        let waits = [0, 1, 2, 5, 6, 31, 99].map(|retries| BackOff::default().after(retries).as_secs());
        assert_eq!(waits, [1, 2, 4, 32, 60, 60, 60]);
    }

    #[test]
    fn what_a_step_says_itself_counts_before_the_site() {
        let patience = Patience { retries: Some(3), time_limit: Some(Duration::from_secs(9)) };
        let own = Needs { retries: 1, time_limit: Some(Duration::from_secs(1)), ..Needs::default() };
        assert_eq!(patience.for_needs(own), own);
        let silent = patience.for_needs(Needs::default());
        assert_eq!((silent.retries, silent.time_limit), (3, patience.time_limit));
    }
}
