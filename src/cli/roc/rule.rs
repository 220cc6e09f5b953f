//! Where a curve is cut, and which part of it is looked at, as they are written on the command line.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

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
    /// Whether the range is one of sensitivities; else of specificities.
    pub(super) over_sensitivity: bool,
    /// Within [0, 1] and not a point.
    pub(super) range: RangeInclusive<f64>,
}

impl FromStr for Partial {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "give a range such as specificity=0.9..1 or sensitivity=0.8..1".to_owned();
        let (axis, range) = text.split_once('=').ok_or_else(form)?;
        let (low, high) = range.split_once("..").ok_or_else(form)?;
        let (low, high) = (share(low)?, share(high)?);
        match axis {
            "specificity" | "sensitivity" if low < high => {
                Ok(Self { over_sensitivity: axis == "sensitivity", range: low..=high })
            }
            _ => Err(form()),
        }
    }
}

impl fmt::Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axis = if self.over_sensitivity { "sensitivity" } else { "specificity" };
        write!(f, "{axis}={}..{}", self.range.start(), self.range.end())
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
        assert_eq!("specificity=0.9..1".parse::<Partial>().unwrap().to_string(), "specificity=0.9..1");
        assert!(["sensitivity=90", "best", "threshold=NaN", "youden=1"].iter().all(|text| text.parse::<Rule>().is_err()));
        assert!(["0.9..1", "specificity=1..0.9", "specificity=0.5..0.5"].iter().all(|text| text.parse::<Partial>().is_err()));
    }
}
