//! Where a curve is cut, and which part of it is looked at, as they are written on the command line.

use std::fmt;
use std::str::FromStr;

use crate::stats::{Axis, Band};

/// How a threshold is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rule {
    /// Largest sum of sensitivity and specificity.
    Youden,
    /// Nearest to the corner where both are 1.
    Closest,
    /// Highest specificity with at least this sensitivity.
    Sensitivity(f64),
    /// Highest sensitivity with at least this specificity.
    Specificity(f64),
    /// Given in the units of the score.
    Threshold(f64),
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "youden" => Ok(Self::Youden),
            None if text == "closest" => Ok(Self::Closest),
            Some(("sensitivity", value)) => share(value).map(Self::Sensitivity),
            Some(("specificity", value)) => share(value).map(Self::Specificity),
            Some(("threshold", value)) => number(value).map(Self::Threshold),
            _ => Err("give youden, closest, sensitivity=SHARE, specificity=SHARE or threshold=NUMBER".to_owned()),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Youden => write!(f, "youden"),
            Self::Closest => write!(f, "closest"),
            Self::Sensitivity(value) => write!(f, "sensitivity={value}"),
            Self::Specificity(value) => write!(f, "specificity={value}"),
            Self::Threshold(value) => write!(f, "threshold={value}"),
        }
    }
}

/// A part of the curve.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Partial {
    pub(super) band: Band,
    /// As it was written.
    pub(super) text: String,
}

impl FromStr for Partial {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "give a range such as specificity=0.9..1 or sensitivity=0.8..1".to_owned();
        let (axis, range) = text.split_once('=').ok_or_else(form)?;
        let (low, high) = range.split_once("..").ok_or_else(form)?;
        let axis = match axis {
            "specificity" => Axis::Specificity,
            "sensitivity" => Axis::Sensitivity,
            _ => return Err(form()),
        };
        let band = Band::new(axis, share(low)?, share(high)?).map_err(|error| error.to_string())?;
        Ok(Self { band, text: text.to_owned() })
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| format!("`{text}` is not a finite number"))
}

fn share(text: &str) -> Result<f64, String> {
    number(text)
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| format!("`{text}` is no share; give a number from 0 to 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_ranges_are_written_as_they_are_read() {
        for text in ["youden", "closest", "sensitivity=0.9", "specificity=1", "threshold=-2.5"] {
            assert_eq!(text.parse::<Rule>().unwrap().to_string(), text);
        }
        let partial: Partial = "specificity=0.9..1".parse().unwrap();
        assert_eq!(partial.band, Band::new(Axis::Specificity, 0.9, 1.0).unwrap());
        assert!(["sensitivity=90", "best", "threshold=NaN", "youden=1"].iter().all(|text| text.parse::<Rule>().is_err()));
        assert!(["0.9..1", "specificity=1..0.9", "specificity=0.5..0.5"].iter().all(|text| text.parse::<Partial>().is_err()));
    }
}
