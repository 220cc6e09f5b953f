//! Covariance of areas over the same subjects whose cases differ, as those of several classes against the rest do.
//!
//! DeLong's covariance adds up products of placements over the cases and over the controls that two curves share. Here a
//! subject may be a case of one curve and a control of the other; what it contributes to each area is known all the same, and
//! the products are added up over the subjects:
//!
//! ```text
//! φᵢ = (V₁₀ᵢ - θ)/√[m (m - 1)] for a case, (V₀₁ᵢ - θ)/√[n (n - 1)] for a control;   cov(θ_r, θ_s) = Σᵢ φᵢʳ φᵢˢ
//! ```
//!
//! φ is the empirical influence function of the area (Hampel 1974, J Am Stat Assoc 69:383) with DeLong's divisors (1988,
//! Biometrics 44:837), and the sum is Obuchowski's covariance (1997, Biometrics 53:567) with a cluster a subject, up to these
//! divisors. For curves with the same cases it is DeLong's own. As a matrix of inner products it has no negative eigenvalue.

use crate::stats::{Placements, Undefined, auc};

/// By curve and curve.
///
/// # Errors
/// [`Undefined::OneCase`], [`Undefined::OneControl`] where a curve has a single one, [`Undefined::OtherSubjects`] where the
/// curves differ in their number of subjects.
pub fn joint_covariance(curves: &[Placements]) -> Result<Vec<Vec<f64>>, Undefined> {
    if curves.windows(2).any(|pair| pair[0].reference().subjects() != pair[1].reference().subjects()) {
        return Err(Undefined::OtherSubjects);
    }
    let influences: Vec<Vec<f64>> = curves.iter().map(influence).collect::<Result<_, _>>()?;
    let covariance = |r: &Vec<f64>, s: &Vec<f64>| r.iter().zip(s).map(|(r, s)| r * s).sum();
    Ok(influences.iter().map(|r| influences.iter().map(|s| covariance(r, s)).collect()).collect())
}

/// φ of every subject.
fn influence(curve: &Placements) -> Result<Vec<f64>, Undefined> {
    let reference = curve.reference();
    let (m, n, theta) = (reference.cases() as f64, reference.controls() as f64, auc(curve));
    match (reference.cases(), reference.controls()) {
        (1, _) => Err(Undefined::OneCase),
        (_, 1) => Err(Undefined::OneControl),
        _ => Ok(curve
            .doubled()
            .iter()
            .enumerate()
            .map(|(subject, &doubled)| {
                let (own, other) = if reference.is_case(subject) { (m, n) } else { (n, m) };
                (f64::from(doubled) / (2.0 * other) - theta) / (own * (own - 1.0)).sqrt()
            })
            .collect()),
    }
}
